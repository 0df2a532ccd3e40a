#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""One message in several mailboxes: fetched once, linked everywhere."""
import collections, glob, os, random, re, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, gmail

LABELS = [b"INBOX", b"Work", b"Family", b"Work/Old"]


class Labels(case.Case):
    @classmethod
    def setUpClass(cls):
        """No Dovecot is needed."""
        import tempfile
        cls.top = tempfile.mkdtemp(prefix="mailhaul-test.")
        os.chmod(cls.top, 0o755)
        cls.server = type("None", (), {"ca": None, "stop": lambda s: None})()

    def setUp(self):
        super().setUp()
        self.user = "anna"

    def start(self, n, gmail_like=True, options=()):
        self.there = gmail.Gmail(gmail_like)
        self.addCleanup(self.there.stop)
        r = random.Random(4)
        self.all = []
        for i in range(n):
            body = (b"Subject: %d\r\nMessage-ID: <%d@x>\r\n\r\n" % (i, i)
                    + b"text %d\r\n" % i * r.randrange(1, 400))
            labels = r.sample(LABELS, r.randrange(0, 4))
            flags = b"\\Seen \\Flagged" if i % 7 == 0 else b"\\Seen"
            self.all.append((self.there.add(body, labels, flags), labels))
        for i in range(5):
            self.there.add(b"Subject: spam %d\r\n\r\nbuy\r\n" % i, [gmail.SPAM])
            self.there.add(b"Subject: gone %d\r\n\r\nx\r\n" % i, [gmail.TRASH])
        self.haul.add(self.user, self.there.url(), *options, password="x")
        self.haul.run("run", self.user)

    def folder(self, label):
        name = {b"INBOX": "", gmail.SPAM: ".Junk", gmail.TRASH: ".Trash",
                None: ".Archive"}.get(label)
        if name is None:
            name = "." + label.decode().replace("/", ".")
        return os.path.join(self.haul.store, self.user, name)

    def files(self, label):
        top = self.folder(label)
        return (glob.glob(os.path.join(top, "cur", "*"))
                + glob.glob(os.path.join(top, "new", "*")))

    def subjects(self, label):
        def read(path):
            with open(path, "rb") as f:
                return f.readline().strip()
        return collections.Counter(read(f) for f in self.files(label))

    def expect(self):
        for label in LABELS:
            self.assertEqual(self.subjects(label), collections.Counter(
                m.body.split(b"\r\n")[0] for m, labels in self.all
                if label in labels), label)
        self.assertEqual(self.subjects(None), collections.Counter(
            m.body.split(b"\r\n")[0] for m, labels in self.all if not labels))

    def unique_bytes(self):
        seen = {m.id: len(m.body) for rows in self.there.mailboxes.values()
                for m in rows}
        return sum(seen.values())

    def inodes(self):
        files = [f for label in LABELS + [None] for f in self.files(label)]
        return len(files), len({os.stat(f).st_ino for f in files})

    def check_import(self, gmail_like):
        self.start(300, gmail_like)
        self.expect()
        self.assertEqual(len(self.files(gmail.SPAM)), 5)
        self.assertEqual(len(self.files(gmail.TRASH)), 5)
        self.assertEqual(self.there.bodies, 310)
        self.assertLessEqual(self.there.body_bytes,
                             self.unique_bytes() * 1.02)
        files, inodes = self.inodes()
        self.assertEqual(inodes, 300)
        self.assertGreater(files, 400)
        self.assertFalse(os.path.exists(self.folder(b"[Gmail].Starred")))
        flagged = [f for f in self.files(b"INBOX") + self.files(b"Work")
                   if re.search(r":2,\w*F", f)]
        self.assertTrue(flagged)
        self.haul.run("run", self.user)
        self.expect()
        self.assertEqual(self.there.bodies, 310)

    def test_gmail(self):
        self.check_import(True)

    def test_over_several_connections(self):
        """Two at once may fetch what one would link; all is there."""
        self.start(300, True, ("--connections", "3"))
        self.expect()
        self.haul.run("run", self.user)
        self.expect()

    def test_emailid(self):
        self.check_import(False)

    def test_label_changes(self):
        self.start(60)
        before = self.there.bodies
        # an archived one gets a label; one gets another label
        archived = next(m for m, labels in self.all if not labels)
        single = next(m for m, labels in self.all if labels == [b"INBOX"])
        self.there.put(b"Family", archived)
        self.there.put(b"Work", single)
        self.there.add(b"Subject: new\r\n\r\nx\r\n", [b"INBOX", b"Work"])
        self.haul.run("run", self.user)
        subject = archived.body.split(b"\r\n")[0]
        self.assertEqual(self.subjects(b"Family")[subject], 1)
        self.assertEqual(
            self.subjects(b"Work")[single.body.split(b"\r\n")[0]], 1)
        self.assertEqual(self.subjects(b"INBOX")[b"Subject: new"], 1)
        self.assertEqual(self.subjects(b"Work")[b"Subject: new"], 1)
        self.assertEqual(self.there.bodies, before + 1)

    def test_archived_later(self):
        """A label goes: by --on-expunge remove its link goes, and what has
        no other label is kept in Archive. Nothing is fetched for it."""
        self.start(60, options=("--on-expunge", "remove"))
        before = self.there.bodies
        single = next(m for m, labels in self.all if labels == [b"INBOX"])
        double = next(m for m, labels in self.all
                      if b"INBOX" in labels and b"Work" in labels)
        self.there.take(b"INBOX", single)
        self.there.take(b"INBOX", double)
        for _ in range(3):
            self.haul.run("run", self.user)
        one = single.body.split(b"\r\n")[0]
        two = double.body.split(b"\r\n")[0]
        self.assertEqual(self.subjects(b"INBOX")[one], 0)
        self.assertEqual(self.subjects(b"INBOX")[two], 0)
        self.assertEqual(self.subjects(None)[one], 1)
        self.assertEqual(self.subjects(None)[two], 0)
        self.assertEqual(self.subjects(b"Work")[two], 1)
        self.assertEqual(self.there.bodies, before)

    def test_deleted_here(self):
        """What its reader has deleted cannot be linked: it is fetched."""
        self.start(60)
        before = self.there.bodies
        single = next(m for m, labels in self.all if labels == [b"INBOX"])
        subject = single.body.split(b"\r\n")[0]
        for f in self.files(b"INBOX"):
            with open(f, "rb") as file:
                if file.readline().strip() == subject:
                    os.unlink(f)
        self.there.put(b"Family", single)
        self.haul.run("run", self.user)
        self.assertEqual(self.subjects(b"INBOX")[subject], 0)
        self.assertEqual(self.subjects(b"Family")[subject], 1)
        self.assertEqual(self.there.bodies, before + 1)

    def notices(self):
        return [m["notice"] for m in
                self.haul.status(self.user)["mailboxes"] if m["notice"]]

    def test_hidden_ones_are_told(self):
        """"Show in IMAP" is off: the mail comes from All Mail, and a person
        is told what the label was, until it is shown."""
        self.there = gmail.Gmail()
        self.addCleanup(self.there.stop)
        r = random.Random(5)
        tax = b"Tax &AOQ- papers"
        labels = [b"INBOX", b"Work", b"Old/Deep", tax, gmail.SENT]
        hidden = labels[2:]
        sent = []
        for i in range(60):
            chosen = r.sample(labels, r.randrange(1, 4))
            sent.append(chosen)
            self.there.add(b"Subject: %d\r\n\r\nx\r\n" % i, chosen)
        for label in hidden:
            self.there.hide(label)
        self.haul.add(self.user, self.there.url(), password="x")
        self.haul.run("run", self.user)
        notice, = self.notices()
        count = {n: sum(n in chosen for chosen in sent) for n in labels}
        for name, label in (("Old/Deep", hidden[0]), ("Tax ä papers", tax),
                            ("Sent Mail", gmail.SENT)):
            self.assertIn(f'"{name}" ({count[label]})', notice)
        self.assertIn("Show in IMAP", notice)
        for word in "Work", "INBOX", "Starred", "\\":
            self.assertNotIn(word, notice)
        self.assertEqual(self.there.bodies, 60)
        alone = [c for c in sent if not {b"INBOX", b"Work"} & set(c)]
        self.assertEqual(len(self.files(None)), len(alone))
        # known by now: asked again in a week only
        self.assertEqual(self.there.label_lists, 1)
        self.there.add(b"Subject: more\r\n\r\nx\r\n", [b"INBOX"])
        self.haul.run("run", self.user)
        self.assertEqual(self.there.label_lists, 1)
        self.assertEqual(self.notices(), [notice])
        for label in hidden:
            self.there.show(label)
        self.haul.run("run", self.user)
        self.assertEqual(self.notices(), [])
        self.assertEqual(len(self.files(b"Old/Deep")), count[hidden[0]])
        self.assertEqual(self.there.bodies, 61)

    def test_labels_that_cannot_be_had(self):
        """A server that refuses the list: everything comes, nothing is
        said."""
        class Refuses(gmail.GmailSession):
            def fetch(self, rest):
                if b"X-GM-LABELS" in rest:
                    return b"NO [UNAVAILABLE] not today"
                return super().fetch(rest)
        self.there = gmail.Gmail()
        self.there.session = Refuses
        self.addCleanup(self.there.stop)
        self.there.add(b"Subject: 1\r\n\r\nx\r\n", [b"INBOX", b"Quiet"])
        self.there.add(b"Subject: 2\r\n\r\nx\r\n", [b"Quiet"])
        self.there.hide(b"Quiet")
        self.haul.add(self.user, self.there.url(), password="x")
        self.haul.run("run", self.user)
        self.assertEqual(self.notices(), [])
        self.assertEqual(len(self.files(None)), 1)


if __name__ == "__main__":
    case.main()
