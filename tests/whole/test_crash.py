#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A message that costs the life of whoever parses it. The server kills the
envoy when it is asked for that one, as bytes would that its libraries do not
survive: a process that ends by a signal, in the middle of an answer. All
others arrive; that one is found, named and tried again."""
import json, os, signal, subprocess, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, fake, fake_pop3

N = 40


def body(i):
    return b"Subject: no. %d\r\nMessage-ID: <%d@crash>\r\n\r\n%s\r\n" % (
        i, i, b"text %d " % i * (i + 1))


class Crash(case.Case):
    def setUp(self):
        super().setUp()
        self.conductor, self.lock, self.killed = None, threading.Lock(), []

    def kill_envoys(self):
        """Those of the run under way. An abort is what a fault ends in."""
        with self.lock:
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{pid}/stat") as f:
                        parent = int(f.read().rpartition(")")[2].split()[1])
                    with open(f"/proc/{pid}/cmdline", "rb") as f:
                        words = f.read().split(b"\0")
                    if parent == self.conductor and words[1:2] == [b"envoy"]:
                        os.kill(int(pid), signal.SIGABRT)
                        self.killed.append(int(pid))
                        self.wait_until_dead(pid)
                except OSError:
                    pass

    def wait_until_dead(self, pid):
        """Before anything more is said to it."""
        while True:
            with open(f"/proc/{pid}/stat") as f:   # or it is gone
                if f.read().rpartition(")")[2].split()[0] in "ZX":
                    return
            time.sleep(0.005)

    def collect(self, *names):
        p = self.haul.start("run", *names, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
        self.conductor = p.pid
        self.assertIn(p.wait(300), (0, 1))

    def failures(self):
        out = self.haul.run("--json", "failures").stdout
        return json.loads(out)["failures"]

    def numbers(self, user="u"):
        """Of the messages that are here."""
        found = []
        for top, _, files in os.walk(os.path.join(self.haul.store, user)):
            if os.path.basename(top) not in ("cur", "new"):
                continue
            for name in files:
                with open(os.path.join(top, name), "rb") as f:
                    found.append(int(f.readline().split()[-1]))
        return sorted(found)

    def check(self, server, deadly, key, value):
        """deadly: to be called with the number of the deadly message, or
        None for none."""
        fatal = 23
        deadly(fatal)
        self.collect("u")
        everybody = list(range(1, N + 1))
        self.assertEqual(self.numbers(),
                         [i for i in everybody if i != fatal])
        f, = self.failures()
        self.assertEqual((f[key], f["class"], f["tries"], f["mailbox"]),
                         (value, "crash", 1, "INBOX"), f)
        self.assertIsNotNone(f["next_try_at"])
        # found by halves, and not by forty deaths
        self.assertGreater(len(set(self.killed)), 3)
        self.assertLess(len(set(self.killed)), 25)
        row = self.haul.status("u")["messages"]
        self.assertEqual((row["stored"], row["quarantined"]), (N - 1, 1))
        # before it is due it is left alone; a retry tries, and finds it still
        deaths = len(self.killed)
        self.collect("u")
        self.assertEqual(len(self.killed), deaths)
        self.haul.run("retry", "u")
        self.collect("u")
        self.assertGreater(len(self.killed), deaths)
        self.assertEqual(self.failures()[0]["tries"], 2)
        deadly(None)
        self.haul.run("retry", "u")
        self.collect("u")
        self.assertEqual(self.failures(), [])
        self.assertEqual(self.numbers(), everybody)

    def test_imap(self):
        kill, fatal = self.kill_envoys, []

        class Deadly(fake.Session):
            def fetch(self, rest):
                numbers, _, items = rest.partition(b" ")
                if b"BODY" in items and any(
                        m.uid in fatal for _, m in self.chosen(numbers)):
                    kill()
                return super().fetch(rest)
        server = fake.Imap({b"INBOX": [
            fake.Message(100 + i, body(i)) for i in range(1, N + 1)]})
        server.session = Deadly
        self.addCleanup(server.stop)
        self.haul.add("u", server.url())

        def deadly(n):
            fatal[:] = [100 + n] if n else []
        self.check(server, deadly, "uid", 123)

    def test_pop3(self):
        server = fake_pop3.Pop3([
            fake_pop3.Message(body(i), b"uidl-%d" % i)
            for i in range(1, N + 1)])
        self.addCleanup(server.stop)
        self.haul.add("u", server.url())

        def deadly(n):
            def spoil(session, number, message):
                if message.uidl == b"uidl-%d" % n:
                    self.kill_envoys()
                    raise fake_pop3.Closed
            server.spoil = spoil if n else None
        self.check(server, deadly, "uidl", "uidl-23")

    def test_others_go_on(self):
        """In a mailbox where every message is deadly; what another account
        has is not touched by it."""
        kill = self.kill_envoys

        class Deadly(fake.Session):
            def fetch(self, rest):
                if b"BODY" in rest:
                    kill()
                return super().fetch(rest)
        bad = fake.Imap({b"INBOX": [fake.Message(i, body(i))
                                    for i in range(1, N + 1)]})
        bad.session = Deadly
        good = fake.Imap({b"INBOX": [fake.Message(i, body(i))
                                     for i in range(1, N + 1)]})
        for name, server in (("bad", bad), ("good", good)):
            self.addCleanup(server.stop)
            self.haul.add(name, server.url())
        self.collect("bad")
        self.assertEqual(self.numbers("bad"), [])
        row = self.haul.status("bad")
        self.assertIn("crash", json.dumps(row))
        self.assertLess(len(set(self.killed)), 40)
        self.collect("good")
        self.assertEqual(self.numbers("good"), list(range(1, N + 1)))


if __name__ == "__main__":
    case.main()
