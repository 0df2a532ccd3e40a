#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The n-th thing that the conductor does to its files goes wrong: it is
killed there, or the call fails or does half. Or an envoy is killed at the
n-th thing that it sends or receives. At every moment what is in the stores is
whole and there once, and each message is in the store or at the source; after
a clean run all is exact.

By default some points of each kind, from a random start. SWEEP=all takes
every one: kills of an import of 200 messages, by IMAP and by POP3, copied and
deleted at the source, conductor and envoy; failures of an import of 50 by
each. It may be done in parts:

    RECORD=FILE MOST_S=240 SWEEP=all …/test_sweep.py   until it prints "all"
    tests/lab/points.py FILE                           what was reached

MODES=kill,EIO… and CONFIGS='imap delete syncfs,…' only these; LANES=N at a
time."""
import errno, os, shutil, subprocess, sys, unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab, lanes, oracle, points, sweep

ALL = os.environ.pop("SWEEP", "") == "all"
MODES = os.environ.pop("MODES", "")
CONFIGS = os.environ.pop("CONFIGS", "")
KILLED = ("imap copy syncfs", "pop3 copy syncfs", "imap delete syncfs",
          "pop3 delete syncfs", "imap copy fsync", "pop3 copy fsync")
FAILING = "both copy syncfs", "both copy fsync"
# mode: points of the short form, for each config
SHORT = {"kill": 11, "envoy": 5, "short": 5, "EIO": 9, "ENOSPC": 7,
         "EROFS": 4, "EDQUOT": 4, "EINTR": 4, "EIO-on": 3, "ENOSPC-on": 3,
         "EROFS-on": 3}
lanes.in_memory()


@unittest.skipUnless(sweep.SHIM, "FAULTSHIM_LIBRARY is not there: a sanitized "
                     "build has no place for another preloaded library")
class Sweep(sweep.Case):
    record, clock = points.of_environment(), points.Clock()

    def all_of(self, configs, messages, modes):
        names = []
        modes = [m for m in modes if not MODES or m in MODES.split(",")]
        for config in configs if modes else ():
            if self.clock.is_over() or (
                    CONFIGS and config not in CONFIGS.split(",")):
                continue
            names += self.sweep(config, messages, modes,
                                None if ALL else SHORT, self.record,
                                self.clock)
        if self.clock.is_over():
            self.skipTest("MOST_S is over: the same command goes on")
        self.judge(self.record, names, ALL)
        print("all done" if ALL else "done", "0 lost, 0 twice, 0 corrupt, "
              "0 left over", sep=": ", flush=True)

    def test_kill_at_every_call(self):
        self.all_of(KILLED, 200 if ALL else 30, ["kill"])

    def test_kill_of_an_envoy_at_every_call(self):
        self.all_of(KILLED[:4], 200 if ALL else 30, ["envoy"])

    def test_every_call_fails(self):
        modes = [m for m in SHORT if m not in ("kill", "envoy")]
        if ALL:
            modes = [m for m in modes if not m.endswith("-on")]
        self.all_of(FAILING, 50 if ALL else 30, modes)

    def test_every_call_fails_and_all_that_follow(self):
        if not ALL:
            self.skipTest("part of test_every_call_fails then")
        self.all_of(FAILING[:1], 50, [m for m in SHORT if m.endswith("-on")])

    # ---- commands

    def ends(self, lane, point):
        number, names = point
        lane.fresh()
        p = subprocess.run(
            lane.haul.argv + ["run"] + names, text=True, capture_output=True,
            timeout=60, env={**os.environ, "LD_PRELOAD": sweep.SHIM,
                             "FAULTSHIM": f"from:6:{number}"})
        wrong = lane.finish()
        return p.returncode in (1, 3) and lane.haul.state in p.stderr \
            and not wrong, p.returncode, p.stderr, wrong

    def test_unwritable_state_ends_the_run(self):
        ends = [(number, names)
                for number in (errno.ENOSPC, errno.EROFS, errno.EIO)
                for names in ([], ["anna", "boris"])]
        found = self.lanes("both copy syncfs", 16, 2)
        for point, found in lanes.each(found, ends, self.ends):
            self.assertTrue(found[0], (point, found[1:]))

    def test_init_and_add_are_whole_or_not_there(self):
        lane = self.lanes("both copy syncfs", 16, 2)[0]
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
                    env={**os.environ, "LD_PRELOAD": sweep.SHIM,
                         "FAULTSHIM": f"kill:{n}",
                         "FAULTSHIM_REPORT": self.shim(lane, ".report")})
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


    def test_key_that_can_be_read_the_second_time(self):
        lane = self.lanes("both copy syncfs", 16, 2)[0]
        for n in range(1, 12):
            p = self.run_with(lane, f"fail:{n}:{errno.EIO}")
            self.assertGreaterEqual(p.returncode, 0, f"open {n}")
            self.assertEqual(lane.visible(), [])



if __name__ == "__main__":
    case.main()
