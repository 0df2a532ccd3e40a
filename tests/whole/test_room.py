#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Full, read-only and out of inodes: file systems of their own, as root. All
accounts on it wait, nobody else does, nothing fails for good, and it goes on
by itself."""
import json, os, shutil, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


def why_not(d):
    if os.getuid() != 0:
        return "only root may mount"
    p = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", d],
                       capture_output=True, text=True)
    if p.returncode:
        return f"no tmpfs can be mounted: {p.stderr.strip()}"
    subprocess.run(["umount", d], check=True)
    return None


class Room(case.Case):
    def setUp(self):
        super().setUp()
        reason = why_not(self.dir)
        if reason:
            print(f"\n*** NO FULL DISK WAS TESTED: {reason} ***", flush=True)
            self.skipTest(reason)

    def mount(self, path, options, kind="tmpfs"):
        os.makedirs(path, exist_ok=True)
        if kind == "ext4":
            image = path + ".image"
            with open(image, "wb") as f:
                f.truncate(16 << 20)
            subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0"] + options +
                           [image], check=True, stdout=subprocess.DEVNULL)
            subprocess.run(["mount", "-o", "loop", image, path], check=True)
        else:
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs",
                            path], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", path],
                        capture_output=True)
        lab.own(path)

    def remount(self, path, options):
        subprocess.run(["mount", "-o", "remount," + options, path],
                       check=True)

    def serve(self, *options):
        self.log = open(os.path.join(self.dir, "log"), "a+")
        p = subprocess.Popen(self.haul.argv + list(options) + ["serve"],
                             stderr=self.log, stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (p.poll() is None and p.kill(), p.wait(),
                                 self.log.close()))
        return p

    def wait_for(self, what, seconds=60):
        until = time.monotonic() + seconds
        while not what():
            if time.monotonic() > until:
                self.fail("waited in vain; the log:\n" + self.logged())
            time.sleep(0.1)

    def logged(self):
        with open(self.log.name) as f:
            return f.read()

    def status(self, user):
        return self.haul.status(user)

    def at(self, user):
        """Where the store of a user is to be mounted."""
        return os.path.join(self.haul.store, user)

    def full(self, fill, make_room, kind="tmpfs", **kw):
        """Two accounts on the disk, one elsewhere."""
        disk = os.path.join(self.dir, "disk")
        self.mount(disk, fill, kind)
        users = [self.source(n, 250, seed=i, **kw)
                 for i, n in enumerate(("anna", "boris", "clara"))]
        for user in users[:2]:
            os.makedirs(os.path.join(disk, user))
            os.makedirs(self.at(user))
            subprocess.run(["mount", "--bind", os.path.join(disk, user),
                            self.at(user)], check=True)
            self.addCleanup(subprocess.run, ["umount", "-l", self.at(user)],
                            capture_output=True)
        lab.own(disk)
        for user in users[:2]:
            self.add(user, "imaps")
        daemon = self.serve()
        self.wait_for(lambda: "no_room" in self.logged())
        # whoever had begun finds out by itself; then nobody begins
        self.wait_for(lambda: not any(self.status(u)["state"] == "running"
                                      for u in users[:2]))
        self.add(users[2], "imaps")
        self.wait_for(lambda: self.status(users[2])["state"] == "idle")
        self.assert_same(users[2])
        self.haul.run("sync", *users[:2])  # by hand it does not help either
        runs = [self.status(u)["runs"] for u in users[:2]]
        time.sleep(3)
        self.assertEqual([self.status(u)["runs"] for u in users[:2]], runs)
        for user in users[:2]:
            self.assertIn(self.status(user)["state"], ("queued", "waiting"))
            if self.status(user)["error"]:
                self.assertEqual(self.status(user)["error"]["class"], "disk")
        out = self.haul.run("status").stdout
        self.assertRegex(out, r"no room left; 2 accounts wait")
        self.assertEqual(self.logged().count("event=no_room") +
                         self.logged().count(" no_room "), 1, self.logged())
        make_room(disk)
        self.wait_for(lambda: all(self.status(u)["state"] == "idle"
                                  for u in users[:2]), 90)
        for user in users[:2]:
            self.assert_same(user)
            self.assert_no_leftovers(user)
            self.assertIsNone(self.status(user)["error"])
        self.assertNotIn("no room", self.haul.run("status").stdout)
        self.assertIn("room_again", self.logged())
        self.assertIsNone(daemon.poll())
        daemon.terminate()
        self.assertEqual(daemon.wait(15), 0)

    def test_no_bytes(self):
        self.full("size=600k",
                  lambda disk: self.remount(disk, "size=100m"))

    def test_no_inodes(self):
        self.full("size=100m,nr_inodes=150",
                  lambda disk: self.remount(disk, "nr_inodes=5000"))

    def test_ext4(self):
        if not os.path.exists("/sbin/mkfs.ext4"):
            self.skipTest("there is no mkfs.ext4")
        ballast = []

        def make_room(disk):
            os.unlink(ballast[0])
        mount = self.mount

        def mount_and_fill(path, options, kind):
            mount(path, options, kind)
            ballast.append(os.path.join(path, "ballast"))
            st = os.statvfs(path)
            with open(ballast[0], "wb") as f:
                f.write(bytes(st.f_bavail * st.f_frsize - (500 << 10)))
        self.mount = mount_and_fill
        self.full([], make_room, "ext4")

    def with_quota(self, path):
        """A file system that keeps accounts of its users, or why not. Groups
        of btrfs, which bind root, too; those of ext4 need a kernel with
        CONFIG_QFMT_V2, and a process without CAP_SYS_RESOURCE."""
        if not shutil.which("mkfs.btrfs"):
            return "there is no mkfs.btrfs (btrfs-progs)"
        image = path + ".image"
        with open(image, "wb") as f:
            f.truncate(256 << 20)
        os.makedirs(path)
        for command in (["mkfs.btrfs", "-q", "-f", image],
                        ["mount", "-o", "loop", image, path],
                        ["btrfs", "quota", "enable", path]):
            p = subprocess.run(command, capture_output=True, text=True)
            if p.returncode:
                return f"{' '.join(command)}: {p.stderr.strip()}"
            if command[0] == "mount":
                self.addCleanup(subprocess.run, ["umount", "-l", path],
                                capture_output=True)
        return None

    def test_quota(self):
        """Of one user's folder: that one waits, and is told of a quota; the
        other one, on the same disk, goes on."""
        disk = self.haul.store
        os.rmdir(disk)
        reason = self.with_quota(disk)
        if reason:
            print(f"\n*** NO QUOTA WAS TESTED: {reason} ***", flush=True)
            self.skipTest(reason)
        anna, boris = (self.source(n, 900, seed=i)
                       for i, n in enumerate(("anna", "boris")))
        for user in anna, boris:
            subprocess.run(["btrfs", "-q", "subvolume", "create",
                            self.at(user)], check=True)
        limit = ["btrfs", "qgroup", "limit"]
        subprocess.run(limit + ["1M", self.at(anna)], check=True)
        lab.own(disk)
        os.chmod(disk, 0o755)
        self.add(anna, "imaps")
        p = self.haul.run("run", anna, check=False)
        self.assertEqual(p.returncode, 1, p.stderr)
        self.assertRegex(p.stderr, "[Qq]uota")
        kept = self.status(anna)["messages"]["stored"]
        daemon = self.serve()
        self.add(boris, "imaps")
        self.wait_for(lambda: self.status(boris)["state"] == "idle", 90)
        self.assert_same(boris)
        # by hand it does not help, and nobody else waits for it
        self.haul.run("sync", anna)
        runs = self.status(anna)["runs"]
        self.wait_for(lambda: self.status(anna)["runs"] > runs or
                      self.status(anna)["state"] == "waiting", 90)
        self.wait_for(lambda: self.status(anna)["state"] == "waiting", 90)
        s = self.status(anna)
        self.assertEqual(s["error"]["class"], "disk", s)
        self.assertRegex(json.dumps(s["error"]), "quota of the store's owner")
        self.assertRegex(self.haul.run("status", anna).stdout, "quota")
        self.assertGreaterEqual(s["messages"]["stored"], kept)
        self.assertIsNotNone(s["next_due_at"])
        self.assertNotIn("no_room", self.logged())
        self.assertNotIn("no room", self.haul.run("status").stdout)
        # somebody raises it
        subprocess.run(limit + ["none", self.at(anna)], check=True)
        self.haul.run("sync", anna)
        self.wait_for(lambda: self.status(anna)["state"] == "idle", 90)
        self.assert_same(anna)
        self.assert_no_leftovers(anna)
        self.assertIsNone(self.status(anna)["error"])
        self.assertIsNone(daemon.poll())

    def test_no_room_for_the_state(self):
        """Nobody is claimed, and what had ended is written later."""
        state = self.haul.state
        kept = state + ".kept"
        os.rename(state, kept)
        self.mount(state, "size=2m")
        subprocess.run(f"cp -a {kept}/. {state}/", shell=True, check=True)
        user = self.source("anna", 60)
        daemon = self.serve()
        self.wait_for(lambda: "serving" in self.logged())
        ballast = os.path.join(state, "ballast")
        self.add(user, "imaps")
        with open(ballast, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass
        self.wait_for(lambda: "no_room" in self.logged())
        time.sleep(3)
        self.assertIsNone(daemon.poll())
        os.unlink(ballast)
        self.wait_for(lambda: self.status(user)["state"] == "idle", 90)
        self.assert_same(user)
        self.assertIsNone(daemon.poll())

    def test_read_only(self):
        """A disk that turned read-only: later, and nothing is given up."""
        for what in ("store", "state"):
            user = self.source(what, 30)
            disk = self.at(user) if what == "store" else \
                os.path.join(self.dir, "ledgers.disk")
            self.mount(disk, "size=100m")
            self.add(user, "imaps")
            self.haul.run("run", user)
            if what == "state":
                ledgers = os.path.join(self.haul.state, "ledgers")
                subprocess.run(f"cp -a {ledgers}/. {disk}/ && rm -r "
                               f"{ledgers} && ln -s {disk} {ledgers}",
                               shell=True, check=True)
            m = self.server.client(user)
            m.append("INBOX", "", time.time(), b"Subject: x\r\n\r\nx\r\n")
            m.logout()
            self.remount(disk, "ro")
            p = self.haul.run("run", user, check=False)
            self.assertEqual(p.returncode, 1, p.stderr)
            s = self.status(user)
            self.assertEqual((s["state"], s["error"]["class"]),
                             ("waiting", "disk"), s)
            self.assertIsNotNone(s["next_due_at"])
            self.remount(disk, "rw")
            self.haul.run("run", user)
            self.assert_same(user)


if __name__ == "__main__":
    case.main()
