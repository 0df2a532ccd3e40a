#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon: periodic resyncs, signals, one conductor a state."""
import os, re, signal, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Serve(case.Case):
    def serve(self, *options):
        self.log = open(os.path.join(self.dir, "log"), "w+")
        p = subprocess.Popen(self.haul.argv + list(options) + ["serve"],
                             stderr=self.log, stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (p.poll() is None and p.kill(), p.wait(),
                                 self.log.close()))
        return p

    def wait_for(self, what, seconds=30):
        until = time.monotonic() + seconds
        while not what():
            if time.monotonic() > until:
                self.log.seek(0)
                self.fail("waited in vain; the log:\n" + self.log.read())
            time.sleep(0.1)

    def state(self, user):
        return self.haul.status(user)["state"]

    def test_collects_and_keeps_collecting(self):
        user = self.source("anna", 60)
        daemon = self.serve("-o", "sync.every=2s")
        self.add(user, "imaps")
        self.wait_for(lambda: self.state(user) == "idle")
        self.assert_same(user)
        m = self.server.client(user)
        m.append("INBOX", "", time.time(), b"Subject: later\r\n\r\nx\r\n")
        m.logout()
        n = self.count + 1
        self.wait_for(lambda: self.haul.status(user)["messages"]["stored"]
                      == n)
        self.assert_same(user)
        daemon.terminate()
        self.assertEqual(daemon.wait(10), 0)

    def test_sync_wakes_it_and_waits(self):
        user = self.source("anna", 30)
        self.add(user, "imaps")
        self.serve()
        self.haul.run("sync", user, "--wait", timeout=60)
        self.assert_same(user)

    def test_sync_without_a_daemon_says_so(self):
        user = self.source("anna", 1)
        self.add(user, "imaps")
        p = self.haul.run("sync", user, "--wait", check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("no daemon is running that could do it", p.stderr)

    def test_term_drains_and_what_is_left_comes_next_time(self):
        users = [self.source(f"u{i}", 1500, seed=i) for i in range(2)]
        for user in users:
            self.add(user, "imaps")
        daemon = self.serve()
        self.wait_for(lambda: any(self.state(u) == "running" for u in users))
        started = time.monotonic()
        daemon.terminate()
        self.assertEqual(daemon.wait(15), 0)
        self.assertLess(time.monotonic() - started, 10)
        self.assertNotIn("running", [self.state(u) for u in users])
        self.haul.run("run")
        for user in users:
            self.assert_same(user)
            self.assert_no_leftovers(user)

    def test_second_conductor_says_so_and_exits_3(self):
        daemon = self.serve()
        self.wait_for(lambda: os.path.exists(
            os.path.join(self.haul.state, "mailhaul.lock")) and
            self.haul.run("run", check=False).returncode == 3)
        p = self.haul.run("serve", check=False)
        self.assertEqual(p.returncode, 3)
        self.assertIn(str(daemon.pid), p.stderr)

    def test_hangup_reloads(self):
        conf = os.path.join(self.dir, "conf")
        with open(conf, "w") as f:
            f.write("[sync]\nevery = 1h\n")
        self.haul.argv[2] = conf
        daemon = self.serve()
        self.wait_for(lambda: "serving" in open(self.log.name).read())
        with open(conf, "w") as f:
            f.write("[sync]\nevery = 2h\n")
        daemon.send_signal(signal.SIGHUP)
        self.wait_for(lambda: "settings_reloaded" in
                      open(self.log.name).read())
        with open(conf, "w") as f:
            f.write("[sync]\nevery = often\n")
        daemon.send_signal(signal.SIGHUP)
        self.wait_for(lambda: "settings_not_reloaded" in
                      open(self.log.name).read())
        self.assertIsNone(daemon.poll())

    def test_one_failing_account_harms_no_other(self):
        good = self.source("anna", 60)
        bad = self.source("boris", 60)
        self.haul.add(bad, self.url(bad, "imaps"), password="wrong")
        self.add(good, "imaps")
        self.serve()
        self.wait_for(lambda: self.state(good) == "idle")
        self.wait_for(lambda: self.state(bad) == "failed")
        status = self.haul.status(bad)
        self.assertEqual(status["error"]["class"], "auth")
        self.assertIn("set", status["error"]["hint"])
        self.assert_same(good)

    def test_dead_envoys_are_replaced(self):
        user = self.source("anna", 1500)
        self.add(user, "imaps")
        daemon = self.serve()
        killed = last = 0

        def kill_one():
            nonlocal killed, last
            if self.state(user) == "idle" or time.monotonic() - last < 0.4:
                return self.state(user) == "idle"
            last = time.monotonic()
            out = subprocess.run(["pgrep", "-P", str(daemon.pid), "-f",
                                  "mailhaul envoy"], text=True,
                                 capture_output=True).stdout.split()
            for pid in out:
                if killed < 3:
                    try:
                        os.kill(int(pid), signal.SIGKILL)
                        killed += 1
                    except ProcessLookupError:
                        pass
            return self.state(user) == "idle"
        self.wait_for(kill_one, 60)
        self.assertGreater(killed, 0)
        self.assert_same(user)
        self.assert_no_leftovers(user)

    def test_no_secret_anywhere_in_sight(self):
        user = self.source("anna", 5, folders=[("INBOX", 1.0)])
        self.add(user, "imap")
        secret = lab.PASSWORD.encode()
        forms = [lab.PASSWORD, lab.PASSWORD[::-1], secret.hex()]
        for before in (b"", b"\0" + user.encode() + b"\0",
                       user.encode() + b"\0" + user.encode() + b"\0"):
            for cut in range(3):   # wherever it begins in the base64
                text = lab.base64.b64encode(b"\0" * cut + before + secret)
                forms.append(text.decode()[8:-4] if cut or before
                             else text.decode())
        for scheme in ("imap", "imaps", "imap+plain"):
            for fmt in ("text", "json"):
                self.haul.run("set", user, self.url(user, scheme))
                self.check_log(user, forms, "-vv", "-o", "log.format=" + fmt)
        self.haul.run("remove", user)
        for scheme in ("pop3", "pop3s", "pop3+plain"):
            self.haul.add(user, self.url(user, scheme), "--to", scheme)
            self.check_log(user, forms, "-vv")
            self.haul.run("remove", user)
        self.add(user, "imap")
        self.haul.run("set", user, "--password-file", "-",
                      stdin="wrong-secret\n")
        self.check_log(user, ["wrong-secret"], "-vv")

    def check_log(self, user, forms, *options):
        p = self.haul.run(*options, "run", user, check=False)
        self.assertGreater(len(p.stderr), 200, "the wire log is empty")
        for form in forms:
            self.assertNotIn(form, p.stdout + p.stderr)
        for d, _, files in os.walk(self.haul.state):
            for name in files:
                with open(os.path.join(d, name), "rb") as f:
                    self.assertNotIn(lab.PASSWORD.encode(), f.read(), name)


if __name__ == "__main__":
    case.main()
