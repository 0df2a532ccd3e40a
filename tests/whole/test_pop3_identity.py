#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Which message is which over POP3, run after run, where UIDLs are worth
little or nothing: nothing comes twice, no body is read again where a header
will do, true duplicates stay. And what a resync costs where they are good.

RUNS=N of the random histories; SEED=N."""
import os, random, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, drops
from drops import letter, letters
from fake_pop3 import Message

RUNS = int(os.environ.pop("RUNS", "12"))
SEED = int(os.environ.pop("SEED", random.randrange(1 << 30)))


# What a server says in the answer to UIDL: (session, number, message).
def own(s, n, m):
    return m.uidl


def none(s, n, m):
    return None


def missing(s, n, m):
    return m.uidl if int(m.uidl[5:]) % 3 else None


def number(s, n, m):
    return b"%d" % n


def shared(s, n, m):
    return b"same-%d" % (int(m.uidl[5:]) % 4)


def all_shared(s, n, m):
    return b"one"


def changing(s, n, m):
    return b"%d-%d" % (s.number, n)


def changing_some(s, n, m):
    return m.uidl if int(m.uidl[5:]) % 3 else b"%d-%d" % (s.number, n)


def too_long(s, n, m):
    return m.uidl + b"-" * 200


def long(s, n, m):
    return m.uidl + b"-" * 100


def forbidden(s, n, m):
    return b"a b\xff" + m.uidl


POOR = [none, missing, number, shared, all_shared, changing, changing_some,
        too_long, long, forbidden]


class Identity(drops.Drops):
    def assert_retrs(self, n):
        self.assertEqual(self.server.retrs, n)
        self.server.forget()

    def look_again(self, rule, without_uidl=False):
        """The same few steps with each kind of UIDL."""
        twins = letters(2, 90)
        twins[1].body = twins[0].body
        server = self.serve(letters(20) + twins)
        server.uidl = rule
        ever = [m.body for m in server.messages]
        if without_uidl:
            server.capa = (b"USER", b"TOP")
            server.uidl = None
        self.run_ok(22)
        self.assert_here(ever)
        self.assert_retrs(22)
        # nothing has changed
        for _ in range(2):
            self.run_ok(0)
            self.assert_retrs(0)
        # some go at the source, in front and in the middle; some come
        for i in (0, 6, 6):
            del server.messages[i]
        new = letters(3, 200)
        server.messages += new
        ever += [m.body for m in new]
        self.run_ok(3)
        self.assert_here(ever)
        self.assert_retrs(3)
        self.run_ok(0)
        self.assert_retrs(0)
        # what a reader deletes here does not come back
        cur = os.path.join(self.haul.store, "u", "cur")
        victim = sorted(os.listdir(cur))[0]
        with open(os.path.join(cur, victim), "rb") as f:
            ever.remove(f.read())
        os.unlink(os.path.join(cur, victim))
        self.run_ok(0)
        self.assert_here(ever)
        self.assert_retrs(0)

    def test_own(self):
        self.look_again(own)

    def test_missing_for_all(self):
        self.look_again(none)

    def test_not_known(self):
        self.look_again(None, without_uidl=True)

    def test_missing_for_some(self):
        self.look_again(missing)

    def test_numbers(self):
        self.look_again(number)

    def test_one_for_several(self):
        self.look_again(shared)

    def test_one_for_all(self):
        self.look_again(all_shared)

    def test_changing(self):
        self.look_again(changing)

    def test_some_changing(self):
        self.look_again(changing_some)

    def test_too_long(self):
        self.look_again(too_long)

    def test_long(self):
        self.look_again(long)

    def test_forbidden_octets(self):
        self.look_again(forbidden)

    def test_one_twin_more(self):
        """That a third one came is seen in the bodies only."""
        twins = letters(3, 90)
        for m in twins[1:]:
            m.body = twins[0].body
        server = self.serve(letters(5) + twins[:2])
        server.uidl = none
        self.run_ok(7)
        server.messages.append(twins[2])
        self.run_ok(1)
        self.assert_all_here()
        self.run_ok(0)
        self.assert_all_here()

    def test_same_header_other_body(self):
        """A header and a size do not make two messages one."""
        pair = [Message(b"Subject: s\r\nMessage-ID: <1@x>\r\n\r\n" + c +
                        b"\r\n", b"uidl-1") for c in (b"aaaa", b"bbbb")]
        server = self.serve(pair + letters(3, 10))
        server.uidl = none
        self.run_ok(5)
        for _ in range(2):
            self.run_ok(0)
            self.assert_all_here()

    def test_histories(self):
        """A server that is another one each time: what was there is here,
        once, and only what is new is read."""
        r = random.Random(SEED)
        print(f"SEED={SEED}", flush=True)
        server = self.serve(letters(15))
        ever, last = [m.body for m in server.messages], 15
        server.uidl = own
        self.run_ok(15)
        for i in range(RUNS):
            rule = r.choice(POOR + [own])
            for _ in range(r.randrange(3)):
                if server.messages:
                    del server.messages[r.randrange(len(server.messages))]
            new = letters(r.randrange(4), last + 1)
            last += len(new)
            server.messages += new
            ever += [m.body for m in new]
            server.uidl = rule
            server.capa = drops.CAPA if r.random() < 0.8 else None
            server.forget()
            with self.subTest(run=i, rule=rule.__name__):
                self.run_ok(len(new))
                self.assert_here(ever)
                self.assertEqual(server.retrs, len(new))

    # ---- deletion

    def delete(self, rule, **ways):
        """What was imported goes, all of it, and nothing else."""
        twins = letters(2, 90)
        twins[1].body = twins[0].body
        server = self.serve(letters(12) + twins, "--delete", "1d")
        server.uidl = rule
        for name, value in ways.items():
            setattr(server, name, value)
        self.run_ok(14)
        # what comes later is not due, and not known to this listing
        foreign = letter(300)
        big = Message(b"Subject: big\r\n\r\n" + b"x\r\n" * 300000,
                      b"uidl-301")
        server.messages[4:4] = [foreign]
        server.messages.append(big)
        del server.messages[0]
        self.haul.run("-o", "limits.message=500000", "run", "u", check=False)
        self.assertEqual(len(server.left()), 15)
        self.haul.run("set", "u", "--delete", "after-import")
        self.haul.run("-o", "limits.message=500000", "run", "u", check=False)
        self.assertEqual([m.uidl for m in server.left()], [big.uidl])
        self.assert_here([letter(i).body for i in range(1, 13)] +
                         [twins[0].body] * 2 + [foreign.body])

    def test_delete_own(self):
        self.delete(own)

    def test_delete_numbers(self):
        self.delete(number)

    def test_delete_none(self):
        self.delete(none)

    def test_delete_shared(self):
        self.delete(shared)

    def test_delete_changing(self):
        self.delete(changing)

    def test_delete_changing_in_several_sessions(self):
        """What a later session lists under another UIDL is not gone: the
        next run recognises it, and goes on."""
        server = self.serve(letters(450), "--delete", "after-import")
        server.uidl = changing
        for left in (250, 50, 0):
            self.run_ok()
            self.assert_all_here()
            self.assertEqual(len(server.left()), left)
            self.assertEqual(self.haul.status("u")["deletions"]["done"],
                             450 - left)
            self.assertEqual(self.haul.status("u")["deletions"]["waiting"],
                             left)

    def test_delete_one_at_a_time(self):
        self.delete(own, capa=None)

    def test_one_that_took_the_place_of_another_stays(self):
        """The UIDL, and the size, of what was imported; other bytes."""
        for rule in (own, number):
            with self.subTest(rule=rule.__name__):
                name = rule.__name__
                server = drops.Pop3(letters(6))
                self.addCleanup(server.stop)
                server.uidl = rule
                self.haul.add(name, server.url(), "--delete", "1d")
                self.haul.run("run", name)
                other = server.messages[2]
                other.body = other.body.replace(b"text 3\r\n",
                                                b"other text 3\r\n")
                self.haul.run("set", name, "--delete", "after-import")
                self.haul.run("run", name, check=False)
                if rule is own:
                    self.assertEqual(server.left(), [other])
                else:   # it was seen to be new, and imported
                    self.assertEqual(server.left(), [])

    def test_dele_refused_and_quit_refused(self):
        """Nothing is gone before the server has said so."""
        server = self.serve(letters(6), "--delete", "after-import")
        server.refusals = {"QUIT": [b"-ERR [SYS/TEMP] not all removed"],
                           "DELE": [b"-ERR no"]}
        self.haul.run("run", "u", check=False)
        self.assertEqual(len(server.left()), 6)
        self.assertEqual(self.haul.status("u")["deletions"]["done"], 0)
        self.run_ok(0)
        self.assertEqual(server.left(), [])
        self.assertEqual(self.haul.status("u")["deletions"]["done"], 6)


class Cost(drops.Drops):
    def test_a_resync_is_one_listing(self):
        """However many are left there: counted, not timed."""
        for options in ((), ("--delete", "30d"), ("--delete", "with-local")):
            with self.subTest(options=options):
                name = "u" + "".join(options)[-4:]
                server = drops.Pop3(letters(2500))
                self.addCleanup(server.stop)
                self.haul.add(name, server.url(), *options)
                self.haul.run("run", name)
                server.forget()
                self.haul.run("run", name)
                self.assertEqual(len(server.sessions), 1)
                self.assertLessEqual(server.turns[0][0], 6)
                self.server = server
                self.assertEqual(
                    {k: v for k, v in self.verbs().items()
                     if k not in ("CAPA", "USER", "PASS")},
                    {"STAT": 1, "LIST": 1, "UIDL": 1, "QUIT": 1})


if __name__ == "__main__":
    case.main()
