#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""discover, and add and check by address: each rung of the ladder against a
domain on loopback; what is refused; and that no password is ever said."""
import json, os, shutil, socket, sys, tempfile, unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, domain, lab

CANARY = "canary-7b1f0e"
D = "example.test"
HOSTS = [p + D for p in ("", "imap.", "mail.", "pop.", "pop3.", "mx.",
                         "autoconfig.", "www.", "a.", "b.")]
OTHER = "imap.hoster.test"
PLACE = ("autoconfig." + D, "/mail/config-v1.1.xml")
WELL_KNOWN = (D, "/.well-known/autoconfig/mail/config-v1.1.xml")


def server(protocol, host, port, tls="SSL", user="%EMAILADDRESS%", more=""):
    return (f'<incomingServer type="{protocol}"><hostname>{host}</hostname>'
            f"<port>{port}</port><socketType>{tls}</socketType>"
            f"<username>{user}</username>{more}</incomingServer>")


def config(*servers, head=""):
    return (f'<?xml version="1.0"?>{head}<clientConfig version="1.1">'
            f'<emailProvider id="{D}"><domain>{D}</domain>'
            + "".join(servers) + "</emailProvider></clientConfig>").encode()


class Discover(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="mailhaul-test.")
        os.chmod(cls.top, 0o755)
        tls = os.path.join(cls.top, "tls")
        cls.ca = lab.make_certificates(tls)
        cls.good = domain.certify(tls, "good", HOSTS + [OTHER])
        cls.expired = domain.certify(tls, "expired", HOSTS, days=-1)
        cls.foreign = domain.certify(tls, "foreign", ["elsewhere.test"])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top, ignore_errors=True)

    def setUp(self):
        self.dir = os.path.join(self.top, self.id().split(".")[-1])
        os.makedirs(self.dir)
        self.zone = domain.Zone()
        self.addCleanup(self.zone.close)
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.closed = s.getsockname()[1]
        self.ports = [self.closed] * 5
        self.haul = lab.Mailhaul(case.BINARY, self.dir, ca=self.ca)
        self.argv = list(self.haul.argv)

    def start(self, kind, *args, **kw):
        s = kind(*args, **kw)
        self.addCleanup(s.close)
        return s

    def hello(self, stem=None, **kw):
        return self.start(domain.Hello, stem or self.good, **kw)

    def web(self, stem=None):
        w = self.start(domain.Web, stem or self.good)
        self.ports[4] = w.port
        self.zone.host(PLACE[0], D)
        return w

    def haul_run(self, *args, code=None, stdin="", options=()):
        self.haul.argv = self.argv + [
            "-o", "network.resolver=" + self.zone.address,
            "-o", "discover.ports=" + ",".join(map(str, self.ports))]
        for o in options:
            self.haul.argv += ["-o", o]
        p = self.haul.run(*args, check=False, stdin=stdin)
        if code is not None:
            self.assertEqual(p.returncode, code, p.stdout + p.stderr)
        return p

    def discover(self, address="anna@" + D, code=0, options=()):
        p = self.haul_run("--json", "discover", address, code=code,
                          options=options)
        return json.loads(p.stdout)

    def answers(self, found, step):
        return " | ".join(s["asked"] + ": " + s["answer"]
                          for s in found["steps"] if s["step"] == step)

    # ---- the table

    def test_table_asks_nobody(self):
        found = self.discover("Anna.Muster@GMail.com")
        self.assertEqual(found["found"]["url"],
                         "imaps://Anna.Muster%40gmail.com@imap.gmail.com")
        self.assertEqual(found["found"]["by"], "table")
        self.assertEqual(found["found"]["login"], ["app-password", "oauth"])
        self.assertEqual(found["provider"], "Gmail")
        self.assertIn("app password", found["hint"])
        self.assertEqual(self.zone.asked, [])
        found = self.discover("anna@web.de")["found"]
        self.assertEqual((found["user"], found["host"], found["tls"]),
                         ("anna", "imap.web.de", "implicit"))
        found = self.discover("anna@rediffmail.com")["found"]
        self.assertEqual(found["protocol"], "pop3")

    def test_a_provider_without_servers_is_told(self):
        found = self.discover("anna@proton.me", code=1)
        self.assertIsNone(found["found"])
        self.assertIn("Bridge", found["error"]["text"])

    def test_add_by_table(self):
        self.haul_run("init", code=0)
        p = self.haul_run("add", "anna@gmail.com", "--password-file", "-",
                          "--hold", code=0, stdin=CANARY + "\n")
        self.assertIn("app password", p.stderr)
        self.haul_run("add", "bert", "--address", "bert@web.de", "--hold",
                      "--password-file", "-", code=0, stdin=CANARY + "\n")
        shown = self.haul_run("show", "bert", code=0).stdout
        self.assertIn("imaps://bert@imap.web.de", shown)
        # options still have to fit what was found
        p = self.haul_run("add", "c@rediffmail.com", "--push",
                          "--password-file", "-", code=2, stdin="x\n")
        self.assertIn("POP3 cannot wait", p.stderr)

    def test_addresses_that_are_none(self):
        for address in ("anna", "@" + D, "anna@", "anna@localhost",
                        "an na@" + D, "anna@127.0.0.1", "anna@b\u00fccher.de",
                        "anna@-x.test", "a\r\nb@" + D, "anna@a..b"):
            p = self.haul_run("discover", address, code=2)
            self.assertIn("is no e-mail address", p.stderr)
        self.haul_run("init", code=0)
        p = self.haul_run("add", "anna", "--password-file", "-", code=2,
                          stdin="x\n")
        self.assertIn("imaps://USER@HOST", p.stderr)
        p = self.haul_run("add", "anna", "imaps://a@b.test", "--address",
                          "anna@" + D, "--password-file", "-", code=2,
                          stdin="x\n")
        self.assertIn("a URL, or --address", p.stderr)
        self.assertEqual(self.zone.asked, [])

    # ---- SRV

    def test_srv_by_priority_and_no_password(self):
        s = self.hello()
        self.zone.host("a." + D, "b." + D)
        self.zone.srv("_imaps._tcp." + D, (20, 1, s.port, "b." + D),
                      (10, 5, self.closed, "a." + D))
        self.zone.srv("_imap._tcp." + D, (0, 1, self.closed, "a." + D))
        found = self.discover()
        self.assertEqual(
            found["found"]["url"],
            f"imaps://anna%40{D}@b.{D}:{s.port}")
        self.assertEqual(found["found"]["by"], "srv")
        self.assertTrue(found["found"]["tried"])
        self.assertFalse(found["found"]["doubtful"])
        steps = [x["asked"] for x in found["steps"] if x["step"] == "srv"]
        self.assertLess(steps.index(f"imaps://a.{D}:{self.closed}"),
                        steps.index(f"imaps://b.{D}:{s.port}"))
        self.assertEqual(s.heard(), b"b CAPABILITY\r\nc LOGOUT\r\n")
        # nobody logs in before a person has said so
        self.haul_run("init", code=0)
        self.haul_run("add", "anna@" + D, "--hold", "--password-file", "-",
                      code=0, stdin=CANARY + "\n")
        self.assertEqual(s.heard(), b"b CAPABILITY\r\nc LOGOUT\r\n" * 2)
        self.assertNotIn(CANARY.encode(), s.heard())
        self.assertIn(f"b.{D}", self.haul_run("show", "anna@" + D).stdout)

    def test_srv_not_offered_goes_on_to_the_next(self):
        s = self.hello(starttls=True)
        self.zone.host("imap." + D)
        self.zone.srv("_imaps._tcp." + D, (0, 0, 0, "."))
        self.zone.srv("_imap._tcp." + D, (0, 0, s.port, "imap." + D))
        found = self.discover()
        self.assertIn("not offered", self.answers(found, "srv"))
        self.assertEqual(found["found"]["tls"], "starttls")
        self.assertEqual(s.heard(),
                         b"a STARTTLS\r\nb CAPABILITY\r\nc LOGOUT\r\n")

    def test_srv_pop3(self):
        for starttls in (False, True):
            s = self.hello(protocol="pop3", starttls=starttls)
            self.zone.clear()
            self.zone.host("pop." + D)
            self.zone.srv(
                ("_pop3" if starttls else "_pop3s") + "._tcp." + D,
                (0, 0, s.port, "pop." + D))
            found = self.discover()["found"]
            self.assertEqual((found["protocol"], found["tls"]), (
                "pop3", "starttls" if starttls else "implicit"))
            self.assertEqual(
                s.heard(), (b"STLS\r\n" if starttls else b"")
                + b"CAPA\r\nQUIT\r\n")

    def test_srv_outside_the_domain_is_doubtful(self):
        s = self.hello()
        self.zone.host(OTHER)
        self.zone.srv("_imaps._tcp." + D, (0, 0, s.port, OTHER))
        found = self.discover()
        self.assertTrue(found["found"]["doubtful"])
        self.assertIn("can be forged",
                      self.haul_run("discover", "anna@" + D).stdout)
        self.haul_run("init", code=0)
        p = self.haul_run("add", "anna@" + D, "--password-file", "-", code=1,
                          stdin=CANARY + "\n")
        url = found["found"]["url"]
        self.assertIn(f"mailhaul add anna@{D} {url}", p.stderr)
        self.assertNotIn(D, self.haul_run("list", code=0).stdout)
        self.haul_run("add", "anna@" + D, url, "--hold", "--password-file",
                      "-", code=0, stdin=CANARY + "\n")
        self.assertNotIn(CANARY.encode(), s.heard())

    def test_srv_to_a_private_address_is_policy(self):
        s = self.hello()
        self.zone.host("imap." + D)
        self.zone.srv("_imaps._tcp." + D, (0, 0, s.port, "imap." + D))
        found = self.discover(code=1, options=["network.allow_private=no"])
        self.assertEqual(found["error"]["class"], "policy")
        self.assertIn("127.0.0.1 is", found["error"]["text"])
        self.assertIn("network.allow_private", found["error"]["hint"])
        self.assertEqual(s.connections, 0)
        # nor on a port that is not for mail
        found = self.discover(code=1, options=["network.ports=993"])
        self.assertEqual(found["error"]["class"], "policy")
        self.assertIn("not in network.ports", found["error"]["text"])
        self.assertEqual(s.connections, 0)

    def test_certificates(self):
        for stem, text in ((self.expired, "expired"),
                           (self.foreign, "elsewhere.test")):
            s = self.hello(stem)
            self.zone.clear()
            self.zone.host("imap." + D)
            self.zone.srv("_imaps._tcp." + D, (0, 0, s.port, "imap." + D))
            found = self.discover(code=1)
            self.assertEqual(found["error"]["class"], "tls", found)
            self.assertIn(text, found["error"]["text"]
                          + str(found["error"]["hint"]))
            self.assertEqual(s.heard(), b"")

    def test_the_lowest_version_of_tls(self):
        s = self.hello(tls12=True)
        self.zone.host("imap." + D)
        self.zone.srv("_imaps._tcp." + D, (0, 0, s.port, "imap." + D))
        self.assertIn("TLSv1.2", self.answers(self.discover(), "srv"))
        found = self.discover(code=1, options=["tls.min_version=1.3"])
        self.assertEqual(found["error"]["class"], "tls")

    def test_what_is_no_mail_server(self):
        self.zone.host("imap." + D)
        for greeting in (b"220 ESMTP\r\n", b"* BYE go away\r\n",
                         b"* PREAUTH welcome\r\n", b"x" * 100000, b"\0\r\n",
                         b"* OK " + b"y" * 5000 + b"\r\n"):
            s = self.hello(greeting=greeting)
            self.zone.srv("_imaps._tcp." + D, (0, 0, s.port, "imap." + D))
            self.assertIsNone(self.discover(code=1)["found"])
            self.assertEqual(s.heard(), b"")

    def test_a_lying_name_server(self):
        for name in ("_imaps._tcp." + D, D, "autoconfig." + D):
            self.zone.garbage.add(name)
        found = self.discover(code=1)
        self.assertEqual(found["error"]["class"], "network")
        self.assertIn("cannot look up", self.answers(found, "srv"))

    def test_a_silent_name_server_costs_a_bounded_time(self):
        quiet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(quiet.close)
        quiet.bind(("127.0.0.1", 0))
        found = self.discover(code=1, options=[
            "network.resolver=127.0.0.1:%d" % quiet.getsockname()[1]])
        asked = [x["asked"] for x in found["steps"] if x["step"] == "srv"]
        self.assertEqual(asked, ["_imaps._tcp." + D])
        self.assertEqual(found["error"]["class"], "timeout")
        self.assertNotIn("guess", {x["step"] for x in found["steps"]})

    # ---- autoconfig

    def test_autoconfig(self):
        s, w = self.hello(), self.web()
        self.zone.host("mail." + D)
        page = config(
            server("pop3", "mail." + D, self.closed),
            server("imap", "mail." + D, self.closed, tls="plain"),
            server("imap", "mail.%EMAILDOMAIN%", s.port,
                   user="%EMAILLOCALPART%", more="<authentication>OAuth2"
                   "</authentication><authentication>password-cleartext"
                   "</authentication>"))
        for place in (PLACE, WELL_KNOWN):
            w.pages, w.asked = {place: page}, []
            found = self.discover("an+na@" + D)
            self.assertEqual(found["found"]["url"],
                             f"imaps://an+na@mail.{D}:{s.port}")
            self.assertEqual(found["found"]["by"], "autoconfig")
            self.assertEqual(found["found"]["login"], ["password", "oauth"])
            self.assertFalse(found["found"]["doubtful"])
            self.assertEqual(
                w.asked[-1], (place[0] + f":{w.port}", place[1]
                              + "?emailaddress=an%2Bna%40" + D))
        before = len(w.asked)
        self.discover(code=1, options=["discover.autoconfig=no"])
        self.assertEqual(len(w.asked), before)

    def test_autoconfig_in_pieces_and_by_redirect(self):
        s, w = self.hello(), self.web()
        self.zone.host("mail." + D, "www." + D)
        page = config(server("imap", "mail." + D, s.port))
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(page[i:i + 50]),
                                             page[i:i + 50])
                          for i in range(0, len(page), 50)) + b"0\r\n\r\n"
        w.pages = {
            PLACE: (302, {"Location": f"https://www.{D}:{w.port}/c?x=1"}, b""),
            ("www." + D, "/c"): (301, {"Location": "/d"}, b""),
            ("www." + D, "/d"): (200, {"Transfer-Encoding": "chunked"},
                                 pieces)}
        found = self.discover()
        self.assertEqual(found["found"]["by"], "autoconfig")
        self.assertIn(f"leads to https://www.{D}/c",
                      self.answers(found, "autoconfig"))

    def test_autoconfig_refused(self):
        s, w = self.hello(), self.web()
        self.zone.host("mail." + D, "www." + D)
        fine = config(server("imap", "mail." + D, s.port))
        laughs = config(server("imap", "&z;." + D, s.port), head=(
            '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
                f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">'
                for i in range(25)) + "]>"))
        entity = config(server("imap", "mail." + D, s.port, user="&x;"), head=(
            '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'))
        for page, text in (
                ((302, {"Location": f"http://www.{D}/c"}, b""),
                 "is not https"),
                ((302, {"Location": f"ftp://www.{D}/c"}, b""),
                 "is not https"),
                ((302, {"Location": f"//www.{D}/c"}, b""), "is not https"),
                ((302, {"Location": f"https://www.{D}:1/c"}, b""),
                 "no other port"),
                ((302, {"Location": PLACE[1]}, b""), "leads on and on"),
                (fine + b" " * (10 << 20), "more than"),
                ((200, {"Content-Length": 5 << 30}, fine), "more than"),
                ((200, {"Content-Encoding": "gzip"}, fine), "compressed"),
                ((200, {"Transfer-Encoding": "chunked"}, b"zz\r\n"),
                 "makes no sense"),
                ((200, {"X": "y" * 5000}, fine), "too long"),
                (laughs, "document type"), (entity, "document type"),
                (fine[:-20], "cannot be read"),
                (b"\xff\xfe\0" + fine, "cannot be read"),
                (b"<html>hello</html>", "no clientConfig"),
                (b"", "cannot be read"),
                ((500, {}, fine), "status 500"),
                (config(server("imap", "mail." + D, s.port, tls="plain")),
                 "no TLS"),
                (config(server("imap", "127.0.0.1", s.port)),
                 "no server that can be used"),
                (config(server("imap", "mail." + D, 0)),
                 "no server that can be used")):
            w.pages = {PLACE: page}
            found = self.discover(code=1)
            self.assertIn(text, self.answers(found, "autoconfig"))
        self.assertEqual(s.connections, 0)

    def test_autoconfig_wants_a_certificate_and_the_policy(self):
        s = self.hello()
        page = config(server("imap", "mail." + D, s.port))
        self.zone.host("mail." + D)
        w = self.web(self.expired)
        w.pages = {PLACE: page}
        found = self.discover(code=1)
        self.assertIn("expired", self.answers(found, "autoconfig"))
        w = self.web()
        w.pages = {PLACE: page}
        found = self.discover(code=1, options=["network.allow_private=no"])
        self.assertIn("is a", self.answers(found, "autoconfig"))
        self.assertEqual((w.asked, s.connections), ([], 0))

    # ---- MX and guesses

    def test_mx_of_a_provider(self):
        self.zone.mx(D, (20, "mx." + D), (10, "aspmx.l.google.com"))
        found = self.discover()
        self.assertEqual(found["found"]["url"],
                         f"imaps://anna%40{D}@imap.gmail.com")
        self.assertEqual((found["found"]["by"], found["provider"]),
                         ("mx", "Gmail"))

    def test_guesses(self):
        s = self.hello()
        self.ports[0] = s.port
        self.zone.host("mail." + D)
        found = self.discover()
        self.assertEqual(found["found"]["url"],
                         f"imaps://anna%40{D}@mail.{D}:{s.port}")
        self.assertEqual(found["found"]["by"], "guess")
        self.assertIn("there is no host imap." + D,
                      self.answers(found, "guess"))
        # IMAP before POP3, whatever the host
        p = self.hello(protocol="pop3")
        self.ports[2] = p.port
        self.zone.host("pop." + D)
        self.assertEqual(self.discover()["found"]["protocol"], "imap")
        self.ports[0] = self.closed
        self.assertEqual(self.discover()["found"]["host"], "pop." + D)

    def test_guess_of_a_mail_exchanger(self):
        s = self.hello()
        self.ports[0] = s.port
        self.zone.mx(D, (10, OTHER))
        self.zone.host(OTHER)
        found = self.discover()["found"]
        self.assertEqual((found["host"], found["doubtful"]), (OTHER, True))

    def test_nothing(self):
        found = self.discover(code=1)
        self.assertIsNone(found["found"])
        self.assertEqual(found["error"]["class"], "network")
        self.assertEqual({x["step"] for x in found["steps"]}, {
            "table", "srv", "autoconfig", "mx", "guess"})
        p = self.haul_run("discover", "anna@" + D, code=1)
        self.assertIn("could be found", p.stderr)
        self.assertIn("imap." + D, p.stdout)


class EndToEnd(case.Case):
    """By address alone: from nothing to the mail, with a real server."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="mailhaul-test.")
        os.chmod(cls.top, 0o755)
        cls.server = lab.Dovecot(os.path.join(cls.top, "dovecot"))
        tls = os.path.join(cls.server.dir, "tls")
        domain.certify(tls, "server", ["imap." + D])
        cls.server.start()

    def test_add_and_check_by_address(self):
        zone = domain.Zone()
        self.addCleanup(zone.close)
        zone.host("imap." + D)
        zone.srv("_imaps._tcp." + D,
                 (0, 0, self.server.imaps, "imap." + D))
        self.haul.argv += ["-o", "network.resolver=" + zone.address]
        user = "anna@" + D
        root = os.path.join(self.dir, "source")
        count = lab.write_mailboxes(root, 20)
        self.server.add_user(user, root)
        self.server.add_user(user + ".local",
                             os.path.join(self.haul.store, user))
        p = self.haul.run("--json", "check", user, "--password-file", "-",
                          stdin=lab.PASSWORD + "\n")
        self.assertEqual(json.loads(p.stdout)["messages"], count)
        self.assertIn("by an SRV record", p.stderr)
        p = self.haul.run("add", user, "--password-file", "-",
                          stdin=lab.PASSWORD + "\n")
        self.assertIn("found imaps://", p.stderr)
        self.haul.run("run")
        self.assert_same(user)
        # certificates of an account's own count here, too
        self.haul.argv += ["-o", "tls.ca_file=system"]
        p = self.haul.run("check", "x@" + D, "--password-file", "-",
                          check=False, stdin=lab.PASSWORD + "\n")
        self.assertEqual(p.returncode, 1)
        self.assertIn(": tls: ", p.stderr)
        p = self.haul.run("add", "x", "--address", "x@" + D, "--hold",
                          "--ca-file", self.server.ca, "--password-file",
                          "-", stdin=lab.PASSWORD + "\n")
        self.assertIn("found imaps://", p.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
