# SPDX-License-Identifier: BSD-2-Clause
"""Every way to log in, over IMAP and POP3, against a real Dovecot."""
import base64, http.server, json, os, sys, threading, urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab

CANARY = "cAnArY-7c1f-secret"
WAYS = ["auto", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256",
        "user-pass"]
# Without tab and C0, and no longer: Dovecot's own parts cannot pass those on.
ODD = [b"a", b"ab", b" ", b" lead", b"trail ", b"two  spaces", b'"', b'""',
       b"\\", b"\\\\", b'a"b\\c', b"{3}", b"{3+}", b"()", b"%*", b"[]",
       b"a:b", b"a=b,c", b"=2C=3D", b"*", b"#", b"'", b"$VAR %u",
       "pä§s".encode(), "日本語".encode(), "🔑".encode(), b"\xff\xfe",
       b"\x80", b"a\xa7b", b"\x7f",
       b"\xc2\xa0nbsp", b"x" * 200, b"y" * 1000, b"z" * 1023,
       b"\xe4" * 300, b"w" * 4000]


class Tokens(http.server.BaseHTTPRequestHandler):
    """The provider's introspection (RFC 7662)."""

    def do_POST(self):
        n = int(self.headers.get("Content-Length", 0))
        form = urllib.parse.parse_qs(self.rfile.read(n).decode())
        user = self.server.tokens.get(form.get("token", [""])[0])
        answer = json.dumps({"active": user is not None,
                             "username": user or ""}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


class Auth(case.Case):
    extra = """
auth_mechanisms = plain login cram-md5 apop scram-sha-1 scram-sha-256 xoauth2 oauthbearer
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.stop()
        cls.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
        cls.web.tokens = {}
        cls.web.daemon_threads = True
        threading.Thread(target=cls.web.serve_forever, daemon=True).start()
        d = cls.server.dir
        cls.users = os.path.join(d, "users")
        # all of them now: Dovecot looks at the file once a second at most
        with open(cls.users, "w") as f:
            for user, secret in [
                    ("ann-test_each_way", CANARY.encode()),
                    ("bob-test_refused", b"right"),
                    ("eve-test_wire_log_is_silent", CANARY.encode())] + [
                    (f"odd-test_odd_secrets.{i}", s)
                    for i, s in enumerate(ODD)]:
                coded = base64.b64encode(secret).decode()
                f.write(f"{user}:{{PLAIN.b64}}{coded}\n")
        with open(os.path.join(d, "oauth.conf"), "w") as f:
            f.write("introspection_mode = post\n"
                    "introspection_url = http://127.0.0.1:"
                    f"{cls.web.server_address[1]}/\n"
                    "username_attribute = username\n"
                    "active_attribute = active\nactive_value = true\n"
                    "force_introspection = yes\n")
        with open(cls.server.conf) as f:
            text = f.read()
        static = (f"passdb {{\n  driver = static\n  args = password="
                  f"{lab.PASSWORD}\n}}\n")
        assert static in text
        with open(cls.server.conf, "w") as f:
            f.write(text.replace(static, f"""
passdb {{
  driver = passwd-file
  args = {cls.users}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {d}/oauth.conf
}}
"""))
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.web.shutdown()
        cls.web.server_close()
        super().tearDownClass()

    def login(self, user, scheme, way, secret, check=True):
        path = os.path.join(self.dir, "password")
        with open(path, "wb") as f:
            f.write(secret + b"\n")
        return self.haul.run("check", self.url(user, scheme), "--auth", way,
                             "--password-file", path, check=check)

    def test_each_way(self):
        user = self.source("ann", 3)
        for scheme in ("imap+plain", "imaps", "imap", "pop3+plain", "pop3s",
                       "pop3"):
            for way in WAYS:
                with self.subTest(scheme=scheme, way=way):
                    self.login(user, scheme, way, CANARY.encode())
        self.login(user, "pop3s", "apop", CANARY.encode())

    def test_refused(self):
        user = self.source("bob", 1)
        for scheme in ("imap+plain", "imaps", "pop3+plain", "pop3s"):
            for way in WAYS:
                with self.subTest(scheme=scheme, way=way):
                    p = self.login(user, scheme, way, CANARY.encode(),
                                   check=False)
                    self.assertEqual(1, p.returncode, p.stderr)
                    self.assertIn("auth", p.stderr)
                    self.assertNotIn(CANARY, p.stdout + p.stderr)
                    self.assertNotIn(base64.b64encode(
                        CANARY.encode()).decode(), p.stdout + p.stderr)

    def test_odd_secrets(self):
        homes = self.source("odd", 1)
        for i, secret in enumerate(ODD):
            user = f"{homes}.{i}"
            self.server.add_user(user, os.path.join(self.dir, "source", "odd"))
        for i, secret in enumerate(ODD):
            user = f"{homes}.{i}"
            for scheme, way in (("imaps", "plain"), ("imap+plain", "user-pass"),
                                ("pop3s", "plain"), ("pop3s", "cram-md5"),
                                ("imaps", "login")):
                if way == "user-pass" and len(secret) > 2000:
                    continue  # more than Dovecot takes before a login
                with self.subTest(secret=secret[:20], scheme=scheme, way=way):
                    self.login(user, scheme, way, secret)

    def test_wire_log_is_silent(self):
        user = self.source("eve", 1)
        for scheme in ("imap+plain", "pop3+plain"):
            for way in WAYS:
                path = os.path.join(self.dir, "password")
                with open(path, "w") as f:
                    f.write(CANARY + "\n")
                name = f"{user}-{scheme[:4]}-{way}"
                self.haul.run("add", name, self.url(user, scheme), "--auth",
                              way, "--password-file", path)
                p = self.haul.run("-o", "log.level=wire", "run", name)
                said = p.stdout + p.stderr
                self.assertIn("wire", said)
                for word in (CANARY, base64.b64encode(
                        CANARY.encode()).decode(), base64.b64encode(
                        f"\0{user}\0{CANARY}".encode()).decode()):
                    self.assertNotIn(word, said)

    def test_tokens(self):
        user = self.source("tok", 3)
        token, fresh = "ya29.canary-old", "ya29.canary-new"
        self.web.tokens[token] = user
        path = os.path.join(self.dir, "token")

        def put(text):
            with open(path + ".new", "w") as f:
                f.write(text + "\n")
            os.chmod(path + ".new", 0o600)
            os.rename(path + ".new", path)
        put(token)
        for scheme in ("imaps", "pop3s"):
            for way in ("auto", "xoauth2", "oauthbearer"):
                with self.subTest(scheme=scheme, way=way):
                    self.haul.run("check", self.url(user, scheme), "--auth",
                                  way, "--token-file", path)
        self.haul.run("add", user, self.url(user, "imaps"),
                      "--token-file", path)
        self.haul.run("run", user)
        del self.web.tokens[token]
        p = self.haul.run("run", user, check=False)
        self.assertEqual(1, p.returncode)
        self.assertNotIn(token, p.stdout + p.stderr)
        row = self.haul.status(user)
        self.assertEqual("waiting", row["state"])
        self.assertEqual("auth", row["error"]["class"])
        self.assertIn(path, row["error"]["hint"])
        # not sent a second time, although it would be good again
        self.web.tokens[token] = user
        p = self.haul.run("run", user, check=False)
        self.assertEqual(1, p.returncode)
        self.assertIn("still holds", p.stderr)
        put(fresh)
        self.web.tokens[fresh] = user
        self.haul.run("run", user)
        self.assertEqual("idle", self.haul.status(user)["state"])

    def test_token_file_is_private(self):
        user = self.source("open", 1)
        path = os.path.join(self.dir, "token")
        with open(path, "w") as f:
            f.write("ya29.canary\n")
        os.chmod(path, 0o644)
        p = self.haul.run("check", self.url(user, "imaps"), "--token-file",
                          path, check=False)
        self.assertEqual(1, p.returncode)
        self.assertIn("other users", p.stderr)

    def test_options_that_do_not_fit(self):
        for scheme, *options in (
                ("imaps", "--auth", "nonsense"), ("imaps", "--auth", "apop"),
                ("imaps", "--auth", "xoauth2"),
                ("imaps", "--auth", "plain", "--token-file", "x"),
                ("imap+plain", "--token-file", "x")):
            p = self.haul.run("add", "x", self.url("x", scheme), *options,
                              check=False)
            self.assertEqual(2, p.returncode, options)


if __name__ == "__main__":
    case.main()
