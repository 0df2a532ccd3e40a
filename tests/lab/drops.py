# SPDX-License-Identifier: BSD-2-Clause
"""Base of the tests against a scripted POP3 server: no Dovecot, and a store
that keeps the bytes as they were sent."""
import collections, json, os, shutil, tempfile, unittest

import case, lab
from fake_pop3 import CAPA, Message, Pop3


def letters(n, first=1, **kw):
    """n messages, each with a UIDL of its own."""
    return [letter(i, **kw) for i in range(first, first + n)]


def letter(i, text=b"text"):
    return Message(
        b"From: a@example.org\r\nSubject: letter %d\r\nMessage-ID: <%d@x>\r\n"
        b"Date: Mon, 2 Jan 2006 15:04:05 +0000\r\n\r\n%s %d\r\n"
        % (i, i, text, i) + b"line\r\n" * (i % 7), b"uidl-%d" % i)


class Drops(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="mailhaul-test.")
        os.chmod(cls.top, 0o755)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top, ignore_errors=True)

    def setUp(self):
        self.dir = os.path.join(self.top, self.id().split(".")[-1])
        os.makedirs(self.dir)
        self.haul = lab.Mailhaul(case.BINARY, self.dir,
                                 options=["store.eol=crlf"])
        self.haul.run("init")

    def serve(self, messages, *options):
        """A server, and an account "u" of it."""
        self.server = Pop3(messages)
        self.addCleanup(self.server.stop)
        self.haul.add("u", self.server.url(), *options)
        return self.server

    def run_ok(self, new=None, options=()):
        """new: how many messages the run says are new."""
        p = self.haul.run(*options, "--json", "run", "u")
        if new is not None:
            self.assertIn(f'"messages_new": {new}', p.stdout)
        return p

    def run_fails(self, options=()):
        p = self.haul.run(*options, "run", "u", check=False)
        self.assertEqual(p.returncode, 1, p.stdout + p.stderr)
        return p

    def bodies(self):
        """Of the store's INBOX: how often each is there."""
        out = collections.Counter()
        for sub in ("cur", "new"):
            d = os.path.join(self.haul.store, "u", sub)
            for name in os.listdir(d) if os.path.isdir(d) else ():
                with open(os.path.join(d, name), "rb") as f:
                    out[f.read()] += 1
        return out

    def assert_here(self, bodies):
        """Exactly these, each as often as it is given."""
        want, have = collections.Counter(bodies), self.bodies()
        self.assertEqual(
            ([b[-200:] for b in (want - have).elements()],
             [b[-200:] for b in (have - want).elements()]), ([], []))

    def assert_all_here(self):
        self.assert_here(m.body for m in self.server.messages)

    def failures(self):
        out = self.haul.run("--json", "failures", "u").stdout
        return json.loads(out)["failures"]

    def verbs(self):
        """How often each command was heard."""
        return collections.Counter(
            line.split()[0].upper().decode() for line in self.server.heard
            if line)
