#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""verify: each kind of difference is found and nothing is changed; a damaged
ledger hurts its own account and is made anew without fetching a message."""
import contextlib, glob, json, os, random, re, shutil, signal, sqlite3
import subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Verify(case.Case):
    def collect(self, user):
        p = self.haul.run("--json", "run", user)
        run = json.loads(p.stdout)["runs"][0]
        self.assertTrue(run["ok"], run)
        return run["messages_new"]

    def verify(self, user, *options):
        """{kind: differences} of an account; the exit status fits."""
        p = self.haul.run("--json", "verify", user, *options, check=False)
        account = json.loads(p.stdout)["accounts"][0]
        self.assertIsNone(account["error"])
        found = {}
        for d in account["differences"]:
            found.setdefault(d["kind"], []).append(d)
        self.assertEqual(p.returncode, 1 if found else 0, p.stderr)
        return found

    def start(self, scheme="imaps", n=40, name="anna", **kw):
        pop3 = scheme.startswith("pop3")
        user = self.source(name, n, **({"folders": [("INBOX", 1.0)]} if pop3
                                       else {}), **kw)
        self.add(user, scheme)
        self.assertEqual(self.collect(user), self.count)
        return user

    def files(self, user):
        root = os.path.join(self.haul.store, user)
        return sorted((d, f, os.stat(os.path.join(d, f)).st_mtime_ns)
                      for d, _, names in os.walk(root) for f in names
                      if "mailhaul." not in f)

    def serve(self):
        """The daemon, once it holds the state."""
        log = open(os.path.join(self.dir, "log"), "w")
        p = subprocess.Popen(self.haul.argv + ["serve"], stderr=log)
        self.addCleanup(lambda: (p.kill(), p.wait(), log.close()))
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                with open(os.path.join(self.haul.state,
                                       "mailhaul.lock")) as f:
                    if f.read() == f"{p.pid}\n":
                        return p
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)

    def is_of(self, ledger, user):
        with contextlib.closing(sqlite3.connect(ledger)) as db:
            return db.execute("SELECT count(*) FROM note WHERE value LIKE ?",
                              (f"%{user}%",)).fetchone()[0]

    def ledger(self):
        names = glob.glob(self.haul.state + "/ledgers/*.db")
        self.assertEqual(len(names), 1)
        return names[0]

    def test_the_same(self):
        for scheme in ("imaps", "pop3s"):
            user = self.start(scheme, name=scheme)
            self.assertEqual(self.verify(user), {})
            p = self.haul.run("verify", user)
            self.assertIn("no difference", p.stdout)
        self.assertEqual(os.listdir(self.haul.state + "/results"), [])

    def test_each_kind(self):
        user = self.start()
        m = self.server.client(user)
        m.append("INBOX", "", time.time(), b"Subject: new\r\n\r\nx\r\n")
        m.select("INBOX")
        m.store("1", "FLAGS", "(\\Answered odd)")
        m.select("Sent")
        m.store("1", "+FLAGS", "(\\Deleted)")
        m.expunge()
        m.logout()
        here = self.server.client(user + ".local")
        here.select("INBOX")
        here.uid("move", here.uid("search", "all")[1][0].split()[2].decode(),
                 "Drafts")
        here.select("INBOX")
        here.store("5", "+FLAGS", "(\\Deleted)")
        here.expunge()
        here.logout()
        cur = os.path.join(self.haul.store, user, "cur")
        name = sorted(os.listdir(cur))[-1]
        with open(os.path.join(cur, name), "r+b") as f:
            f.truncate(10)
        other = re.sub(r"K[a-z2-7]{26}", "K" + "a" * 26, name)
        self.assertNotEqual(other, name)
        shutil.copy(os.path.join(cur, name), os.path.join(cur, other))
        before = self.files(user)
        for _ in range(2):
            found = self.verify(user)
            self.assertEqual({k: len(v) for k, v in found.items()}, {
                "not-collected": 1, "flags": 1, "gone-at-source": 1,
                "moved-here": 1, "not-here": 1, "cut-here": 1,
                "unknown-here": 1})
            self.assertEqual(found["not-collected"][0]["mailbox"], "INBOX")
            self.assertEqual(found["gone-at-source"][0]["mailbox"], "Sent")
            self.assertEqual(found["moved-here"][0]["text"], ".Drafts")
            self.assertEqual(found["cut-here"][0]["file"],
                             name.split(":")[0])
            self.assertEqual(self.files(user), before)
        p = self.haul.run("verify", user, check=False)
        self.assertEqual(p.returncode, 1)
        for kind in found:
            self.assertRegex(p.stdout, rf"(?m)^1 {kind}: ")
        # and what can be seen to is seen to by a run
        self.assertEqual(self.collect(user), 1)
        self.assertEqual(set(self.verify(user)), {
            "gone-at-source", "moved-here", "not-here", "cut-here",
            "unknown-here"})

    def test_pop3(self):
        user = self.start("pop3s")
        m = self.server.client(user)
        m.append("INBOX", "", time.time(), b"Subject: new\r\n\r\nx\r\n")
        m.select("INBOX")
        m.store("3", "+FLAGS", "(\\Deleted)")
        m.expunge()
        m.logout()
        found = self.verify(user)
        self.assertEqual({k: len(v) for k, v in found.items()},
                         {"not-collected": 1, "gone-at-source": 1})
        self.assertTrue(found["not-collected"][0]["uidl"])

    def test_another_uidvalidity(self):
        user = self.start(n=10)
        m = self.server.client(user)
        m.rename("Sent", "Kept"), m.create("Sent")
        m.logout()
        found = self.verify(user)
        self.assertIn("renumbered", found)
        self.assertIn("UIDVALIDITY", found["renumbered"][0]["text"])

    def test_a_mailbox_left_out(self):
        user = self.start(n=20)
        self.haul.run("set", user, "--exclude", "Sent")
        found = self.verify(user)
        self.assertEqual([d["mailbox"] for d in found["mailbox-not-listed"]],
                         ["Sent"])
        self.assertEqual(set(found), {"mailbox-not-listed"})

    def test_beside_a_daemon(self):
        user = self.start(n=20)
        other = self.start(n=20, name="boris")
        p = self.serve()
        self.assertEqual(self.verify(user), {})
        m = self.server.client(user + ".local")
        m.select("INBOX")
        m.store("1", "+FLAGS", "(\\Deleted)")
        m.expunge()
        m.logout()
        self.assertEqual(set(self.verify(user)), {"not-here"})
        out = self.haul.run("verify", user, other, check=False).stdout
        self.assertIn(f"{other}: no difference", out)
        # made anew: what was deleted here is all that comes again
        self.assertEqual(set(self.verify(user, "--rebuild")),
                         {"not-collected"})
        until = time.monotonic() + 60
        while self.haul.status(user)["messages"]["stored"] != self.count:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.2)
        self.assertEqual(self.verify(user), {})
        self.assert_same(user)
        self.assertIsNone(p.poll())

    def test_failures_are_told(self):
        user = self.start(n=5)
        self.haul.run("set", user, "imaps://u@localhost:1")
        p = self.haul.run("verify", user, check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("policy" if "policy" in p.stderr else "network",
                      p.stderr)
        p = self.haul.run("--json", "verify", user, check=False)
        account = json.loads(p.stdout)["accounts"][0]
        self.assertEqual(account["differences"], [])
        self.assertTrue(account["error"]["text"])
        for args in (["verify"], ["verify", "nobody"]):
            self.assertEqual(self.haul.run(*args, check=False).returncode, 2)
        self.haul.run("pause", user)
        p = self.haul.run("verify", user, check=False)
        self.assertEqual(p.returncode, 2)
        self.assertIn("resume", p.stderr)

    def damage(self, path, r):
        """Every page but a few; or rubbish from the beginning; or its end."""
        n = os.path.getsize(path)
        with open(path, "r+b") as f:
            how = r.randrange(4)
            if how == 0:
                f.write(os.urandom(200))
            elif how == 1:
                f.truncate(n // 2 // 4096 * 4096)
            elif how == 2:
                f.truncate(0)
            else:
                for at in range(100, n, 4096):
                    f.seek(at)
                    f.write(b"\xa5" * 300)

    def rebuilt(self, scheme, seed):
        user = self.start(scheme, n=60)
        other = self.source("boris", 10)
        r = random.Random(seed)
        here = self.seen(user + ".local")
        for i in range(4):
            self.damage(self.ledger(), r)
            p = self.haul.run("--json", "run", user, check=False)
            run = json.loads(p.stdout)["runs"][0]
            self.assertFalse(run["ok"])
            self.assertEqual(run["error"]["class"], "config", run)
            self.assertIn("--rebuild", run["error"]["hint"])
            self.assertEqual(self.haul.status(user)["state"], "failed")
            if i == 0:  # hurts nobody else
                self.add(other, "imaps")
                self.collect(other)
                self.assert_same(other)
                self.haul.run("remove", other, "--yes")
            self.assertEqual(self.verify(user, "--rebuild"), {})
            self.assertEqual(self.collect(user), 0)
            self.assertEqual(self.seen(user + ".local"), here)
            self.assertEqual(self.verify(user), {})
        self.assertEqual(len(glob.glob(self.haul.state +
                                       "/ledgers/*.db.replaced-*")), 4)

    def test_a_changed_bit_costs_one_account(self):
        """In a folder's name: neither the daemon nor anybody else's mail is
        the worse for it."""
        user, other = self.start(n=20), self.start(n=20, name="boris")
        with open(os.path.join(self.haul.store, "outside"), "w") as f:
            f.write("x")
        path = [p for p in glob.glob(self.haul.state + "/ledgers/*.db")
                if self.is_of(p, user)][0]
        p = self.serve()
        for odd in ("/Sent", "..", "Sent", "../outside", "."):
            db = sqlite3.connect(path)
            with db:
                db.execute("UPDATE mailbox SET dir = ? "
                           "WHERE name = CAST('Sent' AS BLOB)", (odd,))
            db.close()
            m = self.server.client(user)
            m.append("Sent", "", time.time(), b"Subject: x\r\n\r\nx\r\n")
            m.logout()
            self.haul.run("sync", user, other, "--wait", check=False)
            s = self.haul.status(user)
            self.assertIsNotNone(s["error"], odd)
            self.assertIn("damaged", s["error"]["text"])
            self.assertIsNone(self.haul.status(other)["error"])
            self.assertIsNone(p.poll())
        self.verify(user, "--rebuild")
        self.haul.run("sync", user, "--wait")
        self.assert_same(user)

    def test_rebuild_imap(self):
        self.rebuilt("imaps", 1)

    def test_rebuild_pop3(self):
        self.rebuilt("pop3s", 2)

    def test_rebuild_fetches_nothing(self):
        user = self.start(n=60)
        m = self.server.client(user)
        m.append("INBOX", "", time.time(), b"Subject: new\r\n\r\nx\r\n")
        m.logout()
        os.unlink(self.ledger())
        before = self.files(user)
        p = self.haul.run("-v", "--json", "verify", user, "--rebuild",
                          check=False)
        kinds = [d["kind"] for d in
                 json.loads(p.stdout)["accounts"][0]["differences"]]
        self.assertEqual(kinds, ["not-collected"])
        self.assertIn(f"messages={self.count}", p.stderr)
        self.assertEqual(self.files(user), before)
        self.assertEqual(self.collect(user), 1)
        self.assert_same(user)

    def test_killed_in_between(self):
        user = self.start(n=200)
        r = random.Random(5)
        killed = 0
        for _ in range(12):
            p = self.haul.start("verify", user, "--rebuild",
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
            time.sleep(r.uniform(0.02, 0.5))
            if p.poll() is None:
                p.send_signal(signal.SIGKILL)
                killed += 1
            p.wait()
        self.assertGreater(killed, 0)
        # what was asked for is done by whoever comes next
        self.haul.run("run")
        self.haul.run("run", user)
        self.assertEqual(self.verify(user), {})
        self.assert_same(user)
        self.assert_no_leftovers(user)


if __name__ == "__main__":
    case.main()
