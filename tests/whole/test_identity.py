#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Numbers and names that change at the source, and a ledger that is lost:
nothing is fetched a second time, nothing is here twice."""
import glob, json, os, shutil, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Identity(case.Case):
    def start(self, n=100, scheme="imaps", **kw):
        user = self.source("anna", n, **kw)
        self.add(user, scheme)
        self.haul.run("run", user)
        return user

    def again(self, user):
        return json.loads(self.haul.run("--json", "run", user).stdout)

    def run_again(self, user):
        """New messages, and bytes that were read of messages."""
        out = self.again(user)
        while isinstance(out, dict) and "messages_new" not in out:
            out = next(v for v in out.values() if isinstance(v, (dict, list)))
            out = out[0] if isinstance(out, list) else out
        return out["messages_new"], out["bytes_received"]

    def root(self, user):
        return os.path.join(self.dir, "source", "anna")

    def renumber(self, user):
        time.sleep(1.1)   # UIDVALIDITY counts seconds
        for top, _, files in os.walk(self.root(user)):
            for f in files:
                if f.startswith(("dovecot-uidlist", "dovecot.index",
                                 "dovecot-uidvalidity",
                                 "dovecot.list.index")):
                    os.unlink(os.path.join(top, f))

    def size(self, user):
        return sum(os.path.getsize(f) for f in glob.glob(
            os.path.join(self.haul.store, user, "**", "*,S=*"),
            recursive=True, include_hidden=True))

    def test_new_uidvalidity(self):
        user = self.start()
        all_bytes = self.size(user)
        before = self.seen(user)
        self.renumber(user)
        new, received = self.run_again(user)
        self.assertEqual(new, 0)
        self.assertLess(received, all_bytes)
        self.assertEqual(before, self.seen(user))
        self.assert_same(user)
        self.assertEqual(self.run_again(user), (0, 0))

    def make_inbox(self, user, first, n, validity=1234567):
        """As a server that deletes a mailbox and makes it again within the
        second that UIDVALIDITY counts: UIDs from 1 on, n other messages."""
        self.server.stop()
        d = lab.make_folder(self.root(user), "INBOX")
        for f in glob.glob(os.path.join(d, "*"), include_hidden=True):
            if os.path.basename(f).startswith("dovecot"):
                os.unlink(f)
        for f in glob.glob(os.path.join(d, "cur", "*")):
            os.unlink(f)
        for i in range(first, first + n):
            lab.put(d, i, b"Message-ID: <%d@reuse>\r\nSubject: no. %d\r\n"
                    b"\r\n%s\r\n" % (i, i, b"x" * (100 + 7 * i)),
                    1400000000 + 60 * i, "S")
        with open(os.path.join(d, "dovecot-uidlist"), "w") as f:
            f.write("3 V%d N1\n" % validity)
        lab.own(self.root(user))
        self.server.start()

    def numbers(self, user):
        m = self.server.client(user)
        state = m.status("INBOX", "(UIDVALIDITY UIDNEXT)")[1][0].decode()
        m.logout()
        return state

    def test_uids_given_twice(self):
        user = self.source("anna", 1, folders=[("INBOX", 1.0)])
        self.make_inbox(user, 1, 8)
        before = self.seen(user)["INBOX"]
        self.assertRegex(self.numbers(user), r"UIDNEXT 9 .*1234567\b")
        self.add(user, "imaps")
        self.assertEqual(self.run_again(user)[0], 8)
        self.make_inbox(user, 101, 12)
        self.assertRegex(self.numbers(user), r"UIDNEXT 13 .*1234567\b")
        self.assertEqual(self.run_again(user)[0], 12)
        here = self.seen(user + ".local")["INBOX"]
        self.assertEqual(len(here), 20)
        for row in before + self.seen(user)["INBOX"]:
            self.assertEqual(here.count(row), 1, row)
        self.assertEqual(self.run_again(user), (0, 0))

    def test_renamed_mailboxes(self):
        user = self.start()
        m = self.server.client(user)
        names = [n for n in lab.mailboxes(m) if n != "INBOX" and "." not in n]
        self.assertTrue(names)
        for name in names:
            m.rename(lab.quote(name), lab.quote("Renamed " + name))
        m.logout()
        self.assertEqual(self.run_again(user)[0], 0)
        self.assert_same(user)
        self.assertEqual(set(self.seen(user)), set(
            self.seen(user + ".local")))
        self.assertEqual(self.run_again(user), (0, 0))

    def change_places(self, user, names):
        """The mail of each goes where the next one's was."""
        m = self.server.client(user)
        for a, b in [(names[-1], "aside")] + \
                list(zip(names[-2::-1], names[:0:-1])) + \
                [("aside", names[0])]:
            m.rename(lab.quote(a), lab.quote(b))
        m.logout()

    def test_mailboxes_that_change_places(self):
        user = self.start()
        m = self.server.client(user)
        names = [n for n in lab.mailboxes(m) if n != "INBOX" and "." not in n]
        m.logout()
        self.assertGreaterEqual(len(names), 3)
        for count in 2, 3:
            before = self.seen(user)
            self.change_places(user, names[:count])
            self.assertNotEqual(before, self.seen(user))
            self.assertEqual(self.run_again(user)[0], 0)
            self.assert_same(user)
            self.assertEqual(set(self.seen(user)),
                             set(self.seen(user + ".local")))
            self.assertEqual(self.run_again(user), (0, 0))

    def test_inbox_is_renamed(self):
        """Dovecot does not do it; who moves all mail into a new mailbox does
        the same (RFC 9051 6.3.6)."""
        user = self.start()
        before = self.seen(user)
        m = self.server.client(user)
        m.create('"Last year"')
        m.select("INBOX")
        m.uid("MOVE", "1:*", '"Last year"')
        m.append("INBOX", "", time.time(), b"Subject: new\r\n\r\nx\r\n")
        m.logout()
        self.assertEqual(self.seen(user)["Last year"], before["INBOX"])
        self.assertEqual(self.run_again(user)[0], 1)
        self.assert_same(user)
        self.assertEqual(self.run_again(user), (0, 0))

    def lose_ledger(self, user):
        for f in glob.glob(os.path.join(self.haul.state, "ledgers", "*")):
            os.unlink(f)

    def test_lost_ledger(self):
        user = self.start()
        self.lose_ledger(user)
        self.assertEqual(self.run_again(user), (0, 0))
        self.assert_same(user)
        self.assertEqual(self.run_again(user), (0, 0))

    def test_lost_ledger_pop3(self):
        user = self.start(scheme="pop3s")
        here = self.seen(user + ".local")
        self.lose_ledger(user)
        self.assertEqual(self.run_again(user), (0, 0))
        self.assertEqual(here, self.seen(user + ".local"))

    def test_lost_state(self):
        """All but the mail is gone: it is recognised by its content."""
        user = self.start()
        here = self.seen(user + ".local")
        shutil.move(self.haul.store, self.dir + "/kept")
        shutil.rmtree(self.haul.state)
        self.haul.run("init")
        shutil.rmtree(self.haul.store, ignore_errors=True)
        shutil.move(self.dir + "/kept", self.haul.store)
        self.add(user, "imaps")
        self.assertEqual(self.run_again(user)[0], 0)
        self.assertEqual(here, self.seen(user + ".local"))


if __name__ == "__main__":
    case.main()
