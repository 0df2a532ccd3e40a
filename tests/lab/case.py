# SPDX-License-Identifier: BSD-2-Clause
"""Base of the whole-program tests: one Dovecot a class, one folder a test."""
import os, shutil, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(__file__))
import lab

BINARY = os.environ.get("MAILHAUL_BINARY") or sys.exit(
    "MAILHAUL_BINARY has to name the program under test")
# Settings of ours that must not reach the program's own environment.
os.environ.pop("MAILHAUL_BINARY")


with open(BINARY, "rb") as f:
    code = f.read()
    SANITIZED = b"__tsan_init" in code or b"__asan_init" in code
    del code


class Case(unittest.TestCase):
    maxDiff = 4000
    extra = ""  # lines for the Dovecot of this class

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="mailhaul-test.")
        os.chmod(cls.top, 0o755)
        cls.server = lab.Dovecot(os.path.join(cls.top, "dovecot"),
                                 cls.extra).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.top, ignore_errors=True)

    def setUp(self):
        self.dir = os.path.join(self.top, self.id().split(".")[-1])
        os.makedirs(self.dir)
        self.haul = lab.Mailhaul(BINARY, self.dir, ca=self.server.ca)
        self.haul.run("init")

    # users are named after the test, so that tests cannot meet
    def user(self, name):
        return f"{name}-{self.id().split('.')[-1]}"

    def source(self, name, n, **kw):
        """A mailbox tree of n messages at the server; its user name."""
        user = self.user(name)
        root = os.path.join(self.dir, "source", name)
        self.count = lab.write_mailboxes(root, n, **kw)
        self.server.add_user(user, root)
        self.server.add_user(user + ".local",
                             os.path.join(self.haul.store, user))
        return user

    def url(self, user, scheme):
        plain = scheme.endswith("+plain")
        scheme = scheme.removesuffix("+plain")
        port = getattr(self.server, scheme)
        return f"{scheme}://{user}@localhost:{port}" + (
            "?security=none" if plain else "")

    def add(self, user, scheme, *options):
        self.haul.add(user, self.url(user, scheme), *options)

    def seen(self, user):
        m = self.server.client(user)
        try:
            return lab.snapshot(m)
        except AssertionError as e:
            raise AssertionError(f"{e}\nDovecot's log:\n"
                                 + self.server.log_tail()) from e
        finally:
            m.logout()

    def assert_same(self, user):
        """Folders, flags, keywords, dates and bytes, through Dovecot."""
        source, here = self.seen(user), self.seen(user + ".local")
        self.assertEqual({k: len(v) for k, v in source.items()},
                         {k: len(here.get(k, [])) for k in source})
        for name, rows in source.items():
            self.assertEqual(rows, here[name], name)
        for name in set(here) - set(source):
            self.assertEqual([], here[name], name)

    def assert_no_leftovers(self, user):
        stage = os.path.join(self.haul.store, user, "mailhaul.stage")
        left = [f for _, _, files in os.walk(stage) for f in files]
        self.assertEqual([], left)


def main():
    unittest.main(verbosity=2)
