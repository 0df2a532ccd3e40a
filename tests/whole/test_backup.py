#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""backup and restore: after a loss nothing is lost, nothing is here twice,
and nothing is deleted at the source."""
import contextlib, json, os, random, shutil, signal, sqlite3, subprocess
import sys, tarfile, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Backup(case.Case):
    def setUp(self):
        super().setUp()
        self.file = os.path.join(self.dir, "backup.tar")

    def path(self, *names):
        return os.path.join(self.haul.state, *names)

    def json(self, *args, check=True):
        p = self.haul.run("--json", *args, check=check)
        return json.loads(p.stdout) if p.stdout else p

    def collect(self, user):
        """(new, recognised or not) of a run that has to succeed."""
        run = self.json("run", user)["runs"][0]
        self.assertTrue(run["ok"], run)
        return run["messages_new"]

    def append(self, user, text, folder="INBOX"):
        m = self.server.client(user)
        m.append(folder, "", time.time(),
                 f"Subject: {text}\r\n\r\n{text}\r\n".encode())
        m.logout()

    def counts(self, user):
        return {k: len(v) for k, v in self.seen(user).items() if v}

    def lose_state(self):
        """All but the copy of the key that the operator kept."""
        key = os.path.join(self.dir, "kept.key")
        if not os.path.exists(key):
            shutil.copy(self.path("mailhaul.key"), key)
        shutil.rmtree(self.haul.state)
        return key

    def restore(self, *options, key=None):
        out = self.json("restore", self.file, *options)
        if key:
            shutil.copy(key, self.path("mailhaul.key"))
            self.haul.run("init")
        return out

    def lost_and_restored(self, scheme, *options):
        user = self.source("anna", 60, folders=[("INBOX", 1.0)] if
                           scheme.startswith("pop3") else lab.FOLDERS)
        self.add(user, scheme, *options)
        self.assertEqual(self.collect(user), self.count)
        self.json("backup", self.file)
        for i in range(8):
            self.append(user, f"later {i}")
        self.assertEqual(self.collect(user), 8)
        self.append(user, "not collected yet")
        here, there = self.counts(user + ".local"), self.counts(user)
        out = self.restore(key=self.lose_state())
        self.assertEqual((out["ledgers"], out["kept"], out["key_missing"]),
                         (1, 0, True))
        self.assertEqual(self.collect(user), 1)
        here["INBOX"] += 1
        self.assertEqual(self.counts(user + ".local"), here)
        for _ in range(3):
            self.assertEqual(self.collect(user), 0)
        self.assertEqual(self.counts(user + ".local"), here)
        self.assertEqual(self.counts(user), there)
        self.assert_no_leftovers(user)
        return user

    def test_imap(self):
        user = self.lost_and_restored("imaps")
        self.assert_same(user)

    def test_imap_deleting_with_local(self):
        self.lost_and_restored("imaps", "--delete", "with-local")

    def test_imap_expunging(self):
        self.lost_and_restored("imaps", "--on-expunge", "remove")

    def test_pop3(self):
        self.lost_and_restored("pop3s")

    def test_pop3_deleting_with_local(self):
        self.lost_and_restored("pop3s", "--delete", "with-local")

    def test_what_was_deleted_here_before_stays_deleted(self):
        user = self.source("anna", 30, folders=[("INBOX", 1.0)])
        self.add(user, "imaps")
        self.collect(user)
        m = self.server.client(user + ".local")
        m.select("INBOX")
        m.store("1:5", "+FLAGS", "(\\Deleted)")
        m.expunge()
        m.logout()
        self.collect(user)
        self.json("backup", self.file)
        self.restore(key=self.lose_state())
        self.assertEqual(self.collect(user), 0)
        self.assertEqual(self.counts(user + ".local")["INBOX"], 25)

    def test_a_damaged_job_table(self):
        """The ledgers are sound and know more than the backup: they stay."""
        user = self.source("anna", 30)
        self.add(user, "imaps")
        self.collect(user)
        self.json("backup", self.file)
        for i in range(5):
            self.append(user, f"later {i}")
            self.assertEqual(self.collect(user), 1)
        for spoil in (b"rubbish" * 1000, b""):
            with open(self.path("mailhaul.db"), "wb") as f:
                f.write(spoil)
            for command in (["serve"], ["run"], ["status"]):
                p = self.haul.run(*command, check=False)
                self.assertEqual(p.returncode, 3, p.stderr)
                self.assertIn("restore", p.stderr)
            out = self.restore()
            self.assertEqual((out["ledgers"], out["kept"]), (0, 1))
            self.assertFalse(out["key_missing"])
            with open(os.path.join(out["old"], "mailhaul.db"), "rb") as f:
                self.assertEqual(f.read(), spoil)
            # far behind the ledger's own count of runs
            self.assertEqual(self.collect(user), 0)
            self.assert_same(user)

    def test_a_page_that_is_damaged(self):
        user = self.source("anna", 30)
        self.add(user, "imaps")
        self.collect(user)
        self.json("backup", self.file)
        with open(self.path("mailhaul.db"), "r+b") as f:
            f.seek(0, 2)
            for page in range(4096, f.tell(), 4096):
                f.seek(page)
                f.write(b"\xa5" * 512)
        p = self.haul.run("serve", check=False)
        self.assertEqual(p.returncode, 3, p.stderr)
        self.assertIn("restore", p.stderr)
        self.restore()
        self.assertEqual(self.collect(user), 0)

    def test_the_same_backup_again_and_again(self):
        user = self.source("anna", 30)
        self.add(user, "imaps")
        self.collect(user)
        self.json("backup", self.file)
        n = self.count
        for i in range(3):
            self.append(user, f"later {i}")
            self.assertEqual(self.collect(user), 1)
            n += 1
            out = self.restore("--all")
            self.assertEqual(out["ledgers"], 1)
            self.assertEqual(self.collect(user), 0)
            self.assertEqual(
                self.haul.status(user)["messages"]["stored"], n)
        self.assert_same(user)

    def test_a_store_turned_back_as_well(self):
        """Both are as old as each other: what came later comes again."""
        user = self.source("anna", 30)
        self.add(user, "imaps")
        self.collect(user)
        self.json("backup", self.file)
        store = os.path.join(self.haul.store, user)
        subprocess.run(["cp", "-a", store, store + ".copy"], check=True)
        for i in range(5):
            self.append(user, f"later {i}")
        self.assertEqual(self.collect(user), 5)
        shutil.rmtree(store)
        os.rename(store + ".copy", store)
        self.restore("--all")
        self.assertEqual(self.collect(user), 5)
        self.assert_same(user)

    def test_what_is_in_it(self):
        user = self.source("anna", 10)
        self.add(user, "imaps")
        self.collect(user)
        out = self.json("backup", self.file)
        self.assertEqual((out["accounts"], out["ledgers"], out["left_out"]),
                         (1, 1, 0))
        st = os.stat(self.file)
        self.assertEqual(st.st_mode & 0o777, 0o600)
        self.assertEqual(out["bytes"], st.st_size)
        self.assertEqual([n for n in os.listdir(self.dir) if "part" in n],
                         [])
        with tarfile.open(self.file) as t:
            names = t.getnames()
            self.assertEqual(names[0], "mailhaul.db")
            self.assertRegex(names[1], r"^ledgers/[0-9a-f]{32}\.db$")
            self.assertEqual(len(names), 2)
            self.assertTrue(all(m.isfile() and m.mode == 0o600
                                for m in t.getmembers()))
        with open(self.file, "rb") as f, \
                open(self.path("mailhaul.key"), "rb") as k:
            everything, key = f.read(), k.read()
        self.assertNotIn(lab.PASSWORD.encode(), everything)
        self.assertNotIn(key[-32:], everything)

    def test_what_may_not_be_written(self):
        fifo = os.path.join(self.dir, "fifo")
        os.mkfifo(fifo)
        for target in (fifo, self.dir, "/nonexistent/x",
                       os.path.join(self.dir, "no", "x")):
            p = self.haul.run("backup", target, check=False)
            self.assertIn(p.returncode, (1, 3), target)
            self.assertEqual(p.stderr.count("\n"), 1, p.stderr)
        self.assertEqual([n for n in os.listdir(self.dir) if "part" in n],
                         [])

    def test_damaged_backups_touch_nothing(self):
        user = self.source("anna", 10)
        self.add(user, "imaps")
        self.collect(user)
        self.json("backup", self.file)
        with open(self.file, "rb") as f:
            whole = f.read()
        r = random.Random(1)
        spoiled = [b"", b"x", whole[:511], whole[:512], whole[:-1024],
                   whole[:len(whole) // 2], bytes(1024),
                   b"y" + whole[1:], os.urandom(8192)]
        for _ in range(12):
            # a whole page: one byte may be one that nobody reads
            at = 512 + 4096 * r.randrange(1, (len(whole) - 2048) // 4096)
            spoiled.append(whole[:at] + b"\xa5" * 4096 + whole[at + 4096:])
        evil = os.path.join(self.dir, "evil.tar")
        for name in ("../evil", "/tmp/evil", "ledgers/../../evil.db",
                     "mailhaul.key", "ledgers/x.db"):
            with tarfile.open(evil, "w", format=tarfile.USTAR_FORMAT) as t:
                t.add(self.path("mailhaul.db"), name)
            with open(evil, "rb") as f:
                spoiled.append(f.read())
        with tarfile.open(evil, "w", format=tarfile.USTAR_FORMAT) as t:
            link = tarfile.TarInfo("mailhaul.db")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            t.addfile(link)
        with open(evil, "rb") as f:
            spoiled.append(f.read())
        refused = 0
        for i, text in enumerate(spoiled):
            with open(evil, "wb") as f:
                f.write(text)
            with open(self.path("mailhaul.db"), "rb") as f:
                before = f.read()
            p = self.haul.run("restore", evil, check=False)
            self.assertNotEqual(p.returncode, 0, (i, p.stdout))
            self.assertEqual(p.stderr.count("\n"), 1, p.stderr)
            with open(self.path("mailhaul.db"), "rb") as f:
                self.assertEqual(before, f.read())
            refused += 1
        self.assertEqual(refused, len(spoiled))
        self.assertFalse([n for n in os.listdir(self.haul.state)
                          if n.startswith(("replaced", "restore"))])
        self.assertEqual(self.collect(user), 0)

    def test_a_damaged_ledger_is_left_out_and_named(self):
        users = [self.source("anna", 10), self.source("boris", 10)]
        for user in users:
            self.add(user, "imaps")
            self.collect(user)
        ledgers = sorted(os.listdir(self.path("ledgers")))
        with open(self.path("ledgers", ledgers[0]), "r+b") as f:
            f.write(b"rubbish" * 100)
        p = self.haul.run("--json", "backup", self.file, check=False)
        self.assertEqual(p.returncode, 1)
        out = json.loads(p.stdout)
        self.assertEqual((out["ledgers"], out["left_out"]), (1, 1))
        self.assertRegex(p.stderr, "anna|boris")
        self.assertIn("damaged", p.stderr)
        with tarfile.open(self.file) as t:
            self.assertEqual(len(t.getnames()), 2)

    def test_not_beside_a_daemon(self):
        self.json("backup", self.file)
        log = open(os.path.join(self.dir, "log"), "w")
        p = subprocess.Popen(self.haul.argv + ["serve"], stderr=log)
        self.addCleanup(lambda: (p.kill(), p.wait(), log.close()))
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), \
                    open(self.path("mailhaul.lock")) as f:
                if f.read() == f"{p.pid}\n":
                    break
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)
        r = self.haul.run("restore", self.file, check=False)
        self.assertEqual(r.returncode, 3, r.stderr)
        self.assertIn(str(p.pid), r.stderr)
        self.assertFalse([n for n in os.listdir(self.haul.state)
                          if n.startswith(("replaced", "restore"))])

    def test_while_mail_arrives(self):
        """Backups all the time, of ledgers that are being written; each is
        whole and knows what was durable before it was begun."""
        user = self.source("anna", 3000)
        self.add(user, "imaps")
        p = self.haul.start("run", user, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE)
        backups, grown = 0, set()
        where = os.path.join(self.dir, "copies")
        os.makedirs(where)
        while p.poll() is None:
            before = self.haul.status(user)["messages"]["stored"]
            out = self.json("backup", self.file)
            backups += 1
            if not out["ledgers"]:
                continue  # the run has not made it yet
            with tarfile.open(self.file) as t:
                member = [m for m in t.getmembers() if "ledgers" in m.name][0]
                copy = os.path.join(where, "ledger.db")
                with open(copy, "wb") as f:
                    shutil.copyfileobj(t.extractfile(member), f)
            db = sqlite3.connect(copy)
            self.assertEqual(
                db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            rows = db.execute("SELECT count(*) FROM message").fetchone()[0]
            db.close()
            self.assertGreaterEqual(rows, before)
            grown.add(rows)
        self.assertEqual(p.wait(), 0, p.stderr.read())
        p.stderr.close()
        self.assertGreater(backups, 2)
        print(f"{backups} backups, of {len(grown)} different states",
              flush=True)
        self.assertGreater(len(grown), 1)
        # the last one, which is of the middle or the end of it
        self.restore(key=self.lose_state())
        self.collect(user)
        self.assert_same(user)
        self.assertEqual(self.collect(user), 0)

    def test_killed_at_any_moment(self):
        user = self.source("anna", 300)
        self.add(user, "imaps")
        self.collect(user)
        r = random.Random(3)
        self.json("backup", self.file)
        for command in (["backup", self.file], ["restore", self.file,
                                                "--all"]):
            killed = 0
            for _ in range(25):
                p = self.haul.start(*command, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
                time.sleep(r.uniform(0, 0.06))
                if p.poll() is None:
                    p.send_signal(signal.SIGKILL)
                    killed += 1
                p.wait()
                with tarfile.open(self.file) as t:
                    self.assertEqual(len(t.getnames()), 2)
            self.assertGreater(killed, 0)
        self.restore("--all")
        self.assertEqual(self.collect(user), 0)
        self.assert_same(user)
        self.json("backup", self.file)  # clears away what was left
        self.assertEqual([n for n in os.listdir(self.dir) if "part" in n],
                         [])

    @case.unittest.skipUnless(os.getuid() == 0, "mounting needs root")
    def test_no_room_for_it(self):
        self.source("anna", 10)
        room = os.path.join(self.dir, "room")
        os.makedirs(room)
        r = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k",
                            "tmpfs", room], capture_output=True)
        if r.returncode:
            self.skipTest("no tmpfs can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", room])
        target = os.path.join(room, "x.tar")
        with open(target, "w") as f:
            f.write("an older one")
        p = self.haul.run("backup", target, check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("disk: ", p.stderr)
        self.assertEqual(os.listdir(room), ["x.tar"])
        with open(target) as f:
            self.assertEqual(f.read(), "an older one")


if __name__ == "__main__":
    case.main()
