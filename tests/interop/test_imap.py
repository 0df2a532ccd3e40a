#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The IMAP session against a private Dovecot: 3,000 messages, one of 50 MB,
byte for byte, over plain, STARTTLS and TLS, in memory that does not grow."""
import hashlib, os, random, shutil, subprocess, sys, tempfile, unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import lab

DUMP = os.environ.get("IMAP_DUMP") or sys.exit("IMAP_DUMP names the program")
SANITIZED = os.environ.get("MAILHAUL_SANITIZE", "") != ""
ANSWERED = range(20, 45)  # by somebody else, later: their MODSEQ is higher
SMALL, BIG, GROWTH_KIB = 2999, 50 << 20, 16 << 10


def body(r, i):
    """CRLF line ends as a server sends them; odd bytes but NUL, which Dovecot
    replaces."""
    head = b"Subject: %d\r\nMessage-ID: <%d@lab>\r\n\r\n" % (i, i)
    if i % 500 == 7:
        return b""
    if i % 500 == 8:
        return head + b"x" * 200000 + b"\r\n"
    return head + bytes(r.choice(b"abc \t\xe4\xff)}{\"*\\") for _ in range(
        r.randint(0, 400))) + b"\r\n* 1 FETCH (UID 7)\r\n)\r\n.\r\n"


class Imap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="mailhaul-interop.")
        os.chmod(cls.top, 0o755)
        cls.server = lab.Dovecot(os.path.join(cls.top, "dovecot"))
        home = os.path.join(cls.top, "mail")
        d = lab.make_folder(home, "INBOX")
        lab.make_folder(home, "Sent")
        lab.make_folder(home, "Entwürfe & Pläne/日本語")
        r, cls.expected = random.Random(7), []
        for i in range(SMALL):
            cls.keep(d, i, body(r, i), "S" if i % 3 else "a")
        line = b"0123456789" * 7 + b"\r\n"
        big = b"Subject: big\r\n\r\n" + line * (BIG // len(line))
        cls.keep(d, SMALL, big, "F")
        lab.own(home)
        cls.server.add_user("ann", home)
        cls.server.start()
        m = cls.server.client("ann")
        m.enable("CONDSTORE")
        m.select("INBOX")
        m.store(f"{ANSWERED[0] + 1}:{ANSWERED[-1] + 1}", "+FLAGS.SILENT",
                "(\\Answered)")
        m.logout()

    @classmethod
    def keep(cls, d, i, text, flags):
        lab.put(d, i, text, 1500000000 + i, flags)
        bits, words = {"S": (1, ""), "F": (4, ""),
                       "a": (0, "$Forwarded")}[flags]
        bits = f"{bits | 2 * (i in ANSWERED)}[{words}]"
        cls.expected.append(f"{i + 1} {len(text)} {bits} {1500000000 + i} " +
                            hashlib.sha256(text).hexdigest())

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.top, ignore_errors=True)

    def fetch(self, mode, port):
        p = subprocess.run([DUMP, str(port), mode, self.server.ca, "ann",
                            lab.PASSWORD], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=300)
        self.assertEqual((p.returncode, p.stderr), (0, ""))
        lines = p.stdout.splitlines()
        got = [x for x in lines if x[0].isdigit()]
        self.assertEqual(len(got), SMALL + 1)
        for a, b in zip(got, self.expected):
            self.assertEqual(a, b)
        names = {x[8:].rsplit(" ", 2)[0] for x in lines
                 if x.startswith("mailbox ")}
        self.assertLessEqual({"INBOX", "Sent"}, names)
        self.assertTrue(any(x.endswith(".&ZeVnLIqe-") for x in names), names)
        self.assertEqual(any(x.startswith("tls TLSv1.") for x in lines),
                         mode != "plain")
        self.assertEqual([x for x in lines if x.startswith("changes ")],
                         [f"changes {len(ANSWERED)}"])
        before, peak = map(int, lines[-1].split()[1:])
        print(f"{mode}: {before} KiB before, {peak} KiB at the peak")
        self.assertGreater(before, 0)
        if not SANITIZED:
            self.assertLess(peak - before, GROWTH_KIB)

    def test_plain(self):
        self.fetch("plain", self.server.imap)

    def test_starttls(self):
        self.fetch("starttls", self.server.imap)

    def test_tls(self):
        self.fetch("tls", self.server.imaps)


if __name__ == "__main__":
    if shutil.which("dovecot") is None:
        print("SKIPPED: dovecot is not installed; nothing was tested")
        sys.exit(77)
    unittest.main()
