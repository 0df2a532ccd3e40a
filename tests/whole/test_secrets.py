#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where a password can be found: nowhere. And what rotates its key."""
import base64, glob, json, os, re, shutil, signal, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, hostile, lab

CANARY = "cAnArY-51d0-Secret"


def spellings(user):
    """As it is, and as logins carry it."""
    b64 = lambda s: base64.b64encode(s.encode()).decode().rstrip("=")
    return [CANARY, b64(CANARY), b64(f"\0{user}\0{CANARY}"), CANARY[::-1]]


def children(pid):
    out = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with open(path) as f:
            out += [int(p) for p in f.read().split()]
    return out


def memory(pid):
    """What can be written of a process, piece by piece; only root may."""
    with open(f"/proc/{pid}/maps") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not m:
                continue
            start, end = (int(x, 16) for x in m.groups())
            try:
                yield os.pread(mem.fileno(), end - start, start)
            except OSError:
                pass


class Secrets(case.Case):
    extra = """
passdb {
  driver = static
  args = password=%s
}
""" % CANARY

    def found(self, data, user):
        return [s for s in spellings(user) if s.encode() in data]

    def assert_nowhere(self, data, user, where):
        if isinstance(data, str):
            data = data.encode(errors="replace")
        self.assertEqual([], self.found(data, user), where)

    def files(self):
        for top in (self.haul.state, self.haul.store):
            for base, _, names in os.walk(top):
                for name in names:
                    try:
                        with open(os.path.join(base, name), "rb") as f:
                            yield os.path.join(base, name), f.read()
                    except FileNotFoundError:
                        pass

    def serve(self, *options):
        log = open(os.path.join(self.dir, "log"), "w+")
        p = self.haul.start("-o", "log.level=wire", *options, "serve",
                            stderr=log, stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (p.poll() is None and p.kill(), p.wait(),
                                 log.close()))
        return p

    def said(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()

    def wait_for(self, what, seconds=90):
        until = time.monotonic() + seconds
        while not what():
            if time.monotonic() > until:
                self.fail("waited in vain; the log:\n" + self.said()[-4000:])
            time.sleep(0.1)

    def enrol(self, user, scheme, *options):
        self.haul.add(user, self.url(user, scheme), *options, password=CANARY)

    def test_canary_output_and_files(self):
        for level in ("error", "warn", "info", "debug", "wire"):
            for scheme in ("imaps", "pop3s", "imap+plain"):
                with self.subTest(level=level, scheme=scheme):
                    user = self.source(f"{level}-{scheme[:5]}".replace(
                        "+", "-"), 2)
                    p = self.haul.add(user, self.url(user, scheme),
                                      password=CANARY)
                    self.assert_nowhere(p.stdout + p.stderr, user, "add")
                    for words in (["run", user], ["check", user],
                                  ["--json", "status"], ["--json", "list"],
                                  ["--json", "show", user],
                                  ["--json", "failures"],
                                  ["--json", "check", user],
                                  ["--json", "key", "list"]):
                        form = "json" if scheme == "pop3s" else "text"
                        p = self.haul.run("-o", f"log.level={level}", "-o",
                                          f"log.format={form}", *words)
                        self.assert_nowhere(p.stdout + p.stderr, user, words)
                    for path, data in self.files():
                        self.assert_nowhere(data, user, path)
        # the journal is rolled back or gone, and what was overwritten, too
        self.haul.run("set", user, "--password-file", "-",
                      stdin="another\n")
        for path, data in self.files():
            self.assertNotIn(b"another\n", data, path)

    def test_canary_processes(self):
        user = self.source("anna", 3)
        self.enrol(user, "imaps", "--push")
        daemon = self.serve()
        self.wait_for(lambda: self.haul.status(user)["state"] == "idle")
        time.sleep(1)
        everybody = [daemon.pid] + children(daemon.pid)
        self.assertGreater(len(everybody), 1, "no envoy is there")
        for pid in everybody:
            for name in ("cmdline", "environ"):
                with open(f"/proc/{pid}/{name}", "rb") as f:
                    self.assert_nowhere(f.read(), user, (pid, name))
        self.assertIn(" wire ", self.said())
        self.assert_nowhere(self.said(), user, "log")
        if os.getuid() != 0 or case.SANITIZED:
            print("SKIPPED: memory is looked at as root, without a sanitizer",
                  file=sys.stderr)
            return
        # the search sees what is there
        self.assertTrue(any(user.encode() in piece
                            for piece in memory(daemon.pid)))
        for pid in everybody[1:]:
            for piece in memory(pid):
                self.assert_nowhere(piece, user, f"memory of {pid}")

    def slow_pop3(self, tls, sasl):
        """A server that takes seconds to answer the first command after the
        login."""
        c = hostile.Case("canary", 1, "pop3", [])
        c.rules = {"STAT": "<drip +OK 3 90\\r\\n>",
                   "LIST": "<drip +OK here\\r\\n><data>"}
        if sasl:
            c.rules |= {"caps": "SASL PLAIN", "AUTH": "+OK in\\r\\n"}
        context = hostile.tls_context(os.path.join(
            self.server.dir, "tls", "server.crt")) if tls else None
        server = hostile.Server(c, "pop3", context, tls)
        self.addCleanup(server.stop)
        return server

    def heard_after_login(self, server):
        heard = [line.split(b" ")[0].strip().upper()
                 for line in list(server.heard)]
        return b"STAT" in heard or b"LIST" in heard

    def test_canary_pop3_envoys(self):
        if os.getuid() != 0 or case.SANITIZED:
            print("SKIPPED: memory is looked at as root, without a sanitizer",
                  file=sys.stderr)
            return
        servers = {}
        for tls in (False, True):
            for sasl in (False, True):
                s = self.slow_pop3(tls, sasl)
                name = f"p{tls:d}{sasl:d}"
                self.haul.add(name, f"pop3s://u@localhost:{s.port}" if tls
                              else f"pop3://u@localhost:{s.port}"
                              "?security=none", password=CANARY)
                servers[name] = s
        daemon = self.serve()
        self.wait_for(lambda: all(map(self.heard_after_login,
                                      servers.values())))
        time.sleep(1)
        envoys = children(daemon.pid)
        self.assertGreater(len(envoys), len(servers))  # and the scout
        known = 0
        for pid in envoys:
            for piece in memory(pid):
                self.assert_nowhere(piece, "u", f"memory of {pid}")
                known += b"localhost" in piece
        self.assertGreaterEqual(known, len(servers))  # the search sees
        # each of them is still where it was: after the login, not the end
        for name in servers:
            self.assertEqual(self.haul.status(name)["state"], "running")
        self.assert_nowhere(self.said(), "u", "log")

    def test_core_is_refused_to_the_own_user(self):
        if os.getuid() != 0 or case.SANITIZED or not shutil.which("gcore"):
            print("SKIPPED: needs root, gcore, and no sanitizer",
                  file=sys.stderr)
            return
        who = lab.mail_user()
        lab.own(self.dir)
        argv = [a for a in self.haul.argv if not a.startswith("store.owner")]
        argv = [a for i, a in enumerate(argv)
                if not (a == "-o" and i + 1 < len(argv)
                        and argv[i + 1] == "-o")]
        log = open(os.path.join(self.dir, "log"), "w")
        shutil.rmtree(self.haul.state)
        os.mkdir(self.haul.state, 0o700)
        os.chown(self.haul.state, who.pw_uid, who.pw_gid)
        as_user = dict(user=who.pw_uid, group=who.pw_gid, extra_groups=[],
                       cwd="/", stderr=log, stdin=subprocess.DEVNULL)
        self.assertEqual(0, subprocess.run(argv + ["init"], **as_user,
                                           stdout=log).returncode,
                         self.said())
        p = subprocess.Popen(argv + ["serve"], **as_user)
        try:
            self.wait_for(lambda: "serving" in self.said())
            core = os.path.join(self.dir, "store", "core")
            got = subprocess.run(["gcore", "-o", core, str(p.pid)], user=
                                 who.pw_uid, group=who.pw_gid,
                                 extra_groups=[], cwd="/", text=True,
                                 capture_output=True, timeout=120)
            self.assertNotEqual(0, got.returncode, got.stdout)
            self.assertEqual([], glob.glob(core + "*"))
            self.assertIsNone(p.poll())
            with open(f"/proc/{p.pid}/limits") as f:
                self.assertRegex(f.read(), r"Max core file size +0 +0 ")
        finally:
            p.terminate()
            p.wait(60)
            log.close()

    def test_rotate_beside_a_daemon(self):
        user = self.source("anna", 3)
        self.enrol(user, "imaps")
        daemon = self.serve("-o", "sync.every=1s")
        self.wait_for(lambda: self.haul.status(user)["runs"] > 0)
        for _ in range(3):
            self.haul.run("key", "rotate")
            runs = self.haul.status(user)["runs"]
            self.wait_for(lambda: self.haul.status(user)["runs"] > runs + 1)
            row = self.haul.status(user)
            self.assertIsNone(row["error"], row)
        self.assertIsNone(daemon.poll())
        # enrolled by a command that read the ring after it was rotated
        other = self.source("bert", 2)
        self.enrol(other, "imaps")
        self.wait_for(lambda: self.haul.status(other)["state"] == "idle")
        p = self.haul.run("key", "list")
        self.assertEqual(3, len(p.stdout.splitlines()), p.stdout)
        self.assertIn("names messages", p.stdout)

    def test_rotate_killed_at_any_time(self):
        users = [self.source(f"u{i}", 1) for i in range(3)]
        for user in users:
            self.enrol(user, "imaps")
        t = time.monotonic()
        self.haul.run("key", "rotate")
        took = time.monotonic() - t
        for i in range(25):
            p = self.haul.start("key", "rotate", stdout=subprocess.DEVNULL)
            time.sleep(took * i / 24)
            p.send_signal(signal.SIGKILL)
            p.wait()
            p = self.haul.run("--json", "key", "list")
            self.assertEqual(0, json.loads(p.stdout)["unopened"])
        self.haul.run("key", "rotate")
        for user in users:
            self.haul.run("run", user)
            self.assert_same(user)
        left = [n for n in os.listdir(self.haul.state)
                if n.startswith("mailhaul.key")]
        self.assertEqual(["mailhaul.key"], left)

    def test_wrong_or_missing_key_locks_and_touches_nothing(self):
        user = self.source("anna", 2)
        self.enrol(user, "imaps")
        self.haul.run("run", user)
        key = os.path.join(self.haul.state, "mailhaul.key")
        os.rename(key, key + ".kept")

        for n, word in ((None, "mailhaul.key"), (32, "not in the key file"),
                        (31, "damaged")):
            if n is not None:
                with open(key, "wb") as f:
                    f.write(b"x" * n)
                os.chmod(key, 0o400)
            p = self.haul.run("run", user, check=False)
            self.assertNotEqual(0, p.returncode)
            self.assertIn(word, p.stderr + p.stdout)
            p = self.haul.run("key", "list", check=False)
            self.assertNotEqual(0, p.returncode)
            self.assert_same(user)
            if os.path.exists(key):
                os.chmod(key, 0o600)
        os.rename(key + ".kept", key)
        os.chmod(key, 0o400)
        self.haul.run("run", user)
        self.assertEqual("idle", self.haul.status(user)["state"])


if __name__ == "__main__":
    case.main()
