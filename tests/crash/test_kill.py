#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 of the conductor, or of all its envoys, at random moments of an
import of many accounts over IMAP and POP3; afterwards every message is there
exactly once, with the UID it had.

KILLS=N of them (default 40, over 4 accounts of 500 messages; from 200 on over
8 accounts of 2,000). In parts: RECORD=FILE MOST_S=240 KILLS=1000, until it
prints "all"; then tests/lab/points.py FILE."""
import contextlib, json, os, random, signal, subprocess, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab, lanes, points

KILLS = int(os.environ.pop("KILLS", "40"))
ACCOUNTS, MESSAGES = (8, 2000) if KILLS >= 200 else (4, 500)
CONDUCTOR, ENVOYS = "random kill of the conductor", "random kill of envoys"
IN_A_ROW = 100  # kills of one import, at most
LOOK = 0.05     # of the kills are followed by a look at all stores
lanes.in_memory()


def envoys(pid):
    return [int(x) for x in subprocess.run(
        ["pgrep", "-P", str(pid), "-f", "mailhaul envoy"], text=True,
        capture_output=True).stdout.split()]


class Kill(case.Case):
    record, clock = points.of_environment(), points.Clock()
    extra = lanes.LEAN_DOVECOT

    def sources(self):
        """Two accounts a tree; its numbers are given by one look at it."""
        found = []
        for i in range(ACCOUNTS // 2):
            scheme = "pop3" if i % 2 else "imap"
            user = self.source(f"s{i}", MESSAGES, seed=i, folders=[
                ("INBOX", 1.0)] if i % 2 else lab.FOLDERS)
            here = self.server.client(user)
            lab.numbers(here)
            here.logout()
            first = lanes.Source(
                f"a{i}", self.url(user, scheme + "+plain"),
                os.path.join(self.dir, "source", f"s{i}"))
            second = lanes.Source(f"b{i}", first.url, first.root)
            second.corpus = first.corpus
            found += [first, second]
        return found

    def so_far(self):
        return sum(len(self.record.series[n].hit)
                   for n in (CONDUCTOR, ENVOYS))

    def note(self, name, wrong):
        n = len(self.record.series[name].hit) + 1
        self.record.note(name, n, "kill", wrong)
        if wrong:
            print(f"{name}, {n}:", *wrong[:6], sep="\n  ", flush=True)

    def kill_something(self, p):
        """Of envoys that die the run has to recover by itself."""
        if random.random() < 0.4:
            p.kill()
            return CONDUCTOR
        found = envoys(p.pid)
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return ENVOYS if found else None

    def run_and_kill(self, lane, most_s, kills):
        """(what was killed in one run, in turn; its exit status)"""
        p = lane.haul.start(
            "run", *(s.account for s in lane.sources),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        said, names = bytearray(), []
        reader = threading.Thread(
            target=lambda: said.extend(p.stderr.read()))
        reader.start()
        while p.poll() is None and len(names) < kills and \
                CONDUCTOR not in names:
            try:
                p.wait(random.uniform(0.02, most_s))
            except subprocess.TimeoutExpired:
                names += filter(None, [self.kill_something(p)])
        code = p.wait(300)
        reader.join()
        p.stderr.close()
        self.assertIn(code, (0, 1, -signal.SIGKILL), bytes(said))
        return names, code

    def put_aside(self, lane):
        accounts = json.loads(lane.haul.run("--json", "status").stdout)
        return sum(a["messages"]["quarantined"]
                   for a in accounts["accounts"])

    def one_import(self, lane, whole_s):
        lane.fresh()
        kills, code = 0, None
        while code != 0 and kills < IN_A_ROW and self.so_far() < KILLS:
            names, code = self.run_and_kill(
                lane, whole_s / 20, min(IN_A_ROW - kills,
                                       KILLS - self.so_far()))
            kills += len(names)
            for name in names:
                self.note(name, lane.visible() if random.random() < LOOK
                          else [])
        wrong = lane.finish(True)
        aside = self.put_aside(lane) if wrong else 0
        if aside:
            print(f"{aside} put aside, since their envoys were killed three "
                  "times running; retried", flush=True)
            lane.haul.run("retry", *(s.account for s in lane.sources))
            wrong = lane.finish()
        if wrong:
            print("after a clean run:", *wrong[:6], sep="\n  ", flush=True)
            self.record.put(CONDUCTOR, n=self.so_far(), hit="kill",
                            wrong=wrong)

    def as_a_reader_sees_it(self, lane):
        self.haul = lane.haul
        for i, user in enumerate((self.user("s0"), self.user("s1"))):
            self.server.add_user(user + ".seen", lane.store(
                lane.sources[2 * i]))
        port = self.server.pop3
        self.assertEqual(self.seen(self.user("s0")),
                         self.seen(self.user("s0") + ".seen"))
        self.assertEqual(lab.uidls(port, self.user("s1")),
                         lab.uidls(port, self.user("s1") + ".seen"))
        self.assertEqual(lab.pop3_hashes(port, self.user("s1")),
                         lab.pop3_hashes(port, self.user("s1") + ".seen"))

    def test_kills(self):
        lane = lanes.Lane(case.BINARY, os.path.join(self.dir, "lane"),
                          self.sources(), [f"pool.per_host={ACCOUNTS}"])
        lane.fresh()
        started = time.monotonic()
        p = lane.run(timeout=300)
        whole_s = time.monotonic() - started
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assertEqual(lane.faults(True), [])
        imports = 0
        while self.so_far() < KILLS and not self.clock.is_over():
            self.one_import(lane, whole_s)
            imports += 1
        self.as_a_reader_sees_it(lane)
        print(f"{imports} imports of {ACCOUNTS * MESSAGES} messages in "
              f"{whole_s:.1f} s each", flush=True)
        for name in (CONDUCTOR, ENVOYS):
            s = self.record.series[name]
            print(s.line(name), flush=True)
            self.assertEqual(s.wrong, {}, name)
        if self.so_far() < KILLS:
            self.skipTest("MOST_S is over: the same command goes on")
        print("all done", flush=True)


if __name__ == "__main__":
    case.main()
