#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The n-th thing that the conductor does to its files goes wrong: it is
killed there, or the call fails or does half. At every moment what is in the
stores is whole and there once; after a clean run all is exact.

By default some points of each kind, from a random start; SWEEP=all kills at
every one of a 200-message import and lets each of a 50-message import fail.
MODES=kill,EIO… only these, MOST_S=N seconds of them, LANES=N at a time.
SEED=N."""
import collections, errno, os, random, shutil, signal, subprocess, sys
import time, unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab, lanes, oracle

SHIM = os.environ.pop("FAULTSHIM_LIBRARY", "")
ALL = os.environ.pop("SWEEP", "") == "all"
SEED = int(os.environ.pop("SEED", random.randrange(1 << 30)))
MOST_S = float(os.environ.pop("MOST_S", "inf"))
# kind: (what the shim is told, points in the short form)
MODES = {"kill": ("kill:{n}", 64), "short": ("short:{n}", 10)}
for name, points in (("EIO", 18), ("ENOSPC", 14), ("EROFS", 8),
                     ("EDQUOT", 8), ("EINTR", 8)):
    number = getattr(errno, name)
    MODES[name] = (f"fail:{{n}}:{number}", points)
    if name != "EINTR":
        MODES[name + "-on"] = (f"from:{{n}}:{number}", 6)
if os.environ.get("MODES"):
    MODES = {m: MODES[m] for m in os.environ.pop("MODES").split(",")}
DURABILITIES = ("syncfs", "fsync")
lanes.in_memory()


@unittest.skipUnless(SHIM, "FAULTSHIM_LIBRARY is not there: a sanitized build "
                     "has no place for another preloaded library")
class Sweep(case.Case):
    def lanes(self, n, **kw):
        half = n // 2
        sources = []
        for account, scheme, size, folders in (
                ("anna", "imap", n - half, lab.FOLDERS),
                ("boris", "pop3", half, [("INBOX", 1.0)])):
            user = self.source(account, size, folders=folders,
                               seed=len(sources) + 1, **kw)
            sources.append(lanes.Source(
                account, self.url(user, scheme + "+plain"),
                os.path.join(self.dir, "source", account)))
        return [lanes.Lane(case.BINARY, os.path.join(self.dir, f"lane{i}"),
                           sources, [f"store.durability={durability}"])
                for i, durability in zip(range(lanes.LANES),
                                         DURABILITIES * lanes.LANES)]

    def report(self, lane):
        return os.path.join(lane.haul.dir, "report")

    def run_with(self, lane, fault):
        lane.fresh()
        return lane.run({"LD_PRELOAD": SHIM, "FAULTSHIM": fault,
                         "FAULTSHIM_REPORT": self.report(lane)})

    def hits(self, lane):
        """Names of the calls that went wrong (or were traced)."""
        try:
            with open(self.report(lane)) as f:
                names = [line.split()[1] for line in f]
            os.unlink(self.report(lane))
            return names
        except FileNotFoundError:
            return []

    def calls(self, lane):
        """How often a whole import does what: {name: times}."""
        p = self.run_with(lane, "trace")
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assertEqual(lane.faults(), [])
        return collections.Counter(self.hits(lane))

    def points(self, calls, modes):
        """Few from everywhere, or all and some more: threads do not
        always do the same number of calls."""
        r = random.Random(SEED)
        for mode in modes:
            wanted = MODES[mode][1]
            total = sum(n for name, n in calls.items()
                        if counted(mode, name))
            if ALL:
                every = range(1, total + total // 20)
                yield from ((mode, n) for n in r.sample(every, len(every)))
                continue
            step = max(1, total // wanted)
            yield from ((mode, n) for n in
                        range(r.randint(1, step), total + 1, step))

    def lost_uids(self, lane, mode):
        """No kill costs a UID where nobody reads in between."""
        return lane.renumbered(mode in ("kill", "EINTR"))

    def point(self, lane, point):
        """(calls that went wrong, whether anything is wrong now)."""
        mode, n = point
        if time.monotonic() > self.until:
            return [], False
        self.done += 1
        p = self.run_with(lane, MODES[mode][0].format(n=n))
        hits = self.hits(lane)
        wrong = lane.visible()
        if mode == "kill":
            ok = p.returncode == (-signal.SIGKILL if hits else 0)
        else:
            ok = p.returncode == 0 or (p.returncode > 0 and p.stderr.strip())
        if not ok:
            wrong.append(f"exit {p.returncode}: {p.stderr[-600:]}")
        if p.returncode == 0:
            wrong += [f"exit 0, but {w}" for w in lane.lost()]
        # a lock's own name stays until that folder is locked again
        wrong += [f"after a clean run: {w}" for w in lane.finish()
                  if hits[:1] != ["unlink"] or "mailhaul.lock." not in w]
        wrong += self.lost_uids(lane, mode)
        if wrong:
            print(f"{mode}:{n} at {' '.join(hits[:1])}, {p.returncode}:\n  " +
                  "\n  ".join(wrong[:5]), flush=True)
        return hits, bool(wrong)

    def ends(self, lane, point):
        number, names = point
        lane.fresh()
        p = subprocess.run(
            lane.haul.argv + ["run"] + names, text=True, capture_output=True,
            timeout=60, env={**os.environ, "LD_PRELOAD": SHIM,
                             "FAULTSHIM": f"from:6:{number}"})
        wrong = lane.finish()
        return p.returncode in (1, 3) and lane.haul.state in p.stderr \
            and not wrong, p.returncode, p.stderr, wrong

    def test_unwritable_state_ends_the_run(self):
        points = [(number, names)
                  for number in (errno.ENOSPC, errno.EROFS, errno.EIO)
                  for names in ([], ["anna", "boris"])]
        for point, found in lanes.each(self.lanes(2), points, self.ends):
            self.assertTrue(found[0], (point, found[1:]))

    def test_init_and_add_are_whole_or_not_there(self):
        lane = self.lanes(2)[0]
        lane.fresh()
        source = lane.sources[0]
        init = ["init"]
        add = ["add", source.account, source.url, "--password-file", "-"]
        for first, command in ((None, init), (init, add)):
            n, hits = 0, ["start"]
            while hits:
                n += 1
                shutil.rmtree(lane.haul.state)
                if first:
                    lane.haul.run(*first)
                subprocess.run(
                    lane.haul.argv + command, input=lab.PASSWORD + "\n",
                    text=True, capture_output=True,
                    env={**os.environ, "LD_PRELOAD": SHIM,
                         "FAULTSHIM": f"kill:{n}",
                         "FAULTSHIM_REPORT": self.report(lane)})
                hits = self.hits(lane)
                lane.haul.run("init")
                there = lane.haul.run("status", source.account,
                                      check=False).returncode == 0
                if not there:
                    lane.haul.run(*add, stdin=lab.PASSWORD + "\n")
                self.assertEqual(oracle.state_leftovers(lane.haul.state), [],
                                 f"{command[0]}, kill {n} at {hits}")
            print(f"{command[0]}: {n - 1} kills", flush=True)
            self.assertGreater(n, 5)

    def sweep(self, messages, modes):
        if not modes:
            self.skipTest("MODES leaves none of these")
        print(f"SEED={SEED}", flush=True)
        found = self.lanes(messages)
        self.until, self.done = time.monotonic() + MOST_S, 0
        calls = self.calls(found[0]) | self.calls(found[1])
        print(f"{calls.total()} calls for {messages} messages", flush=True)
        hit, bad = collections.defaultdict(collections.Counter), []
        for point, (hits, wrong) in lanes.each(
                found, self.points(calls, modes), self.point):
            hit[point[0]].update(hits[:1])
            if wrong:
                bad.append(point)
        if time.monotonic() > self.until:
            print(f"stopped after {MOST_S:.0f} s", flush=True)
        print(f"{self.done} points", flush=True)
        for mode, names in hit.items():
            print(f"{mode}: {names.total()} imports, at " +
                  ", ".join(f"{k} {v}" for k, v in sorted(names.items())),
                  flush=True)
        self.assertEqual(bad, [])
        for mode in modes:
            self.assertGreater(hit[mode].total(), 0, f"{mode} hit nothing")
        print("0 lost, 0 twice, 0 corrupt, 0 left over", flush=True)

    def test_key_that_can_be_read_the_second_time(self):
        lane = self.lanes(2)[0]
        for n in range(1, 12):
            p = self.run_with(lane, f"fail:{n}:{errno.EIO}")
            self.assertGreaterEqual(p.returncode, 0, f"open {n}")
            self.assertEqual(lane.visible(), [])

    def test_kill_at_every_call(self):
        self.sweep(200 if ALL else 30, [m for m in MODES if m == "kill"])

    def test_every_call_fails(self):
        self.sweep(50 if ALL else 30, [m for m in MODES if m != "kill"])


def counted(mode, name):
    """As the shim does."""
    if mode == "short":
        return "write" in name and not name.startswith("open")
    if mode == "EINTR":
        return "open" in name or "write" in name or "sync" in name
    return name != "open" or mode.startswith("EIO")


if __name__ == "__main__":
    case.main()
