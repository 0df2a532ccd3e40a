#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A large message over a line that breaks goes on where it broke, whatever
dies in between; what comes is byte for byte what is there.

RESUME_MB=100 for a larger one."""
import hashlib, os, random, signal, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, fake, lab, proxy

MB = 1 << 20
SIZE = int(os.environ.pop("RESUME_MB", "30")) * MB
SMALL = 5 * MB  # of the scripted servers


def letter(size, seed=1, eol=b"\n"):
    """That no compression makes much smaller."""
    r = random.Random(seed)
    lines = [b"Subject: large %d" % seed, b""]
    block = [r.randbytes(36).hex().encode() for _ in range(4096)]
    while size > 0:
        line = block[r.randrange(4096)][:r.randrange(20, 72)]
        lines.append(line)
        size -= len(line) + len(eol)
    return eol.join(lines) + eol


class Large(case.Case):
    def setUp(self):
        super().setUp()
        self.body = letter(SIZE)

    def rig(self, scheme="imap"):
        """One large message between two small ones, behind a proxy."""
        self.root = os.path.join(self.dir, "source")
        folder = lab.make_folder(self.root, "INBOX")
        for i, body in enumerate((b"Subject: a\n\na\n", self.body,
                                  b"Subject: b\n\nb\n")):
            lab.put(folder, i, body, 1500000000 + i, "S"[i % 2:])
        lab.own(self.root)
        user = self.user("u")
        self.server.add_user(user, self.root)
        self.server.add_user(user + ".local",
                             os.path.join(self.haul.store, user))
        self.proxy = proxy.Proxy(getattr(self.server, scheme))
        self.addCleanup(self.proxy.stop)
        self.haul.add(user, f"{scheme}://{user}@localhost:{self.proxy.port}"
                      "?security=none")
        # as it goes over the line
        self.sent = len(self.body) + self.body.count(b"\n")
        return user

    def visible(self, user):
        """Sizes of what a reader can see."""
        return sorted(
            os.path.getsize(os.path.join(d, f))
            for d, _, files in os.walk(os.path.join(self.haul.store, user))
            if os.path.basename(d) in ("cur", "new") for f in files)

    def kept(self, user):
        stage = os.path.join(self.haul.store, user, "mailhaul.stage")
        return [os.path.getsize(os.path.join(d, f))
                for d, _, files in os.walk(stage) for f in files]

    def check(self, user, most=1.1):
        passed = sum(self.proxy.sent)
        print(f"{passed} bytes for a message of {self.sent} "
              f"({passed / self.sent:.3f}) over {len(self.proxy.sent)} "
              "connections", flush=True)
        self.assertLess(passed, self.sent * most)
        self.assert_same(user)
        self.assert_no_leftovers(user)

    def break_run(self, user, after):
        """A run that ends there, and the server is gone."""
        self.proxy.faults.append(proxy.Fault(after))
        self.proxy.faults.extend(proxy.Fault(0) for _ in range(12))
        self.assertEqual(self.haul.run("run", user, check=False).returncode, 1)
        self.proxy.faults.clear()
        self.assertEqual(len(self.kept(user)), 1)
        self.assertLess(max(self.visible(user), default=0), MB)

    def test_a_drop_every_few_megabytes(self):
        user = self.rig()
        self.proxy.faults.extend(
            proxy.Fault(SIZE // 12 + i * 7919) for i in range(40))
        self.haul.run("run", user)
        self.assertGreater(len(self.proxy.sent), 8)
        self.check(user)

    def test_resets(self):
        """What was on its way is lost with them: more than one tenth."""
        user = self.rig()
        self.proxy.faults.extend(
            proxy.Fault(SIZE // 6 + i * 7919, "rst") for i in range(40))
        self.haul.run("run", user)
        self.check(user, most=3)

    def test_over_runs(self):
        user = self.rig()
        for part in (6, 4, 5):
            self.break_run(user, SIZE // part)
        self.haul.run("run", user)
        self.check(user)

    def killed(self, user, after):
        self.proxy.faults.append(proxy.Fault(after, "stall"))
        hit = self.proxy.hit
        # patient: it must not go on before it is killed
        p = self.haul.start("-o", "network.timeout=15m", "run", user,
                            stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
        until = time.monotonic() + 240
        while self.proxy.hit == hit and time.monotonic() < until:
            time.sleep(0.05)
        self.assertGreater(self.proxy.hit, hit)
        # until what was sent has been written
        size = -1
        while size != sum(self.kept(user)) and time.monotonic() < until:
            size = sum(self.kept(user))
            time.sleep(1)
        p.send_signal(signal.SIGKILL)
        p.wait()

    def test_kills(self):
        user = self.rig()
        for part in (3, 4):
            self.killed(user, SIZE // part)
            self.assertLess(max(self.visible(user), default=0), MB)
        # the lease of a run that was killed is nobody's
        self.haul.run("run", user)
        self.check(user)

    def find(self):
        cur = os.path.join(self.root, "cur")
        return max((os.path.join(cur, f) for f in os.listdir(cur)),
                   key=os.path.getsize)

    def test_changed_at_the_source(self):
        user = self.rig()
        self.break_run(user, SIZE // 3)
        path = self.find()
        with open(path, "r+b") as f:
            f.seek(9)
            f.write(b"LARGE")
        self.haul.run("run", user)
        self.check(user, most=1.5)

    def test_gone_at_the_source(self):
        user = self.rig()
        self.break_run(user, SIZE // 3)
        os.unlink(self.find())
        self.haul.run("run", user)
        self.check(user, most=0.5)

    def test_pop3_begins_anew(self):
        """It has no way to ask for a part."""
        user = self.rig("pop3")
        self.proxy.faults.append(proxy.Fault(SIZE // 2))
        self.haul.run("run", user)
        passed = sum(self.proxy.sent)
        self.assertGreater(passed, 1.4 * self.sent)
        self.assertLess(passed, 1.7 * self.sent)
        # no flags and dates there
        self.assertEqual(*([row[0] for row in self.seen(who)["INBOX"]]
                           for who in (user, user + ".local")))
        self.assert_no_leftovers(user)


class Scripted(case.Case):
    def serve(self, **how):
        self.body = letter(SMALL, eol=b"\r\n")
        server = fake.Imap({b"INBOX": [
            fake.Message(1, b"Subject: a\r\n\r\na\r\n"),
            fake.Message(4, self.body),
            fake.Message(9, b"Subject: b\r\n\r\nb\r\n")]})
        for k, v in how.items():
            setattr(server, k, v)
        self.addCleanup(server.stop)
        self.proxy = proxy.Proxy(server.port)
        self.addCleanup(self.proxy.stop)
        self.haul.add("u", f"imap://u@127.0.0.1:{self.proxy.port}"
                      "?security=none")
        return server

    def check(self):
        s = self.haul.status("u")["messages"]
        self.assertEqual((s["stored"], s["quarantined"]), (3, 0))
        found = []
        for sub in ("new", "cur"):
            d = os.path.join(self.haul.store, "u", sub)
            for f in os.listdir(d):
                with open(os.path.join(d, f), "rb") as file:
                    found.append(file.read().replace(b"\n", b"\r\n"))
        self.assertEqual(
            hashlib.sha256(max(found, key=len)).hexdigest(),
            hashlib.sha256(self.body).hexdigest())
        self.assert_no_leftovers("u")

    def lie(self, how):
        server = self.serve(pieces=how)
        self.proxy.faults.append(proxy.Fault(2 * MB))
        self.haul.run("run", "u")
        self.check()
        asks = [h for h in server.heard if b"<" in h]
        self.assertGreater(len(asks), 0)
        self.assertLess(len(asks), 4)

    def test_pieces_that_are_right(self):
        self.lie("right")
        self.assertLess(sum(self.proxy.sent), 1.1 * SMALL)

    def test_pieces_that_are_the_whole(self):
        self.lie("ignored")

    def test_pieces_that_are_too_short(self):
        self.lie("short")

    def test_pieces_of_something_else(self):
        self.lie("shifted")

    def test_pieces_that_are_refused(self):
        self.lie("refused")

    def never_whole(self, answer):
        server = self.serve(whole_fails={4: answer})
        self.haul.run("run", "u")
        self.check()
        self.assertTrue(any(b"[TEXT]" in h for h in server.heard))

    def test_the_whole_is_refused(self):
        self.never_whole(b"NO [SERVERBUG] cannot render it")

    def test_the_whole_ends_the_connection(self):
        self.never_whole(None)

    def test_neither_comes_but_pieces_do(self):
        server = self.serve(whole_fails={4: None}, parts_fail=True)
        self.haul.run("run", "u")
        self.check()
        self.assertGreater(server.piece_asks, SMALL // MB)


if __name__ == "__main__":
    case.main()
