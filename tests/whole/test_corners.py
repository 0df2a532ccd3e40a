#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Corners of IMAP that no real server shows on demand: UIDs at their end,
special use that moves, an INBOX that is emptied into another mailbox, a
mailbox made anew under its old UIDVALIDITY, thousands of mailboxes."""
import os, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, fake, gmail

TOP = 2**32 - 1


def message(uid, what=None, **kw):
    return fake.Message(uid, b"Subject: %d\r\nMessage-ID: <%d@c>\r\n\r\n%d\r\n"
                        % ((what or uid,) * 3), **kw)


class Odd(fake.Session):
    """UIDNEXT and UIDVALIDITY as the test has them, and NIL for none."""

    def say(self, line):
        if line.startswith(b"* OK [UIDNEXT") and self.server.uidnext:
            line = b"* OK [UIDNEXT %s] ok" % self.server.uidnext
        if line.startswith(b"* OK [UIDVALIDITY"):
            line = b"* OK [UIDVALIDITY %d] ok" % self.server.validity.get(
                self.name, 7)
        if line.startswith(b"* LIST") and self.server.delimiter == b"NIL":
            line = line.replace(b'"NIL"', b"NIL", 1)
        super().say(line)

    def examine(self, rest):
        self.name = self.argument(rest)
        return super().examine(b'"' + self.name + b'"')

    select = examine


class Corners(case.Case):
    def serve(self, mailboxes, **kw):
        server = fake.Imap(mailboxes, **kw)
        server.session, server.uidnext, server.validity = Odd, None, {}
        self.addCleanup(server.stop)
        self.user = self.user("u")
        self.server.add_user(self.user + ".local",
                             os.path.join(self.haul.store, self.user))
        return server

    def start(self, mailboxes, *options, **kw):
        server = self.serve(mailboxes, **kw)
        self.haul.add(self.user, server.url(), *options)
        self.haul.run("run", self.user)
        return server

    def again(self, new):
        out = self.haul.run("--json", "run", self.user).stdout
        self.assertIn(f'"messages_new": {new}', out)

    def here(self):
        return {k: len(v) for k, v in self.seen(self.user + ".local").items()
                if v}

    def folders(self):
        return {m["mailbox"]: m["folder"]
                for m in self.haul.status(self.user)["mailboxes"]}

    def test_uids_at_their_end(self):
        rows = [message(uid, i + 1) for i, uid in enumerate(
            (1, 2**31 - 1, 2**31, TOP - 2, TOP - 1, TOP))]
        server = self.serve({b"INBOX": rows[:-1]})
        server.uidnext = b"%d" % TOP
        self.haul.add(self.user, server.url(), "--on-expunge", "remove")
        self.haul.run("run", self.user)
        self.assertEqual(self.here(), {"INBOX": 5})
        server.mailboxes[b"INBOX"].append(rows[-1])
        server.uidnext = b"%d" % (TOP + 1)  # and there is no such number
        self.again(1)
        self.assertEqual(self.here(), {"INBOX": 6})
        self.again(0)
        del server.mailboxes[b"INBOX"][4:]
        self.haul.run("run", self.user, check=False)
        self.assertEqual(self.here(), {"INBOX": 4})

    def test_no_separator(self):
        names = [b"INBOX", b"a/b", b"a.b", b"INBOX.x", b"a"]
        self.start({n: [message(1)] for n in names}, delimiter=b"NIL")
        self.assertEqual(sum(self.here().values()), 5)
        shown = self.folders()
        self.assertEqual(len(set(shown.values())), 5)
        self.assertEqual(shown["a/b"], "a%2Fb")
        self.again(0)

    def test_special_use_moves(self):
        """What is collected stays where it is; the other keeps its name."""
        server = self.start({b"INBOX": [], b"Sent": [message(1)],
                             b"Gesendet": [message(2)]},
                            attributes={b"Sent": b"\\Sent"})
        before = self.folders()
        self.assertEqual(before["Sent"], "Sent")
        server.attributes = {b"Gesendet": b"\\Sent"}
        server.mailboxes[b"Gesendet"].append(message(3))
        self.again(1)
        self.assertEqual(self.folders(), before)
        self.assertEqual(self.here(), {"Sent": 1, "Gesendet": 2})

    def test_uidvalidity_of_some(self):
        server = self.start({b"INBOX": [message(i) for i in range(1, 9)],
                             b"Work": [message(i) for i in range(11, 19)],
                             b"Old": [message(i) for i in range(21, 29)]})
        server.validity[b"Work"] = 8
        for i, m in enumerate(server.mailboxes[b"Work"]):
            m.uid = i + 1
        server.mailboxes[b"Work"].append(message(40))
        self.again(1)
        self.again(0)
        self.assertEqual(self.here(), {"INBOX": 8, "Work": 9, "Old": 8})

    def test_made_anew_under_its_old_uidvalidity(self):
        """The same UIDs, other messages, and more of them (RFC 9051 2.3.1.1
        forbids it, Mailutils did it)."""
        server = self.start({b"INBOX": [], b"Work": [
            message(i, 100 + i) for i in range(1, 9)]})
        server.mailboxes[b"Work"] = [message(i, 200 + i)
                                     for i in range(1, 5)]
        self.again(4)
        self.again(0)
        self.assertEqual(self.here(), {"Work": 12})

    def test_inbox_renamed(self):
        """Its messages move (RFC 9051 6.3.6), and here as well."""
        rows = [message(i) for i in range(1, 9)]
        server = self.start({b"INBOX": rows}, "--on-expunge", "keep")
        server.mailboxes = {b"INBOX": [], b"Before": rows}
        server.uidnext = b"9"
        self.again(0)
        self.again(0)
        self.assertEqual(self.here(), {"Before": 8})

    def test_nothing_in_it(self):
        server = self.start({b"INBOX": [], b"Empty": []})
        self.assertEqual(self.here(), {})
        self.again(0)
        server.mailboxes[b"Empty"].append(message(1))
        self.again(1)

    def test_five_thousand_mailboxes(self):
        names = [b"INBOX"] + [b"b %d" % i for i in range(4999)]
        server = self.start({n: [] for n in names})
        self.assertEqual(len(self.folders()), 5000)
        server.mailboxes[b"one too many"] = []
        p = self.haul.run("run", self.user, check=False, timeout=600)
        self.assertEqual(p.returncode, 1)
        self.assertIn("limit", p.stderr)
        self.assertIn("5000", p.stderr.replace(",", ""))


class Gmail(case.Case):
    """What becomes of a message that goes to Trash or Spam; a Gmail that does
    not show all it has."""

    def files(self, folder):
        top = os.path.join(self.haul.store, "a", folder)
        return sum((os.listdir(os.path.join(top, sub)) for sub in
                    ("cur", "new") if os.path.isdir(os.path.join(top, sub))),
                   [])

    def test_to_trash_and_spam_and_back(self):
        self.there_and_back("keep")

    def test_the_same_where_labels_are_followed(self):
        self.there_and_back("remove")

    def there_and_back(self, rule):
        there = gmail.Gmail()
        self.addCleanup(there.stop)
        all_ = [there.add(b"Subject: %d\r\n\r\n%s\r\n" % (i, b"x" * 500),
                          [b"INBOX", b"Work"]) for i in range(20)]
        self.haul.add("a", there.url(), "--on-expunge", rule, password="x")
        self.haul.run("run", "a")
        sent = there.body_bytes
        for m, to in ((all_[0], gmail.TRASH), (all_[1], gmail.SPAM)):
            for label in (b"INBOX", b"Work", gmail.ALL):
                there.take(label, m)
            there.put(to, m)
        self.haul.run("run", "a")
        self.haul.run("run", "a")
        self.assertEqual(there.body_bytes, sent)
        self.assertEqual(len(self.files(".Trash")), 1)
        self.assertEqual(len(self.files(".Junk")), 1)
        kept = 20 if rule == "keep" else 18
        self.assertEqual(len(self.files("")), kept)
        self.assertEqual(len(self.files(".Work")), kept)
        there.take(gmail.TRASH, all_[0])  # and back
        there.put(gmail.ALL, all_[0])
        there.put(b"INBOX", all_[0])
        self.haul.run("run", "a", check=False)
        self.assertEqual(there.body_bytes, sent)
        self.assertGreaterEqual(len(self.files("")), kept)


    def test_all_mail_is_hidden(self):
        there = gmail.Gmail()
        self.addCleanup(there.stop)
        there.add(b"Subject: 1\r\n\r\nx\r\n", [b"INBOX"])
        shown = there.mailboxes.pop(gmail.ALL)
        self.haul.add("a", there.url(), password="x")
        self.haul.run("run", "a")
        notices = {m["mailbox"]: m["notice"]
                   for m in self.haul.status("a")["mailboxes"]}
        self.assertIn("All Mail", notices["INBOX"])
        there.mailboxes[gmail.ALL] = shown
        there.add(b"Subject: 2\r\n\r\nx\r\n", [b"INBOX"])
        self.haul.run("run", "a")
        self.assertFalse([m["notice"] for m in
                          self.haul.status("a")["mailboxes"] if m["notice"]])


if __name__ == "__main__":
    case.main()
