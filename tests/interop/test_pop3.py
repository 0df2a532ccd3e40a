# SPDX-License-Identifier: BSD-2-Clause
"""pop3.c against a real Dovecot: every byte, plain, STLS and TLS.

The expectation is made from the files that Dovecot serves: LF becomes CRLF,
and a message that does not end with a line end gets one, which its announced
size does not count.
"""
import hashlib, os, poplib, random, re, shutil, subprocess, sys, tempfile
import unittest

if not shutil.which("dovecot"):
    print("SKIPPED: dovecot is not installed (apt install dovecot-pop3d)")
    sys.exit(77)
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import lab

DUMP = os.environ.get("POP3_DUMP") or sys.exit("POP3_DUMP names the program")
COUNT = 2000


def with_crlf(body):
    return re.sub(rb"(?<!\r)\n", b"\r\n", body)


def as_sent(body):
    body = with_crlf(body)
    return body if body.endswith(b"\n") else body + b"\r\n"


def giant(r):
    """50 MB with dots wherever they hurt."""
    block = b"".join(
        r.choice([b"", b".", b"..", b"...", b"a."]) +
        r.randbytes(r.randint(0, 60)).hex().encode() + b"\n"
        for _ in range(4000))
    return b"Subject: giant\n\n" + block * (50_000_000 // len(block) + 1)


class Pop3(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        r = random.Random(3)
        cls.top = tempfile.mkdtemp(prefix="mailhaul-pop3.")
        os.chmod(cls.top, 0o755)
        cls.server = lab.Dovecot(os.path.join(cls.top, "dovecot"))
        root = os.path.join(cls.top, "mail")
        d = lab.make_folder(root, "INBOX")
        bodies = [lab.message(r, i, 1420070400 + i) for i in range(COUNT)]
        bodies += [b for b in lab.odd_messages() if b] + [giant(r)]
        for i, body in enumerate(bodies):
            lab.put(d, i, body, 1420070400 + i, "")
        lab.own(root)
        cls.want = [hashlib.sha256(as_sent(b)).hexdigest() for b in bodies]
        cls.lengths = [len(as_sent(b)) for b in bodies]
        cls.announced = [len(with_crlf(b)) for b in bodies]
        cls.server.add_user("u", root)
        cls.server.start()
        p = poplib.POP3("127.0.0.1", cls.server.pop3)
        p.user("u")
        p.pass_(lab.PASSWORD)
        cls.uidls = [line.split()[1].decode() for line in p.uidl()[1]]
        p.quit()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.top, ignore_errors=True)

    def dump(self, mode, port, password=lab.PASSWORD):
        return subprocess.run(
            [DUMP, mode, str(port), "u", self.server.ca], text=True,
            input=password + "\n", capture_output=True, timeout=300)

    def check(self, mode, port):
        p = self.dump(mode, port)
        self.assertEqual((p.returncode, p.stderr), (0, ""))
        *lines, peak = p.stdout.splitlines()
        rows = [line.split() for line in lines]
        self.assertEqual([r[0] for r in rows],
                         [str(i + 1) for i in range(len(self.want))])
        self.assertEqual([r[1] for r in rows], self.uidls)
        self.assertEqual([int(r[2]) for r in rows], self.announced)
        self.assertEqual([int(r[3]) for r in rows], self.lengths)
        self.assertEqual([r[4] for r in rows], self.want)
        if not os.environ.get("MAILHAUL_SANITIZE"):
            self.assertLess(int(peak.split()[1]), 16384)

    def test_plain(self):
        self.check("plain", self.server.pop3)

    def test_stls(self):
        self.check("stls", self.server.pop3)

    def test_tls(self):
        self.check("tls", self.server.pop3s)

    def test_wrong_password(self):
        p = self.dump("tls", self.server.pop3s, "wrong horse")
        self.assertEqual(p.returncode, 1)
        self.assertTrue(p.stderr.startswith("auth: "), p.stderr)
        self.assertNotIn("horse", p.stderr)


if __name__ == "__main__":
    unittest.main()
