#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The connection ends, or falls silent, after each number of bytes of the
server's answers. No part of a message may ever be seen; a clean run makes
all exact; nobody spins.

One run collects many accounts through a proxy whose connections are cut one
byte later each. CUTS=N of them, from a random start, and N / 8 stalls;
CUTS=all takes every one, by FIN and by RST. SEED=N."""
import os, random, resource, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab, lanes, proxy

CUTS = os.environ.pop("CUTS", "96")  # of each protocol
ALL = CUTS == "all"
SEED = int(os.environ.pop("SEED", random.randrange(1 << 30)))
ACCOUNTS = 24   # of one run
MESSAGES = [b"Subject: x\n\n.\n..\n...\n.", b"Subject: no body", b"\n",
            b"no header at all\n\nthen text\n",
            b"Subject: 8bit \xff\xfe\n\n)\r\nA1 OK \x80\x81\n.",
            b"From: a@b\nSubject: last\n\n" + b"{12}\n.line\n" * 9]
lanes.in_memory()


class Cut(case.Case):
    def rig(self, scheme):
        root = os.path.join(self.dir, "source", scheme)
        folder = lab.make_folder(root, "INBOX")
        for i, body in enumerate(MESSAGES):
            lab.put(folder, i, body, 1500000000 + i, "S"[i % 2:])
        lab.own(root)
        user = self.user(scheme)
        self.server.add_user(user, root)
        self.proxy = proxy.Proxy(getattr(self.server, scheme))
        self.addCleanup(self.proxy.stop)
        url = (f"{scheme}://{user}@localhost:{self.proxy.port}"
               "?security=none")
        return lanes.Lane(
            case.BINARY, os.path.join(self.dir, scheme),
            [lanes.Source(f"a{i}", url, root) for i in range(ACCOUNTS)],
            [f"pool.per_host={ACCOUNTS}"])

    def length(self, lane):
        """Bytes of a whole answer, and what an undisturbed run costs."""
        lane.fresh()
        self.assertEqual(lane.finish(), [])
        return max(self.proxy.sent)

    def spoil(self, lane, faults):
        """One run that meets them all, then a clean one."""
        lane.fresh()
        self.proxy.faults.extend(faults)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        stalls = faults[0].how == "stall"
        p = lane.run(options=("-o", "network.timeout=2s") if stalls else ())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = sum(after[:2]) - sum(before[:2])
        wrong = lane.visible()
        if p.returncode not in (0, 1) or (p.returncode and not p.stderr):
            wrong.append(f"exit {p.returncode}: {p.stderr[-600:]}")
        if p.returncode == 0:
            wrong += [f"exit 0, but {w}" for w in lane.lost()]
        # all its accounts together; a loop would burn the whole time-out
        if cpu > 1:
            wrong.append(f"{cpu:.1f} s of CPU")
        self.most = max(self.most, cpu)
        self.proxy.faults.clear()
        wrong += [f"after a clean run: {w}" for w in lane.finish()]
        if wrong:
            print([(f.how, f.after) for f in faults], *wrong[:6],
                  sep="\n  ", flush=True)
        return bool(wrong)

    def offsets(self, length, hows):
        r = random.Random(SEED)
        wanted = length if ALL else int(CUTS) // (8 if "stall" in hows else 1)
        step = max(1, length // wanted)
        return range(r.randrange(step), length, step)

    def sweep(self, scheme, hows):
        self.most, bad = 0, 0
        lane = self.rig(scheme)
        length = self.length(lane)
        faults = [proxy.Fault(n, how) for how in hows
                  for n in self.offsets(length, hows)]
        if not ALL:
            faults = [proxy.Fault(f.after, random.Random(f.after).choice(hows))
                      for f in faults[:len(faults) // len(hows)]]
        for i in range(0, len(faults), ACCOUNTS):
            bad += self.spoil(lane, faults[i:i + ACCOUNTS])
        print(f"{scheme}: {self.proxy.hit} of {len(faults)} connections "
              f"ended by {' or '.join(hows)} within {length} bytes; at most "
              f"{self.most:.2f} s of CPU for {ACCOUNTS} of them; SEED={SEED}",
              flush=True)
        self.assertEqual(bad, 0)
        self.assertGreater(self.proxy.hit, len(faults) // 2)

    def test_imap_cut(self):
        self.sweep("imap", ("fin", "rst"))

    def test_pop3_cut(self):
        self.sweep("pop3", ("fin", "rst"))

    def test_imap_stall(self):
        self.sweep("imap", ("stall",))

    def test_pop3_stall(self):
        self.sweep("pop3", ("stall",))

    def test_drip_and_delay(self):
        """Slow is not dead."""
        for scheme in ("imap", "pop3"):
            lane = self.rig(scheme)
            lane.fresh()
            self.proxy.faults.extend(
                proxy.Fault(drip=0.002) if i % 2 else proxy.Fault(delay=0.1)
                for i in range(ACCOUNTS))
            self.assertEqual(lane.finish(), [])


if __name__ == "__main__":
    case.main()
