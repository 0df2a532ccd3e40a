#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a later run asks of a server with QRESYNC, with CONDSTORE only, and
with neither: through a proxy that hears each command."""
import os, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab, proxy

BASE = "IMAP4rev1 LITERAL+ SASL-IR ID ENABLE IDLE NAMESPACE LIST-EXTENDED"


class Cheap(case.Case):
    def setUp(self):
        super().setUp()
        self.proxy = proxy.Proxy(self.server.imap)
        self.addCleanup(self.proxy.stop)

    def start(self, n, folders):
        user = self.source("anna", n, folders=folders)
        self.haul.add(user, f"imap://{user}@localhost:{self.proxy.port}"
                            "?security=none")
        self.haul.run("run", user)
        return user

    def commands(self, user):
        """The commands of one more run, after the login."""
        before = len(self.proxy.heard)
        self.haul.run("run", user)
        self.assertEqual(len(self.proxy.heard), before + 1)
        lines = bytes(self.proxy.heard[before]).decode().split("\r\n")
        said = [x.split(" ", 1)[1] for x in lines if " " in x]
        at = [i for i, x in enumerate(said)
              if x.startswith(("LOGIN", "AUTHENTICATE"))][-1]
        return [x for x in said[at + 1:] if not x.startswith("LOGOUT")]

    def change(self, user):
        """10 new, 10 flagged, 5 expunged, in INBOX."""
        m = self.server.client(user)
        m.select("INBOX")
        m.uid("STORE", "1:5", "+FLAGS.SILENT", "(\\Deleted)")
        m.expunge()
        m.uid("STORE", "11:20", "+FLAGS.SILENT", "(\\Flagged $cheap)")
        for i in range(10):
            m.append("INBOX", "", time.time(), b"Subject: %d\r\n\r\n." % i)
        m.logout()

    def assert_changes_arrive(self, user):
        before = len(self.seen(user + ".local")["INBOX"])
        self.change(user)
        commands = self.commands(user)
        here = self.seen(user + ".local")["INBOX"]
        self.assertEqual(len(here), before + 10)
        missing = [row for row in self.seen(user)["INBOX"] if row not in here]
        self.assertEqual(missing, [])
        return commands


class Qresync(Cheap):
    def test_300_unchanged_mailboxes_take_three_commands(self):
        folders = [(f"Box.{i}", 1 / 300) for i in range(300)]
        user = self.start(600, folders)
        said = self.commands(user)
        self.assertLessEqual(len(said), 3, said)

    def test_changes_arrive(self):
        user = self.start(200, [("INBOX", 0.5), ("Work", 0.5)])
        said = self.assert_changes_arrive(user)
        self.assertFalse([x for x in said if "Work" in x], said)
        self.assertTrue([x for x in said if "CHANGEDSINCE" in x], said)
        self.assertLessEqual(len(self.commands(user)), 3)


class Condstore(Cheap):
    extra = f"imap_capability = {BASE} SPECIAL-USE CONDSTORE ESEARCH\n"

    def test_status_finds_what_has_changed(self):
        user = self.start(180, [(f"Box.{i}", 0.01) for i in range(60)]
                          + [("INBOX", 0.3)])
        said = self.commands(user)
        self.assertFalse([x for x in said if x.startswith("EXAMINE")], said)
        self.assertEqual(len([x for x in said if x.startswith("STATUS")]), 61)
        said = self.assert_changes_arrive(user)
        examined = [x for x in said if x.startswith("EXAMINE")]
        self.assertEqual(set(examined), {'EXAMINE "INBOX" (CONDSTORE)'})


class Plain(Cheap):
    extra = "imap_capability = IMAP4rev1 ID NAMESPACE\n"

    def test_status_finds_what_has_changed(self):
        user = self.start(200, [("INBOX", 0.4), ("Work", 0.3),
                                ("Old", 0.3)])
        said = self.commands(user)
        self.assertFalse([x for x in said if x.startswith("EXAMINE")], said)
        said = self.assert_changes_arrive(user)
        examined = [x for x in said if x.startswith("EXAMINE")]
        self.assertEqual(set(examined), {'EXAMINE "INBOX"'})
        # a flag alone waits for its hour, or for new mail
        m = self.server.client(user)
        m.select("Work")
        m.uid("STORE", "1", "+FLAGS.SILENT", "(\\Flagged)")
        m.append("Work", "", time.time(), b"Subject: x\r\n\r\n.")
        m.logout()
        self.haul.run("run", user)
        here = self.seen(user + ".local")["Work"]
        self.assertEqual([r for r in self.seen(user)["Work"]
                          if r not in here], [])


del Cheap  # its own tests are none

if __name__ == "__main__":
    case.main()
