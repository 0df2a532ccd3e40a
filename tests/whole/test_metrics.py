#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the daemon tells over HTTP: numbers that move, nobody's name, and
nothing that who asks can do to it."""
import contextlib, http.client, os, random, re, shutil, signal, socket
import subprocess, sys, time, unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, exposition, lab

CANARY = "zebrafink"  # in names of users, accounts and folders
SLOW = 180  # seconds that a loaded machine may take


def eventually(what, seconds=SLOW, step=0.2):
    """The first true value of what()."""
    until = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < until, f"not in {seconds} s"
        time.sleep(step)


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class Daemon:
    """A `serve` that listens; argv without the command."""

    def __init__(self, argv, d, *options):
        self.log_path = os.path.join(d, "serve.log")
        self.log = open(self.log_path, "w")
        self.process = subprocess.Popen(
            argv + ["serve", *options], stdin=subprocess.DEVNULL,
            stderr=self.log)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()

    def logged(self):
        with open(self.log_path) as f:
            return f.read()

    def listening(self, count=1):
        """The addresses in the order of the log, once there are so many."""
        def look():
            assert self.process.poll() is None, self.logged()
            found = re.findall(r" listening at=\"?([^\s\"]+)", self.logged())
            return found if len(found) >= count else None
        return eventually(look)

    def connect(self, at):
        if at.startswith("unix:"):
            return Unix(at.removeprefix("unix:"))
        host, port = at.rsplit(":", 1)
        return http.client.HTTPConnection(host.strip("[]"), int(port),
                                          timeout=30)

    def ask(self, path, at=None, method="GET"):
        """(status, headers, text)"""
        connection = self.connect(at or self.listening()[0])
        with contextlib.closing(connection):
            connection.request(method, path)
            r = connection.getresponse()
            return r.status, r.headers, r.read().decode()

    def status(self, path, at=None):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask(path, at)[0]
        return None

    def ready(self):
        eventually(lambda: self.status("/readyz") == 200)
        return self

    def samples(self):
        status, headers, text = self.ask("/metrics")
        assert status == 200, text
        assert headers["Content-Type"] == \
            "text/plain; version=0.0.4; charset=utf-8"
        self.types, samples = exposition.parse(text)
        return samples

    def herald(self):
        """The process that answers, or None."""
        children = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True,
            text=True).stdout.split()
        for pid in map(int, children):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    if f.read().split(b"\0")[1:2] == [b"herald"]:
                        return pid
        return None


class Metrics(case.Case):
    def serve(self, *options, argv=None):
        d = Daemon(argv or self.haul.argv, self.dir, *options)
        self.addCleanup(d.close)
        return d

    def open(self, *options):
        return self.serve("--listen", "127.0.0.1:0", *options).ready()

    def end(self, daemon):
        daemon.process.terminate()
        self.assertEqual(daemon.process.wait(60), 0)
        for word in ("Sanitizer", "runtime error"):
            self.assertNotIn(word, daemon.logged())

    # ---- what is told

    def test_numbers_move(self):
        user = self.source(CANARY, 300, folders=[
            ("INBOX", 0.5), (CANARY.title(), 0.5)])
        mail = self.count
        drop = self.source(CANARY + "2", 40, folders=[("INBOX", 1.0)])
        daemon = self.open()
        first = daemon.samples()
        self.assertEqual(first["mailhaul_runs_started_total", ()], 0)
        self.add(user, "imaps")
        self.add(drop, "pop3s")
        self.haul.add("bad" + CANARY, self.url(user, "imaps"), "--to", "bad",
                      password=CANARY + "secret")
        seen = [first]

        def done():
            seen.append(daemon.samples())
            s = seen[-1]
            return sum(v for (name, labels), v in s.items()
                       if name == "mailhaul_accounts" and
                       dict(labels)["state"] in ("idle", "failed")) == 3 \
                and s["mailhaul_runs_ended_total",
                      (("protocol", "imap"), ("result", "auth"))]
        eventually(done)
        for a, b in zip(seen, seen[1:]):
            for key, value in a.items():
                if key[0].endswith(("_total", "_count", "_bucket", "_sum")):
                    self.assertLessEqual(value, b[key], key)
        s = seen[-1]

        def value(name, **labels):
            return s["mailhaul_" + name, tuple(sorted(labels.items()))]
        self.assertEqual(value("messages_collected_total", protocol="imap"),
                         mail)
        self.assertEqual(value("messages_collected_total", protocol="pop3"),
                         self.count)
        self.assertGreater(value("received_bytes_total", protocol="imap"),
                           300 * mail)
        self.assertEqual(value("stored_messages"), mail + self.count)
        self.assertGreaterEqual(value("runs_started_total"), 3)
        self.assertEqual(value("accounts", protocol="imap", state="idle"), 1)
        self.assertEqual(value("accounts", protocol="pop3", state="idle"), 1)
        self.assertEqual(value("accounts", protocol="imap", state="failed"),
                         1)
        self.assertEqual(value("account_errors", **{"class": "auth"}), 1)
        self.assertGreater(value("committed_batches_total"), 0)
        self.assertGreaterEqual(value("run_duration_seconds_count"), 3)
        self.assertGreaterEqual(value("job_wait_seconds_count"), 3)
        self.assertAlmostEqual(value("oldest_success_timestamp_seconds"),
                               time.time(), delta=2 * SLOW)
        self.assertEqual(value("budget_hosts", state="all"), 1)
        self.no_names(daemon)
        self.promtool(daemon)
        self.end(daemon)

    def test_deleted_at_the_source(self):
        user = self.source("anna", 12, folders=[("INBOX", 1.0)])
        daemon = self.open()
        self.add(user, "imaps", "--delete", "after-import")
        key = "mailhaul_messages_deleted_at_source_total", ()
        eventually(lambda: daemon.samples()[key] == self.count)
        self.end(daemon)

    def no_names(self, daemon):
        for path in ("/metrics", "/healthz", "/readyz", "/"):
            _, headers, text = daemon.ask(path)
            for word in (CANARY, CANARY.title(), "localhost", lab.PASSWORD,
                         self.haul.dir):
                self.assertNotIn(word, text + str(headers))

    def promtool(self, daemon):
        if not shutil.which("promtool"):
            return  # exposition.parse has read it, and is as strict
        p = subprocess.run(["promtool", "check", "metrics"],
                           input=daemon.ask("/metrics")[2], text=True,
                           capture_output=True)
        self.assertEqual((p.returncode, p.stdout + p.stderr), (0, ""))

    def test_head_and_others(self):
        daemon = self.open()
        status, headers, text = daemon.ask("/metrics", method="HEAD")
        self.assertEqual((status, text), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 1000)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
            status, headers, text = daemon.ask("/metrics", method=method)
            self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        for path in ("/", "/metrics/", "/../etc/passwd", "/metricsx"):
            self.assertEqual(daemon.ask(path)[0], 404)
        self.assertEqual(daemon.ask("/metrics?a=b")[0], 200)
        self.end(daemon)

    # ---- alive and ready

    def test_a_loop_that_stands_still(self):
        daemon = self.open()
        self.assertEqual(daemon.ask("/healthz")[::2], (200, "ok\n"))
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            eventually(lambda: daemon.ask("/healthz")[0] == 503)
            self.assertIn("has not turned", daemon.ask("/healthz")[2])
            self.assertEqual(daemon.ask("/readyz")[0], 503)
            self.assertEqual(daemon.ask("/metrics")[0], 503)
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        eventually(lambda: daemon.ask("/healthz")[0] == 200)
        self.end(daemon)

    def test_no_keys(self):
        key = os.path.join(self.haul.state, "mailhaul.key")
        os.rename(key, key + ".away")
        daemon = self.serve("--listen", "127.0.0.1:0")
        eventually(lambda: daemon.status("/healthz") == 200)
        status, _, text = daemon.ask("/readyz")
        self.assertEqual(status, 503)
        self.assertIn("keys", text)
        os.rename(key + ".away", key)
        daemon.ready()
        self.end(daemon)

    # ---- the process that answers

    def test_killed_and_back(self):
        daemon = self.open()
        pid = daemon.herald()
        user = self.source("anna", 50)
        self.add(user, "imaps")
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: daemon.herald() not in (None, pid))
        daemon.ready()  # at the same address
        eventually(lambda: daemon.samples()[
            "mailhaul_heralds_started_total", ()] == 2)
        self.assertEqual(daemon.logged().count("herald_died"), 1)
        eventually(lambda: self.haul.status(user)["state"] == "idle")
        self.assert_same(user)
        self.end(daemon)
        self.assertIsNone(daemon.herald())

    def test_one_that_hangs_is_replaced(self):
        daemon = self.open()
        pid = daemon.herald()
        os.kill(pid, signal.SIGSTOP)
        eventually(lambda: daemon.herald() not in (None, pid))
        daemon.ready()
        self.assertIn("herald_hangs", daemon.logged())
        self.end(daemon)

    def test_one_that_hangs_at_the_end(self):
        daemon = self.open()
        os.kill(daemon.herald(), signal.SIGSTOP)
        self.end(daemon)

    def test_the_daemon_is_killed(self):
        """The address is free again for the next one, at once."""
        port = lab.free_ports(1)[0]
        at = f"127.0.0.1:{port}"
        daemon = self.serve("--listen", at).ready()
        pid = daemon.herald()
        daemon.process.kill()
        daemon.process.wait()
        again = self.serve("--listen", at).ready()
        self.assertNotEqual(again.herald(), pid)
        self.assertFalse(os.path.exists(f"/proc/{pid}/fd/3"))
        self.end(again)

    @unittest.skipIf(case.SANITIZED, "a sanitizer needs what it gives up")
    def test_it_has_nothing(self):
        daemon = self.open()
        pid = daemon.herald()
        with open(f"/proc/{pid}/status") as f:
            said = dict(line.rstrip("\n").split(":\t", 1) for line in f
                        if ":\t" in line)
        self.assertEqual((said["NoNewPrivs"], said["Seccomp"],
                          said["Threads"]), ("1", "2", "1"))
        kinds = [os.readlink(f"/proc/{pid}/fd/{n}").split(":")[0]
                 for n in os.listdir(f"/proc/{pid}/fd") if n not in "012"]
        self.assertLessEqual(set(kinds), {"socket", "anon_inode"})
        self.end(daemon)

    # ---- addresses

    def refused(self, code, words, *options, argv=()):
        p = self.haul.run(*argv, "serve", *options, check=False)
        self.assertEqual(p.returncode, code, p.stderr)
        lines = [line for line in p.stderr.splitlines()
                 if " info " not in line]
        self.assertEqual(len(lines), 1, p.stderr)
        for word in words:
            self.assertIn(word, lines[0])

    def test_bad_addresses(self):
        for text in ("localhost:9180", "9180", ":9180", "127.0.0.1",
                     "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:x",
                     "127.0.0.1:-1", "::1:9180", "[::1]", "[::1]9180",
                     "[127.0.0.1]:1", "127.1:9180", "unix:relative",
                     "unix:", "unix:/" + "x" * 120, "http://127.0.0.1:1",
                     "127.0.0.1:1 127.0.0.1:1",
                     " ".join(f"127.0.0.1:{n}" for n in range(1, 6))):
            with self.subTest(text):
                self.refused(2, ["--listen", "ADDRESS:PORT"],
                             "--listen", text)
                self.refused(3, ["serve.listen", "ADDRESS:PORT"],
                             argv=["-o", "serve.listen=" + text])
        self.refused(3, ["cannot listen on 192.0.2.1:0", "no address of"],
                     "--listen", "192.0.2.1:0")
        self.refused(3, ["cannot listen on unix:/nowhere/x"],
                     "--listen", "unix:/nowhere/x")

    def test_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            at = "127.0.0.1:%d" % other.getsockname()[1]
            self.refused(3, ["cannot listen on " + at, "in use",
                             "another program"], "--listen", at)
        path = os.path.join(self.dir, "file")
        open(path, "w").close()
        self.refused(3, ["cannot listen on unix:" + path],
                     "--listen", "unix:" + path)
        self.assertTrue(os.path.isfile(path))

    def test_many_addresses(self):
        path = os.path.join(self.dir, "http.sock")
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path)
        wanted = ["127.0.0.1:0", "unix:" + path]
        with contextlib.suppress(OSError):  # a machine without IPv6
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
            wanted.append("[::1]:0")
        daemon = self.serve("--listen", " ".join(wanted))
        found = daemon.listening(len(wanted))
        for at in found:
            eventually(lambda: daemon.status("/readyz", at) == 200)
            self.assertEqual(daemon.ask("/healthz", at)[2], "ok\n")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)
        self.end(daemon)
        self.assertFalse(os.path.exists(path))

    def test_settings_read_again(self):
        conf = os.path.join(self.dir, "conf")
        one, two = lab.free_ports(2)
        path = os.path.join(self.dir, "s")

        def write(text):
            with open(conf, "w") as f:
                f.write(f"[serve]\nlisten = {text}\n")
        write(f"127.0.0.1:{one} unix:{path}")
        daemon = self.serve(argv=[conf if a == "/dev/null" else a
                                  for a in self.haul.argv])
        eventually(lambda: daemon.status("/readyz", f"127.0.0.1:{one}")
                   == 200)
        inode = os.stat(path).st_ino
        pid = daemon.herald()
        write(f"unix:{path} 127.0.0.1:{two}")
        daemon.process.send_signal(signal.SIGHUP)
        eventually(lambda: daemon.status("/readyz", f"127.0.0.1:{two}")
                   == 200)
        eventually(lambda: daemon.status("/readyz", f"127.0.0.1:{one}")
                   is None)
        self.assertEqual(os.stat(path).st_ino, inode)
        self.assertEqual(daemon.status("/readyz", "unix:" + path), 200)
        self.assertEqual(daemon.herald(), pid)
        write("192.0.2.1:1")  # all stays as it was
        daemon.process.send_signal(signal.SIGHUP)
        eventually(lambda: "not_listening" in daemon.logged())
        self.assertEqual(daemon.status("/readyz", f"127.0.0.1:{two}"), 200)
        write("none")
        daemon.process.send_signal(signal.SIGHUP)
        eventually(lambda: daemon.herald() is None)
        self.assertIsNone(daemon.status("/readyz", f"127.0.0.1:{two}"))
        self.assertFalse(os.path.exists(path))
        self.end(daemon)

    def test_off_by_default(self):
        daemon = self.serve()
        eventually(lambda: " serving " in daemon.logged())
        time.sleep(3)
        self.assertIsNone(daemon.herald())
        self.assertNotIn("listening", daemon.logged())
        self.end(daemon)

    # ---- who asks is not to be trusted

    def hostile(self, r):
        """200 things that are no good request."""
        get = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
        fixed = [
            b"", b"\0", b"\r\n" * 500, b"GET", b"GET /metrics\r\n\r\n",
            b"GET  HTTP/1.1\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500,
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            get + b"A: " + b"x" * 200000 + b"\r\n\r\n",
            get + b"A: b\r\n" * 20000 + b"\r\n",
            b"GET /" + b"a" * 300000 + b" HTTP/1.1\r\n\r\n",
            get + b"Content-Length: 99999999999999999999\r\n\r\n",
            get + b"Content-Length: -1\r\n\r\nx",
            get + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
            get + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            get + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
            get + b"Connection: keep-alive\r\n\r\n" * 50,
            b"POST /metrics HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 10000000\r\n\r\n" + b"x" * 100000,
            b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Content-Length: 5\r\n\r\n",
            b"GET http://other.example/metrics HTTP/1.1\r\n\r\n",
            b"CONNECT 127.0.0.1:25 HTTP/1.1\r\n\r\n",
            b"GET /%00%ff%zz%2e%2e/%2 HTTP/1.1\r\nHost: x\r\n\r\n",
            get + b" folded\r\n\tmore\r\n: none\r\nno colon\r\n\r\n",
            get + b"Range: bytes=0-0,-1,5-2\r\n\r\n",
            get + b"Cookie: " + b"a=b;" * 1500 + b"\r\n\r\n",
            b"get /metrics http/1.1\r\n\r\n", b"\n\n\n\n", b"\xff" * 9000]
        while len(fixed) < 200:
            text = bytearray(get + b"Accept: */*\r\n\r\n")
            for _ in range(r.randint(1, 12)):
                at = r.randrange(len(text))
                text[at:at + r.randint(0, 3)] = r.randbytes(r.randint(0, 4))
            fixed.append(bytes(text))
        return fixed

    def send(self, at, payload, r):
        host, port = at.rsplit(":", 1)
        with contextlib.suppress(OSError), \
                socket.create_connection((host, int(port)), 10) as s:
            s.settimeout(10)
            s.sendall(payload)
            if r.random() < 0.5:
                s.shutdown(socket.SHUT_WR)
                while s.recv(65536):
                    pass

    def test_hostile_requests(self):
        r = random.Random(7)
        daemon = self.open()
        at, pid = daemon.listening()[0], daemon.herald()
        user = self.source("anna", 100)
        self.add(user, "imaps")
        for n, payload in enumerate(self.hostile(r)):
            self.send(at, payload, r)
            if n % 20 == 0:
                self.assertEqual(daemon.status("/healthz"), 200, payload)
        self.assertEqual(daemon.herald(), pid, "it has died")
        eventually(lambda: self.haul.status(user)["state"] == "idle")
        self.assert_same(user)
        with open(f"/proc/{pid}/status") as f:
            rss = int(re.search(r"VmHWM:\s+(\d+)", f.read())[1])
        if not case.SANITIZED:
            self.assertLess(rss, 40000)
        self.end(daemon)

    def test_slow_ones(self):
        """Three times as many as there are places, a byte at a time."""
        daemon = self.open()
        host, port = daemon.listening()[0].rsplit(":", 1)
        slow, text = [], b"GET /metrics HTTP/1.1\r\nHost: x\r\nA: "
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                with contextlib.suppress(OSError):
                    s = socket.create_connection((host, int(port)), 0.5)
                    slow.append(stack.enter_context(s))
            until, n, answered = time.monotonic() + 12, 0, 0
            while time.monotonic() < until:
                for s in slow:
                    with contextlib.suppress(OSError):
                        s.send(text[n:n + 1] or b"x")
                n += 1
                answered += daemon.status("/healthz") == 200
                time.sleep(0.1)
            self.assertGreater(answered, 2)
            closed = 0
            for s in slow:
                s.settimeout(0.01)
                with contextlib.suppress(TimeoutError):
                    try:
                        closed += s.recv(4096) == b""
                    except ConnectionError:
                        closed += 1
            self.assertGreater(closed, len(slow) // 2)
        self.assertEqual(daemon.status("/healthz"), 200)
        self.assertEqual(daemon.logged().count("herald_"), 0)
        self.end(daemon)


if __name__ == "__main__":
    case.main()
