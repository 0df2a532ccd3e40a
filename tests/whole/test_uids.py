#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""UIDs and UIDLs of the source, as Dovecot answers over our store."""
import os, poplib, re, subprocess, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab

GAP = 1 << 20


class Uids(case.Case):
    def numbers(self, user):
        """{mailbox: (UIDVALIDITY, [FETCH lines])}."""
        m = self.server.client(user)
        out = {}
        for name in lab.mailboxes(m):
            code, data = m.select(lab.quote(name), readonly=True)
            self.assertEqual("OK", code, data)
            rows = []
            if int(data[0]):
                rows = [self.row(r) for r in m.uid(
                    "FETCH", "1:*",
                    "(UID FLAGS INTERNALDATE RFC822.SIZE)")[1]]
            out[name] = (m.response("UIDVALIDITY")[1][0], rows)
        m.logout()
        return out

    def row(self, line):
        g = re.search(rb"UID (\d+) FLAGS \((.*?)\) (INTERNALDATE .*)\)", line)
        flags = set(g.group(2).split()) - {rb"\Recent"}
        return int(g.group(1)), sorted(flags), g.group(3)

    def uids(self, user, mailbox="INBOX"):
        return [row[0] for row in self.numbers(user)[mailbox][1]]

    def uidl(self, user):
        p = poplib.POP3("127.0.0.1", self.server.pop3)
        p.user(user)
        p.pass_(lab.PASSWORD)
        lines = [line.split()[1] for line in p.uidl()[1]]
        p.quit()
        return lines

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

    def with_holes(self, n=200):
        user = self.source("anna", n)
        self.numbers(user)
        self.expunge(user, "1:3,7,20:29")
        self.append(user, 3)
        self.expunge(user, "*")
        return user

    def kept(self, user, mailbox="INBOX"):
        for m in self.haul.status(user)["mailboxes"]:
            if m["mailbox"] == mailbox:
                return m["uids_kept"]

    def test_every_folder_answers_as_the_source(self):
        user = self.with_holes()
        m = self.server.client(user)
        m.create("Empty.Folder")
        m.logout()
        self.add(user, "imaps")
        self.haul.run("run", user)
        here = self.numbers(user + ".local")
        for name, (validity, rows) in self.numbers(user).items():
            self.assertEqual((validity, rows), here[name], name)
        self.assertEqual(len(here["INBOX"][1]), len(here["INBOX"][1]))


if __name__ == "__main__":
    case.main()
