#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""--delete: each rule over IMAP and POP3. A message is at the source or in
the store, never in neither, and what nobody has deleted stays."""
import contextlib, os, re, shutil, subprocess, sys
import threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab

FOLDERS = [("INBOX", 0.7), ("Archive/2023", 0.3)]


class Delete(case.Case):
    def enrol(self, scheme, rule, n=60, run=True, folders=FOLDERS,
              name="anna"):
        if scheme.startswith("pop3"):
            folders = [("INBOX", 1.0)]
        user = self.source(name, n, folders=folders)
        self.original = {row[0] for rows in self.seen(user).values()
                         for row in rows}
        self.add(user, scheme, "--delete", rule)
        if run:
            self.run_and_settle(user)
        return user

    def run_and_settle(self, user, check=True):
        p = self.haul.run("run", user, check=check)
        time.sleep(0.05)  # absence is certain only in what rests
        return p

    def seen(self, user):
        """POP3 ends the last line, IMAP need not."""
        m = self.server.client(user)
        try:
            return lab.snapshot(m, clean=lambda body: body.rstrip(b"\r\n"))
        finally:
            m.logout()

    def bodies(self, user):
        return {k: sorted(row[0] for row in v)
                for k, v in self.seen(user).items()}

    def at_source(self, user):
        return sum(len(v) for v in self.bodies(user).values())

    def here(self, user):
        return self.at_source(user + ".local")

    def assert_nowhere_lost(self, user, but=()):
        there = {h for v in self.bodies(user).values() for h in v}
        here = {h for v in self.bodies(user + ".local").values() for h in v}
        self.assertEqual(self.original - there - here - set(but), set())

    def local(self, user):
        return os.path.join(self.haul.store, user)

    def files(self, user, folder=""):
        return sorted(os.path.join(d, f)
                      for sub in ("cur", "new")
                      for d in [os.path.join(self.local(user), folder, sub)]
                      if os.path.isdir(d) for f in os.listdir(d))

    @contextlib.contextmanager
    def as_reader(self, user, mailbox="INBOX"):
        m = self.server.client(user)
        m.select(lab.quote(mailbox))
        yield m
        m.logout()

    def delete_here(self, user, uids, mailbox="INBOX"):
        with self.as_reader(user + ".local", mailbox) as m:
            m.uid("STORE", uids, "+FLAGS.SILENT", "(\\Deleted)")
            m.expunge()
        time.sleep(0.05)

    def deletions(self, user):
        return self.haul.status(user)["deletions"]

    def append(self, user, text=b"new"):
        m = self.server.client(user)
        m.append("INBOX", "", time.time(),
                 b"Subject: " + text + b"\r\n\r\nx\r\n")
        m.logout()

    # ---- after-import

    def after_import(self, scheme):
        user = self.enrol(scheme, "after-import")
        self.assertEqual(self.at_source(user), 0)
        self.assertEqual(self.here(user), self.count)
        self.assert_nowhere_lost(user)
        d = self.deletions(user)
        self.assertEqual((d["waiting"], d["next_at"], d["done"]),
                         (0, None, self.count))
        counts = self.haul.status(user)["messages"]
        self.assertEqual((counts["source"], counts["stored"]),
                         (0, self.count))
        # a new one; and nothing comes twice
        self.append(user)
        self.run_and_settle(user)
        self.run_and_settle(user)
        self.assertEqual(self.at_source(user), 0)
        self.assertEqual(self.here(user), self.count + 1)
        self.assertEqual(self.deletions(user)["done"], self.count + 1)
        self.assert_no_leftovers(user)

    def test_after_import_imap(self):
        self.after_import("imaps")

    def test_after_import_pop3(self):
        self.after_import("pop3s")

    def test_many_pop3(self):
        """More than a session deletes."""
        user = self.enrol("pop3s", "after-import", n=450)
        self.assertEqual(self.at_source(user), 0)
        self.assertEqual(self.here(user), self.count)

    def test_what_was_collected_before_the_rule(self):
        for scheme in ("imaps", "pop3s"):
            user = self.enrol(scheme, "never", name=scheme)
            self.assertEqual(self.at_source(user), self.count)
            self.haul.run("set", user, "--delete", "after-import")
            self.run_and_settle(user)
            self.assertEqual(self.at_source(user), 0)
            self.assertEqual(self.here(user), self.count)

    def test_quarantined_stays(self):
        for scheme in ("imaps", "pop3s"):
            user = self.enrol(scheme, "after-import", run=False, n=20,
                              name=scheme)
            root = os.path.join(self.dir, "source", scheme)
            lab.put(root, 900, b"Subject: big\n\n" + b"x" * 900000 + b"\n",
                    1500000000, "S")
            lab.own(root)
            self.haul.run("-o", "limits.message=500000", "run", user,
                          check=False)
            self.assertEqual(self.at_source(user), 1)
            self.assertEqual(self.here(user), self.count)
            self.assertEqual(
                self.haul.status(user)["messages"]["quarantined"], 1)

    def test_left_out_mailboxes_stay(self):
        user = self.enrol("imaps", "after-import", run=False)
        self.haul.run("set", user, "--exclude", "Archive*")
        self.run_and_settle(user)
        there = self.bodies(user)
        self.assertEqual(there["INBOX"], [])
        self.assertEqual(len(there["Archive.2023"]), 18)

    # ---- a duration

    def test_duration(self):
        for scheme in ("imaps", "pop3s"):
            user = self.enrol(scheme, "2s", name=scheme)
            self.assertEqual(self.at_source(user), self.count)
            d = self.deletions(user)
            self.assertEqual((d["waiting"], d["done"]), (self.count, 0))
            self.assertIsNotNone(d["next_at"])
            self.assertIn("to be deleted at the source",
                          self.haul.run("status", user).stdout)
            time.sleep(2.1)
            self.append(user)
            self.run_and_settle(user)
            self.assertEqual(self.at_source(user), 1)  # has just come
            self.assertEqual(self.here(user), self.count + 1)
            self.assertEqual(self.deletions(user)["done"], self.count)
            self.haul.run("set", user, "--delete", "never")
            time.sleep(2.1)
            self.run_and_settle(user)
            self.assertEqual(self.at_source(user), 1)
            self.assertEqual(self.deletions(user)["waiting"], 0)

    # ---- with-local

    def with_local(self, scheme):
        user = self.enrol(scheme, "with-local")
        self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count)
        self.delete_here(user, "2,4")
        self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count)  # once is no proof
        self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count - 2)
        self.assertEqual(self.here(user), self.count - 2)
        self.assertEqual(self.bodies(user), {
            k: v for k, v in self.bodies(user + ".local").items() if v})
        self.run_and_settle(user)
        self.assertEqual(self.deletions(user)["done"], 2)

    def test_with_local_imap(self):
        self.with_local("imaps")

    def test_with_local_pop3(self):
        self.with_local("pop3s")

    def test_trash_is_here(self):
        user = self.enrol("imaps", "with-local")
        with self.as_reader(user + ".local") as m:
            m.create("Trash")
            m.uid("MOVE", "1:3", "Trash")
            m.create("Elsewhere")
            m.uid("MOVE", "4:5", "Elsewhere")
        for _ in range(3):
            time.sleep(0.05)
            self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count)
        self.delete_here(user, "1:2", "Trash")
        with self.as_reader(user + ".local", "Trash") as m:
            m.uid("MOVE", "3", "INBOX")  # restored
        time.sleep(0.05)
        for _ in range(3):
            self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count - 2)

    def test_a_message_that_comes_back_is_not_deleted(self):
        user = self.enrol("imaps", "with-local")
        victims = self.files(user)[:2]
        aside = os.path.join(self.dir, "aside")
        os.makedirs(aside)
        for path in victims:
            os.rename(path, os.path.join(aside, os.path.basename(path)))
        time.sleep(0.05)
        self.run_and_settle(user)
        for path in victims:
            os.rename(os.path.join(aside, os.path.basename(path)), path)
        time.sleep(0.05)
        for _ in range(3):
            self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count)

    def test_brake(self):
        user = self.enrol("imaps", "with-local")
        self.delete_here(user, "1:10")
        self.run_and_settle(user)
        p = self.run_and_settle(user, check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("--confirm-deletions", p.stderr)
        s = self.haul.status(user)
        self.assertEqual((s["state"], s["error"]["class"],
                          s["messages"]["held"]), ("failed", "policy", 10))
        self.assertEqual(self.at_source(user), self.count)
        self.haul.run("resume", user, "--confirm-deletions")
        self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count - 10)
        self.assertEqual(self.haul.status(user)["state"], "idle")

    def test_a_store_turned_back(self):
        for rule in ("with-local", "3s"):
            user = self.enrol("imaps", rule, n=20, name=rule)
            time.sleep(0.05)
            copy = self.local(user) + ".copy"
            subprocess.run(["cp", "-a", self.local(user), copy], check=True)
            self.append(user, b"later")
            self.run_and_settle(user)
            shutil.rmtree(self.local(user))
            os.rename(copy, self.local(user))
            time.sleep(0.05)
            if rule == "3s":
                time.sleep(3)
            for _ in range(3):
                self.run_and_settle(user)
            there = self.at_source(user)
            if rule == "3s":
                self.assertEqual(there, 1)  # what is missing here
                self.assertEqual(self.here(user), self.count)
            else:
                self.assertEqual(there, self.count + 1)
            self.assertIn("turned back",
                          self.haul.run("status", user).stdout)

    def test_an_unmounted_store(self):
        user = self.enrol("imaps", "with-local", n=20)
        away = self.local(user) + ".away"
        os.rename(self.local(user), away)
        for make in (False, True, True):
            if make:
                os.makedirs(self.local(user), exist_ok=True)
                lab.own(self.local(user))
            p = self.run_and_settle(user, check=False)
            self.assertEqual(p.returncode, 1)
            self.assertEqual(self.haul.status(user)["error"]["class"],
                             "store")
        self.assertEqual(self.at_source(user), self.count)
        shutil.rmtree(self.local(user))
        os.rename(away, self.local(user))
        self.haul.run("resume", user)
        for _ in range(3):
            self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count)

    def test_a_reader_that_never_pauses(self):
        """Flags are renamed all the time; one message is really deleted,
        and goes at the source once he has stopped."""
        user = self.enrol("imaps", "with-local", n=300)
        stop, renames = threading.Event(), [0]

        def read():
            while not stop.is_set():
                for path in self.files(user):
                    d, name = os.path.split(path)
                    base, _, flags = name.partition(":2,")
                    new = base + ":2," + ("" if "S" in flags else "S")
                    with contextlib.suppress(FileNotFoundError):
                        os.rename(path, os.path.join(
                            os.path.dirname(d), "cur", new))
                        renames[0] += 1
        threads = [threading.Thread(target=read) for _ in range(2)]
        for t in threads:
            t.start()
        try:
            for _ in range(6):
                self.run_and_settle(user)
        finally:
            stop.set()
            for t in threads:
                t.join()
        self.assertGreater(renames[0], 1000)
        self.assertEqual(self.at_source(user), self.count)
        os.unlink(self.files(user)[7])
        time.sleep(0.1)
        for _ in range(3):
            self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count - 1)

    def test_a_reader_who_moves_without_pause(self):
        """Into Trash and out of it, flags in between: no listing of all
        folders sees all of it, and nothing is taken for deleted."""
        user = self.enrol("pop3s", "with-local", n=120)
        with self.as_reader(user + ".local") as m:
            m.create("Trash")
        stop, moves, wrong = threading.Event(), [0], []

        def read():
            m = self.server.client(user + ".local")
            while not stop.is_set():
                for a, b in (("INBOX", "Trash"), ("Trash", "INBOX")):
                    n = int(m.select(a)[1][0])
                    if n == 0:
                        continue
                    m.store(f"1:{n}", "FLAGS.SILENT",
                            ("(\\Seen)", "(\\Flagged)")[moves[0] % 2])
                    m.xatom("MOVE", f"1:{(n + 1) // 2}", b)
                    moves[0] += 1
            # as it was
            if int(m.select("Trash")[1][0]):
                wrong.append(m.xatom("MOVE", "1:*", "INBOX")[0])
            m.logout()
        t = threading.Thread(target=read)
        t.start()
        try:
            for _ in range(8):
                self.run_and_settle(user)
        finally:
            stop.set()
            t.join()
        self.assertGreater(moves[0], 20)
        self.assertNotIn("NO", wrong)
        self.assertEqual(self.here(user), self.count)
        for _ in range(3):
            self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count)
        d = self.deletions(user)
        self.assertEqual((d["waiting"], d["done"]), (0, 0))
        with self.as_reader(user + ".local") as m:
            m.store("1", "+FLAGS.SILENT", "(\\Deleted)")
            m.expunge()
        time.sleep(0.1)
        for _ in range(3):
            self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count - 1)

    def test_a_rule_made_late(self):
        """What was deleted here before it was made stays at the source."""
        user = self.enrol("imaps", "never")
        self.delete_here(user, "1:4")
        self.haul.run("set", user, "--delete", "with-local")
        for _ in range(3):
            self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count)
        self.delete_here(user, "5")
        for _ in range(2):
            self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count - 1)

    # ---- identity

    def test_another_message_in_its_place_stays(self):
        """Over POP3 a UIDL, and over IMAP a UID, that names other bytes."""
        user = self.enrol("pop3s", "1d", n=20)
        root = os.path.join(self.dir, "source", "anna")
        cur = os.path.join(root, "cur")
        name = sorted(os.listdir(cur))[3]
        when = os.stat(os.path.join(cur, name)).st_mtime
        with open(os.path.join(cur, name), "wb") as f:
            f.write(b"Subject: other\n\nquite another text\n")
        os.utime(os.path.join(cur, name), (when, when))
        for f in os.listdir(root):
            if f.startswith("dovecot.index"):
                os.unlink(os.path.join(root, f))
        with open(os.path.join(root, "dovecot-uidlist"), "r+") as f:
            text = re.sub(r" W\d+", "", f.read())  # sizes it remembers
            f.seek(0)
            f.truncate()
            f.write(text)
        lab.own(root)
        self.haul.run("set", user, "--delete", "after-import")
        self.run_and_settle(user)
        self.assertEqual(self.at_source(user), 1)
        self.assertIn("not what was imported",
                      self.haul.run("status", user).stdout)

    def test_foreign_deleted_flags_survive(self):
        """UID EXPUNGE takes ours only."""
        user = self.enrol("imaps", "with-local", folders=[("INBOX", 1.0)])
        with self.as_reader(user) as m:
            m.uid("STORE", "10", "+FLAGS.SILENT", "(\\Deleted)")
        self.delete_here(user, "1")
        for _ in range(3):
            self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count - 1)


class WithoutUidplus(Delete):
    """The same beside a server that can only EXPUNGE."""
    extra = """
imap_capability = IMAP4rev1 IDLE ID ENABLE CONDSTORE QRESYNC ESEARCH \
SEARCHRES NAMESPACE LITERAL+
"""

    def test_foreign_deleted_flags_survive(self):
        user = self.enrol("imaps", "with-local", folders=[("INBOX", 1.0)])
        with self.as_reader(user) as m:
            m.uid("STORE", "10", "+FLAGS.SILENT", "(\\Deleted)")
        self.delete_here(user, "1")
        for _ in range(3):
            self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count)  # all of them
        self.assertIn("UIDPLUS", self.haul.run("status", user).stdout)
        with self.as_reader(user) as m:
            self.assertEqual(m.uid("SEARCH", "DELETED")[1], [b"10"])
            m.uid("STORE", "10", "-FLAGS.SILENT", "(\\Deleted)")
        self.run_and_settle(user)
        self.assertEqual(self.at_source(user), self.count - 1)

    # what does not depend on it was proved above
    for name in [n for n in dir(Delete) if n.startswith("test_") and n not in
                 ("test_after_import_imap", "test_with_local_imap",
                  "test_foreign_deleted_flags_survive")]:
        locals()[name] = None
    del name


if __name__ == "__main__":
    case.main()
