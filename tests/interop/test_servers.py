#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The whole program against servers that are not Dovecot: everything comes,
as it was, once; a second run brings what is new. 77: cannot be run here."""
import imaplib, os, poplib, random, re, shutil, sys, tempfile, time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import servers

why = servers.can_jail()
if why:
    print("skipped:", why)
    sys.exit(77)
import case
from servers import lab

# what servers over mbox files add to a message, and take from it
MBOX_HEADERS = re.compile(rb"^(Status|X-Status|X-UID|X-UIDL|X-IMAP[a-z]*|"
                          rb"X-Keywords|Content-Length):[^\n]*\n",
                          re.I | re.M)


def body(r, i):
    text = lab.message(r, i, 1500000000 + i)
    return text if text.endswith(b"\n") else text + b"\n"


class Interop:
    """For each server below: setUpClass starts it."""
    kind = None

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="mailhaul-interop.")
        os.chmod(cls.top, 0o755)
        cls.source = cls.kind(cls.top)
        try:
            cls.source.start()
        except BaseException:
            cls.source.stop()
            raise
        cls.reader = lab.Dovecot(os.path.join(cls.top, "reader")).start()

    @classmethod
    def tearDownClass(cls):
        cls.reader.stop()
        cls.source.stop()
        time.sleep(0.2)
        shutil.rmtree(cls.top, ignore_errors=True)

    def setUp(self):
        self.dir = os.path.join(self.top, self.id().split(".")[-1])
        os.makedirs(self.dir)
        self.haul = lab.Mailhaul(case.BINARY, self.dir, ca=self.source.ca)
        self.haul.run("init")

    def collect(self, user, scheme, options=()):
        port = getattr(self.source, scheme)
        plain = "" if scheme.endswith("s") or self.tls else "?security=none"
        name = f"{user}-{self.id().split('.')[-1]}"
        self.haul.add(name, f"{scheme}://{user}@localhost:{port}{plain}",
                      *options)
        self.reader.add_user(name, os.path.join(self.haul.store, name))
        self.haul.run("run", name)
        return name

    tls = True

    def here(self, name):
        m = self.reader.client(name)
        try:
            return lab.snapshot(m, clean=self.clean)
        finally:
            m.logout()

    def clean(self, body):
        return body


class ImapServer(Interop):
    count = 60
    folders = ["INBOX", "Sent", "Work", "Work/Sub", "Entwürfe & Pläne", "空"]

    def remote(self, folder):
        sep = "." if self.source.prefix else "/"
        if folder == "INBOX":
            return folder
        return self.source.prefix + sep.join(
            lab.mutf7(p) for p in folder.split("/"))

    def local(self, remote):
        name = remote.removeprefix(self.source.prefix) \
            if remote != "INBOX" else remote
        return name.replace("/", ".")

    def fill(self, user):
        m = self.source.client(user)
        r = random.Random(5)
        for folder in self.folders[1:]:
            m.create(lab.quote(self.remote(folder)))
            m.subscribe(lab.quote(self.remote(folder)))
        for i in range(self.count):
            folder = self.remote(
                self.folders[i % (len(self.folders) - 1)])
            flags = " ".join(f for f in (r"\Seen", r"\Flagged", r"\Answered")
                             if r.random() < 0.4)
            code, data = m.append(
                lab.quote(folder), f"({flags})",
                imaplib.Time2Internaldate(1400000000 + 86400 * i),
                body(r, i).replace(b"\n", b"\r\n"))
            self.assertEqual(code, "OK", data)
        m.logout()

    def there(self, user):
        m = self.source.client(user)
        try:
            return lab.snapshot(m, clean=self.clean)
        finally:
            m.logout()

    def assert_same(self, user, name):
        there, here = self.there(user), self.here(name)
        for mailbox, rows in there.items():
            self.assertEqual(rows, here.get(self.local(mailbox), []), mailbox)
        self.assertEqual(sum(map(len, there.values())),
                         sum(map(len, here.values())))

    def test_everything_comes_and_stays_in_step(self):
        user = "u1"
        self.fill(user)
        name = self.collect(user, "imaps" if self.source.imaps else "imap")
        self.assert_same(user, name)
        out = self.haul.run("--json", "run", name).stdout
        self.assertIn('"messages_new": 0', out)
        m = self.source.client(user)
        self.assertEqual(m.select("INBOX")[0], "OK")
        m.store("1", "+FLAGS", r"(\Answered)")
        m.store("2", "-FLAGS", r"(\Seen \Flagged \Answered)")
        m.append("INBOX", r"(\Seen)",
                 imaplib.Time2Internaldate(1600000000),
                 b"Subject: later\r\n\r\nlater\r\n")
        m.logout()
        out = self.haul.run("--json", "run", name).stdout
        self.assertIn('"messages_new": 1', out)
        self.assert_same(user, name)

    def test_starttls_and_many_accounts(self):
        users = servers.USERS[3:7]
        for user in users:
            self.fill(user)
        names = [self.collect(user, "imap") for user in users]
        for user, name in zip(users, names):
            self.assert_same(user, name)

    def test_expunged_at_the_source_is_kept_here(self):
        user = "u2"
        self.fill(user)
        name = self.collect(user, "imap")
        before = self.here(name)
        m = self.source.client(user)
        m.select("INBOX")
        m.store("1:3", "+FLAGS.SILENT", r"(\Deleted)")
        m.expunge()
        m.logout()
        self.haul.run("run", name)
        self.assertEqual(self.here(name), before)

    def test_pop3(self):
        user = "u3"
        self.fill(user)
        name = self.collect(user, "pop3s" if self.source.pop3s else "pop3")
        inbox = self.there(user)["INBOX"]
        here = self.here(name)["INBOX"]
        self.assertEqual(sorted(h for h, *_ in here),
                         sorted(h for h, *_ in inbox))
        out = self.haul.run("--json", "run", name).stdout
        self.assertIn('"messages_new": 0', out)


class TestCyrus(ImapServer, unittest.TestCase):
    kind = servers.Cyrus

    def test_compressed(self):
        user = "u8"
        self.fill(user)
        name = self.collect(user, "imaps", ("--quirk", "no-compress=off"))
        self.assert_same(user, name)


class TestCourier(ImapServer, unittest.TestCase):
    kind = servers.Courier


class TestMailutils(ImapServer, unittest.TestCase):
    kind = servers.Mailutils
    # a mailbox is a file there, and has no others below it
    folders = ["INBOX", "Sent", "Work", "Projects", "Gr&ouml;", "Empty"]

    def clean(self, body):
        return MBOX_HEADERS.sub(b"", body)


class MboxPop3(Interop):
    tls = False

    def text(self, i):
        return b"Subject: %d\nMessage-ID: <%d@x>\n\nline %d\n.dot\n" % (i, i, i)

    def hashes(self, user, name):
        p = poplib.POP3("127.0.0.1", self.source.pop3)
        p.user(user)
        p.pass_(lab.PASSWORD)
        there = [MBOX_HEADERS.sub(b"", b"".join(
            line + b"\n" for line in p.retr(i + 1)[1]))
            for i in range(p.stat()[0])]
        p.quit()
        m = self.reader.client(name)
        m.select("INBOX", readonly=True)
        parts = m.uid("FETCH", "1:*", "(BODY.PEEK[])")[1]
        m.logout()
        here = [MBOX_HEADERS.sub(b"", p[1].replace(b"\r\n", b"\n"))
                for p in parts if isinstance(p, tuple)]
        return sorted(there), sorted(here)

    def test_everything_comes_once(self):
        user = "u1"
        self.source.put(user, [self.text(i) for i in range(50)])
        name = self.collect(user, "pop3")
        there, here = self.hashes(user, name)
        self.assertEqual(len(here), 50)
        self.assertEqual(here, there)
        for new in (0, 1):
            if new:
                self.source.put(user, [self.text(99)])
            out = self.haul.run("--json", "run", name).stdout
            self.assertIn(f'"messages_new": {new}', out)
        there, here = self.hashes(user, name)
        self.assertEqual(len(here), 51)
        self.assertEqual(here, there)


class TestPopa3d(MboxPop3, unittest.TestCase):
    kind = servers.Popa3d


class TestSolidPop3d(MboxPop3, unittest.TestCase):
    kind = servers.SolidPop3d


if __name__ == "__main__":
    unittest.main(verbosity=2)
