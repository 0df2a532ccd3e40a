#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The whole program against servers that are not Dovecot: everything comes,
as it was, once; a second run brings what is new. 77: cannot be run here."""
import hashlib, imaplib, os, poplib, random, re, shutil, sys, tempfile, time
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


BIG = b"Subject: big\n\n" + b"x" * 70 + b"\n" + b"y" * 600000 + b"\n"


class Deletion(Interop):
    """--delete: what was imported goes at the source, and stays here; what was
    not stays there: too large, left out, marked as deleted by others."""
    limit = ("-o", "limits.message=500000")

    def bodies(self, snapshot):
        return {k: sorted(h for h, *_ in rows)
                for k, rows in snapshot.items() if rows}

    def append(self, m, mailbox, body, flags=""):
        code, data = m.append(lab.quote(mailbox), f"({flags})", time.time(),
                              body.replace(b"\n", b"\r\n"))
        self.assertEqual(code, "OK", data)

    def work(self):
        return self.source.prefix + "Work"

    def fill_to_delete(self, user, folders):
        m = self.source.client(user)
        r = random.Random(7)
        for folder in folders[1:]:
            m.create(folder)
        for i in range(30):
            self.append(m, folders[i % len(folders)], body(r, i))
        self.append(m, "INBOX", BIG)
        m.logout()

    def source_bodies(self, user):
        m = self.source.client(user)
        try:
            return self.bodies(lab.snapshot(m, clean=self.clean))
        finally:
            m.logout()

    def enrol(self, user, scheme, *options):
        port = getattr(self.source, scheme)
        name = f"{user}-{self.id().split('.')[-1]}"
        self.haul.add(name, f"{scheme}://{user}@localhost:{port}", *options)
        self.reader.add_user(name, os.path.join(self.haul.store, name))
        return name

    def run_all(self, name, times=1):
        for _ in range(times):
            p = self.haul.run(*self.limit, "run", name)
            time.sleep(0.05)    # absence is certain only in what rests
        return p

    def hash_of(self, body):
        return hashlib.sha256(
            self.clean(body.replace(b"\n", b"\r\n"))).hexdigest()

    def uidplus(self, user):
        m = self.source.client(user)
        m.capability()
        words = m.capability()[1][0].upper().split()
        m.logout()
        return b"UIDPLUS" in words

    def test_after_import_imap(self):
        user, work, sent = "u5", self.work(), self.source.prefix + "Sent"
        self.fill_to_delete(user, ["INBOX", work, sent])
        m = self.source.client(user)
        m.select(lab.quote(work))
        m.store("2", "+FLAGS.SILENT", r"(\Deleted)")
        marked = hashlib.sha256(self.clean(
            m.fetch("2", "(BODY.PEEK[])")[1][0][1])).hexdigest()
        m.logout()
        before = self.source_bodies(user)
        name = self.enrol(user, "imap", "--delete", "after-import",
                          "--skip-deleted", "--exclude", "Sent")
        self.run_all(name, 2)
        left = self.source_bodies(user)
        here = self.bodies(self.here(name))
        stay = {"INBOX": [self.hash_of(BIG)], sent: before[sent],
                work: [marked]}
        arrived = {k: sorted(set(v) - set(stay[k]))
                   for k, v in before.items() if k != sent}
        self.assertEqual(here, {self.local(k): v for k, v in arrived.items()})
        if self.uidplus(user):
            self.assertEqual(left, stay)
            return
        # one that others have marked is there: EXPUNGE would take it along
        self.assertEqual(left, {**stay, work: before[work]})
        self.assertIn("UIDPLUS", self.haul.run("status", name).stdout)
        m = self.source.client(user)
        m.select(lab.quote(work))
        self.assertEqual(m.search(None, "DELETED")[1], [b"2"])
        m.store("2", "-FLAGS.SILENT", r"(\Deleted)")
        m.logout()
        self.run_all(name)
        self.assertEqual(self.source_bodies(user), {
            k: v for k, v in stay.items() if k != work})

    def local(self, remote):
        return remote.removeprefix(self.source.prefix) \
            if remote != "INBOX" else remote

    def test_with_local_imap(self):
        self.with_local("u6", "imap")

    def test_with_local_pop3(self):
        self.with_local("u7", "pop3")

    def with_local(self, user, scheme):
        self.fill_to_delete(user, ["INBOX"])
        name = self.enrol(user, scheme, "--delete", "with-local")
        self.run_all(name, 3)
        before = self.source_bodies(user)
        self.assertEqual(len(before["INBOX"]), 31)
        m = self.reader.client(name)
        m.select("INBOX")
        m.store("3,8", "+FLAGS.SILENT", r"(\Deleted)")
        m.expunge()
        m.logout()
        time.sleep(0.1)
        self.run_all(name, 3)
        here = self.bodies(self.here(name))["INBOX"]
        self.assertEqual(len(here), 28)
        self.assertEqual(self.source_bodies(user)["INBOX"],
                         sorted(here + [self.hash_of(BIG)]))

    def test_after_import_pop3(self):
        """Messages that were collected before, and new ones."""
        user = "u9"
        self.fill_to_delete(user, ["INBOX"])
        name = self.enrol(user, "pop3")
        self.run_all(name)
        m = self.source.client(user)
        self.append(m, "INBOX", b"Subject: new\n\nnew\n")
        m.logout()
        before = self.source_bodies(user)["INBOX"]
        self.haul.run("set", name, "--delete", "after-import")
        self.run_all(name, 2)
        self.assertEqual(self.source_bodies(user),
                         {"INBOX": [self.hash_of(BIG)]})
        self.assertEqual(
            self.bodies(self.here(name))["INBOX"],
            sorted(set(before) - {self.hash_of(BIG)}))
        self.assertEqual(self.haul.status(name)["deletions"]["done"], 31)


class TestDovecot(Deletion, unittest.TestCase):
    kind = servers.Dovecot


class TestCyrus(ImapServer, Deletion, unittest.TestCase):
    kind = servers.Cyrus

    def test_compressed(self):
        user = "u8"
        self.fill(user)
        name = self.collect(user, "imaps", ("--quirk", "no-compress=off"))
        self.assert_same(user, name)


class TestCourier(ImapServer, Deletion, unittest.TestCase):
    kind = servers.Courier


class TestMailutils(ImapServer, Deletion, unittest.TestCase):
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

    def test_after_import(self):
        """What is too large to be imported stays, and all else goes."""
        user, limit = "u2", ("-o", "limits.message=500000")
        big = b"Subject: big\n\n" + b"y\n" * 300000
        self.source.put(user, [self.text(i) for i in range(20)] + [big])
        port = self.source.pop3
        name = f"{user}-delete"
        self.haul.add(name, f"pop3://{user}@localhost:{port}?security=none",
                      "--delete", "1d")
        self.reader.add_user(name, os.path.join(self.haul.store, name))
        self.haul.run(*limit, "run", name)
        self.source.put(user, [self.text(70)])
        self.haul.run("set", name, "--delete", "after-import")
        self.haul.run(*limit, "run", name)
        self.haul.run(*limit, "run", name)
        there, here = self.hashes(user, name)
        self.assertEqual([x.strip() for x in there], [big.strip()])
        self.assertEqual([x.strip() for x in here], sorted(
            self.text(i).strip() for i in [*range(20), 70]))
        self.assertEqual(self.haul.status(name)["deletions"]["done"], 21)


class TestPopa3d(MboxPop3, unittest.TestCase):
    kind = servers.Popa3d


class TestSolidPop3d(MboxPop3, unittest.TestCase):
    kind = servers.SolidPop3d


if __name__ == "__main__":
    unittest.main(verbosity=2)
