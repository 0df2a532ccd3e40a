#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Budgets of remote hosts: a day of bytes that ends between two messages and
goes on where it ended, logins a minute, sessions at once; and a large account
that lets small ones pass."""
import calendar, copy, hashlib, json, os, sqlite3, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, fake, lab

HOST = "127.0.0.1"


def body(i, size):
    head = b"Subject: %d\r\nMessage-ID: <%d@x>\r\n\r\n" % (i, i)
    return head + (b"%08d\r\n" % i) * (size // 10)


class Counting(fake.Session):
    """Notes logins, and the user of each session."""

    def login(self, rest):
        with self.server.lock:
            self.server.logins.append(time.monotonic())
        self.user = rest.split()[0].strip(b'"').decode()
        return self.server.refuse_login

    def examine(self, rest):
        """Each user has an INBOX of his own."""
        everybody = self.server
        self.server = copy.copy(everybody)
        self.server.mailboxes = {b"INBOX": everybody.users[self.user]}
        try:
            return super().examine(rest)
        finally:
            self.server = everybody

    def fetch(self, rest):
        numbers, _, items = rest.partition(b" ")
        if b"BODY" not in items or not self.server.slow_s:
            return super().fetch(rest)
        for i, m in self.chosen(numbers):
            time.sleep(self.server.slow_s.get(self.user, 0))
            with self.server.lock:
                self.server.sent.append((self.user, m.uid))
            self.say(b"* %d FETCH (UID %d FLAGS (%s) INTERNALDATE \"%s\" "
                     b"RFC822.SIZE %d BODY[] {%d}" % (
                         i, m.uid, m.flags, m.date, len(m.body),
                         len(m.body)))
            self.socket.sendall(m.body)
            self.say(b")")


class Server(fake.Imap):
    def __init__(self, users):
        super().__init__({b"INBOX": []})
        self.users, self.logins, self.sent = users, [], []
        self.slow_s, self.refuse_login = {}, None
        self.session = Counting


class Budgets(case.Case):
    def serve(self, **users):
        """user = (messages, bytes each)"""
        server = Server({
            name: [fake.Message(i, body(i, size)) for i in range(1, n + 1)]
            for name, (n, size) in users.items()})
        self.addCleanup(server.stop)
        for name in users:
            self.haul.add(name, server.url(name))
        return server

    def sql(self, statement, *values):
        db = sqlite3.connect(os.path.join(self.haul.state, "mailhaul.db"),
                             timeout=20)
        try:
            with db:
                return db.execute(statement, values).fetchall()
        finally:
            db.close()

    def stored(self, name):
        """Messages in the store, each exactly once."""
        hashes = []
        for sub in ("new", "cur"):
            d = os.path.join(self.haul.store, name, sub)
            for f in os.listdir(d) if os.path.isdir(d) else []:
                with open(os.path.join(d, f), "rb") as file:
                    hashes.append(hashlib.sha256(file.read()).digest())
        self.assertEqual(len(hashes), len(set(hashes)), name)
        return len(hashes)

    def day_passes(self):
        self.sql("UPDATE budget SET day_from = day_from - 86401")
        self.sql("UPDATE budget_account SET day_from = day_from - 86401")
        self.sql("UPDATE job SET due_at = 1, sane_from = 1")

    def budget(self, rule):
        return ("-o", f"limits.hosts={HOST}:{rule}")

    def run_failed(self, *args):
        p = self.haul.run(*args, check=False)
        self.assertEqual(p.returncode, 1, p.stdout + p.stderr)
        return p

    def assert_waits(self, name):
        row = self.haul.status(name)
        self.assertEqual(row["state"], "waiting", row)
        self.assertEqual(row["error"]["class"], "quota")
        retry = calendar.timegm(time.strptime(row["error"]["retry_at"],
                                              "%Y-%m-%dT%H:%M:%SZ"))
        self.assertLess(abs(retry - time.time() - 86400), 600)
        return row

    def test_an_accounts_day(self):
        server = self.serve(anna=(100, 10000))
        rule = self.budget("account_day=300000")
        p = self.run_failed(*rule, "run", "anna")
        self.assertIn("quota", p.stderr)
        self.assertIn("in a day", p.stderr)
        self.assert_waits("anna")
        got = self.stored("anna")
        self.assertIn(got, range(30, 33))
        day = json.loads(self.haul.run(
            *rule, "--json", "status", "anna").stdout)["accounts"][0]["day"]
        self.assertEqual(day["limit"], 300000)
        self.assertGreaterEqual(day["bytes"], 300000)
        # the same day: nothing is asked for, not even a login
        before = len(server.logins)
        self.run_failed(*rule, "run", "anna")
        self.assertEqual(len(server.logins), before)
        self.assertEqual(self.stored("anna"), got)
        for n in range(3):
            self.day_passes()
            self.haul.run(*rule, "run", "anna", check=False)
        self.assertEqual(self.stored("anna"), 100)
        self.assertEqual(self.haul.status("anna")["state"], "idle")

    def test_a_hosts_day_is_shared(self):
        """The large account leaves the last quarter to the small one."""
        self.serve(big=(200, 10000), small=(5, 10000))
        rule = self.budget("day=800000")
        self.run_failed(*rule, "-o", "pool.sessions=1", "run", "big")
        self.assertIn(self.stored("big"), range(60, 63))
        self.assert_waits("big")
        self.haul.run(*rule, "run", "small")
        self.assertEqual(self.stored("small"), 5)
        hosts = json.loads(self.haul.run(
            *rule, "--json", "status").stdout)["hosts"]
        self.assertEqual([h["host"] for h in hosts], [HOST])
        self.assertEqual(hosts[0]["day"]["limit"], 800000)
        self.assertGreater(hosts[0]["day"]["bytes"], 640000)
        table = self.haul.run(*rule, "status").stdout
        self.assertRegex(table, r"HOST +SESSIONS +LOGINS/MIN +TODAY")

    def test_pop3(self):
        user = self.source("anna", 200)
        self.add(user, "pop3s")
        rule = ("-o", "limits.hosts=localhost:account_day=100K")
        self.run_failed(*rule, "run", user)
        self.assert_waits(user)
        part = self.haul.status(user)["messages"]["stored"]
        self.assertGreater(part, 0)
        self.day_passes()
        self.haul.run("run", user)
        m = self.haul.status(user)["messages"]
        self.assertEqual(m["stored"], m["source"])
        self.assertGreater(m["stored"], part)
        self.assertEqual(self.stored(user), m["stored"])

    def test_dovecot_in_slices_of_a_day(self):
        user = self.source("anna", 300)
        self.add(user, "imaps", "--connections", "3")
        rule = ("-o", "limits.hosts=localhost:account_day=300K")
        for n in range(60):
            p = self.haul.run(*rule, "run", user, check=False)
            if p.returncode == 0:
                break
            self.assert_waits(user)
            self.day_passes()
        self.assertGreater(n, 1)
        self.assert_same(user)
        self.assert_no_leftovers(user)

    def test_logins_a_minute(self):
        server = self.serve(**{f"u{i}": (1, 100) for i in range(5)})
        # the window is 61 s: what is old is made older
        stop = threading.Event()

        def age():
            while not stop.wait(1):
                self.sql("UPDATE OR REPLACE budget_login SET at = at - 20")
        t = threading.Thread(target=age)
        t.start()
        began = time.monotonic()
        try:
            self.haul.run(*self.budget("logins=2"), "run")
        finally:
            stop.set()
            t.join()
        self.assertGreater(time.monotonic() - began, 3)
        self.assertEqual(len(server.logins), 5)
        for i in range(5):
            self.assertEqual(self.stored(f"u{i}"), 1)

    def test_a_refusal_without_a_reason(self):
        """Tried again an hour later, not in a minute; with a reason never."""
        server = self.serve(anna=(1, 100))
        server.refuse_login = b"NO Login failed."
        self.run_failed("run", "anna")
        row = self.haul.status("anna")
        self.assertEqual((row["state"], row["error"]["class"]),
                         ("waiting", "auth"))
        retry = calendar.timegm(time.strptime(row["error"]["retry_at"],
                                              "%Y-%m-%dT%H:%M:%SZ"))
        self.assertLess(abs(retry - time.time() - 3600), 300)
        self.assertEqual(len(server.logins), 1)
        server.refuse_login = b"NO [AUTHENTICATIONFAILED] wrong"
        self.run_failed("run", "anna")
        row = self.haul.status("anna")
        self.assertEqual((row["state"], row["error"]["class"]),
                         ("failed", "auth"))
        self.assertEqual(len(server.logins), 2)

    def test_two_complaints_are_a_lesson(self):
        """Fewer logins at the host for a week, and status says so."""
        server = self.serve(anna=(1, 100), boris=(1, 100))
        server.refuse_login = b"NO [LIMIT] LOGIN Rate limit hit."
        self.run_failed("run")
        for name in ("anna", "boris"):
            row = self.haul.status(name)
            self.assertEqual((row["state"], row["error"]["class"]),
                             ("waiting", "throttled"))
        host, = json.loads(self.haul.run("--json",
                                         "status").stdout)["hosts"]
        self.assertEqual(host["logins"]["limit"], 1)
        self.assertIsNotNone(host["learned_until"])
        self.assertIn("since it complained", self.haul.run("status").stdout)

    def test_sessions_of_a_host(self):
        server = self.serve(**{f"u{i}": (20, 100) for i in range(6)})
        server.delay_s = 0.01
        self.haul.run(*self.budget("sessions=2"), "run")
        self.assertEqual(server.most, 2)

    def test_small_accounts_pass_a_large_one(self):
        """One place: the large account makes way after its slice, and its
        messages come once each."""
        small = {f"small{i}": (2, 100) for i in range(4)}
        server = self.serve(big=(400, 100), **small)
        server.slow_s["big"] = 0.02
        self.sql("UPDATE job SET due_at = 1 WHERE account_id ="
                 " (SELECT id FROM account WHERE name = 'big')")
        p = self.haul.run("-v", "-o", "pool.sessions=1", "-o",
                          "pool.slice=1s", "run")
        self.assertIn("making_way", p.stderr)
        self.assertEqual(self.stored("big"), 400)
        for name in small:
            self.assertEqual(self.stored(name), 2)
        order = [user for user, _ in server.sent]
        last_small = max(i for i, u in enumerate(order) if u != "big")
        self.assertLess(order[:last_small].count("big"), 350)
        self.assertEqual(order[0], "big")
        uids = [uid for user, uid in server.sent if user == "big"]
        self.assertLess(len(uids), 480)  # what was cut off, and no more
        self.assertEqual(self.haul.status("big")["runs"], 1)

    def test_none_waits_none_makes_way(self):
        server = self.serve(big=(100, 100))
        server.slow_s["big"] = 0.03
        p = self.haul.run("-v", "-o", "pool.slice=1s", "run")
        self.assertNotIn("making_way", p.stderr)
        self.assertEqual(len(server.logins), 1)
        self.assertEqual(self.stored("big"), 100)


if __name__ == "__main__":
    case.main()
