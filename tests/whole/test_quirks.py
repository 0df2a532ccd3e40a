#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Servers that break rules, and --quirk."""
import json, os, re, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, fake, lab


class Quirks(case.Case):
    def serve(self, n=3, **mailboxes):
        boxes = {b"INBOX": [fake.Message(i, b"Subject: %d\r\n\r\nx\r\n" % i)
                            for i in range(1, n + 1)]}
        boxes.update({k.encode(): v for k, v in mailboxes.items()})
        server = fake.Imap(boxes)
        self.addCleanup(server.stop)
        return server

    def stored(self, name):
        return json.loads(self.haul.run("--json", "status", name).stdout)[
            "accounts"][0]["messages"]["stored"]

    def call(self, *args):
        return subprocess.run(self.haul.argv + list(args), input="pw\n",
                              capture_output=True, text=True, timeout=60)

    def add(self, name, server, *options):
        self.haul.add(name, server.url(), *options)

    def test_switches_are_typed_shown_and_refused(self):
        add = ("add", "a", "imaps://u@imap.example.org", "--hold",
               "--password-file", "-")
        for bad in ("nonsense=on", "no-examine", "no-examine=yes"):
            p = self.call(*add, "--quirk", bad)
            self.assertEqual(p.returncode, 2, p.stderr)
            self.assertIn(bad, p.stderr)
            self.assertIn("no-mail-folders", p.stderr)
        p = self.call(*add, "--quirk", "no-examine=on",
                      "--quirk", "ten-errors=off")
        self.assertEqual(p.returncode, 0, p.stderr)
        show = lambda: json.loads(
            self.haul.run("--json", "show", "a").stdout)["quirk"]
        self.assertEqual(show(), ["no-examine=on", "ten-errors=off"])
        self.haul.run("set", "a", "--quirk", "short-lines=on")
        self.assertEqual(show(), ["short-lines=on"])
        self.haul.run("set", "a", "--every", "1h")
        self.assertEqual(show(), ["short-lines=on"])
        self.haul.run("set", "a", "--quirk", "")
        self.assertEqual(show(), [])

    def test_the_manual_names_them_all(self):
        p = self.call("add", "a", "imaps://u@h", "--quirk", "?=on")
        names = re.split(r"[^a-z0-9 -]", p.stderr.split("one of: ")[1])[0]
        names = names.split("  ")[0].split()
        self.assertGreater(len(names), 20)
        man = self.haul.run("help", "--man", "mailhaul.1").stdout
        text = self.haul.run("help", "add").stdout
        for name in names:
            self.assertTrue(
                ".B " + name.replace("-", "\\-") + "\n" in man, name)
            self.assertTrue("\n  " + name + "\n" in text, name)

    def test_a_switch_changes_the_conversation(self):
        server = self.serve()
        self.add("a", server, "--quirk", "no-examine=on")
        p = self.haul.run("-v", "run", "a")
        self.assertIn("quirks_in_force", p.stderr)
        self.assertIn("no-examine", p.stderr)
        self.assertEqual(self.stored("a"), 3)
        self.assertIn(b'SELECT "INBOX"', server.heard)
        self.assertNotIn(b'EXAMINE "INBOX"', server.heard)

    def test_recognised_and_overruled(self):
        server = self.serve()
        server.greeting = b"* OK hello from Coremail"
        self.add("a", server)
        self.haul.run("run", "a")
        self.assertFalse(any(h.startswith(b"ID") for h in server.heard))
        self.haul.run("set", "a", "--quirk", "id-first=on")
        self.haul.run("run", "a")
        self.assertTrue(any(h.startswith(b"ID") for h in server.heard))

    def test_unread_stays_unread(self):
        server = self.serve(250)
        server.peek_sets_seen = True
        rows = server.mailboxes[b"INBOX"]
        for m in rows:
            m.flags = b"\\Seen" if m.uid % 3 == 0 else b"\\Flagged"
        before = [m.flags for m in rows]
        self.add("a", server, "--quirk", "peek-sets-seen=on")
        self.haul.run("run", "a")
        self.assertEqual(before, [m.flags for m in rows])
        names = os.listdir(os.path.join(self.haul.store, "a", "cur"))
        self.assertEqual(sum(":2,S" in n for n in names), 83)
        self.assertEqual(sum(":2,F" in n for n in names), 167)
        self.haul.run("run", "a")
        self.assertEqual(before, [m.flags for m in rows])

    def test_exchange(self):
        """A note for a message, a short back-off, a refused session."""
        server = self.serve(40)
        server.greeting = b"* OK The Microsoft Exchange IMAP4 service is ready"
        server.refusals = [b"BAD Request is throttled. Suggested Backoff "
                           b"Time: 700 milliseconds"]
        note = (b"Subject: Retrieval using the IMAP4 protocol failed for the "
                b"following message: 7\r\n\r\nThe server couldn't\r\n")
        for m in server.mailboxes[b"INBOX"][5:9]:
            m.body = note
        began = time.monotonic()
        self.add("a", server)
        self.haul.run("run", "a")
        self.assertGreater(time.monotonic() - began, 0.7)
        counts = self.haul.status("a")["messages"]
        self.assertEqual(counts["stored"], 36)
        self.assertEqual(counts["quarantined"], 4)

    def test_a_name_that_kills_the_session(self):
        server = self.serve(3, Deadly=[], Zoo=[fake.Message(1, b"A: b\r\n")])
        server.deadly = b"Deadly"
        self.add("a", server)
        p = self.haul.run("run", "a", check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("mailbox Deadly", p.stdout + p.stderr)
        self.assertEqual(self.stored("a"), 4)

    def test_numbers_as_a_calculator_writes_them(self):
        """mail.ru and Domino, through the guard and an envoy."""
        server = self.serve(3)

        class Odd(fake.Session):
            def say(self, line):
                line = re.sub(rb"RFC822.SIZE (\d+)", rb"RFC822.SIZE \1.5e+00",
                              line)
                super().say(line)
        fake.Session, kept = Odd, fake.Session
        self.addCleanup(setattr, fake, "Session", kept)
        self.add("a", server)
        self.haul.run("run", "a")
        self.assertEqual(self.stored("a"), 3)


if __name__ == "__main__":
    case.main()
