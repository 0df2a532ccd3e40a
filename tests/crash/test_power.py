#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Power cuts: the program stops before the n-th change it makes to its
files, n at random; then ext4 on a loop device is shut down at once, without a
flush of its journal, and mounted again, and the work goes on.

Most machines have state.dir and the stores on two file systems, so that a
sync of one cannot stand in for the other's. In the background another writer
forces the journal out now and then: names are durable then, bytes are not
yet. Half of the imports have their mail deleted at the source, and half of
these are cut in the moment in which the first message has gone there. What a
run has reported as done, and what is not at the source any more, must be
there without any further run. A control without syncs has to lose mail, or
the rig proves nothing.

POWER_CUTS=N (default 16), in parts: RECORD=FILE MOST_S=240 POWER_CUTS=500,
until it prints "all"; then tests/lab/points.py FILE. LANES=N machines side by
side. Needs root and loop devices; else skipped, loudly."""
import contextlib, fcntl, os, random, shutil, signal, struct, subprocess
import sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lanes, oracle, points, sweep

CUTS = int(os.environ.pop("POWER_CUTS", "16"))
EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NOLOGFLUSH = 2
MESSAGES = 120  # half over IMAP, half over POP3
IN_A_ROW = 6
KINDS = {"copy": "during an import", "delete": "during an import that "
         "deletes at the source", "gone": "as mail goes at the source",
         "end": "right after the end", "part": "amid deliveries"}


class Disk:
    """An ext4 in a file, mounted at .path; the disk itself is in memory."""

    def __init__(self, image, path, megabytes=32):
        self.image, self.path = image, path
        os.makedirs(path)
        with open(image, "wb") as f:
            f.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-N", "8000", "-J",
                        "size=4", image], check=True,
                       stdout=subprocess.DEVNULL)
        self.mount()

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.path],
                       check=True, capture_output=True)

    def umount(self):
        for _ in range(400):
            if subprocess.run(["umount", self.path],
                              capture_output=True).returncode == 0:
                return
            time.sleep(0.05)  # what was killed is still closing its files
        raise RuntimeError(f"cannot unmount {self.path}")

    def keep(self):
        """What it holds now is what new() starts from."""
        self.umount()
        os.rename(self.image, self.image + ".new")

    def new(self):
        if os.path.ismount(self.path):
            self.umount()
        self.copy(self.image + ".new")

    def turn(self):
        """Off and on again, as a copy: a process with mounts of its own may
        keep the dead file system, and a second mount would be that one."""
        self.umount()
        self.copy(self.image)

    def copy(self, image):
        subprocess.run(["cp", "--sparse=always", image, self.image + ".on"],
                       check=True)
        os.rename(self.image + ".on", self.image)
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


class Machine:
    """A lane whose state and stores are on disks that can be cut."""

    def __init__(self, lane, images, apart):
        self.lane, d = lane, lane.haul.dir
        self.disks = [
            Disk(os.path.join(images, os.path.basename(d) + room),
                 os.path.join(d, "disk." + room))
            for room in (("state", "store") if apart else ("both",))]
        for room, disk in (("state", self.disks[0]),
                           ("store", self.disks[-1])):
            shutil.rmtree(getattr(lane.haul, room), ignore_errors=True)
            os.symlink(os.path.join(disk.path, room),
                       getattr(lane.haul, room))
        shutil.copytree(lane.template,
                        os.path.join(self.disks[0].path, "state"))
        os.makedirs(os.path.join(self.disks[-1].path, "store"))
        for disk in self.disks:
            disk.keep()

    def fresh(self):
        for disk in self.disks:
            disk.new()
        for s in self.lane.sources:
            s.renew()

    def cut(self, p, r):
        """All disks die in one moment, in any order."""
        disks = list(self.disks)
        r.shuffle(disks)
        for disk in disks:
            disk.cut()
        if p is not None:
            p.kill()
            p.wait()
        for disk in disks:
            disk.turn()

    def remove(self):
        for disk in self.disks:
            disk.remove()


def why_not():
    if not sweep.SHIM:
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


class Power(sweep.Case):
    record, clock = points.of_environment(), points.Clock()

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
        self.amid, self.number = 0, threading.Lock()

    def machines(self, config, count=None):
        found = []
        for i, lane in enumerate(self.lanes(config, MESSAGES, count)):
            found.append(Machine(lane, self.images, i % 3 != 2))
            self.addCleanup(found[-1].remove)
        return found

    # ---- one import

    def start(self, lane, where=None):
        report = self.shim(lane, ".report")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(report)
        env = {"LD_PRELOAD": sweep.SHIM, "FAULTSHIM": where,
               "FAULTSHIM_REPORT": report} if where else {}
        return lane.haul.start(
            "run", *(s.account for s in lane.sources),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, **env})

    def wait(self, p, reached, pause_s):
        """True: it is there; False: the run has ended before."""
        until = time.monotonic() + 120
        while p.poll() is None and not reached():
            self.assertLess(time.monotonic(), until, "the run hangs")
            time.sleep(pause_s)
        return p.poll() is None

    def run_until(self, lane, where=None):
        """Stops there (faultshim.c), or ends; True: it was stopped."""
        p = self.start(lane, where)
        report = self.shim(lane, ".report")
        return p, self.wait(p, lambda: os.path.exists(report), 0.002)

    def run_until_gone(self, lane):
        """Until the first message has gone at the source; or ends."""
        def gone():
            for s in lane.sources:
                found = sum(len(list(oracle.files(d)))
                            for d in oracle.folders(s.root).values())
                if found < s.corpus.count():
                    return True
            return False
        p = self.start(lane)
        return p, self.wait(p, gone, 0)

    def calls(self, lane):
        """How many changes a whole import makes."""
        lane.fresh()
        p = self.run_with(lane, "trace")
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assertEqual(lane.faults(), [])
        return sum(name != "open" for name in self.hits(lane))

    def cut(self, machine, p, r, kind):
        """Now; nobody may see anything wrong then."""
        lane = machine.lane
        hit = (self.hits(lane) or [kind])[0]
        machine.cut(p, r)
        wrong = lane.visible()
        if kind == "end":
            wrong += [f"reported done, then: {w}" for w in lane.lost()]
        stored = sum(store.count() for _, store in lane.stores())
        with self.number:
            self.amid += 0 < stored < MESSAGES
            name = f"power cut {KINDS[kind]}"
            n = len(self.record.series[name].hit) + 1
            self.record.note(name, n, hit, wrong)
        if wrong:
            print(f"{name}, {n}, at {hit}:", *wrong[:6], sep="\n  ",
                  flush=True)
        return n

    def cut_amid(self, machine, r):
        """Half of the messages have their names, and these are durable: a
        cut that leaves a part, which those at random may all fail to do."""
        machine.fresh()
        p, stopped = self.run_until(machine.lane, f"move:{MESSAGES // 2}")
        self.assertTrue(stopped, "nothing was delivered")
        OtherWriter(machine.disks, r).write()
        self.cut(machine, p, r, "part")
        self.assertGreater(self.amid, 0)

    def cut_when_gone(self, machine, r):
        p, _ = self.run_until_gone(machine.lane)
        time.sleep(r.choice((0, 0, 0.001, 0.003, 0.01)))
        self.cut(machine, p, r, "gone")

    def cut_at_random(self, machine, r, calls, kind):
        """False: the run has ended by itself, and well."""
        other = OtherWriter(machine.disks, r)
        if r.random() < 0.5:
            other.start()
        p, stopped = self.run_until(
            machine.lane, calls and f"stop:{r.randint(1, calls)}")
        # the rest of that time everything else goes on
        time.sleep(r.choice((0, 0, 0.02)))
        if stopped and r.random() < 0.3:
            p.send_signal(signal.SIGCONT)
        if other.is_alive():
            other.end()
        if stopped:
            self.cut(machine, p, r, kind)
            return True
        # one that deletes may have found the mailbox still taken
        return p.returncode != 0 and kind == "delete"

    def whole_import(self, machine, r, calls, kind):
        """Some cuts, one right after the end of the run, then all exact."""
        machine.fresh()
        if kind == "gone":
            self.cut_when_gone(machine, r)
        for _ in range(r.randint(1, IN_A_ROW) if kind != "gone" else 0):
            if not self.cut_at_random(machine, r, calls, kind):
                break
        for _ in range(5):
            if not self.cut_at_random(machine, r, None, "delete"):
                break
        n = self.cut(machine, None, r, "end")
        wrong = machine.lane.finish()
        if wrong:
            print("after a clean run:", *wrong[:6], sep="\n  ", flush=True)
            self.record.note(f"power cut {KINDS['end']}", n, "end", wrong)

    # ---- all of them

    def so_far(self):
        return sum(len(s.hit) for s in self.record.series.values())

    def import_with_cuts(self, kinds, wanted):
        """Until that many cuts, in all, are on record."""
        what = "copy" if "copy" in kinds else "delete"
        machines = self.machines(f"both {what} syncfs")
        plain = self.lanes(f"both {what} fsync", MESSAGES, 1)
        calls = self.calls(plain[0])

        def one(machine, i):
            if self.so_far() < wanted and not self.clock.is_over():
                self.whole_import(machine, random.Random(f"{seed} {i}"),
                                  calls, kinds[i % len(kinds)])
        seed = random.randrange(1 << 30)
        if what == "copy":
            self.cut_amid(machines[0], random.Random(seed))
        lanes.each(machines, range(wanted), one)

    def test_cuts(self):
        most = CUTS // 2 if self.so_far() < CUTS // 2 else CUTS
        for kinds in (("copy",), ("delete", "gone"))[most == CUTS:]:
            self.import_with_cuts(kinds, most)
            most = CUTS
        for name, s in sorted(self.record.series.items()):
            print(s.line(name), flush=True)
            self.assertEqual(s.wrong, {}, name)
        print(f"{self.so_far()} power cuts, {self.amid} of these just now "
              "left a part", flush=True)
        if self.so_far() < CUTS:
            self.skipTest("MOST_S is over: the same command goes on")
        print("all done", flush=True)

    def test_control_without_syncs(self):
        machine = self.machines("both copy syncfs", 1)[0]
        machine.fresh()
        p = machine.lane.run({"LD_PRELOAD": sweep.SHIM,
                              "FAULTSHIM": "nosync"})
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assertEqual(machine.lane.lost(), [])
        machine.cut(None, random.Random())
        lost = [w for w in machine.lane.lost() if "lost" in w]
        print(f"without syncs: {len(lost)} messages lost", flush=True)
        self.assertGreater(len(lost), 0)


if __name__ == "__main__":
    case.main()
