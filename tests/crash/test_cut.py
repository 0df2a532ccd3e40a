#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The connection ends, or falls silent, after each number of bytes of the
server's answers. No part of a message may ever be seen, while the run goes on
and after it; a clean run makes all exact; nobody spins.

One run collects many accounts through a proxy; the first session of each is
cut one byte later than that of the one before. CUTS=N of them for each way to
end, from a random start; CUTS=all takes every one, and a stall at every 16th
byte. In parts:

    RECORD=FILE MOST_S=240 CUTS=all …/test_cut.py     until it prints "all"
    tests/lab/points.py FILE                          what was reached

Point n is an end after n - 1 bytes, or a stall after 16 (n - 1)."""
import os, random, sys, threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab, lanes, oracle, points, proxy

CUTS = os.environ.pop("CUTS", "24")
ALL = CUTS == "all"
ACCOUNTS = 24 if ALL else 12  # of one run
STALL_S = 2
STALL_STEP = 16
LOOK_S = 0.02
MESSAGES = [b"Subject: x\n\n.\n..\n...\n.", b"Subject: no body", b"\n",
            b"no header at all\n\nthen text\n",
            b"Subject: 8bit \xff\xfe\n\n)\r\nA1 OK \x80\x81\n.",
            b"From: a@b\nSubject: last\n\n" + b"{12}\n.line\n" * 9]
lanes.in_memory()


class Watch(threading.Thread):
    """Looks at the stores while they are written to."""

    def __init__(self, lane):
        super().__init__()
        self.lane, self.stopping = lane, threading.Event()
        self.known = [set() for _ in lane.sources]
        self.wrong, self.looks = [], 0

    def run(self):
        while not self.stopping.wait(LOOK_S):
            self.looks += 1
            for s, known in zip(self.lane.sources, self.known):
                self.wrong += oracle.foreign(s.corpus, self.lane.store(s),
                                             known)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join()


class Cut(case.Case):
    record, clock = points.of_environment(), points.Clock()
    extra = lanes.LEAN_DOVECOT

    def rig(self, scheme):
        root = os.path.join(self.dir, "source", scheme)
        folder = lab.make_folder(root, "INBOX")
        for i, body in enumerate(MESSAGES):
            lab.put(folder, i, body, 1500000000 + i, "S"[i % 2:])
        lab.own(root)
        self.proxy = proxy.Proxy(getattr(self.server, scheme))
        self.addCleanup(self.proxy.stop)
        self.users, sources = [], []
        for i in range(ACCOUNTS):
            user = self.user(f"{scheme}{i:02}")
            self.server.add_user(user, root)
            self.users.append(user)
            sources.append(lanes.Source(
                f"a{i}", f"{scheme}://{user}@localhost:{self.proxy.port}"
                "?security=none", root))
        return lanes.Lane(case.BINARY, os.path.join(self.dir, scheme),
                          sources, [f"pool.per_host={ACCOUNTS}"])

    def length(self, lane):
        """Bytes of a whole answer; notes what an undisturbed run costs."""
        lane.fresh()
        self.assertEqual(lane.finish(), [])
        lane.fresh()
        self.calm_s = lane.run().cpu_s
        self.assertEqual(lane.lost(), [])
        return min(n for n in self.proxy.sent if n > 100)

    def aim(self, faults):
        """Before the login all connections are alike."""
        users = iter(self.users)
        for f in faults:
            if f.after <= self.proxy.before_login:
                self.proxy.faults.append(f)
            else:
                self.proxy.aimed[next(users)] = f

    def spoil(self, lane, faults):
        """One run that meets them all, then a clean one; what is wrong."""
        lane.fresh()
        self.aim(faults)
        stalls = faults[0].how == "stall"
        with Watch(lane) as watch:
            p = lane.run(options=("-o", f"network.timeout={STALL_S}s")
                         if stalls else ())
        self.proxy.faults.clear()
        self.proxy.aimed.clear()
        wrong = watch.wrong + lane.visible()
        if p.returncode not in (0, 1) or (p.returncode and not p.stderr):
            wrong.append(f"exit {p.returncode}: {p.stderr[-600:]}")
        if p.returncode == 0:
            wrong += [f"exit 0, but {w}" for w in lane.lost()]
        # all its accounts together; a loop would burn the whole time-out
        extra_s = p.cpu_s - self.calm_s
        if extra_s > 1:
            wrong.append(f"{extra_s:.1f} s of CPU more than without")
        self.most_s = max(self.most_s, extra_s)
        self.looks += watch.looks
        return wrong + [f"after a clean run: {w}" for w in lane.finish()]

    def numbers(self, name, count):
        if ALL:
            return self.record.left(name, 0)
        # few of the stalls, since each costs the time-out
        step = max(1, count // int(CUTS)) if "ends" in name else 20
        return list(range(random.randint(1, step), count + 1, step))

    def one_way(self, lane, name, how, length, step):
        if not self.record.series[name].most:
            self.record.whole(name, [(length - 1) // step + 1])
        s = self.record.series[name]
        while not self.clock.is_over():
            todo = self.numbers(name, s.least)
            for i in range(0, len(todo), ACCOUNTS):
                if not self.clock.is_over():
                    self.batch(lane, name, how, step, todo[i:i + ACCOUNTS])
            if not ALL or not todo:
                break
        print(s.line(name), flush=True)
        self.assertEqual(s.wrong, {}, name)
        self.assertGreater(len(s.hit), 0, f"{name}: nothing was reached")
        if ALL and not self.clock.is_over():
            self.assertEqual(s.missing(), [], f"{name}: not reached")

    def batch(self, lane, name, how, step, numbers):
        faults = [proxy.Fault((n - 1) * step, how) for n in numbers]
        wrong = self.spoil(lane, faults)
        for n, fault in zip(numbers, faults):
            self.record.note(name, n, how if fault.hit else "", wrong)
        if wrong:
            print(f"{name}, {numbers}:", *wrong[:6], sep="\n  ", flush=True)

    def sweep(self, scheme, hows, step=1):
        self.most_s, self.looks = 0, 0
        lane = self.rig(scheme)
        length = self.length(lane)
        for how in hows:
            name = f"connection stalls, {scheme}, every {step}th" \
                if how == "stall" else f"connection ends by {how}, {scheme}"
            self.one_way(lane, name, how, length, step)
        print(f"at most {self.most_s:.2f} s of CPU more for {ACCOUNTS} "
              f"accounts than without; {self.looks} looks while they ran",
              flush=True)
        if self.clock.is_over():
            self.skipTest("MOST_S is over: the same command goes on")
        print("all done" if ALL else "done", flush=True)

    def test_imap_cut(self):
        self.sweep("imap", ("fin", "rst"))

    def test_pop3_cut(self):
        self.sweep("pop3", ("fin", "rst"))

    def test_imap_stall(self):
        self.sweep("imap", ("stall",), STALL_STEP)

    def test_pop3_stall(self):
        self.sweep("pop3", ("stall",), STALL_STEP)

    def test_drip_and_delay(self):
        """Slow is not dead."""
        for scheme in ("imap", "pop3"):
            lane = self.rig(scheme)
            lane.fresh()
            self.proxy.faults.extend(
                proxy.Fault(drip=0.002) if i % 2 else proxy.Fault(delay=0.1)
                for i in range(ACCOUNTS))
            with Watch(lane) as watch:
                self.assertEqual(lane.finish(), [])
            self.assertEqual(watch.wrong, [])


if __name__ == "__main__":
    case.main()
