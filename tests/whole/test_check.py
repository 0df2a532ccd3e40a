#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""check: what it shows, and that nothing comes of it. --map, --shared."""
import json, os, signal, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, fake, lab

FOLDERS = [("INBOX", 0.5), ("Sent", 0.1), ("Sent/2019", 0.1),
           ("Papierkorb", 0.1), ("Arbeit", 0.2)]


def tree(d):
    """Every file below d with size and time."""
    out = {}
    for where, _, files in os.walk(d):
        for f in files:
            path = os.path.join(where, f)
            st = os.stat(path)
            out[path] = (st.st_size, st.st_mtime_ns)
    return out


class Check(case.Case):
    def check(self, *args, code=0, stdin=""):
        p = self.haul.run("--json", "check", *args, check=False, stdin=stdin)
        self.assertEqual(p.returncode, code, p.stdout + p.stderr)
        return json.loads(p.stdout)

    def rows(self, found):
        return {m["mailbox"]: (m["folder"], m["why"])
                for m in found["mailboxes"]}

    def test_a_name_shows_all_and_stores_nothing(self):
        user = self.source("anna", 20, folders=FOLDERS)
        self.add(user, "imaps", "--hold")
        before = [tree(d) for d in (self.haul.state, self.haul.store)]
        found = self.check(user)
        self.assertEqual(
            [tree(d) for d in (self.haul.state, self.haul.store)], before)
        self.assertEqual(found["account"], user)
        self.assertEqual(found["protocol"], "imap")
        self.assertIsNone(found["error"])
        self.assertTrue(found["tls"]["version"].startswith("TLSv1."))
        cert = found["tls"]["certificate"]
        pem = os.path.join(self.server.dir, "tls", "server.crt")
        said = subprocess.run(
            ["openssl", "x509", "-in", pem, "-noout", "-fingerprint",
             "-sha256", "-subject", "-enddate", "-nameopt", "RFC2253"],
            capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertEqual(cert["fingerprint"], "SHA256:" + said[0].split(
            "=")[1].replace(":", "").lower())
        self.assertEqual(cert["key_pin"], lab.key_pin_of(pem))
        self.assertEqual("subject=" + cert["subject"], said[1])
        end = time.strptime(said[2].split("=")[1], "%b %d %H:%M:%S %Y %Z")
        self.assertEqual(cert["not_after"],
                         time.strftime("%Y-%m-%dT%H:%M:%SZ", end))
        self.assertIn("Dovecot", found["server_id"])
        self.assertIn("QRESYNC", found["capabilities"])
        self.assertEqual(self.rows(found), {
            "INBOX": ("INBOX", "INBOX"), "Sent": ("Sent", "attribute"),
            "Papierkorb": ("Trash", "name table"),
            "Arbeit": ("Arbeit", "own name"),
            "Sent/2019": ("Sent/2019", "own name")})
        self.assertEqual(found["messages"], self.count)
        m = self.server.client(user)
        for box in found["mailboxes"]:
            name = lab.quote(box["mailbox"].replace("/", "."))
            text = m.status(name, "(MESSAGES SIZE)")[1][0].decode()
            self.assertIn(f"MESSAGES {box['messages']} ", text)
            self.assertIn(f"SIZE {box['bytes']})", text)
        m.logout()
        # for people: the same, and nothing that only a machine reads
        text = self.haul.run("check", user).stdout
        self.assertIn("Papierkorb", text)
        self.assertIn("name table", text)
        self.assertIn(cert["fingerprint"], text)
        self.assertIn(cert["key_pin"], text)
        self.assertIn(f"{self.count} messages", text)
        self.assertIn("nothing was stored", text)

    def test_a_url_needs_no_state(self):
        user = self.source("anna", 5, folders=FOLDERS)
        self.haul.argv += ["-o", "state.dir=" + os.path.join(
            self.dir, "nowhere")]
        found = self.check(self.url(user, "imaps"), "--password-file", "-",
                           "--map", "Papierkorb=Alt/Müll", "--exclude",
                           "Arbeit", "--map", "nobody=x",
                           stdin=lab.PASSWORD + "\n")
        self.assertIsNone(found["account"])
        rows = self.rows(found)
        self.assertEqual(rows["Papierkorb"], ("Alt/Müll", "--map"))
        self.assertEqual(rows["Arbeit"], (None, "--exclude"))
        self.assertEqual(found["maps_unused"], ["nobody=x"])
        self.assertFalse(os.path.exists(os.path.join(self.dir, "nowhere")))
        # without a terminal nobody can be asked
        p = self.haul.run("check", self.url(user, "imaps"), check=False)
        self.assertEqual(p.returncode, 3)
        self.assertIn("--password-file", p.stderr)

    def test_pop3(self):
        user = self.source("boris", 12, folders=[("INBOX", 1)])
        self.add(user, "pop3s", "--hold")
        found = self.check(user)
        self.assertEqual(found["protocol"], "pop3")
        self.assertTrue(found["uidl"])
        self.assertEqual(found["messages"], self.count)
        self.assertGreater(found["bytes"], 1000)
        self.assertEqual(self.rows(found), {"INBOX": ("INBOX", "INBOX")})
        self.assertIn("UIDL", found["capabilities"])
        self.assertIn("UIDL          yes",
                      self.haul.run("check", user).stdout)

    def test_failures_have_a_class(self):
        user = self.source("anna", 3)
        url = self.url(user, "imaps")
        found = self.check(url, "--password-file", "-", code=1,
                           stdin="wrong\n")
        self.assertEqual(found["error"]["class"], "auth")
        p = self.haul.run("check", url, "--password-file", "-", check=False,
                          stdin="wrong\n")
        self.assertEqual((p.returncode, p.stdout), (1, ""))
        self.assertIn(": auth: ", p.stderr)
        self.assertEqual(len(p.stderr.splitlines()), 1)
        found = self.check(url, "--password-file", "-", "--fingerprint",
                           "SHA256:" + "0" * 64, code=1,
                           stdin=lab.PASSWORD + "\n")
        self.assertEqual(found["error"]["class"], "tls")
        found = self.check("imap://u@127.0.0.1:1?security=none",
                           "--password-file", "-", code=1, stdin="x\n")
        self.assertEqual(found["error"]["class"], "network")
        for bad in (("nobody",), ("smtp://u@h",), (user, "more"), ()):
            p = self.haul.run("check", *bad, check=False)
            self.assertEqual(p.returncode, 2, p.stderr)

    def test_beside_a_daemon(self):
        user = self.source("anna", 30, folders=FOLDERS)
        self.haul.run("add", user, self.url(user, "imaps"),
                      "--password-file", "-", stdin=lab.PASSWORD + "\n")
        daemon = self.haul.start("serve", stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 60
            while self.haul.status(user)["state"] != "idle":
                self.assertLess(time.monotonic(), until)
                time.sleep(0.2)
            # mapped otherwise now, but the mail is there already
            p = self.haul.run("set", user, "--map", "Papierkorb=Müll",
                              "--map", "Arbeit=Arbeit")
            self.assertIn("Papierkorb stays in Trash", p.stderr)
            self.assertNotIn("Arbeit", p.stderr)
            rows = self.rows(self.check(user))
            self.assertEqual(rows["Papierkorb"],
                             ("Trash", "already collected there"))
            self.assertEqual(self.haul.status(user)["messages"]["stored"],
                             self.count)
        finally:
            daemon.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(30), 0)

    def test_maps_are_checked_when_given(self):
        add = ("add", "a", "imaps://u@imap.example.org", "--hold",
               "--password-file", "-")
        for bad in (("x",), ("=x",), ("x=",), ("x=/y",), ("x=INBOX",),
                    ("x=" + "y" * 201,), ("a=x", "b=X"), ("a=x", "a=y"),
                    ("a\x01=b",)):
            words = [w for m in bad for w in ("--map", m)]
            p = self.haul.run(*add, *words, check=False, stdin="pw\n")
            self.assertEqual(p.returncode, 2, bad)
            self.assertIn("--map", p.stderr)
        self.haul.run(*add, "--map", "Gesendet=Sent", "--map", "b=c",
                      "--shared", stdin="pw\n")
        show = lambda: json.loads(self.haul.run("--json", "show",
                                                "a").stdout)
        self.assertEqual(show()["map"], ["Gesendet=Sent", "b=c"])
        self.assertTrue(show()["shared"])
        self.haul.run("set", "a", "--map", "", "--no-shared")
        self.assertEqual((show()["map"], show()["shared"]), ([], False))

    def test_a_map_is_followed(self):
        names = [b"INBOX", b"Gesendet", b"Gesendet/alt", b"Sent", b"x"]
        server = fake.Imap({n: [fake.Message(1, b"Subject: %d\r\n\r\n" % i)]
                            for i, n in enumerate(names)})
        self.addCleanup(server.stop)
        user = self.user("u")
        self.haul.add(user, server.url(), "--map", "Gesendet=Ausgang",
                      "--map", "x=Kiste/X")
        wanted = {"INBOX": "INBOX", "Gesendet": "Ausgang",
                  "Gesendet/alt": "Ausgang/alt", "Sent": "Sent",
                  "x": "Kiste/X"}
        planned = {k: v[0] for k, v in self.rows(self.check(user)).items()}
        self.assertEqual(planned, wanted)
        self.haul.run("run", user)
        here = {m["mailbox"]: m["folder"]
                for m in self.haul.status(user)["mailboxes"]}
        self.assertEqual(here, wanted)

    def test_hostile_words_stay_on_their_line(self):
        server = fake.Imap({b"INBOX": [], b"a\x1b[31mb\x01": [],
                            b"e\xe2\x80\xaevil": []})
        server.greeting = b"* OK \x1b[2Jhello"
        self.addCleanup(server.stop)
        p = self.haul.run("check", server.url(), "--password-file", "-",
                          stdin="x\n")
        self.assertNotIn("\x1b", p.stdout)
        self.assertNotIn("\u202e", p.stdout)
        self.check(server.url(), "--password-file", "-", stdin="x\n")


class Namespaces(case.Case):
    """A Dovecot with the prefix INBOX. and a shared namespace."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.stop()
        shared = os.path.join(cls.top, "shared")
        os.makedirs(shared)
        lab.write_mailboxes(shared, 6, folders=[("INBOX", 0.5),
                                                ("info", 0.5)])
        cls.server = lab.Dovecot(os.path.join(cls.top, "prefixed"), f"""
namespace inbox {{
  separator = .
  prefix = INBOX.
}}
namespace public {{
  type = public
  separator = .
  prefix = shared.
  location = maildir:{shared}
  list = yes
  subscriptions = no
}}
""").start()

    def check(self, *args):
        return {m["mailbox"]: (m["folder"], m["why"]) for m in json.loads(
            self.haul.run("--json", "check", *args).stdout)["mailboxes"]}

    def test_prefix_and_shared(self):
        user = self.source("anna", 30, folders=FOLDERS)
        self.add(user, "imaps")
        rows = self.check(user)
        self.assertEqual(rows["INBOX/Arbeit"], ("Arbeit", "own name"))
        self.assertEqual(rows["INBOX/Sent/2019"], ("Sent/2019", "own name"))
        self.assertEqual(rows["INBOX/Papierkorb"], ("Trash", "name table"))
        self.assertEqual(rows["shared/info"], (None, "shared (--shared)"))
        self.haul.run("run", user)
        here = {m["mailbox"]: m["folder"]
                for m in self.haul.status(user)["mailboxes"]}
        self.assertEqual(here["INBOX.Arbeit"], "Arbeit")
        self.assertFalse([k for k in here if k.startswith("shared")])
        self.haul.run("set", user, "--shared")
        self.assertEqual(self.check(user)["shared/info"],
                         ("shared/info", "own name"))
        self.haul.run("run", user)
        here = {m["mailbox"]: (m["folder"], m["stored"])
                for m in self.haul.status(user)["mailboxes"]}
        self.assertEqual(here["shared.info"], ("shared/info", 3))
        self.assertEqual(here["INBOX.Arbeit"][0], "Arbeit")


if __name__ == "__main__":
    case.main()
