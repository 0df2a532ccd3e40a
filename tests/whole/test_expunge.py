#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is expunged at the source: --on-expunge, its proof, its brake."""
import collections, os, random, re, sys, tempfile, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab

FOLDERS = [("INBOX", 0.7), ("Archive/2023", 0.3)]


class Expunge(case.Case):
    def enrol(self, rule, n=60, name="anna", folders=FOLDERS):
        user = self.source(name, n, folders=folders)
        self.add(user, "imaps", "--on-expunge", rule)
        self.haul.run("run", user)
        self.settle()
        return user

    def settle(self):
        time.sleep(0.05)  # absence is certain only in what rests

    def change(self, user, mailbox, fn):
        m = self.server.client(user)
        m.select(lab.quote(mailbox))
        fn(m)
        m.logout()

    def expunge(self, user, uids, mailbox="INBOX"):
        self.change(user, mailbox, lambda m: (
            m.uid("STORE", uids, "+FLAGS.SILENT", "(\\Deleted)"),
            m.expunge()))

    def bodies(self, user):
        return {k: sorted(row[0] for row in v)
                for k, v in self.seen(user).items()}

    def counts(self, user):
        s = self.haul.status(user)["messages"]
        return s["source"], s["stored"]

    def test_keep(self):
        user = self.enrol("keep")
        before = self.bodies(user + ".local")
        self.expunge(user, "1:9")
        self.haul.run("run", user)
        self.assertEqual(before, self.bodies(user + ".local"))

    def test_trash(self):
        user = self.enrol("trash")
        self.change(user, "INBOX", lambda m: m.uid(
            "STORE", "2", "FLAGS", "(\\Seen \\Flagged $label1)"))
        self.haul.run("run", user)
        before = self.seen(user + ".local")
        self.expunge(user, "2:4")
        self.haul.run("run", user)
        here = self.seen(user + ".local")
        source = self.seen(user)
        self.assertEqual(source["INBOX"], here["INBOX"])
        self.assertEqual(len(here["Trash"]), 3)
        for row in here["Trash"]:
            self.assertIn(row, before["INBOX"])  # flags and dates, too
        self.assertEqual(self.counts(user), (57, 57))
        # and nothing comes back
        out = self.haul.run("--json", "run", user).stdout
        self.assertIn('"messages_new": 0', out)
        self.assertEqual(here, self.seen(user + ".local"))
        m = self.server.client(user + ".local")
        self.assertIn(b"Trash", b"".join(m.lsub()[1]))
        m.logout()

    def test_remove(self):
        user = self.enrol("remove")
        self.expunge(user, "1,5,9")
        self.expunge(user, "2", "Archive.2023")
        self.change(user, "INBOX", lambda m: m.append(
            "INBOX", "", time.time(), b"Subject: new\r\n\r\nx\r\n"))
        self.haul.run("run", user)
        self.assert_same(user)
        self.assertEqual(self.counts(user), (57, 57))

    def test_brake_and_confirmation(self):
        user = self.enrol("remove")  # 42 in INBOX
        before = self.bodies(user + ".local")
        self.expunge(user, "1:10")
        p = self.haul.run("run", user, check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("--confirm-deletions", p.stderr)
        self.assertEqual(before, self.bodies(user + ".local"))
        s = self.haul.status(user)
        self.assertEqual((s["state"], s["error"]["class"],
                          s["messages"]["held"]), ("failed", "policy", 10))
        self.assertIsNotNone(s["next_due_at"])  # it goes on
        # new mail comes, expunges of other mailboxes are done
        self.expunge(user, "1", "Archive.2023")
        self.change(user, "INBOX", lambda m: m.append(
            "INBOX", "", time.time(), b"Subject: new\r\n\r\nx\r\n"))
        self.haul.run("run", user, check=False)
        here = self.bodies(user + ".local")
        self.assertEqual(len(here["INBOX"]), 43)
        self.assertEqual(len(here["Archive.2023"]), 17)
        # confirmed is what was seen, and not what has gone since
        self.haul.run("resume", user, "--confirm-deletions")
        self.expunge(user, "11:20")
        p = self.haul.run("run", user, check=False)
        self.assertEqual(p.returncode, 1)
        self.assertEqual(len(self.bodies(user + ".local")["INBOX"]), 33)
        self.assertEqual(self.haul.status(user)["messages"]["held"], 10)
        self.haul.run("resume", user, "--confirm-deletions")
        self.haul.run("run", user)
        self.assert_same(user)
        self.assertEqual(self.haul.status(user)["state"], "idle")
        p = self.haul.run("resume", user, "--confirm-deletions", check=False)
        self.assertEqual(p.returncode, 1)

    def test_all_of_a_mailbox(self):
        user = self.enrol("remove", n=10, folders=[("INBOX", 0.7),
                                                   ("Box", 0.3)])
        self.expunge(user, "1:*", "Box")
        self.haul.run("run", user, check=False)
        self.assertEqual(len(self.bodies(user + ".local")["Box"]), 3)
        self.assertEqual(self.haul.status(user)["messages"]["held"], 3)

    def test_a_vanished_mailbox_keeps_its_mail(self):
        user = self.enrol("remove")
        before = self.bodies(user + ".local")
        m = self.server.client(user)
        m.delete("Archive.2023")
        m.logout()
        for _ in range(2):
            self.haul.run("run", user)
            self.assertEqual(before, self.bodies(user + ".local"))

    def test_a_new_uidvalidity_is_no_expunge(self):
        user = self.enrol("remove")
        before = self.bodies(user + ".local")
        root = os.path.join(self.dir, "source", "anna")
        self.expunge(user, "1:3")
        for name in os.listdir(root):
            if name.startswith("dovecot-uidlist") or \
                    name.startswith("dovecot.index") or \
                    name.startswith("dovecot-uidvalidity"):
                os.unlink(os.path.join(root, name))
        with open(os.path.join(root, "dovecot-uidlist"), "w") as f:
            f.write("3 V1999999999 N1 G%032x\n" % 77)
        lab.own(root)
        for _ in range(2):
            self.haul.run("run", user)
        self.assertEqual(before, self.bodies(user + ".local"))

    def test_what_a_reader_took_over_stays(self):
        user = self.enrol("remove")
        self.change(user + ".local", "INBOX", lambda m: (
            m.create("Kept"), m.uid("COPY", "1", "Kept"),
            m.uid("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)"), m.expunge(),
            m.uid("STORE", "2", "+FLAGS", "(\\Flagged)"),
            m.uid("STORE", "3", "+FLAGS", "(\\Seen)")))
        self.settle()
        before = self.bodies(user + ".local")
        self.assertEqual(self.flagged(user), 1)
        self.expunge(user, "1:3")
        for _ in range(2):
            self.haul.run("run", user)
            self.settle()
        here = self.bodies(user + ".local")
        self.assertEqual(here["Kept"], before["Kept"])
        self.assertEqual(self.flagged(user), 1)
        # 1 was moved before, 3 has gone
        self.assertEqual(len(here["INBOX"]), len(before["INBOX"]) - 1)

    def flagged(self, user):
        m = self.server.client(user + ".local")
        m.select("INBOX", readonly=True)
        n = len(m.uid("SEARCH", "UID 2 FLAGGED")[1][0].split())
        m.logout()
        return n

    def test_a_busy_reader(self):
        """A reader flags and moves without a pause while the source expunges:
        what was moved stays, what is there stays, nothing is doubled."""
        user = self.enrol("trash", n=300, folders=[("INBOX", 1.0)])
        stop, moved = threading.Event(), [0]

        def read():
            r = random.Random(7)
            while not stop.is_set():
                try:
                    m = self.server.client(user + ".local")
                    m.create("Kept")
                    m.select("INBOX")
                    uids = m.uid("SEARCH", "ALL")[1][0].split()
                    for uid in r.sample(uids, min(10, len(uids))):
                        if r.randrange(4):
                            m.uid("STORE", uid.decode(), r.choice("+-") +
                                  "FLAGS", "(\\Seen)")
                            continue
                        m.uid("MOVE", uid.decode(), "Kept")
                        moved[0] += 1
                    m.logout()
                except (IndexError, lab.imaplib.IMAP4.error, OSError):
                    time.sleep(0.02)

        before = sorted(self.bodies(user + ".local")["INBOX"])
        there = threading.Thread(target=read)
        there.start()
        try:
            for i in range(6):
                self.expunge(user, f"{i * 10 + 1}:{i * 10 + 10}")
                self.haul.run("run", user)
        finally:
            stop.set()
            there.join()
        self.settle()
        for _ in range(2):
            self.haul.run("run", user)
        here = self.bodies(user + ".local")
        self.assertGreater(moved[0], 0, "the reader did nothing")
        self.assertGreater(len(here["Trash"]), 30)
        now = collections.Counter(sum(here.values(), []))
        self.assertFalse(collections.Counter(before) - now, "lost")
        self.assert_doubled_by_dovecot(
            user, sum((now - collections.Counter(before)).values()))
        source = set(self.bodies(user)["INBOX"])
        self.assertFalse(source & set(here["Trash"]))
        self.assertFalse(set(here["INBOX"]) - source)

    def assert_doubled_by_dovecot(self, user, doubled):
        """Where a file is moved away between Dovecot's open and its link it
        writes what it has open to a new file, with a name of its own. No
        file of ours may lie in two folders."""
        names, others = collections.Counter(), 0
        for top, _, files in os.walk(os.path.join(self.haul.store, user)):
            for f in files:
                if ",S=" in f:
                    ours = re.match(r"\d+\.M\d+K[a-z2-7]{26}\.", f)
                    names[f.partition(":")[0]] += 1
                    others += not ours
        self.assertEqual([f for f, n in names.items() if n > 1], [])
        self.assertLessEqual(doubled, others)

    def test_a_killed_run_is_resolved_by_the_next(self):
        user = self.enrol("remove", n=200, folders=[("INBOX", 1.0)])
        gone = 0
        for i in range(8):
            self.expunge(user, f"{i * 10 + 1}:{i * 10 + 10}")
            gone += 10
            p = self.haul.start("run", user, stdout=lab.subprocess.DEVNULL,
                                stderr=lab.subprocess.DEVNULL)
            time.sleep(0.05 + 0.04 * i)
            p.kill()
            p.wait()
        self.settle()
        self.haul.run("run", user, check=False)
        if self.haul.status(user)["messages"]["held"]:
            self.haul.run("resume", user, "--confirm-deletions")
            self.haul.run("run", user)
        self.assert_same(user)
        self.assertEqual(self.counts(user), (200 - gone, 200 - gone))

    def test_pop3_is_refused(self):
        p = self.haul.run("add", "b", self.url("b", "pop3s"), "--on-expunge",
                          "remove", "--password-file", "-", check=False,
                          stdin="x\n")
        self.assertNotEqual(p.returncode, 0)
        self.assertIn("POP3 cannot tell", p.stderr)


class WithoutQresync(Expunge):
    """The same by lists of UIDs."""
    CAPABILITY = "IMAP4rev1 SASL-IR LITERAL+ ID NAMESPACE UIDPLUS MOVE"

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="mailhaul-test.")
        os.chmod(cls.top, 0o755)
        cls.server = lab.Dovecot(
            os.path.join(cls.top, "dovecot"),
            extra="protocol imap {\n imap_capability = %s\n}\n"
                  % cls.CAPABILITY).start()


if __name__ == "__main__":
    case.main()
