#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What could not be had is named with its reason, and tried again."""
import json, os, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, fake


class Failures(case.Case):
    def serve(self, mailboxes):
        server = fake.Imap(mailboxes)
        self.addCleanup(server.stop)
        self.haul.add("u", server.url())
        return server

    def failures(self, *names):
        out = self.haul.run("--json", "failures", *names).stdout
        return json.loads(out)["failures"]

    def test_a_message_is_named_and_tried_again(self):
        self.serve({b"INBOX": [
            fake.Message(3, b"S: a\r\n\r\nx\r\n"),
            fake.Message(7, b"S: big\r\n\r\n" + b"x\r\n" * 1000)]})
        self.assertEqual(self.failures(), [])
        self.assertIn("nothing is missing", self.haul.run("failures").stdout)
        run = ("-o", "limits.message=1K", "run")
        self.haul.run(*run, "u")
        f, = self.failures("u")
        self.assertEqual({k: f[k] for k in (
            "account", "mailbox", "uid", "uidl", "class", "tries")}, {
            "account": "u", "mailbox": "INBOX", "uid": 7, "uidl": None,
            "class": "limit", "tries": 1})
        self.assertRegex(f["text"], "limits.message|too large")
        self.assertRegex(f["first_at"], r"^\d{4}-.*Z$")
        self.assertLess(f["first_at"], f["next_try_at"])
        text = self.haul.run("failures").stdout
        self.assertRegex(text, r"u +INBOX +UID 7 +limit +1 ")
        # a run before it is due leaves it, a retry does not
        self.haul.run("run", "u")
        self.assertEqual(self.failures(), [f])
        self.haul.run(*run, "u")
        self.assertEqual(self.failures(), [f])
        self.assertIn("1 account due now",
                      self.haul.run("retry", "u").stdout)
        self.haul.run(*run)
        self.assertEqual(self.failures("u")[0]["tries"], 2)
        self.haul.run("retry", "u")
        self.haul.run("run")
        self.assertEqual(self.failures(), [])
        self.assertEqual(self.haul.status("u")["messages"]["stored"], 2)

    def test_the_last_lines_are_told(self):
        server = self.serve({b"INBOX": [
            fake.Message(3, b"S: a\r\n\r\nx\r\n"),
            fake.Message(7, b"Subject: sesame\r\n\r\nopen\r\n")]})
        server.whole_fails = {7: b"NO [SERVERBUG] cannot \x1brender it"}
        server.pieces = "refused"
        server.parts_fail = True
        self.haul.run("run", "u")
        f, = self.failures("u")
        self.assertEqual(f["uid"], 7)
        self.assertRegex(f["dialogue"][0], r"^C: \d+ UID FETCH 7 \(UID ")
        self.assertRegex(f["dialogue"][-1],
                         r"^S: \d+ NO \[SERVERBUG\] cannot \?render it$")
        text = self.haul.run("failures").stdout
        self.assertIn("u, INBOX, UID 7:\n    C: ", text)
        self.assertNotIn("sesame", text)
        self.assertNotIn("correct-horse", text)
        # and gone with the failure
        server.whole_fails = {}
        self.haul.run("retry", "u")
        self.haul.run("run")
        self.assertEqual(self.failures(), [])

    def test_a_mailbox_is_named(self):
        server = self.serve({
            b"INBOX": [fake.Message(1, b"S: a\r\n\r\nx\r\n")],
            b"Deadly": [fake.Message(1, b"S: b\r\n\r\nx\r\n")],
            b"Zoo": [fake.Message(1, b"S: c\r\n\r\nx\r\n")]})
        server.deadly = b"Deadly"
        self.assertEqual(self.haul.run("run", "u", check=False).returncode, 1)
        f, = self.failures()
        self.assertEqual((f["mailbox"], f["uid"], f["next_try_at"]),
                         ("Deadly", None, None))
        self.assertRegex(self.haul.run("failures", "u").stdout,
                         r"u +Deadly +all +[a-z]+ +1 +next run ")
        server.deadly = None
        self.haul.run("retry", "u")
        self.haul.run("run")
        self.assertEqual(self.failures(), [])
        self.assertEqual(self.haul.status("u")["messages"]["stored"], 3)

    def test_refusals(self):
        self.serve({b"INBOX": []})
        for args in (["failures", "nobody"], ["retry", "nobody"], ["retry"]):
            p = self.haul.run(*args, check=False)
            self.assertEqual(p.returncode, 2, p.stderr)
            self.assertEqual(len(p.stderr.strip().split("\n")), 1)
        self.haul.run("pause", "u")
        p = self.haul.run("retry", "u", check=False)
        self.assertEqual(p.returncode, 3)
        self.assertIn("mailhaul resume u", p.stderr)


if __name__ == "__main__":
    case.main()
