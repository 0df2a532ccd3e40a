#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a service manager hears from the daemon, and when it hears nothing."""
import contextlib, os, signal, socket, sqlite3, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Manager:
    """A notify socket; name None: a path in d, else an abstract name."""

    def __init__(self, d, name=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.address = "@" + name if name else os.path.join(d, "notify")
        self.socket.bind("\0" + name if name else self.address)
        self.socket.settimeout(0.2)
        self.heard = []

    def listen(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self.heard += [(time.monotonic(), line) for line in
                               self.socket.recv(4096).decode().split("\n")]
            except TimeoutError:
                pass

    def wait(self, what, seconds=30):
        """Until a line that begins so is heard; it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for _, line in self.heard:
                if line.startswith(what):
                    return line
            self.listen(0.2)
        raise AssertionError(f"{what} was not heard: {self.heard}")

    def lines(self):
        return [line for _, line in self.heard]


class Health(case.Case):
    def serve(self, manager, watchdog_s=2, *options):
        self.log = open(os.path.join(self.dir, "log"), "a+")
        env = {**os.environ, "NOTIFY_SOCKET": manager.address,
               "WATCHDOG_USEC": str(int(watchdog_s * 1e6))}
        p = subprocess.Popen(self.haul.argv + list(options) + ["serve"],
                             stderr=self.log, stdin=subprocess.DEVNULL,
                             env=env)
        self.addCleanup(lambda: (p.poll() is None and p.kill(), p.wait(),
                                 self.log.close(), manager.socket.close()))
        return p

    def test_a_life(self):
        for name in (None, f"mailhaul-test-{os.getpid()}"):
            manager = Manager(self.dir, name)
            daemon = self.serve(manager)
            manager.wait("READY=1")
            self.assertEqual(manager.lines()[0], "READY=1")
            manager.wait("STATUS=0 accounts")
            manager.wait("WATCHDOG=1")
            manager.heard.clear()
            daemon.send_signal(signal.SIGHUP)
            manager.wait("RELOADING=1")
            manager.wait("READY=1")
            manager.wait("MONOTONIC_USEC=")
            manager.heard.clear()
            manager.listen(5)
            fed = [t for t, line in manager.heard if line == "WATCHDOG=1"]
            self.assertGreater(len(fed), 1)
            self.assertLess(max(b - a for a, b in zip(fed, fed[1:])), 2)
            daemon.terminate()
            manager.wait("STOPPING=1")
            self.assertEqual(daemon.wait(15), 0)

    def test_envoys_do_not_speak_for_it(self):
        manager = Manager(self.dir)
        user = self.source("anna", 20)
        self.add(user, "imaps")
        daemon = self.serve(manager)
        manager.wait("READY=1")
        self.haul.run("sync", user, "--wait", timeout=90)
        children = subprocess.run(
            ["pgrep", "-P", str(daemon.pid)], capture_output=True,
            text=True).stdout.split()
        looked = 0
        for pid in children:
            with contextlib.suppress(OSError):  # one that ends meanwhile
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().split(b"\0")
                with open(f"/proc/{pid}/environ", "rb") as f:
                    environ = f.read()
                # one that was forked this moment is still the daemon
                if words[1:2] in ([b"envoy"], [b"scout"]):
                    self.assertNotIn(b"NOTIFY_SOCKET", environ)
                    looked += 1
        self.assertGreater(looked, 0)

    def test_a_loop_that_stands_still_is_not_fed(self):
        manager = Manager(self.dir)
        daemon = self.serve(manager)
        manager.wait("WATCHDOG=1")
        daemon.send_signal(signal.SIGSTOP)
        manager.listen(0.5)
        manager.heard.clear()
        manager.listen(4)
        self.assertEqual(manager.lines(), [])
        daemon.send_signal(signal.SIGCONT)
        manager.wait("WATCHDOG=1")

    def test_run_tells_nobody(self):
        manager = Manager(self.dir)
        self.addCleanup(manager.socket.close)
        user = self.source("anna", 5, folders=[("INBOX", 1.0)])
        self.add(user, "imaps")
        p = subprocess.run(self.haul.argv + ["run"], capture_output=True,
                           env={**os.environ,
                                "NOTIFY_SOCKET": manager.address})
        self.assertEqual(p.returncode, 0, p.stderr)
        manager.listen(0.5)
        self.assertEqual(manager.lines(), [])

    def logged(self, what):
        with open(self.log.name) as f:
            return f.read().count(f" {what} ")

    def wait_log(self, what, seconds=60):
        until = time.monotonic() + seconds
        while not self.logged(what):
            self.assertLess(time.monotonic(), until, what)
            time.sleep(0.2)

    def end(self, daemon):
        daemon.terminate()
        self.assertEqual(daemon.wait(15), 0)

    def test_credentials_that_died(self):
        """Once in the log, whatever runs beside it; in status until then."""
        manager = Manager(self.dir)
        user = self.source("anna", 5, folders=[("INBOX", 1.0)])
        self.add(user, "imaps")
        self.haul.run("run", user)
        self.haul.run("set", user, "--password-file", "-", stdin="wrong\n")
        daemon = self.serve(manager, 2, "-o", "sync.every=2s")
        self.wait_log("credentials_died")
        time.sleep(5)
        self.assertEqual(self.logged("credentials_died"), 1)
        s = self.haul.status(user)
        self.assertEqual((s["state"], s["error"]["class"]),
                         ("failed", "auth"))
        self.assertIsNotNone(s["failing_since"])
        self.haul.run("set", user, "--password-file", "-",
                      stdin=lab.PASSWORD + "\n")
        until = time.monotonic() + 60
        while self.haul.status(user)["state"] != "idle":
            self.assertLess(time.monotonic(), until)
            time.sleep(0.2)
        self.assertIsNone(self.haul.status(user)["failing_since"])
        self.end(daemon)

    def test_no_progress_for_long(self):
        user = self.source("anna", 5, folders=[("INBOX", 1.0)])
        good = self.url(user, "imaps")
        self.add(user, "imaps")
        self.haul.run("run", user)
        self.haul.run("set", user, "imaps://%s@localhost:1" % user)
        self.haul.run("run", user, check=False)
        self.assertFalse(self.haul.status(user)["stalled"])
        db = sqlite3.connect(os.path.join(self.haul.state, "mailhaul.db"))
        with db:
            db.execute("UPDATE job SET moved_at = moved_at - 200000, "
                       "failing_since = failing_since - 100000, "
                       "needs_person = 0, due_at = due_at + 3600")
        db.close()
        for times in (1, 1, 1):  # a restart does not tell it again
            manager = Manager(tempfile.mkdtemp(dir=self.dir))
            daemon = self.serve(manager)
            manager.wait("READY=1")
            self.wait_log("account_stalled")
            manager.listen(3)
            self.end(daemon)
            self.assertEqual(self.logged("account_stalled"), times)
        self.assertTrue(self.haul.status(user)["stalled"])
        self.assertIn("nothing has come since",
                      self.haul.run("status").stdout)
        self.haul.run("set", user, good)
        self.haul.run("run", user)
        self.assertFalse(self.haul.status(user)["stalled"])

    def test_a_manager_that_is_gone(self):
        manager = Manager(self.dir)
        user = self.source("anna", 20)
        self.add(user, "imaps")
        daemon = self.serve(manager)
        manager.wait("READY=1")
        manager.socket.close()
        os.unlink(manager.address)
        self.haul.run("sync", user, "--wait", timeout=90)
        self.assertIsNone(daemon.poll())
        daemon.terminate()
        self.assertEqual(daemon.wait(15), 0)


if __name__ == "__main__":
    case.main()
