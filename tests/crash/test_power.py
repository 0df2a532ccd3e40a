#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Power cuts: the program stops before the n-th change it makes to its
files, n at random; then ext4 on a loop device is shut down at once, without a
flush of its journal, and mounted again, and the work goes on.

Most rounds have state.dir and the stores on two file systems, so that a sync
of one cannot stand in for the other's. In the background another writer
forces the journal out now and then: names are durable then, bytes are not
yet. What a run has reported as done must be there without any further run:
the source may have deleted it. A control without syncs has to lose mail, or
the rig proves nothing.

POWER_CUTS=N (default 12). Needs root and a loop device; else skipped."""
import contextlib, fcntl, os, random, shutil, signal, struct, subprocess
import sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab, lanes, oracle

SHIM = os.environ.pop("FAULTSHIM_LIBRARY", "")
CUTS = int(os.environ.pop("POWER_CUTS", "12"))
SEED = int(os.environ.pop("SEED", random.randrange(1 << 30)))
EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NOLOGFLUSH = 2
MESSAGES = 60  # each, over IMAP and over POP3


class Disk:
    """An ext4 in a file, mounted at .path; the disk itself is in memory."""

    def __init__(self, image, path, megabytes=96):
        self.image, self.path = image, path
        os.makedirs(path)
        with open(image, "wb") as f:
            f.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-N", "20000", image],
                       check=True, stdout=subprocess.DEVNULL)
        self.mount()

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.path],
                       check=True, capture_output=True)

    def umount(self):
        for _ in range(100):
            if subprocess.run(["umount", self.path],
                              capture_output=True).returncode == 0:
                return
            time.sleep(0.05)  # what was killed is still closing its files
        raise RuntimeError(f"cannot unmount {self.path}")

    def turn(self):
        """Off and on again, as a copy: a process with mounts of its own may
        keep the dead file system, and a second mount would be that one."""
        self.umount()
        copy = self.image + ".on"
        subprocess.run(["cp", "--sparse=always", self.image, copy],
                       check=True)
        os.rename(copy, self.image)
        self.mount()

    def cut(self):
        fd = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
        finally:
            os.close(fd)

    def remove(self):
        if os.path.ismount(self.path):
            self.umount()
        with contextlib.suppress(OSError):
            os.unlink(self.image)


def why_not():
    if not SHIM:
        return "FAULTSHIM_LIBRARY is not there (a sanitized build?)"
    if os.getuid() != 0:
        return "only root may mount"
    if not shutil.which("mkfs.ext4"):
        return "there is no mkfs.ext4"
    p = subprocess.run(["losetup", "-f"], capture_output=True, text=True)
    if p.returncode != 0:
        return f"no loop device: {p.stderr.strip()}"
    return None


class OtherWriter(threading.Thread):
    """fsync of a file of its own brings everybody's names to disk."""

    def __init__(self, disks, r):
        super().__init__()
        self.disks, self.r = disks, r
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(self.r.uniform(0.001, 0.08)):
            self.write()

    def write(self):
        for disk in self.disks:
            with contextlib.suppress(OSError):
                fd = os.open(os.path.join(disk.path, "other"),
                             os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                try:
                    os.write(fd, b"x")
                    os.fsync(fd)
                finally:
                    os.close(fd)

    def end(self):
        self.stopping.set()
        self.join()


class Power(case.Case):
    def sources(self):
        found = []
        for account, scheme, folders in (
                ("anna", "imap", lab.FOLDERS),
                ("boris", "pop3", [("INBOX", 1.0)])):
            user = self.source(account, MESSAGES, folders=folders,
                               seed=len(found) + 1)
            found.append(lanes.Source(
                account, self.url(user, scheme + "+plain"),
                os.path.join(self.dir, "source", account)))
        return found

    def machine(self, name, sources, apart):
        """A lane whose state and stores are on disks that can be cut."""
        d = os.path.join(self.dir, name)
        lane = lanes.Lane(case.BINARY, d, sources)
        lane.disks = []
        for room in ("state", "store") if apart else ("both",):
            disk = Disk(os.path.join(self.images, f"{name}.{room}"),
                        os.path.join(d, "disk." + room))
            self.addCleanup(disk.remove)
            lane.disks.append(disk)
        for room, disk in (("state", lane.disks[0]),
                           ("store", lane.disks[-1])):
            target = os.path.join(disk.path, room)
            shutil.rmtree(getattr(lane.haul, room), ignore_errors=True)
            os.symlink(target, getattr(lane.haul, room))
        shutil.copytree(lane.template, os.path.join(lane.disks[0].path,
                                                    "state"))
        os.makedirs(os.path.join(lane.disks[-1].path, "store"))
        os.sync()
        return lane

    def power_cut(self, lane, p, r):
        """All disks die in one moment, in any order."""
        disks = list(lane.disks)
        r.shuffle(disks)
        for disk in disks:
            disk.cut()
        if p is not None:
            p.kill()
            p.wait()
        for disk in disks:
            disk.turn()

    def run_until(self, lane, where=None):
        """Stops there (faultshim.c), or ends; True: it was stopped."""
        report = os.path.join(lane.haul.dir, "report")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(report)
        env = {"LD_PRELOAD": SHIM, "FAULTSHIM": where,
               "FAULTSHIM_REPORT": report} if where else {}
        p = lane.haul.start("run", "anna", "boris",
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL,
                            env={**os.environ, **env})
        until = time.monotonic() + 120
        while p.poll() is None and not os.path.exists(report):
            self.assertLess(time.monotonic(), until, "the run hangs")
            time.sleep(0.002)
        return p, p.poll() is None

    def calls(self, lane):
        """How many changes a whole import makes."""
        report = os.path.join(lane.haul.dir, "report")
        lane.fresh()
        lane.run({"LD_PRELOAD": SHIM, "FAULTSHIM": "trace",
                  "FAULTSHIM_REPORT": report})
        self.assertEqual(lane.faults(), [])
        with open(report) as f:
            return sum(not line.endswith(" open\n") for line in f)

    def delivered(self, lane):
        return sum(len(list(oracle.files(d))) for s in lane.sources
                   for d in oracle.folders(lane.store(s)).values())

    def cut_amid(self, lane, r):
        """Half of the messages have their names, and these are durable: a
        cut that leaves a part, which those at random may all fail to do."""
        p, stopped = self.run_until(lane, f"move:{MESSAGES}")
        self.assertTrue(stopped, "nothing was delivered")
        OtherWriter(lane.disks, r).write()
        self.power_cut(lane, p, r)
        self.assertEqual(lane.visible(), [])
        self.amid += 0 < self.delivered(lane) < 2 * MESSAGES

    def import_with_cuts(self, lane, r, calls, most):
        """Runs until one ends by itself; how many cuts it took."""
        cuts = 0
        while True:
            other = OtherWriter(lane.disks, r)
            if r.random() < 0.5:
                other.start()
            p, stopped = self.run_until(
                lane, f"stop:{r.randint(1, calls)}" if cuts < most else None)
            # the rest of that time everything else goes on
            time.sleep(r.choice((0, 0, 0.02)))
            if stopped and r.random() < 0.3:
                p.send_signal(signal.SIGCONT)
            if other.is_alive():
                other.end()
            if not stopped:
                self.assertEqual(p.returncode, 0, "failed without a cut")
                return cuts
            self.power_cut(lane, p, r)
            cuts += 1
            self.assertEqual(lane.visible(), [])
            self.amid += 0 < self.delivered(lane) < 2 * MESSAGES

    def setUp(self):
        super().setUp()
        reason = why_not()
        if reason:
            print(f"\n*** NO POWER CUTS WERE TESTED: {reason} ***",
                  flush=True)
            self.skipTest(reason)
        self.images = os.path.join(
            "/dev/shm" if os.access("/dev/shm", os.W_OK) else self.top,
            os.path.basename(self.top))
        os.makedirs(self.images, exist_ok=True)
        self.addCleanup(shutil.rmtree, self.images, True)

    def test_cuts(self):
        r = random.Random(SEED)
        sources = self.sources()
        cuts = ends = rounds = self.amid = 0
        calls = self.calls(lanes.Lane(
            case.BINARY, os.path.join(self.dir, "trace"), sources))
        while cuts + ends < CUTS:
            lane = self.machine(f"m{rounds}", sources, rounds % 4 != 3)
            if rounds == 0:
                self.cut_amid(lane, r)
                cuts += 1
            cuts += self.import_with_cuts(lane, r, calls,
                                          min(6, CUTS - cuts - ends - 1))
            # the last one right after the run has said that all is done
            self.power_cut(lane, None, r)
            ends += 1
            self.assertEqual(lane.lost(), [], "reported done, then gone")
            self.assertEqual(lane.finish(), [])
            for disk in lane.disks:
                disk.remove()
            rounds += 1
        print(f"{cuts} cuts during {rounds} imports of {2 * MESSAGES}, "
              f"{self.amid} of them left a part, {ends} right after the "
              f"end: 0 lost, 0 twice, 0 corrupt; SEED={SEED}", flush=True)
        self.assertGreater(self.amid, 0)

    def test_control_without_syncs(self):
        lane = self.machine("control", self.sources(), False)
        p = lane.run({"LD_PRELOAD": SHIM, "FAULTSHIM": "nosync"})
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assertEqual(lane.lost(), [])
        self.power_cut(lane, None, random.Random(SEED))
        lost = [w for w in lane.lost() if "lost" in w]
        print(f"without syncs: {len(lost)} messages lost", flush=True)
        self.assertGreater(len(lost), 0)


if __name__ == "__main__":
    case.main()
