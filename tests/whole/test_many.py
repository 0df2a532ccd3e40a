#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Many accounts, a slow or broken server, and people who change their minds
while runs are under way."""
import json, os, pty, signal, struct, subprocess, sys, time, unicodedata
import fcntl, termios

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, fake, lab


class Many(case.Case):
    def fake(self, count=5, **kw):
        rows = [fake.Message(i + 1, b"Subject: %d\r\n\r\nx\r\n" % i)
                for i in range(count)]
        server = fake.Imap({b"INBOX": rows}, **kw)
        self.addCleanup(server.stop)
        return server

    def serve(self, *options):
        self.log = os.path.join(self.dir, "log")
        with open(self.log, "w") as log:
            p = subprocess.Popen(self.haul.argv + list(options) + ["serve"],
                                 stderr=log, stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (p.poll() is None and p.kill(), p.wait()))
        return p

    def wait_for(self, what, seconds=30):
        until = time.monotonic() + seconds
        while not what():
            if time.monotonic() > until:
                with open(self.log) as f:
                    self.fail("waited in vain:\n" + f.read())
            time.sleep(0.05)

    def states(self):
        out = self.haul.run("--json", "status").stdout
        return [a["state"] for a in json.loads(out)["accounts"]]

    def state(self, user):
        return self.haul.status(user)["state"]

    def test_three_hundred_accounts_on_a_slow_server(self):
        server = self.fake()
        server.delay_s = 0.02
        for i in range(300):
            self.haul.add(f"u{i}", server.url(f"u{i}"))
        p = self.haul.run("-q", "-o", "pool.per_host=20", "run")
        self.assertEqual((p.stdout, p.stderr), ("", ""))
        self.assertEqual(set(self.states()), {"idle"})
        self.assertLessEqual(server.most, 20)
        self.assertGreater(server.most, 4)

    def test_limit_of_a_host_in_serve(self):
        server = self.fake()
        server.delay_s = 0.05
        for i in range(12):
            self.haul.add(f"u{i}", server.url(f"u{i}"))
        self.serve("-o", "pool.per_host=3")
        self.wait_for(lambda: set(self.states()) == {"idle"})
        self.assertLessEqual(server.most, 3)

    def test_a_connection_lost_before_any_line(self):
        server = self.fake()
        self.haul.add("u", server.url())
        for n in range(60):
            server.close_before = n
            p = self.haul.run("run", "u", check=False, timeout=60)
            if p.returncode == 0:
                break
            self.assertEqual(len(p.stderr.strip().split("\n")), 1, p.stderr)
            self.assertIn("network", p.stderr)
        self.assertGreater(n, 8)
        self.assertEqual(self.haul.status("u")["messages"]["stored"], 5)
        new = os.path.join(self.haul.store, "u")
        files = [f for s in ("cur", "new")
                 for f in os.listdir(os.path.join(new, s))]
        self.assertEqual(len(files), 5)

    def test_hostile_texts_forge_nothing(self):
        server = self.fake()
        server.status_text = (b"x\x1b]0;t\x07\xe2\x80\xae level=error \xff\"}"
                              b"\xc2\x9b account=forged")
        server.mailboxes[b"evil\x1b[2J\xff"] = []
        self.haul.add("u", server.url())
        for fmt in ("text", "json"):
            p = self.haul.run("-vv", "-o", "log.format=" + fmt, "run", "u")
            for c in ("\x1b", "\x07", "\x9b", "\u202e", "\x00"):
                self.assertNotIn(c, p.stdout + p.stderr)
            for line in p.stderr.strip().split("\n"):
                if fmt == "json":
                    json.loads(line)
                else:
                    self.assertRegex(line, r"^\d{4}-\d\d-\d\dT")
        for args in (["status"], ["status", "u"], ["run", "u"]):
            json.loads(self.haul.run("--json", *args).stdout)

    def assert_printable(self, text):
        """Nothing that moves a cursor, ends a line or turns it."""
        for c in text:
            self.assertTrue(c == "\n" or (c.isprintable() and
                            unicodedata.bidirectional(c) not in (
                                "LRE", "RLE", "LRO", "RLO", "PDF", "LRI",
                                "RLI", "FSI", "PDI", "B")), repr(text))

    def test_hostile_texts_in_every_output(self):
        server = self.fake()
        evil = (b"x\x1b]0;t\x07\xe2\x80\xae\xe2\x80\xa8 level=error \xff\"}"
                b"\xc2\x9b u: auth: forged")
        server.whole_fails = {1: b"NO " + evil}
        server.parts_fail = True
        server.pieces = "refused"
        server.greeting = b"* OK " + evil
        server.mailboxes[b"evil\x1b[2J\xc2\x85\xe2\x80\xaeb"] = [
            fake.Message(1, b"Subject: x\r\n\r\nx\r\n")]
        self.haul.add("u", server.url())
        self.haul.run("run", "u", check=False)
        self.assertIn("forged", self.haul.run("failures").stdout)
        for args in (["run", "u"], ["check", "u"], ["status"], ["list"],
                     ["status", "u"], ["show", "u"], ["failures"],
                     ["failures", "u"], ["verify", "u"], ["retry", "u"],
                     ["run", "u"]):
            with self.subTest(args):
                p = self.haul.run(*args, check=False)
                self.assertLess(p.returncode, 2, p.stderr)
                self.assert_printable(p.stdout + p.stderr)
                for line in (p.stdout + p.stderr).split("\n"):
                    self.assertFalse(line.startswith("u: auth"), line)
                p = self.haul.run("--json", *args, check=False)
                if p.stdout:
                    json.loads(p.stdout)
                self.assert_printable(p.stderr)
                self.assertNotRegex(p.stdout, "[\0-\x08\x0b-\x1f\x7f-\x9f]")

    def test_limits_and_what_is_left_out(self):
        server = self.fake()
        rows = [fake.Message(i, b"Subject: %d\r\n\r\nx\r\n" % i,
                             b"kw%d" % i) for i in range(1, 41)]
        rows += [fake.Message(50, b"S: gone\r\n\r\nx\r\n", b"\\Deleted"),
                 fake.Message(60, b"S: big\r\n\r\n" + b"x\r\n" * 1000),
                 fake.Message(61, b"S: small\r\n\r\nx\r\n")]
        server.mailboxes = {b"INBOX": rows}
        self.haul.add("u", server.url(), "--skip-deleted", "--prefix", "Old")
        run = ("-o", "limits.message=1K", "run", "u")
        p = self.haul.run(*run)
        self.assertIn("1 message could not be fetched", p.stdout)
        status = self.haul.status("u")
        self.assertEqual(status["messages"], {
            "source": 43, "stored": 41, "quarantined": 1, "skipped": 1,
            "held": 0})
        self.assertEqual(status["mailboxes"][0]["quarantined"], 1)
        self.assertEqual(status["mailboxes"][0]["folder"], "Old")
        self.assertIn("QUARANTINED", self.haul.run("status", "u").stdout)
        with open(os.path.join(self.haul.store, "u", ".Old",
                               "dovecot-keywords")) as f:
            self.assertEqual(len(f.read().split("\n")), 27)
        self.haul.run("set", "u", "--keep-deleted")
        self.haul.run(*run)
        self.assertEqual(self.haul.status("u")["messages"]["stored"], 42)
        rows.append(fake.Message(70, b"S: more\r\n\r\n" + b"y\r\n" * 99))
        p = self.haul.run("-o", "limits.account=800", *run, check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("limits.account", p.stderr)
        self.haul.run(*run)
        self.assertEqual(self.haul.status("u")["messages"]["stored"], 43)

    def long_account(self):
        server = self.fake()
        server.mailboxes = {b"INBOX": [], **{
            b"box%d" % i: [fake.Message(1, b"Subject: x\r\n\r\nx\r\n")]
            for i in range(200)}}
        server.delay_s = 0.05
        self.haul.add("u", server.url())
        return server

    def test_pause_while_running(self):
        self.long_account()
        self.serve()
        self.wait_for(lambda: self.state("u") == "running")
        self.haul.run("pause", "u")
        self.wait_for(lambda: self.state("u") == "paused", 10)
        before = self.haul.status("u")["messages"]["stored"]
        self.assertLess(before, 200)
        self.haul.run("resume", "u")
        self.wait_for(lambda: self.state("u") == "running", 10)

    def test_remove_while_running(self):
        server = self.long_account()
        self.serve()
        self.wait_for(lambda: self.state("u") == "running")
        self.haul.run("remove", "u", "--yes", timeout=15)
        self.assertEqual(self.states(), [])
        self.assertEqual(os.listdir(os.path.join(self.haul.state,
                                                 "ledgers")), [])
        # the same name again is a new account, in a store that is known
        server.delay_s = 0
        self.haul.add("u", server.url(), "--to", "v")
        self.wait_for(lambda: self.state("u") == "idle")
        self.assertEqual(self.haul.status("u")["messages"]["stored"], 200)

    def test_run_while_serve_runs_says_what_to_do(self):
        self.long_account()
        self.serve()
        self.wait_for(lambda: self.state("u") == "running")
        p = self.haul.run("run", "u", check=False)
        self.assertEqual(p.returncode, 3)
        self.assertIn("mailhaul sync", p.stderr)
        self.haul.run("sync", "u")

    def test_another_server_in_mid_life(self):
        """The same UIDVALIDITY and UIDs for other messages: none is taken
        for one that is known, and what is the same comes once."""
        def message(uid, text):
            return fake.Message(uid, b"Subject: %s\r\n\r\nx\r\n" % text)
        one = fake.Imap({b"INBOX": [message(i, b"shared %d" % i)
                                    for i in range(1, 11)]})
        two = fake.Imap({b"INBOX": [
            message(i, b"shared %d" % (i + 5)) for i in range(1, 6)] + [
            message(i, b"other %d" % i) for i in range(6, 14)]})
        self.addCleanup(one.stop), self.addCleanup(two.stop)
        two_url = two.url().replace("127.0.0.1", "localhost")
        self.haul.add("u", one.url())
        self.haul.run("run", "u")
        for url, files in ((two_url, 18), (one.url(), 18), (two_url, 18)):
            self.haul.run("set", "u", url)
            for _ in range(2):
                self.haul.run("run", "u")
                root = os.path.join(self.haul.store, "u")
                here = [f for s in ("cur", "new")
                        for f in os.listdir(os.path.join(root, s))]
                self.assertEqual(len(here), files, url)
        out = self.haul.run("--json", "run", "u").stdout
        self.assertIn('"messages_new": 0', out)
        self.assertIsNone(self.haul.status("u")["error"])

    def test_two_accounts_to_one_user(self):
        one = self.source("anna", 60)
        two = self.source("boris", 60, seed=2, folders=[("INBOX", 1.0)])
        self.add(one, "imaps", "--to", "both")
        self.add(two, "pop3s", "--to", "both")
        self.server.add_user("both.local",
                             os.path.join(self.haul.store, "both"))
        self.haul.run("run")
        self.haul.run("run", one, two)
        here, a, b = self.seen("both.local"), self.seen(one), self.seen(two)
        self.assertEqual(
            sorted(r[0] for r in here["INBOX"]),
            sorted(r[0] for r in a["INBOX"] + b["INBOX"]))
        for name in a:
            if name != "INBOX":
                self.assertEqual(a[name], here[name])

    def test_a_clock_that_jumps(self):
        if case.SANITIZED:
            self.skipTest("libfaketime and a sanitizer do not go together")
        user = self.source("anna", 30)
        self.add(user, "imaps", "--every", "1h")
        faketime = ["faketime", "-f"]
        def at(offset, *args):
            p = subprocess.run(faketime + [offset] + self.haul.argv +
                               list(args), capture_output=True, text=True,
                               timeout=60)
            self.assertEqual(p.returncode, 0, p.stderr)
            return p.stdout
        at("+0", "run")
        for offset, due in (("+400d", True), ("-400d", True), ("+0", True),
                            ("+0", False)):
            out = at(offset, "--json", "run")
            self.assertEqual(len(json.loads(out)["runs"]), int(due), offset)
        self.assert_same(user)

    def test_progress_on_any_screen(self):
        server = self.fake(3)
        server.delay_s = 0.15
        for i in range(24):
            self.haul.add(f"account-with-a-long-name-{i}", server.url())
        bad = self.fake()
        bad.close_before = 1
        self.haul.add("bad", bad.url())
        for rows, columns in ((24, 80), (5, 20), (12, 200)):
            pid, fd = pty.fork()
            if pid == 0:
                os.execv(self.haul.argv[0], self.haul.argv + [
                    "-o", "pool.per_host=24", "run"])
            fcntl.ioctl(fd, termios.TIOCSWINSZ,
                        struct.pack("HHHH", rows, columns, 0, 0))
            out = b""
            while True:
                try:
                    more = os.read(fd, 65536)
                except OSError:
                    break
                if not more:
                    break
                out += more
            os.close(fd)
            self.assertEqual(os.waitstatus_to_exitcode(
                os.waitpid(pid, 0)[1]), 1, out)
            self.check_blocks(out.decode(), rows, columns)
            self.assertIn(b"bad: network", out)
            self.assertEqual(out.count(b"up to date"), 24)
            self.haul.run("sync", "--all")

    def check_blocks(self, out, rows, columns):
        """Each block that is erased fits: what goes up was drawn, no more
        than the screen holds, and no line of it wraps."""
        lines = 0
        for part in out.split("\x1b["):
            up = lab.re.match(r"(\d+)A", part)
            if up:
                self.assertLessEqual(int(up.group(1)), rows - 1)
                lines += 1
        self.assertGreater(lines, 0)
        for line in out.replace("\r", "").split("\n"):
            line = lab.re.sub(r"\x1b\[\d*[AJ]", "", line)
            if "/s " in line and "up to date" not in line:
                self.assertLess(len(line), columns, line)


if __name__ == "__main__":
    case.main()
