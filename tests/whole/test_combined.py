#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""--uidl-from: mail by IMAP, UIDLs by POP3, as a POP client finds them here."""
import contextlib, os, socket, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Combined:
    """uidl_format is the old server's: a second Dovecot over the same mail
    stores; ours, which serves what was collected, keeps its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old = lab.Dovecot(os.path.join(cls.top, "old"),
                              f"pop3_uidl_format = {cls.uidl_format}\n")
        cls.old.start()

    @classmethod
    def tearDownClass(cls):
        cls.old.stop()
        super().tearDownClass()

    def account(self, n, *options, **kw):
        user = self.source("anna", n, **kw)
        self.old.add_user(user, os.path.join(self.dir, "source", "anna"))
        self.haul.run(
            "add", user, f"imaps://{user}@localhost:{self.old.imaps}",
            "--password-file", "-", "--uidl-from",
            f"pop3s://{user}@localhost:{self.old.pop3s}", "--ca-file",
            self.old.ca, *options, stdin=lab.PASSWORD + "\n")
        return user

    def there(self, user):
        return lab.uidls(self.old.pop3, user)

    def here(self, user):
        return lab.uidls(self.server.pop3, user + ".local")

    def inbox(self, user):
        for m in self.haul.status(user)["mailboxes"]:
            if m["mailbox"] == "INBOX":
                return m

    def append(self, user, n, what):
        m = self.old.client(user)
        for i in range(n):
            m.append("INBOX", "", time.time(),
                     b"Subject: %s %d\r\n\r\nx\r\n" % (what.encode(), i))
        m.logout()

    def assert_same_uidls(self, user):
        there = self.there(user)
        self.assertEqual(there, self.here(user))
        self.assertEqual(len(there), len(set(there)))
        inbox = self.inbox(user)
        self.assertEqual(0, inbox["uidls_missing"])
        self.assertEqual("", inbox["notice"] or "")

    def assert_dovecot_content(self):
        with open(os.path.join(self.server.dir, "dovecot.log")) as f:
            for line in f:
                self.assertNotRegex(line, "Broken|Duplicate|not ordered|"
                                    "lowered|reappeared|Panic")

    def test_same_list_before_and_after(self):
        user = self.account(150, odd=True)
        self.haul.run("run", user)
        self.assert_same_uidls(user)
        self.append(user, 3, "later")
        self.haul.run("run", user)
        self.assert_same_uidls(user)
        # one goes there, one comes
        m = self.old.client(user)
        m.select("INBOX")
        m.store("2", "+FLAGS", "\\Deleted")
        m.expunge()
        m.logout()
        self.append(user, 1, "last")
        self.haul.run("run", user)
        there = self.there(user)
        self.assertEqual(there, [u for u in self.here(user) if u in there])
        self.assert_dovecot_content()

    def test_down_at_first(self):
        user = self.account(40)
        m = self.old.pop3s
        self.haul.run("set", user, "--uidl-from",
                      f"pop3s://{user}@localhost:{lab.free_ports(1)[0]}")
        self.haul.run("run", user)
        inbox = self.inbox(user)
        self.assertEqual(inbox["source"], inbox["uidls_missing"])
        self.assertIn("could not be asked", inbox["notice"])
        # a POP client and an IMAP client of ours have seen them meanwhile
        before = self.here(user)
        self.assertEqual(inbox["stored"], len(before))
        reader = self.server.client(user + ".local")
        reader.select("INBOX")
        self.haul.run("set", user, "--uidl-from",
                      f"pop3s://{user}@localhost:{m}")
        self.haul.run("run", user)
        self.assert_same_uidls(user)
        numbers = reader.uid("SEARCH", "ALL")
        self.append(user, 2, "later")
        self.haul.run("run", user)
        reader.noop()
        self.assertTrue(reader.uid("SEARCH", "ALL")[1][0].startswith(
            numbers[1][0]))
        reader.logout()
        self.assert_same_uidls(user)
        self.assert_dovecot_content()



class Hex(Combined, case.Case):
    uidl_format = "%08Xu%08Xv"

    def test_unmatched_is_told_and_gets_none(self):
        user = self.account(30)
        self.haul.run("run", user)
        # what IMAP shows and POP3 does not: gone there before it was listed
        m = self.old.client(user)
        m.append("INBOX", "", time.time(), b"Subject: fleeting\r\n\r\nx\r\n")
        m.logout()
        self.haul.run("set", user, "--uidl-from",
                      f"pop3s://{user}@localhost:{lab.free_ports(1)[0]}")
        self.haul.run("run", user)
        m = self.old.client(user)
        m.select("INBOX")
        m.store("*", "+FLAGS", "\\Deleted")
        m.expunge()
        m.logout()
        self.haul.run("set", user, "--uidl-from",
                      f"pop3s://{user}@localhost:{self.old.pop3s}")
        self.haul.run("run", user)
        inbox = self.inbox(user)
        self.assertEqual(1, inbox["uidls_missing"])
        self.assertIn("no UIDL", inbox["notice"])
        there, here = self.there(user), self.here(user)
        self.assertEqual(there, here[:len(there)])
        self.assertEqual(len(there) + 1, len(here))

    def test_refused_password_is_not_tried_again(self):
        user = self.account(5)
        asked = []
        with socket.create_server(("127.0.0.1", 0)) as door:
            def refuse():
                with contextlib.suppress(OSError):
                    while True:
                        c, _ = door.accept()
                        talk(c)

            def talk(c):
                with c, c.makefile("rwb", 0) as f:
                    f.write(b"+OK\r\n")
                    for line in f:
                        asked.append(line.split()[0].upper())
                        f.write(b"-ERR [AUTH] no\r\n"
                                if asked[-1] != b"USER" else b"+OK\r\n")
                        if asked[-1] == b"QUIT":
                            return
            threading.Thread(target=refuse, daemon=True).start()
            self.haul.run(
                "set", user, "--uidl-from", f"pop3://{user}@localhost:"
                f"{door.getsockname()[1]}?security=none")
            self.haul.run("run", user)
            self.assertIn(b"PASS", asked)
            passes = asked.count(b"PASS")
            self.assertIn("auth", self.inbox(user)["notice"])
            self.append(user, 1, "later")
            self.haul.run("run", user)
            self.assertEqual(passes, asked.count(b"PASS"))
            door.shutdown(socket.SHUT_RDWR)
        self.assertEqual(self.inbox(user)["source"],
                         self.inbox(user)["stored"])

    def test_what_cannot_be_together(self):
        url = "imaps://a@localhost"
        for options, text in (
                (("--uidl-from", "imaps://a@localhost"), "POP3 server"),
                (("--uidl-from", "pop3s://localhost"), "uidl-from"),
                (("--uidl-from", "pop3s://a@localhost", "--new-uids"),
                 "choose one")):
            p = self.haul.run("add", "a", url, "--password-file", "-",
                              *options, stdin="x\n", check=False)
            self.assertEqual(2, p.returncode, p.stderr)
            self.assertIn(text, p.stderr)
        p = self.haul.run("add", "a", "pop3s://a@localhost", "--uidl-from",
                          "pop3s://a@localhost", "--password-file", "-",
                          stdin="x\n", check=False)
        self.assertEqual(2, p.returncode)


class Custom(Combined, case.Case):
    uidl_format = "X-%u-%v"

    def test_newest_first(self):
        user = self.account(60, "--order", "newest")
        self.haul.run("run", user)
        self.assert_same_uidls(user)

    def test_large_by_size(self):
        user = self.account(400, folders=[("INBOX", 1.0)])
        self.haul.run("run", user)
        self.assert_same_uidls(user)
        self.haul.run("run", user)
        self.assert_same_uidls(user)


if __name__ == "__main__":
    case.main()
