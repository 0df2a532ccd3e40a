#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Servers that break rules, and --quirk."""
import json, os, re, subprocess, sys

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


if __name__ == "__main__":
    case.main()
