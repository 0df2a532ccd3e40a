#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The catalogue of hostile servers (tests/hostile/*.txt): one daemon a table
with an account a case. It never ends before it is told to; each account ends
by its deadline, in the way that its case says; nothing half is in a store;
daemon and envoys stay small; and an account of an honest server beside them
gets all its mail. HOSTILE=N: every Nth case of each table only."""
import base64, json, os, re, signal, subprocess, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, hostile, lab

TIMEOUT_S = 5       # network.timeout
SLOW = 3 if case.SANITIZED else 1
DEADLINE_S = 100 * SLOW  # of a run: the longest is a greeting that drips
TABLE_S = 200 * SLOW
MEMORY_MAX = 256 << 20
EVERY = int(os.environ.get("HOSTILE", "1"))
CANARY = "Canary+Bird/7Zq"
LIMITS = ["limits.line=16K", "limits.nesting=20", "limits.command=64K",
          "limits.message=256K", "limits.messages=50", "limits.mailboxes=20",
          "limits.pop3_line=1K"]
CLASSES = {"auth", "refused", "throttled", "quota", "network", "timeout",
           "tls", "protocol", "limit", "disk", "store", "config", "policy"}


def secrets(user):
    """The password as a line, a response, or half of one may show it."""
    out = [CANARY.encode()]
    for text in (CANARY, f"\0{user}\0{CANARY}", f"{user}\0{user}\0{CANARY}"):
        out.append(base64.b64encode(text.encode()))
    return out


class Memory(threading.Thread):
    """The most anonymous memory that a process and its children had."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.over = pid, 0, threading.Event()
        self.start()

    def of(self, pid):
        try:
            with open(f"/proc/{pid}/status") as f:
                return int(re.search(r"RssAnon:\s+(\d+)", f.read())[1]) << 10
        except (OSError, TypeError):
            return 0

    def run(self):
        children = f"/proc/{self.pid}/task/{self.pid}/children"
        while not self.over.wait(0.1):
            try:
                with open(children) as f:
                    pids = [self.pid, *f.read().split()]
            except OSError:
                return
            self.most = max(self.most, sum(map(self.of, pids)))


class Hostile(case.Case):
    def servers(self, table, protocol_of):
        cases = hostile.read(table)[::EVERY]
        for c in cases:
            protocol, tls = protocol_of(c)
            context = self.context(c.text("tls").split()[-1]) if tls else None
            c.server = hostile.Server(c, protocol, context, "implicit"
                                      in c.text("tls"))
            self.addCleanup(c.server.stop)
            self.prepare(c)
            c.url = self.url_of(c, protocol, tls)
        return cases

    def url_of(self, c, protocol, tls):
        if not tls:
            return (f"{protocol}://u@127.0.0.1:{c.server.port}"
                    "?security=none")
        scheme = protocol + ("s" if c.server.implicit else "")
        return f"{scheme}://u@localhost:{c.server.port}"

    def context(self, kind):
        if not hasattr(self, "certificates"):
            d = os.path.join(self.dir, "certificates")
            os.makedirs(d)
            lab_ca = os.path.dirname(self.server.ca)
            self.certificates = hostile.make_certificates(
                d, self.server.ca, os.path.join(lab_ca, "ca.key"))
        return hostile.tls_context(self.certificates[kind])

    def pin(self, c):
        return lab.pin_of(self.certificates[c.text("tls").split()[-1]])

    def key_pin(self, c):
        return lab.key_pin_of(self.certificates[c.text("tls").split()[-1]])

    def prepare(self, c):
        """Its mailboxes, where the case says something of them."""
        boxes = c.server.mailboxes
        delimiter = hostile.octets(c.text("delimiter", "/"))
        name = hostile.octets(c.text("name")) or delimiter.join(
            [b"x"] * int(c.text("deep", "0"))) or b"x" * int(
            c.text("long", "0"))
        c.server.delimiter = delimiter
        if name:
            boxes[name] = boxes.pop(b"Second")
        size = int(c.text("body", "2")) - 2
        first = hostile.MESSAGES[0][:-2].ljust(size, b"x") + b"\r\n"
        bodies = [first, *hostile.MESSAGES[1:]]
        if c.text("messages"):
            bodies = bodies[:1] * int(c.text("messages"))
        for i in range(int(c.text("mailboxes", "2")) - 2):
            boxes[b"more%d" % i] = []
        c.known = [hostile.octets(t) for t in c.text("also").split("|") if t]
        if "body" in c.rules:
            c.known.append(first)
        c.server.bodies = bodies
        boxes[b"INBOX"] = [hostile.fake.Message(i + 1, m)
                           for i, m in enumerate(bodies)]

    def enrol(self, cases):
        def some(mine):
            for c in mine:
                p = self.haul.start(
                    "add", c.account, c.url, "--password-file", "-",
                    "--every", "never", *self.options(c), text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE)
                err = p.communicate(CANARY + "\n", timeout=120)[1]
                if p.returncode != 0:
                    faults.append(f"{c.account}: {err}")
        faults = []
        threads = [threading.Thread(target=some, args=(cases[i::3],))
                   for i in range(3)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(faults, [])

    def options(self, c):
        pins = {"%PIN": self.pin, "%KEY": self.key_pin}
        return [pins[o](c) if o in pins else o
                for o in c.text("options").split()]

    def collect(self, cases, *settings):
        """Runs the daemon until every account has had a run."""
        settings = [w for s in (f"network.timeout={TIMEOUT_S}s",
                                "pool.per_host=32", "pool.sessions=32",
                                "pool.envoys=8", "log.format=json",
                                *settings) for w in ("-o", s)]
        log = os.path.join(self.dir, "log")
        with open(log, "w") as f:
            daemon = subprocess.Popen(
                self.haul.argv + settings + ["serve"], stderr=f,
                stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (daemon.poll() is None and daemon.kill(),
                                 daemon.wait()))
        memory = Memory(daemon.pid)
        began = time.monotonic()
        first = self.wait_for_runs(daemon, cases, 1)
        again = [c for c in cases if c.rules.keys() & {"ROWS", "STATUS"}]
        if again:
            self.haul.run("sync", *[c.account for c in again])
            first.update(self.wait_for_runs(daemon, again, 2))
        took = time.monotonic() - began
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(60), 0)
        memory.over.set()
        self.report(cases, took, memory.most)
        return first, log

    def wait_for_runs(self, daemon, cases, runs):
        """{account: its status} of these and the healthy one."""
        out, until = {}, time.monotonic() + TABLE_S
        names = {c.account for c in cases}
        while not names <= out.keys() or (runs == 1
                                          and len(out) == len(names)):
            for a in self.status():
                if a["runs"] >= runs and a["state"] not in ("running",
                                                            "queued"):
                    out.setdefault(a["name"], a)
            self.assertIsNone(daemon.poll(), "the daemon has ended")
            self.assertLess(time.monotonic(), until, names - out.keys())
            time.sleep(0.5)
        return out

    def status(self):
        return json.loads(self.haul.run("--json", "status").stdout)[
            "accounts"]

    def report(self, cases, took, most):
        print(f"{len(cases)} cases of {cases[0].table} in {took:.0f} s, at "
              f"most {most >> 20} MB", file=sys.stderr)
        if not case.SANITIZED:
            self.assertLess(most, MEMORY_MAX)

    # ---- what has to be true

    def runs_in(self, log):
        """{account: seconds of its longest run}, and faults of the log."""
        began, longest, faults = {}, {}, []
        with open(log, errors="replace") as f:
            for line in f:
                try:
                    row = json.loads(line)
                except ValueError:
                    faults.append(f"no event: {line[:300]}")
                    continue
                at = time.mktime(time.strptime(row["time"][:19],
                                               "%Y-%m-%dT%H:%M:%S"))
                name = row.get("account")
                if row["event"] == "run_begins":
                    began[name] = at
                elif row["event"] == "run_ended":
                    longest[name] = max(longest.get(name, 0),
                                        at - began[name])
        return longest, faults

    def contents(self, name):
        """Everything in a store's folders; the rest must be nothing."""
        out, half = [], []
        root = os.path.join(self.haul.store, name)
        for top, _, files in os.walk(root):
            for f in files:
                sub = os.path.basename(top)
                if sub in ("cur", "new"):
                    with open(os.path.join(top, f), "rb") as m:
                        out.append(m.read())
                elif sub == "tmp" or "mailhaul.stage" in top:
                    half.append(os.path.join(top, f))
        return out, half

    def faults_of(self, c, account):
        whole = [m.replace(b"\r\n", b"\n") for m in [
            *hostile.MESSAGES, *hostile.SECOND, *c.known]]
        stored, half = self.contents(c.account)
        error = account["error"]
        end = error["class"] if error else "quarantined" if \
            account["messages"]["quarantined"] else "idle"
        c.end = end
        if error and end not in CLASSES:  # crash, above all
            yield f"class {end}: {error['text']}"
        for wanted in c.wanted:
            wanted, _, count = wanted.partition("=")
            if wanted == end and (not count or int(count) == len(stored)):
                break
        else:
            yield (f"ended as {end} with {len(stored)} messages, not "
                   f"{c.wanted}: {error and error['text']}")
        if error and not (error["text"] and "\n" not in error["text"]):
            yield f"no sentence: {error['text']!r}"
        if account["crashes"]:
            yield f"{account['crashes']} crashes"
        for m in stored:
            if m not in whole:
                yield f"a message that nobody sent: {m[:80]!r}"
        if half:
            yield f"left behind: {half}"

    def check_all(self, cases, first, log):
        longest, faults = self.runs_in(log)
        for c in cases:
            mine = list(self.faults_of(c, first[c.account]))
            if longest[c.account] > DEADLINE_S:
                mine.append(f"took {longest[c.account]} s")
            faults += [f"{c.account}: {f}" for f in mine]
        self.assertEqual(faults, [], "\n" + "\n".join(faults))

    def play(self, table, least, protocol_of, *settings, honest=300):
        cases = self.servers(table, protocol_of)
        self.assertGreaterEqual(len(cases) * EVERY, least)
        healthy = self.source("healthy", honest)
        self.enrol(cases[:len(cases) // 2])
        self.add(healthy, "imaps")
        self.enrol(cases[len(cases) // 2:])
        first, log = self.collect(cases, *settings)
        self.assertIsNone(first[healthy]["error"])
        self.assert_same(healthy)
        self.check_all(cases, first, log)
        self.assertEqual(set(os.listdir(self.haul.store))
                         - {c.account for c in cases}, {healthy})
        return cases

    def assert_folders_of(self, c):
        """Every folder of its store is one that a reader takes."""
        root = os.path.join(self.haul.store, c.account)
        for name in os.listdir(root):
            path = os.path.join(root, name)
            self.assertFalse(os.path.islink(path), path)
            if name.startswith("."):
                self.assertRegex(name, r"^(\.[ -.0-~]+)+$", c.name)
                self.assertNotIn("..", name, c.name)
            elif os.path.isdir(path):
                self.assertIn(name, ("cur", "new", "tmp", "mailhaul.stage"))

    def test_imap(self):
        self.play("imap", 150, lambda c: ("imap", False))

    def test_pop3(self):
        self.play("pop3", 80, lambda c: ("pop3", False))

    def assert_nothing_in_clear(self, c):
        clear = b"".join(c.server.clear)
        heard = clear if c.end == "idle" else \
            clear + b"".join(c.server.sealed)
        for secret in secrets("u"):
            self.assertFalse(secret[:-2] in heard, c.name)
        self.assertNotRegex(
            clear, rb"(?im)^(\S+ )?(LOGIN|AUTHENTICATE|USER|PASS|AUTH "
            rb"|APOP)", c.name)

    def test_tls(self):
        for c in self.play("tls", 40, lambda c: (c.name[:4], True)):
            self.assert_nothing_in_clear(c)

    def test_plain_is_asked_for_and_allowed(self):
        plain = lambda c: (c.name[:4], "tls" in c.rules)
        for c in self.play("plain-allowed", 8, plain, honest=40):
            if "tls" in c.rules:
                self.assert_nothing_in_clear(c)
            else:  # it is seen where it may be
                self.assertTrue(any(
                    s in b"".join(c.server.clear) for s in secrets("u")))

    def test_plain_is_forbidden(self):
        plain = lambda c: (c.name[:4], "tls" in c.rules)
        for c in self.play("plain-forbidden", 8, plain,
                           "tls.allow_plain=no", honest=40):
            self.assert_nothing_in_clear(c)
            if "tls" not in c.rules:
                self.assertEqual(c.server.connections, 0, c.name)

    def test_names(self):
        cases = self.play("names", 60, lambda c: ("imap", False))
        for c in cases:
            self.assert_folders_of(c)

    def test_limits(self):
        self.play("limits", 70, lambda c: (c.name[:4], False),
                  *LIMITS, honest=40)


if __name__ == "__main__":
    case.main()
