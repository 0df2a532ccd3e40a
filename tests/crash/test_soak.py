#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon under load for long: mail keeps arriving, one connection in a
hundred is cut or falls silent, file calls fail now and then, envoys are
killed, the daemon is stopped, killed and started again. It never ends by
itself, its memory and descriptors stay flat, and in the end every store is
exact.

SOAK_S=N seconds (default 40, 16 accounts; from 300 on ACCOUNTS=200). Each of
its lives is short but one, which is half of the time: there it is measured.
The lines it prints every half minute: seconds, what happened, memory, files.
"""
import collections, contextlib, os, random, signal, statistics, subprocess
import sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab, lanes, oracle, proxy, sweep

SOAK_S = float(os.environ.pop("SOAK_S", "40"))
ACCOUNTS = int(os.environ.pop("ACCOUNTS", "200" if SOAK_S >= 300 else "16"))
TREES = 4
MESSAGES = 60        # of each tree, at first
EVERY_S = 5 if SOAK_S < 300 else 30
FAULTY = 0.01        # of the connections
FAILING_CALL = 3000  # every so many file calls of a short life
SAMPLE_S = 1
GROWTH = 1.15        # of memory between two quarters of the long life …
SLACK_KB = 3000      # … and this
SLACK_FDS = 12
lanes.in_memory()


def envoys(pid):
    return [int(x) for x in subprocess.run(
        ["pgrep", "-P", str(pid), "-f", "mailhaul envoy"], text=True,
        capture_output=True).stdout.split()]


def look_at(pid):
    """(RssAnon in KB, descriptors) of a process."""
    with open(f"/proc/{pid}/status") as f:
        kb = next(int(line.split()[1]) for line in f
                  if line.startswith("RssAnon"))
    return kb, len(os.listdir(f"/proc/{pid}/fd"))


class FaultyProxy(proxy.Proxy):
    """Every so many connections, at random."""

    def next_fault(self):
        if random.random() >= FAULTY:
            return None
        return proxy.Fault(random.randrange(3000),
                           random.choice(("fin", "rst", "stall")))


class Soak(case.Case):
    extra = lanes.LEAN_DOVECOT

    def sources(self):
        found = []
        self.proxies = {s: FaultyProxy(getattr(self.server, s))
                        for s in ("imap", "pop3")}
        for p in self.proxies.values():
            self.addCleanup(p.stop)
        for i in range(TREES):
            scheme = "pop3" if i % 2 else "imap"
            user = self.source(f"s{i}", MESSAGES, seed=i, folders=[
                ("INBOX", 1.0)] if i % 2 else lab.FOLDERS)
            url = (f"{scheme}://{user}@localhost:"
                   f"{self.proxies[scheme].port}?security=none")
            root = os.path.join(self.dir, "source", f"s{i}")
            found += [lanes.Source(f"t{i}n{k}", url, root)
                      for k in range(ACCOUNTS // TREES)]
        return found

    # ---- what happens meanwhile

    def deliver(self):
        """As a mail server does, to one of the trees."""
        s = random.choice(self.lane.sources)
        self.arrived += 1
        body = lab.message(random, 100000 + self.arrived, time.time())
        name = f"{1800000000 + self.arrived}.M{self.arrived}.lab"
        there = os.path.join(s.root, "tmp", name)
        with open(there, "wb") as f:
            f.write(body)
        lab.own_file(there)
        os.rename(there, os.path.join(s.root, "new", name))

    def start(self, faulty):
        env = {}
        if faulty and sweep.SHIM:
            env = {"LD_PRELOAD": sweep.SHIM,
                   "FAULTSHIM": f"often:{FAILING_CALL}:5"}
        self.daemon = self.lane.haul.start(
            "-o", f"sync.every={EVERY_S}s", "-o", "network.timeout=5s",
            "serve", stdin=subprocess.DEVNULL, stderr=self.log,
            env={**os.environ, **env})
        self.events["lives"] += 1

    def end(self):
        """By SIGTERM, which drains, or by SIGKILL."""
        self.assertIsNone(self.daemon.poll(), "it ended by itself; " +
                          self.tail())
        how = random.choice((signal.SIGTERM, signal.SIGKILL))
        self.daemon.send_signal(how)
        code = self.daemon.wait(30)
        self.assertIn(code, (0, 1) if how == signal.SIGTERM else (-9,),
                      self.tail())
        self.events[how.name] += 1

    def kill(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()

    def tail(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()[-3000:]

    def live(self, seconds, samples=None):
        until = time.monotonic() + seconds
        kill_at = time.monotonic() + random.uniform(2, 20)
        while time.monotonic() < until:
            time.sleep(SAMPLE_S)
            self.assertIsNone(self.daemon.poll(), "it ended by itself; " +
                              self.tail())
            for _ in range(random.randrange(3)):
                self.deliver()
            if time.monotonic() > kill_at:
                kill_at = time.monotonic() + random.uniform(2, 20)
                for pid in envoys(self.daemon.pid)[:1]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        self.events["envoys killed"] += 1
            kb, fds = look_at(self.daemon.pid)
            if samples is not None:
                samples.append((kb, fds))
            self.say(kb, fds)

    def say(self, kb, fds):
        now = time.monotonic()
        if now < self.said + 30:
            return
        self.said = now
        print(f"{now - self.began:.0f} s: {dict(self.events)}, "
              f"{self.arrived} arrived, {self.faults()} connections "
              f"spoilt; {kb} KB, {fds} descriptors", flush=True)

    def faults(self):
        return sum(p.hit for p in self.proxies.values())

    # ---- what must hold

    def assert_flat(self, samples):
        quarter = len(samples) // 4
        first, last = samples[quarter:2 * quarter], samples[-quarter:]
        kb = [statistics.median(kb for kb, _ in part)
              for part in (first, last)]
        fds = [min(n for _, n in part) for part in (first, last)]
        print(f"the long life: {kb[0]:.0f} KB, then {kb[1]:.0f} KB; "
              f"{fds[0]} descriptors, then {fds[1]} ({len(samples)} looks)",
              flush=True)
        self.assertLess(kb[1], kb[0] * GROWTH + SLACK_KB)
        self.assertLess(fds[1], fds[0] + SLACK_FDS)

    def assert_exact(self):
        for p in self.proxies.values():
            p.next_fault = lambda: None
        for _ in range(3):  # the first one finds what was left behind
            p = self.lane.run(timeout=300)
            if p.returncode == 0:
                break
        self.assertEqual(p.returncode, 0, p.stderr[-3000:])
        corpora = {}
        for s in self.lane.sources:
            if s.root not in corpora:
                corpora[s.root] = oracle.Tree(s.root, s.pop3)
            s.corpus = corpora[s.root]
        self.assertEqual(self.lane.faults(), [])

    def test_soak(self):
        self.events, self.arrived = collections.Counter(), 0
        self.log = open(os.path.join(self.dir, "log"), "ab")
        self.addCleanup(self.log.close)
        self.daemon = None
        self.lane = lanes.Lane(case.BINARY, os.path.join(self.dir, "lane"),
                               self.sources(), ["log.format=text"])
        self.lane.fresh()
        self.addCleanup(self.kill)
        self.began = self.said = time.monotonic()
        samples = []
        for long in (False, True, False):
            until = time.monotonic() + SOAK_S / (2 if long else 4)
            while time.monotonic() < until:
                left = until - time.monotonic()
                self.start(not long)
                self.live(left if long else min(left, random.uniform(3, 40)),
                          samples if long else None)
                self.end()
        self.assert_flat(samples)
        self.assert_exact()
        print(f"{SOAK_S:.0f} s, {ACCOUNTS} accounts: {dict(self.events)}, "
              f"{self.arrived} messages arrived, {self.faults()} connections "
              "spoilt; 0 lost, 0 twice, 0 corrupt, 0 left over", flush=True)


if __name__ == "__main__":
    case.main()
