#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Mailboxes with any name, one way to a folder each, served by Dovecot."""
import os, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, fake, lab

NAMES = [
    b"INBOX", b"INBOX/child", b"inbox/Child2", b"Inbox.dot",
    b".", b"..", b"a/..", b"../../etc", b"a/b", b"a.b", b"//", b"/abs",
    b"sub/", b"cur", b"new/tmp", b"dovecot-uidlist", b"mailhaul.stage",
    b"maildirfolder", b"subscriptions", b"~root", b" lead", b"trail ",
    b"Case", b"case", b"CASE", b"caf&AOk-", b"cafe\xcc\x81", b"&bad",
    b"&-&-", b"\xff\xfe", b"\xf0\x9f\x98\x80 emoji", b"&2D3eAA-", b"%2e",
    b"%2E", b"*", b'quo"te', b"back\\slash", b"ctl\x01\x1b[31m",
    b"x" * 250, b"x" * 251, b"y" * 900, b"\xe9" * 350, b"\xea" * 350,
    b"x/" * 30 + b"deep"]


class Names(case.Case):
    def body(self, i):
        return b"Subject: %d\r\n\r\n%d\r\n" % (i, i)

    def serve(self, names, **kw):
        server = fake.Imap({n: [fake.Message(1, self.body(i))]
                            for i, n in enumerate(names)}, **kw)
        self.addCleanup(server.stop)
        user = self.user("u")
        self.server.add_user(user + ".local",
                             os.path.join(self.haul.store, user))
        self.haul.add(user, server.url())
        return server, user

    def assert_all_here(self, names, user):
        here = self.seen(user + ".local")
        bodies = [row[0] for rows in here.values() for row in rows]
        wanted = [lab.hashlib.sha256(self.body(i)).hexdigest()
                  for i in range(len(names))]
        self.assertEqual(sorted(bodies), sorted(wanted))

    def test_hostile_names(self):
        server, user = self.serve(NAMES)
        p = self.haul.run("run", user)
        self.assertNotIn("\x1b", p.stdout + p.stderr)
        status = self.haul.status(user)
        self.assertEqual(len(status["mailboxes"]), len(NAMES))
        folders = [m["folder"] for m in status["mailboxes"]]
        self.assertEqual(len(folders), len(set(folders)))
        self.assert_all_here(NAMES, user)
        self.assertEqual(os.listdir(self.haul.store), [user])
        before = sorted(os.listdir(os.path.join(self.haul.store, user)))
        # the same mapping again, and in any order
        for name in list(server.mailboxes)[:20]:
            server.mailboxes[name] = server.mailboxes.pop(name)
        p = self.haul.run("--json", "run", user)
        self.assertIn('"messages_new": 0', p.stdout)
        after = sorted(os.listdir(os.path.join(self.haul.store, user)))
        self.assertEqual([n for n in before if not n.startswith("dovecot")],
                         [n for n in after if not n.startswith("dovecot")])

    def test_other_separators(self):
        names = [b"INBOX", b"a.b", b"a", b"a/b", b"x.", b"..", b"INBOX.sub"]
        server, user = self.serve(names, delimiter=b".")
        self.haul.run("run", user)
        self.assert_all_here(names, user)
        shown = {m["mailbox"]: m["folder"]
                 for m in self.haul.status(user)["mailboxes"]}
        self.assertEqual(shown["a.b"], "a/b")
        self.assertEqual(shown["a/b"], "a%2Fb")
        self.assertEqual(shown["INBOX.sub"], "INBOX/sub")

    def test_two_thousand_mailboxes(self):
        names = [b"INBOX"] + [b"box %d/sub" % i for i in range(1999)]
        server, user = self.serve(names)
        self.haul.run("run", user, timeout=90)
        self.assertEqual(self.haul.status(user)["messages"]["stored"], 2000)
        out = self.haul.run("--json", "run", user, timeout=60).stdout
        self.assertIn('"messages_new": 0', out)

    def test_a_prefix_that_is_odd(self):
        names = [b"INBOX", b"a"]
        server, user = self.serve(names)
        self.haul.run("set", user, "--prefix", "Alt/../É.x/")
        self.haul.run("run", user)
        self.assert_all_here(names, user)
        self.assertEqual(os.listdir(self.haul.store), [user])


if __name__ == "__main__":
    case.main()
