#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""UIDs and UIDLs of the source, as Dovecot answers over our store."""
import os, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab

GAP = 1 << 20


class Uids(case.Case):
    def numbers(self, user):
        m = self.server.client(user)
        try:
            return lab.numbers(m)
        finally:
            m.logout()

    def uids(self, user, mailbox="INBOX"):
        return [row[0] for row in self.numbers(user)[mailbox][1]]

    def uidl(self, user):
        return lab.uidls(self.server.pop3, user)

    def expunge(self, user, uids, mailbox="INBOX"):
        m = self.server.client(user)
        m.select(lab.quote(mailbox))
        m.uid("STORE", uids, "+FLAGS.SILENT", "(\\Deleted)")
        m.expunge()
        m.logout()

    def append(self, user, n, mailbox="INBOX", what="later"):
        m = self.server.client(user)
        for i in range(n):
            m.append(mailbox, "", time.time(),
                     b"Subject: %s %d\r\n\r\nx\r\n" % (what.encode(), i))
        m.logout()

    def old_source(self, name, n, **kw):
        """Whose numbers cannot be those that are given out now."""
        user = self.source(name, n, **kw)
        top = os.path.join(self.dir, "source", name)
        for d, dirs, _ in os.walk(top):
            if "cur" in dirs:
                with open(os.path.join(d, "dovecot-uidlist"), "w") as f:
                    f.write("3 V%d N1\n" % (1234567 + len(d)))
        lab.own(top)
        return user

    def make_local(self, user):
        """An empty store, for the reader to be there first."""
        d = os.path.join(self.haul.store, user)
        lab.make_folder(d, "INBOX")
        lab.own(d)

    def with_holes(self, n=200):
        user = self.old_source("anna", n)
        self.numbers(user)
        self.expunge(user, "1:3,7,20:29")
        self.append(user, 3)
        self.expunge(user, "*")
        return user

    def assert_undisturbed(self):
        """But for sessions that had an empty folder open when it got its
        UIDVALIDITY."""
        with open(os.path.join(self.server.dir, "dovecot.log")) as f:
            for line in f:
                self.assertNotRegex(line, "Broken|Duplicate|not ordered|"
                                    "lowered|reappeared|overridden|Panic|"
                                    "Error: (?!.*view is now inconsistent)")

    def kept(self, user, mailbox="INBOX"):
        for m in self.haul.status(user)["mailboxes"]:
            if m["mailbox"] == mailbox:
                return m["uids_kept"]

    def assert_same_numbers(self, user):
        here = self.numbers(user + ".local")
        for name, answer in self.numbers(user).items():
            self.assertEqual(answer, here[name], name)

    def test_every_folder_answers_as_the_source(self):
        user = self.with_holes()
        m = self.server.client(user)
        m.create("Empty.Folder")
        m.logout()
        self.add(user, "imaps")
        self.haul.run("run", user)
        self.assert_same_numbers(user)
        n = len(self.uids(user))
        self.assertEqual(n, self.kept(user))
        self.assertRegex(self.haul.run("status", user).stdout,
                         r"INBOX +INBOX .* all\b")

    def test_new_ones_where_they_are_wanted(self):
        user = self.with_holes(60)
        self.add(user, "imaps", "--new-uids")
        self.haul.run("run", user)
        source, here = self.numbers(user), self.numbers(user + ".local")
        for name, (validity, rows) in source.items():
            self.assertNotEqual(validity, here[name][0])
            self.assertEqual(len(rows), len(here[name][1]))
        self.assertEqual(list(range(1, 1 + len(source["INBOX"][1]))),
                         self.uids(user + ".local"))
        self.assertIsNone(self.kept(user))

    def test_a_folder_that_the_reader_has_shown_empty(self):
        user = self.with_holes(60)
        self.make_local(user)
        m = self.server.client(user + ".local")
        m.create("Sent")
        for name in ("INBOX", "Sent"):
            m.select(name)
        self.add(user, "imaps")
        self.haul.run("run", user)
        m.shutdown()
        self.assert_same_numbers(user)

    def test_other_mail_keeps_its_uids(self):
        user = self.with_holes(60)
        self.make_local(user)
        self.append(user + ".local", 3, what="local")
        before = self.numbers(user + ".local")["INBOX"]
        self.add(user, "imaps")
        p = self.haul.run("-v", "run", user)
        self.assertIn("the folder held other mail before", p.stderr)
        after = self.numbers(user + ".local")
        self.assertEqual(before[0], after["INBOX"][0])
        self.assertEqual(before[1], after["INBOX"][1][:3])
        self.assertEqual(0, self.kept(user))
        source = self.numbers(user)
        self.assertEqual(source["Sent"], after["Sent"])

    def test_what_comes_later_takes_no_uid_of_the_source(self):
        """A client that has seen both servers must never find another
        message under a UID that it knows."""
        user = self.with_holes(60)
        self.add(user, "imaps")
        self.haul.run("run", user)
        first = self.uids(user + ".local")
        self.assertEqual(self.uids(user), first)
        self.append(user + ".local", 2, what="local")
        self.append(user, 4)
        self.haul.run("run", user)
        here = self.uids(user + ".local")
        self.assertEqual(first, here[:len(first)])
        self.assertEqual(6, len(here) - len(first))
        self.assertGreater(here[len(first)], max(self.uids(user)) + GAP / 2)

    def test_beside_a_reader(self):
        user = self.with_holes(3000)
        self.make_local(user)
        done = threading.Event()
        errors = []

        def read(mailbox):
            while not done.is_set():
                try:
                    m = self.server.client(user + ".local")
                    while not done.is_set():
                        code, data = m.select(mailbox)
                        if code == "OK" and int(data[0]):
                            m.uid("FETCH", "1:*", "(FLAGS)")
                        m.noop()
                except (m.abort, OSError):
                    pass       # UIDVALIDITY changed under it
                except Exception as e:
                    errors.append(e)
        threads = [threading.Thread(target=read, args=(m,))
                   for m in ("INBOX", "Sent", "INBOX")]
        self.add(user, "imaps")
        for t in threads:
            t.start()
        try:
            self.haul.run("run", user)
        finally:
            done.set()
            for t in threads:
                t.join()
        self.assertEqual([], errors)
        self.assert_same_numbers(user)
        self.assert_undisturbed()

    def pop3_source(self, n):
        return self.old_source("pia", n, folders=[("INBOX", 1.0)])

    def test_pop3_lists_the_same(self):
        user = self.pop3_source(150)
        self.append(user, 5)
        self.expunge(user, "3:9")
        self.add(user, "pop3s")
        self.haul.run("run", user)
        before = self.uidl(user)
        self.assertEqual(before, self.uidl(user + ".local"))
        # and what comes later, after the reader has listed
        self.append(user, 4)
        self.haul.run("run", user)
        self.assertEqual(self.uidl(user), self.uidl(user + ".local"))
        self.append(user + ".local", 2, what="local")
        here = self.uidl(user + ".local")
        self.append(user, 3)
        self.haul.run("run", user)
        source, here = self.uidl(user), self.uidl(user + ".local")
        self.assertEqual(source, [u for u in here if u in source])
        self.assertEqual(len(source) + 2, len(here))

    def test_pop3_beside_a_reader(self):
        user = self.pop3_source(600)
        self.make_local(user)
        self.add(user, "pop3s")
        done = threading.Event()

        errors = []

        def read():
            try:
                while not done.is_set():
                    self.uidl(user + ".local")
                    self.uids(user + ".local")
            except Exception as e:
                errors.append(e)
        t = threading.Thread(target=read)
        t.start()
        try:
            for _ in range(3):
                self.haul.run("run", user)
                self.append(user, 20)
        finally:
            done.set()
            t.join()
        self.assertEqual([], errors)
        self.haul.run("run", user)
        self.assertEqual(self.uidl(user), self.uidl(user + ".local"))
        self.assert_undisturbed()

    def test_pop3_with_new_ones(self):
        user = self.pop3_source(30)
        self.add(user, "pop3s", "--new-uids")
        self.haul.run("run", user)
        self.assertEqual([], sorted(set(self.uidl(user)) &
                                    set(self.uidl(user + ".local"))))


    def subjects(self, user):
        """Of INBOX, in the order of its UIDs: the number at the end."""
        m = self.server.client(user)
        m.select("INBOX", readonly=True)
        parts = m.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
        m.logout()
        return [int(p[1].split()[-1]) for p in parts if isinstance(p, tuple)]

    def test_newest_first(self):
        for scheme in "imap+plain", "pop3+plain":
            user = self.source(scheme[:4], 1200, folders=[("INBOX", 1)])
            self.add(user, scheme, "--order", "newest")
            self.haul.run("run", user)
            self.assertEqual(self.subjects(user + ".local"), [
                *range(700, 1200), *range(200, 700), *range(200)])
            if scheme == "imap+plain":
                self.assert_same(user)
            out = self.haul.run("--json", "run", user).stdout
            self.assertIn('"messages_new": 0', out)
        p = self.haul.run("set", user, "--order", "sideways", check=False)
        self.assertEqual(p.returncode, 2)
        self.assertIn("oldest or newest", p.stderr)


if __name__ == "__main__":
    case.main()
