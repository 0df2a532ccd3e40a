#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Later runs: what is new comes, what was done here stays done."""
import os, random, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Resync(case.Case):
    def start(self, n=120, **kw):
        user = self.source("anna", n, **kw)
        self.add(user, "imaps")
        self.haul.run("run", user)
        return user

    def change(self, user, mailbox, fn):
        m = self.server.client(user)
        m.select(lab.quote(mailbox))
        fn(m)
        m.logout()

    def flags(self, user, mailbox, uid):
        m = self.server.client(user)
        m.select(lab.quote(mailbox), readonly=True)
        text = str(m.uid("FETCH", uid, "(FLAGS)")[1])
        m.logout()
        return text

    def test_nothing_new_fetches_nothing(self):
        user = self.start()
        out = self.haul.run("--json", "run", user).stdout
        self.assertIn('"messages_new": 0', out)
        self.assertIn('"bytes_received": 0', out)
        self.assert_same(user)

    def test_new_mail_and_a_new_mailbox(self):
        user = self.start()
        m = self.server.client(user)
        for i in range(7):
            m.append("INBOX", "(\\Seen $label1)", time.time() - i * 86400,
                     b"Subject: new %d\r\n\r\nnew\r\n" % i)
        m.create("Fresh.Box")
        m.append("Fresh.Box", "", time.time(), b"Subject: first\r\n\r\nx\r\n")
        m.logout()
        self.haul.run("run", user)
        self.assert_same(user)

    def test_flags_of_the_source_arrive(self):
        user = self.start()
        self.change(user, "INBOX", lambda m: (
            m.uid("STORE", "1:10", "+FLAGS", "(\\Flagged NonJunk)"),
            m.uid("STORE", "5:15", "-FLAGS", "(\\Seen)"),
            m.uid("STORE", "20", "+FLAGS", "($Brand-New)")))
        self.haul.run("run", user)
        self.assert_same(user)

    def test_local_changes_are_never_undone(self):
        user = self.start()
        self.change(user + ".local", "INBOX", lambda m: (
            m.uid("STORE", "1", "-FLAGS", "(\\Seen)"),
            m.uid("STORE", "1:3", "+FLAGS", "(\\Answered mine)")))
        self.change(user, "INBOX", lambda m: (
            m.uid("STORE", "1:3", "+FLAGS", "(\\Flagged)")))
        for _ in range(2):
            self.haul.run("run", user)
            for uid in "123":
                text = self.flags(user + ".local", "INBOX", uid)
                self.assertIn("Answered", text)
                self.assertIn("Flagged", text)
                self.assertIn("mine", text)

    def test_moved_and_deleted_here_never_come_back(self):
        user = self.start()

        def away(m):
            m.uid("COPY", "1:5", "Archive.2024")
            m.uid("STORE", "1:9", "+FLAGS.SILENT", "(\\Deleted)")
            m.expunge()
        self.change(user + ".local", "INBOX", away)
        before = self.seen(user + ".local")
        for _ in range(2):
            self.haul.run("run", user)
            self.assertEqual(before, self.seen(user + ".local"))

    def test_pop3_only_what_is_new(self):
        user = self.source("boris", 80, folders=[("INBOX", 1.0)])
        self.add(user, "pop3s")
        self.haul.run("run", user)
        m = self.server.client(user)
        m.append("INBOX", "", time.time(), b"Subject: new\r\n\r\n.\r\n..\r\n")
        m.logout()
        out = self.haul.run("--json", "run", user).stdout
        self.assertIn('"messages_new": 1', out)
        self.assertEqual(lab.pop3_hashes(self.server.pop3, user),
                         lab.pop3_hashes(self.server.pop3, user + ".local"))

    def undated(self, user):
        """Dates are as they came first. POP3 ends a last line that has no
        end."""
        m = self.server.client(user)
        seen = lab.snapshot(m, clean=lambda body: body.rstrip(b"\r\n"))
        m.logout()
        return {folder: sorted(row[:2] for row in rows)
                for folder, rows in seen.items()}

    def test_over_one_protocol_and_then_the_other(self):
        user = self.source("boris", 60, folders=[("INBOX", 1.0)])
        self.add(user, "pop3s")
        self.haul.run("run", user)
        m = self.server.client(user)
        m.create("Done")
        m.select("INBOX")
        m.store("1:60", "-FLAGS", r"(\Seen \Flagged \Deleted)")
        m.store("20:30", "+FLAGS", r"(\Flagged)")
        m.copy("1:10", "Done")
        m.store("1:10", "+FLAGS", r"(\Deleted)")
        m.expunge()
        m.logout()
        for scheme in ("imaps", "pop3", "imap"):
            self.haul.run("set", user, self.url(user, scheme))
            for _ in range(2):
                out = self.haul.run("--json", "run", user).stdout
                self.assertIn('"messages_new": 0', out, scheme)
                self.assertEqual(self.undated(user),
                                 self.undated(user + ".local"), scheme)

    def test_pop3_turned_to_another_maildrop(self):
        user = self.source("boris", 40, folders=[("INBOX", 1.0)])
        self.add(user, "pop3s")
        self.haul.run("run", user)
        before = self.seen(user + ".local")
        other = self.source("anna", 15, seed=3, folders=[("INBOX", 1.0)])
        m, n = self.server.client(user), self.server.client(other)
        m.select("INBOX")
        for i in range(1, 11):
            data = m.fetch(str(i), "(BODY.PEEK[])")[1]
            n.append("INBOX", "", None, data[0][1])
        m.logout(), n.logout()
        self.haul.run("set", user, self.url(other, "pop3s"))
        out = self.haul.run("--json", "run", user).stdout
        self.assertIn('"messages_new": 15', out)
        self.assertEqual(sum(map(len, self.seen(user + ".local").values())),
                         sum(map(len, before.values())) + 15)

    def test_a_busy_reader_while_two_accounts_arrive(self):
        """2,000 messages each by POP3 and IMAP, while a reader renames,
        moves and deletes in both stores: nothing is lost or doubled."""
        users = [self.source("anna", 2000),
                 self.source("boris", 2000, seed=2, folders=[("INBOX", 1.0)])]
        self.add(users[0], "imaps")
        self.add(users[1], "pop3s")
        self.haul.run("set", users[0], "--every", "1h")
        stop = threading.Event()
        deleted = {u: 0 for u in users}

        def reader(user):
            r = random.Random(user)
            while not stop.is_set():
                try:
                    m = self.server.client(user + ".local")
                    m.create("Kept")
                    m.select("INBOX")
                    n = int(m.uid("SEARCH", "ALL")[1][0].split()[-1] or 0)
                    uids = m.uid("SEARCH", "ALL")[1][0].split()
                    for uid in r.sample(uids, min(20, len(uids))):
                        uid = uid.decode()
                        what = r.randrange(3)
                        if what == 0:
                            m.uid("STORE", uid, "FLAGS", "(\\Flagged)")
                            continue
                        if what == 1:
                            m.uid("COPY", uid, "Kept")
                        m.uid("STORE", uid, "+FLAGS.SILENT", "(\\Deleted)")
                        gone = len([x for x in m.expunge()[1] if x])
                        if what == 2:
                            deleted[user] += gone
                    m.logout()
                except (IndexError, lab.imaplib.IMAP4.error, OSError):
                    time.sleep(0.02)

        threads = [threading.Thread(target=reader, args=(u,)) for u in users]
        for t in threads:
            t.start()
        try:
            self.haul.run("run")
            self.haul.run("run", *users)
        finally:
            stop.set()
            for t in threads:
                t.join()
        self.haul.run("run", *users)
        for user in users:
            here = self.seen(user + ".local")
            source = self.seen(user)
            n = sum(map(len, source.values()))
            self.assertGreater(deleted[user], 0, "the reader did nothing")
            self.assertEqual(sum(map(len, here.values())),
                             n - deleted[user])
            if "boris" not in user:
                bodies = [row[0] for rows in here.values() for row in rows]
                self.assertEqual(len(bodies), len(set(bodies)))


if __name__ == "__main__":
    case.main()
