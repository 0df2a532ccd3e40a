#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""check of several accounts: in parallel, within the limits of a host, and
nothing comes of it."""
import json, os, signal, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, fake, lab
from test_check import FOLDERS, tree


class Counting(fake.Session):
    """Counts those that are between LOGIN and LOGOUT."""

    def login(self, rest):
        with self.server.lock:
            self.server.inside += 1
            self.server.inside_most = max(self.server.inside,
                                          self.server.inside_most)

    def logout(self, rest):
        with self.server.lock:
            self.server.inside -= 1
        super().logout(rest)

    def status(self, rest):
        rows = self.server.mailboxes[b"INBOX"]
        self.say(b'* STATUS "INBOX" (MESSAGES %d UIDNEXT %d UIDVALIDITY 7)'
                 % (len(rows), len(rows) + 1))


class CheckMany(case.Case):
    def check(self, *args, code=0, stdin=""):
        p = self.haul.run("--json", "check", *args, check=False, stdin=stdin)
        self.assertEqual(p.returncode, code, p.stdout + p.stderr)
        return json.loads(p.stdout)

    def fake(self, users, count=3):
        rows = [fake.Message(i + 1, b"Subject: %d\r\n\r\nx\r\n" % i)
                for i in range(count)]
        server = fake.Imap({b"INBOX": rows})
        server.session = Counting
        server.inside = server.inside_most = 0
        self.addCleanup(server.stop)
        text = "name,url,password\n" + "".join(
            f"{u},{server.url(u)},pw\n" for u in users)
        return server, text

    def file(self, text):
        path = os.path.join(self.dir, "accounts.csv")
        with open(path, "w") as f:
            f.write(text)
        return path

    def test_all_of_them(self):
        anna = self.source("anna", 20)
        messages = self.count
        boris = self.source("boris", 10, folders=[("INBOX", 1)])
        self.add(anna, "imaps", "--hold")
        self.add(boris, "pop3s")
        self.haul.add("eve", self.url(anna, "imap"), password="wrong")
        before = [tree(d) for d in (self.haul.state, self.haul.store)]
        found = {a["account"]: a
                 for a in self.check("--all", code=1)["accounts"]}
        self.assertEqual(
            [tree(d) for d in (self.haul.state, self.haul.store)], before)
        self.assertEqual(set(found), {anna, boris, "eve"})
        self.assertEqual(found[anna]["messages"], messages)
        self.assertGreater(len(found[anna]["mailboxes"]), 1)
        self.assertEqual(found[boris]["messages"], 10)
        self.assertIsNone(found[anna]["error"])
        self.assertIsNone(found[anna]["days"])
        self.assertEqual(found["eve"]["error"]["class"], "auth")
        # the same as each says by itself
        alone = self.check(anna)
        del found[anna]["days"]
        self.assertEqual(found[anna], alone)
        p = self.haul.run("check", boris, "eve", check=False)
        self.assertEqual(p.returncode, 1)
        lines = p.stdout.splitlines()
        self.assertRegex(lines[0], "^ACCOUNT +RESULT +CONNECTION")
        self.assertRegex(lines[1], rf"^{boris} +ok +pop3 TLSv1\.[23] ")
        self.assertRegex(lines[2], "^eve +auth +- ")
        self.assertIn("1 of 2 can be collected; nothing was stored", p.stdout)
        self.assertEqual(len(p.stderr.splitlines()), 1)
        self.assertIn("eve: auth: ", p.stderr)
        self.assertEqual(self.haul.run("check", anna, boris).returncode, 0)

    def test_a_file_before_anything_is_enrolled(self):
        user = self.source("anna", 5, folders=FOLDERS)
        self.haul.argv += ["-o", f"state.dir={self.dir}/nowhere"]
        path = self.file("name,url,password,exclude\n"
                         f"x,{self.url(user, 'imaps')},{lab.PASSWORD},Arbeit\n"
                         f"y,{self.url(user, 'pop3s')},{lab.PASSWORD},\n")
        x, y = self.check("--from", path)["accounts"]
        self.assertEqual((x["account"], y["account"]), ("x", "y"))
        self.assertIn("--exclude", [m["why"] for m in x["mailboxes"]])
        self.assertFalse(os.path.exists(f"{self.dir}/nowhere"))
        with open(path) as f:
            text = f.read()
        self.assertEqual(len(self.check("--from", "-", stdin=text)
                             ["accounts"]), 2)
        # faults of the file are told before anybody is asked
        p = self.haul.run("check", "--from", self.file(
            text + "x,imaps://h,,\n"), check=False)
        self.assertEqual((p.returncode, p.stdout), (2, ""))
        self.assertIn("line 4, column name", p.stderr)
        self.assertIn("nobody was asked", p.stderr)

    def test_a_file_of_those_that_are_enrolled(self):
        user = self.source("anna", 5, folders=FOLDERS)
        self.add(user, "imaps")
        path = self.file(f"name,exclude\n{user},Arbeit\n")
        found, = self.check("--from", path)["accounts"]
        self.assertEqual({m["mailbox"]: m["why"] for m in found["mailboxes"]}[
            "Arbeit"], "--exclude")
        self.assertIn("INBOX", [m["mailbox"] for m in found["mailboxes"]
                                if m["collected"]])

    def test_a_host_is_asked_within_its_limits(self):
        users = [f"u{i}" for i in range(10)]
        server, text = self.fake(users)
        server.delay_s = 0.05
        path = self.file(text)
        for options, most in ((["--jobs", "1"], 1), (["--jobs", "3"], 3),
                              ([], 8)):
            server.inside_most = 0
            found = self.check("--from", path, *options)["accounts"]
            self.assertEqual([a["account"] for a in found], users)
            self.assertEqual({a["messages"] for a in found}, {3})
            self.assertLessEqual(server.inside_most, most)
            self.assertEqual(server.inside_most > 1, most > 1)
        for option, most in (("pool.per_host=2", 2),
                             ("limits.hosts=127.0.0.1:sessions=1", 1)):
            self.haul.argv += ["-o", option]
            server.inside_most = 0
            self.check("--from", path, "--jobs", "8")
            self.assertLessEqual(server.inside_most, most)

    def test_logins_a_minute(self):
        server, text = self.fake(["a", "b", "c"])
        self.haul.argv += ["-o", "limits.hosts=127.0.0.1:logins=2"]
        p = self.haul.start("--json", "check", "--from", self.file(text),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)
        until = time.monotonic() + 120
        while sum(h.startswith(b"LOGIN") for h in list(server.heard)) < 2:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)
        time.sleep(3)
        self.assertEqual(
            sum(h.startswith(b"LOGIN") for h in list(server.heard)), 2)
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=120)
        self.assertEqual(p.returncode, 1)
        found = json.loads(out)["accounts"]
        self.assertEqual([a["error"] is None for a in found].count(True), 2)
        self.assertIn("it was not asked: interrupted", err)

    def test_how_long_it_takes_at_a_limit(self):
        users = [self.source(name, 30) for name in ("anna", "boris")]
        for user in users:
            self.add(user, "imaps")
        self.haul.argv += [
            "-o", "limits.hosts=localhost:account_day=10K,day=20K"]
        found = self.check(*users)
        sizes = [a["bytes"] for a in found["accounts"]]
        self.assertGreater(min(sizes), 10240)
        self.assertEqual([a["days"] for a in found["accounts"]],
                         [-(-n // 10240) for n in sizes])
        self.assertEqual(found["hosts"], [{
            "host": "localhost", "accounts": 2, "bytes": sum(sizes),
            "day_bytes": 20480, "days": -(-sum(sizes) // 20480)}])
        p = self.haul.run("check", *users)
        self.assertIn("of 2 accounts, at most 20.5 kB a day", p.stdout)
        self.assertIn("days at the provider's limit", p.stdout)

    def test_usage(self):
        path = self.file("name,url\n")
        for args in ([], ["--all", "x"], ["--all", "--from", path],
                     ["x", "--from", path], ["--all", "--folder", "x"],
                     ["--all", "--jobs", "0"], ["--all", "--jobs", "65"],
                     ["--all", "--jobs", "x"], ["x", "--jobs", "2"],
                     ["nobody", "neither"]):
            p = self.haul.run("check", *args, check=False)
            self.assertEqual((p.returncode, p.stdout), (2, ""), p.stderr)
        for args in (["--all"], ["--from", path]):
            self.assertEqual(self.check(*args), {"accounts": [], "hosts": []})


if __name__ == "__main__":
    case.main()
