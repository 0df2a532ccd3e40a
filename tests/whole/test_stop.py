#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Signals in each phase: the end comes within ten seconds, no lease is left,
and the next run completes what was begun."""
import os, signal, socket, sqlite3, subprocess, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Stop(case.Case):
    def start(self, *args):
        with open(os.path.join(self.dir, "out"), "w") as out:
            p = self.haul.start(*args, stdout=out, stderr=out,
                                stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (p.poll() is None and p.kill(), p.wait()))
        return p

    def out(self):
        with open(os.path.join(self.dir, "out")) as f:
            return f.read()

    def wait_for(self, what, seconds=30):
        until = time.monotonic() + seconds
        while not what():
            if time.monotonic() > until:
                self.fail("waited in vain:\n" + self.out())
            time.sleep(0.05)

    def leases(self):
        db = sqlite3.connect(os.path.join(self.haul.state, "mailhaul.db"),
                             timeout=20)
        n = db.execute("SELECT count(*) FROM job WHERE run IS NOT NULL")
        n = n.fetchone()[0]
        db.close()
        return n

    def ends(self, p, number, seconds=10):
        started = time.monotonic()
        p.send_signal(number)
        try:
            p.wait(seconds + 5)
        except subprocess.TimeoutExpired:
            self.fail(f"signal {number}: still there after {seconds + 5} s")
        self.assertLess(time.monotonic() - started, seconds)
        self.assertEqual(self.leases(), 0)
        return p.returncode

    def listener(self, backlog=8):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        s.listen(backlog)
        self.addCleanup(s.close)
        return s, s.getsockname()[1]

    def test_server_that_never_answers(self):
        s, port = self.listener()
        for i, scheme in enumerate(("imaps", "imap", "pop3s", "pop3")):
            self.haul.add(f"u{i}", f"{scheme}://u@127.0.0.1:{port}")
        for command, number, code in (
                ("serve", signal.SIGTERM, 0), ("run", signal.SIGINT, 1)):
            with self.subTest(command=command, number=number):
                p = self.start(command)
                s.accept()[0].close()
                with s.accept()[0]:
                    self.wait_for(lambda: self.leases() >= 1)
                    self.assertEqual(self.ends(p, number), code)

    def test_hangup_while_a_server_does_not_answer(self):
        s, port = self.listener()
        self.haul.add("u", f"imaps://u@127.0.0.1:{port}")
        p = self.start("serve")
        a, _ = s.accept()
        p.send_signal(signal.SIGHUP)
        self.wait_for(lambda: "settings_reloaded" in self.out())
        self.assertIsNone(p.poll())
        self.assertEqual(self.ends(p, signal.SIGTERM), 0)
        a.close()

    def test_connection_that_is_never_taken(self):
        """A full backlog: connect(2) itself hangs."""
        s, port = self.listener(0)
        fillers = []
        for _ in range(4):
            f = socket.socket()
            f.setblocking(False)
            f.connect_ex(("127.0.0.1", port))
            fillers.append(f)
        self.haul.add("u", f"imaps://u@127.0.0.1:{port}")
        p = self.start("serve")
        self.wait_for(lambda: self.leases() == 1)
        self.assertEqual(self.ends(p, signal.SIGTERM), 0)
        for f in fillers:
            f.close()

    def large(self):
        user = self.source("anna", 20)
        line = b"0123456789abcdef" * 4 + b"\n"
        lab.put(os.path.join(self.dir, "source", "anna"), 900,
                b"Subject: large\n\n" + line * (100_000_000 // len(line)),
                1500000000, "S")
        lab.own(os.path.join(self.dir, "source", "anna"))
        self.add(user, "imaps")
        return user

    def staged(self, user, least):
        stage = os.path.join(self.haul.store, user, "mailhaul.stage")
        for d, _, files in os.walk(stage):
            for f in files:
                try:
                    if os.stat(os.path.join(d, f)).st_size > least:
                        return True
                except FileNotFoundError:
                    pass
        return False

    def test_in_the_middle_of_a_large_message(self):
        user = self.large()
        p = self.start("serve")
        self.wait_for(lambda: self.staged(user, 4_000_000))
        self.assertEqual(self.ends(p, signal.SIGTERM), 0)
        p = self.start("run")
        self.wait_for(lambda: self.staged(user, 4_000_000) or
                      p.poll() is not None)
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
            time.sleep(0.1)
            self.ends(p, signal.SIGTERM, 5)   # the second one is impatient
        self.haul.run("run", user)
        self.assert_same(user)
        self.assert_no_leftovers(user)

    def test_while_a_reader_holds_the_store(self):
        """Dovecot's lock in the hands of a process that lives."""
        user = self.source("anna", 30)
        self.add(user, "imaps")
        root = os.path.join(self.haul.store, user)
        self.haul.run("run", user)
        m = self.server.client(user)
        m.append("INBOX", "($Odd)", time.time(), b"Subject: x\r\n\r\nx\r\n")
        m.logout()
        lock = os.path.join(root, "dovecot-uidlist.lock")
        with open(lock, "w") as f:
            f.write(f"{os.getpid()}:{socket.gethostname()}")
        p = self.start("run", user)
        self.wait_for(lambda: self.leases() == 1)
        until = time.monotonic() + 2
        while time.monotonic() < until and p.poll() is None:
            os.utime(lock)
            time.sleep(0.05)
        if p.poll() is None:
            self.ends(p, signal.SIGTERM)
        if os.path.exists(lock):
            os.unlink(lock)
        self.haul.run("run", user)
        self.assert_same(user)

    def test_result_is_kept_while_the_table_is_held(self):
        user = self.source("anna", 2000)
        self.add(user, "imaps")
        p = self.start("serve")
        path = os.path.join(self.haul.state, "mailhaul.db")
        self.wait_for(lambda: self.leases() == 1)
        db = sqlite3.connect(path, isolation_level=None, timeout=20)
        db.execute("BEGIN EXCLUSIVE")
        self.wait_for(lambda: "result_not_written" in self.out())
        db.execute("COMMIT")
        db.close()
        self.wait_for(lambda: self.haul.status(user)["state"] == "idle")
        self.assertEqual(self.haul.status(user)["runs"], 1)
        self.assert_same(user)
        db = sqlite3.connect(path, isolation_level=None, timeout=20)
        db.execute("BEGIN EXCLUSIVE")
        timer = threading.Timer(11, os._exit, (9,))
        timer.start()
        started = time.monotonic()
        p.terminate()
        self.assertEqual(p.wait(), 0)
        timer.cancel()
        self.assertLess(time.monotonic() - started, 10)
        db.execute("COMMIT")
        db.close()


if __name__ == "__main__":
    case.main()
