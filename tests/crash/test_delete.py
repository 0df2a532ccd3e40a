#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Deletion at the source, interrupted: the conductor is killed at its n-th
call, or the connection ends between any two steps of the deleting session (a
command is not heard, or it is and its answer is lost) and after each number of
bytes. At every moment each message is at the source or in the store, whole;
after a clean run all are in the store, once, and none at the source.

POINTS=N of each kind, from a random start; POINTS=all takes every one. SEED=N.
"""
import collections, os, random, shutil, signal, subprocess, sys, unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab, lanes, oracle, proxy

SHIM = os.environ.pop("FAULTSHIM_LIBRARY", "")
POINTS = os.environ.pop("POINTS", "24")
SEED = int(os.environ.pop("SEED", random.randrange(1 << 30)))
MESSAGES = 8
lanes.in_memory()


class Delete(case.Case):
    extra = lanes.LEAN_DOVECOT

    def rig(self, scheme):
        """A source, a copy of it to start from, and a store with nothing
        deleted yet (rule never), too."""
        user = self.user(scheme)
        self.root = os.path.join(self.dir, "source", scheme)
        folder = lab.make_folder(self.root, "INBOX")
        for i in range(MESSAGES):
            lab.put(folder, i, b"Subject: %d\n\n%d\n" % (i, i) * (i + 1),
                    1500000000 + i, "S")
        lab.own(self.root)
        self.server.add_user(user, self.root)
        self.proxy = proxy.Proxy(getattr(self.server, scheme))
        self.addCleanup(self.proxy.stop)
        url = f"{scheme}://{user}@localhost:{self.proxy.port}?security=none"
        self.lane = lanes.Lane(case.BINARY, os.path.join(self.dir, scheme),
                               [lanes.Source("a", url, self.root)])
        self.lane.fresh()
        self.clean_run()
        self.haul = self.lane.haul
        self.haul.run("set", "a", "--delete", "after-import")
        self.all = self.bodies(self.root)
        self.assertEqual(len(self.all), MESSAGES)
        self.assertEqual(self.bodies(self.store()), self.all)
        self.saved = os.path.join(self.dir, "saved")
        for name, path in self.parts():
            self.copy(path, os.path.join(self.saved, name))

    def parts(self):
        return (("root", self.root), ("state", self.lane.haul.state),
                ("store", self.lane.haul.store))

    def copy(self, a, b):
        os.makedirs(os.path.dirname(b), exist_ok=True)
        subprocess.run(["cp", "-a", a, b], check=True)

    def fresh(self):
        for name, path in self.parts():
            shutil.rmtree(path)
            self.copy(os.path.join(self.saved, name), path)

    def store(self):
        return os.path.join(self.lane.haul.store, "a")

    def bodies(self, root):
        """Of all messages in a tree, once for each."""
        out = collections.Counter()
        for sub in ("cur", "new"):
            d = os.path.join(root, sub)
            for name in os.listdir(d):
                with open(os.path.join(d, name), "rb") as f:
                    out[f.read()] += 1
        return out

    def clean_run(self):
        p = self.lane.run()
        self.assertEqual(p.returncode, 0, p.stderr)

    def judge(self):
        """Faults that nobody may see now, and after a clean run."""
        wrong = []
        if self.bodies(self.store()) != self.all:
            wrong.append("the store is not what it was")
        left = sum(self.bodies(self.root).values())
        p = self.lane.run()
        if p.returncode != 0:
            p = self.lane.run()  # what was refused meanwhile is tried again
        if p.returncode != 0:
            wrong.append(f"clean run: exit {p.returncode}: {p.stderr[-400:]}")
        if self.bodies(self.root):
            wrong.append(f"left at the source: {self.bodies(self.root)}")
        if self.bodies(self.store()) != self.all:
            wrong.append("the store is not what it was, after a clean run")
        here = self.server.client(self.reader)
        here.select("INBOX", readonly=True)
        if here.uid("SEARCH", "DELETED")[1] != [b""]:
            wrong.append("marked as deleted here")
        here.logout()
        return left, wrong

    def sample(self, total):
        r = random.Random(SEED)
        if POINTS == "all":
            return range(total)
        step = max(1, total // int(POINTS))
        # the last bytes are where a deletion comes true
        return sorted({*range(r.randrange(step), total, step),
                       total - 9, total - 1})

    def check(self, points, spoil, what):
        self.reader = self.user("reader")
        self.server.add_user(self.reader, self.store())
        bad, lefts = [], collections.Counter()
        for point in points:
            self.fresh()
            spoil(point)
            left, wrong = self.judge()
            lefts[left] += 1
            if wrong:
                print(point, *wrong, sep="\n  ", flush=True)
                bad.append(point)
        print(f"{what}: {len(points)} points, SEED={SEED}; left at the "
              f"source then: {dict(sorted(lefts.items()))}", flush=True)
        self.assertEqual(bad, [])
        # before and after the deletion
        self.assertGreater(len(lefts), 1)

    # ---- kill -9

    def killed(self, scheme):
        self.rig(scheme)
        report = os.path.join(self.dir, "report")

        def run(fault):
            with open(report, "w"):
                pass
            p = self.lane.run({"LD_PRELOAD": SHIM, "FAULTSHIM": fault,
                               "FAULTSHIM_REPORT": report})
            with open(report) as f:
                return p, [line.split()[1] for line in f]
        self.fresh()
        p, calls = run("trace")
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assertEqual(self.bodies(self.root), {})
        total = sum(1 for name in calls if name != "open")
        hits = collections.Counter()

        def spoil(n):
            p, names = run(f"kill:{n + 1}")
            hits.update(names[:1])
            self.assertEqual(p.returncode, -signal.SIGKILL if names else 0)
        self.check(self.sample(total), spoil, f"{scheme}, kill")
        print("  at", ", ".join(f"{k} {v}" for k, v in sorted(hits.items())),
              flush=True)

    @unittest.skipUnless(SHIM, "FAULTSHIM_LIBRARY is not there")
    def test_imap_killed(self):
        self.killed("imap")

    @unittest.skipUnless(SHIM, "FAULTSHIM_LIBRARY is not there")
    def test_pop3_killed(self):
        self.killed("pop3")

    # ---- connection loss

    def cut(self, scheme, sound, *words):
        """sound: sessions of the run before the one that deletes."""
        self.rig(scheme)
        self.fresh()
        before = len(self.proxy.sent)
        self.clean_run()
        self.assertEqual(self.bodies(self.root), {})
        lengths = self.proxy.sent[before:]
        self.assertEqual(len(lengths), sound + 1)
        heard = bytes(self.proxy.heard[before + sound])
        for word in words:
            self.assertIn(word, heard)
        steps = self.proxy.steps[before + sound]
        self.assertGreater(len(steps), len(words))
        points = {*self.sample(lengths[-1]), *steps, *(n + 1 for n in steps),
                  lengths[-1]}

        def spoil(n):
            how = random.Random(n).choice(("fin", "rst"))
            # both try again, and are cut again, up to the link's patience
            self.proxy.faults.extend(
                [proxy.Fault()] * sound + [proxy.Fault(n, how)] * 8)
            p = self.lane.run()
            self.proxy.faults.clear()
            self.assertIn(p.returncode, (0, 1), p.stderr)
        self.check(sorted(points), spoil,
                   f"{scheme}, cut, {len(steps)} steps and bytes")

    def test_imap_cut(self):
        self.cut("imap", 1, b"SELECT", b"UID STORE", b"UID EXPUNGE")

    def test_pop3_cut(self):
        self.cut("pop3", 0, b"DELE 8", b"QUIT")


if __name__ == "__main__":
    case.main()
