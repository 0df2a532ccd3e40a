#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The whole program against POP3 servers that break rules, each in its own
way (collector/remote/QUIRKS.md): everything comes, as it was sent, once."""
import datetime, os, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, drops
from drops import letter, letters
from fake_pop3 import Closed, Message, Session, stuffed

SHORT = ("-o", "network.timeout=1s")


class Gmail(drops.Drops):
    def serve_batches(self, n, batch, *options):
        server = self.serve(letters(n), *options)
        server.greeting = b"+OK Gpop ready for requests"
        server.capa = (b"USER", b"RESP-CODES", b"EXPIRE 0", b"LOGIN-DELAY 300",
                       b"TOP", b"UIDL", b"SASL PLAIN XOAUTH2 OAUTHBEARER")
        server.batch = batch
        return server

    def test_batches_until_empty(self):
        """What was read is hidden after QUIT: so it is durable by then."""
        server = self.serve_batches(610, 250)
        early = []

        def on_quit(session):
            here = self.bodies()
            early.extend(n for n in session.read
                         if here[session.rows[n - 1].body] != 1)
        server.on_quit = on_quit
        self.run_ok(610)
        self.assertEqual(early, [])
        self.assert_all_here()
        self.assertEqual(server.retrs, 610)
        self.assertEqual([any(x == b"QUIT" for x in s)
                          for s in server.sessions], [True] * 4)
        server.messages += letters(3, 1000)
        self.run_ok(3)
        self.assert_all_here()

    def test_a_session_that_is_lost_hides_nothing(self):
        server = self.serve_batches(40, 10)
        cut = [3]

        def spoil(session, n, m):
            if n == 5 and cut[0]:
                cut[0] -= 1
                raise Closed
        server.spoil = spoil
        self.run_ok()
        self.assertEqual((cut[0], len(self.failures())), (0, 1))
        self.haul.run("retry", "u")
        self.run_ok()
        self.assert_all_here()

    def test_a_batch_that_is_here_but_not_hidden(self):
        """The session was lost when all had been read: the same batch is
        shown again, and more only when it was read once more."""
        server = self.serve_batches(30, 10)
        server.refusals = {"QUIT": [b"-ERR [SYS/TEMP] no"]}
        self.run_ok(30)
        self.assert_all_here()
        self.assertEqual(server.retrs, 40)
        self.assertTrue(all(m.read for m in server.messages))
        # nothing is read a second time that was hidden
        server.forget()
        self.run_ok(0)
        self.assertEqual(server.retrs, 0)

    def test_a_batch_that_is_always_shown(self):
        """… and not for ever."""
        server = self.serve_batches(30, 30)
        server.on_quit = lambda session: session.read.clear()
        for _ in range(6):
            self.run_ok()
        self.assertLessEqual(server.retrs, 30 * 4)
        self.assert_all_here()

    def test_a_store_that_fails_hides_nothing(self):
        server = self.serve_batches(30, 10)
        self.run_ok()
        server.messages += letters(5, 100)
        stage = os.path.join(self.haul.store, "u", "mailhaul.stage")
        os.rename(stage, stage + ".away")
        with open(stage, "w"):
            pass
        server.forget()
        self.haul.run("run", "u", check=False)
        read = [m for m in server.messages[30:] if m.read]
        here = self.bodies()
        self.assertEqual([m for m in read if not here[m.body]], [])
        os.unlink(stage)
        os.rename(stage + ".away", stage)
        self.run_ok()
        self.assert_all_here()

    def test_recent_is_warned_about(self):
        server = drops.Pop3([])
        self.addCleanup(server.stop)
        p = self.haul.run(
            "add", "r", f"pop3://recent%3Au@127.0.0.1:{server.port}"
            "?security=none", "--password-file", "-", stdin="x\n")
        self.assertIn("30 days", p.stdout + p.stderr)


class Exchange(drops.Drops):
    def serve(self, messages, *options):
        server = super().serve(messages, *options)
        server.greeting = b"+OK Microsoft Exchange POP3 server ready"
        server.capa = (b"TOP", b"UIDL", b"USER")
        return server

    def test_sizes_of_something_else(self):
        server = self.serve(letters(30), "--delete", "1d")
        server.size = lambda m: len(m.body) * 3 // 2 + 17
        self.run_ok(30)
        self.assert_all_here()
        server.forget()
        self.run_ok(0)
        self.assertEqual((server.retrs, server.tops), (0, 0))
        # and they are recognised when they are deleted
        self.haul.run("set", "u", "--delete", "after-import")
        self.run_ok(0)
        self.assertEqual(server.left(), [])
        self.assertEqual(server.retrs, 0)
        # another estimate than at the import: the bytes prove it
        server.messages += letters(5, 100)
        self.haul.run("set", "u", "--delete", "1d")
        self.run_ok(5)
        server.size = lambda m: len(m.body) + 1000
        server.forget()
        self.haul.run("set", "u", "--delete", "after-import")
        self.run_ok(0)
        self.assertEqual(server.left(), [])
        self.assertEqual(server.retrs, 5)

    def test_no_final_crlf(self):
        """The dot stands behind text: nothing is guessed, that message is
        left and reported, and the others come, each under its own UIDL."""
        odd = letter(4)
        odd.body = odd.body.rstrip(b"\r\n")
        messages = letters(3) + [odd] + letters(4, 5)
        server = self.serve(messages)
        server.capa = (b"TOP", b"UIDL", b"USER", b"PIPELINING")
        server.ends_line = False
        self.haul.run(*SHORT, "run", "u", check=False)
        self.assert_here(m.body for m in messages if m is not odd)
        f, = self.failures()
        self.assertEqual((f["uidl"], f["class"]), ("uidl-4", "timeout"))


class Old(drops.Drops):
    def test_no_capa(self):
        server = self.serve(letters(9))
        server.capa = None
        self.run_ok(9)
        self.run_ok(0)
        self.assert_all_here()
        self.assertEqual(server.retrs, 9)

    def test_capa_lacks_each(self):
        every = (b"USER", b"UIDL", b"TOP", b"PIPELINING")
        for i, lacking in enumerate(every):
            with self.subTest(lacking=lacking):
                name = f"u{i}"
                server = drops.Pop3(letters(9))
                self.addCleanup(server.stop)
                server.capa = tuple(c for c in every if c != lacking)
                if lacking == b"UIDL":
                    server.uidl = None
                server.top = lacking != b"TOP"
                self.haul.add(name, server.url())
                for new in (9, 0):
                    out = self.haul.run("--json", "run", name).stdout
                    self.assertIn(f'"messages_new": {new}', out)
                self.assertEqual(server.retrs, 9)

    def test_nothing_but_retr(self):
        """No CAPA, TOP, UIDL, PIPELINING, codes: bodies are read again, and
        delivered once."""
        server = self.serve(letters(9))
        server.capa, server.uidl, server.top = None, None, False
        self.run_ok(9)
        self.run_ok(0)
        server.messages += letters(2, 50)
        self.run_ok(2)
        self.assert_all_here()

    def test_one_retr_at_a_time(self):
        """Without PIPELINING nothing leaves before the answer is there."""
        server = self.serve(letters(9))
        server.capa = (b"USER", b"UIDL", b"TOP")
        self.run_ok(9)
        self.assertEqual(server.turns[0][0], len(server.sessions[0]))

    def test_empty(self):
        server = self.serve([])
        server.refusals = {"LIST": [b"-ERR empty"], "UIDL": [b"-ERR empty"]}
        self.run_ok(0)


class Codes(drops.Drops):
    """What becomes of a login that is refused, and when it is tried again."""

    def refuse(self, answer, **ways):
        server = self.serve(letters(3))
        for name, value in ways.items():
            setattr(server, name, value)
        server.refusals = {"PASS": [answer]}
        began = time.time()
        self.run_fails()
        row = self.haul.status("u")
        wait = None
        if row["error"]["retry_at"]:
            wait = datetime.datetime.fromisoformat(
                row["error"]["retry_at"].replace("Z", "+00:00")
            ).timestamp() - began
        self.assertEqual(self.verbs()["PASS"], 1)
        return row["state"], row["error"]["class"], wait

    def assert_comes_later(self):
        self.run_ok(3)
        self.assert_all_here()
        self.assertEqual(self.haul.status("u")["state"], "idle")

    def test_in_use(self):
        state, why, wait = self.refuse(b"-ERR [IN-USE] Do you have another "
                                       b"POP session running?")
        self.assertEqual((state, why), ("waiting", "refused"))
        self.assertLess(wait, 600)
        self.assert_comes_later()

    def test_login_delay(self):
        state, why, wait = self.refuse(b"-ERR [LOGIN-DELAY] minimum time "
                                       b"between mail checks violated",
                                       login_delay_s=1900)
        self.assertEqual((state, why), ("waiting", "refused"))
        self.assertGreaterEqual(wait, 1899)
        self.assertLess(wait, 2300)
        self.assert_comes_later()

    def test_login_delay_between_sessions(self):
        """A second session of a run waits as long as the server wants."""
        server = self.serve(letters(250), "--delete", "after-import")
        server.login_delay_s = 2
        self.run_ok(250)
        self.assert_all_here()
        self.assertEqual(server.left(), [])

    def test_a_long_login_delay_lets_deletion_go_on(self):
        """Each run has but one session: it collects, and deletes."""
        server = self.serve(letters(450), "--delete", "after-import")
        server.login_delay_s = 86400
        for left in (250, 50, 0):
            self.haul.run("run", "u", check=False)
            self.assert_all_here()
            self.assertEqual(len(server.left()), left)
            server.last_login = None    # a day has passed

    def test_sys_temp(self):
        state, why, wait = self.refuse(b"-ERR [SYS/TEMP] try later")
        self.assertEqual((state, why), ("waiting", "refused"))
        self.assertLess(wait, 600)
        self.assert_comes_later()

    def test_sys_perm(self):
        state, why, wait = self.refuse(b"-ERR [SYS/PERM] POP3 is switched "
                                       b"off for you")
        self.assertEqual((state, why, wait), ("failed", "refused", None))
        self.assertIn("switched on", self.haul.status("u")["error"]["hint"])
        self.haul.run("resume", "u")
        self.assert_comes_later()

    def test_auth(self):
        state, why, wait = self.refuse(b"-ERR [AUTH] bad password")
        self.assertEqual((state, why, wait), ("failed", "auth", None))
        # it is not said again by itself
        self.haul.run("run")
        self.assertEqual(self.verbs()["PASS"], 1)
        self.haul.run("resume", "u")
        self.assert_comes_later()

    def test_no_code(self):
        """It may be the password or the server: an hour, not at once."""
        state, why, wait = self.refuse(b"-ERR no")
        self.assertEqual((state, why), ("waiting", "auth"))
        self.assertTrue(2600 < wait <= 4600, wait)
        self.haul.run("run")
        self.assertEqual(self.verbs()["PASS"], 1)
        self.haul.run("resume", "u")
        self.assert_comes_later()

    def test_no_code_but_words(self):
        state, why, _ = self.refuse(b"-ERR unable to lock maildrop")
        self.assertEqual((state, why), ("waiting", "refused"))
        self.assert_comes_later()

    def test_in_use_in_the_second_session(self):
        """Some servers hold their lock for a while."""
        server = self.serve(letters(250), "--delete", "after-import")
        server.one_at_a_time = True
        self.run_ok(250)
        self.assertEqual(server.left(), [])


class Retr(drops.Drops):
    def test_refused_in_mid_session(self):
        """Another client has deleted it; the others go on."""
        server = self.serve(letters(20))
        server.spoil = lambda s, n, m: b"-ERR gone\r\n" \
            if n in (1, 7, 20) else None
        self.haul.run("run", "u", check=False)
        self.assert_here(m.body for i, m in enumerate(server.messages)
                         if i + 1 not in (1, 7, 20))
        self.assertEqual({f["uidl"] for f in self.failures()},
                         {"uidl-1", "uidl-7", "uidl-20"})
        server.spoil = None
        self.haul.run("retry", "u")
        self.run_ok()
        self.assert_all_here()
        self.assertEqual(self.failures(), [])

    def test_refused_for_now(self):
        server = self.serve(letters(30))
        server.spoil = lambda s, n, m: b"-ERR [SYS/TEMP] busy\r\n" \
            if n > 10 else None
        self.run_fails()
        self.assert_here(m.body for m in server.messages[:10])
        row = self.haul.status("u")
        self.assertEqual((row["state"], row["error"]["class"]),
                         ("waiting", "refused"))
        self.assertEqual(self.failures(), [])
        server.spoil = None
        self.run_ok(20)
        self.assert_all_here()

    def test_cut_in_mid_message(self):
        """At several places, and the session is opened anew."""
        server = self.serve(letters(12))
        cuts = [(3, 0), (3, 4), (5, 60), (9, -3), (11, -1)]

        def spoil(session, n, m):
            if cuts and cuts[0][0] == n:
                whole = b"+OK\r\n" + stuffed(m.body)
                session.send(whole[:cuts.pop(0)[1]])
                raise Closed
        server.spoil = spoil
        self.haul.run("run", "u", check=False)
        self.haul.run("run", "u", check=False)
        self.run_ok()
        self.assertEqual(cuts, [])
        self.assert_all_here()

    def test_one_that_always_cuts(self):
        """It is found, left and reported, and the others come."""
        server = self.serve(letters(25))

        def spoil(session, n, m):
            if m.uidl == b"uidl-13":
                session.send(b"+OK\r\nSubject: let")
                raise Closed
        server.spoil = spoil
        for _ in range(4):
            self.haul.run("run", "u", check=False)
        self.assert_here(m.body for m in server.messages
                         if m.uidl != b"uidl-13")


class Bytes(drops.Drops):
    ODD = [b"Subject: lf\n\nall\nwith LF alone\n",
           b"Subject: mixed\r\n\r\none\ntwo\r\nthree\n",
           b"Subject: nul\r\n\r\na\0b\0\0\r\n\0\r\n",
           b"Subject: crcrlf\r\r\n\r\r\nx\r\r\ny\r\r\n",
           b"Subject: cr\r\n\r\na\rb\r\rc\r\n\r.\r\n",
           b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.x\r\n\n.\n",
           b"Subject: 8bit \xff\xfe\r\n\r\n\x80\x81\r\n",
           "Subject: grün 日本\r\nFrom: ж@пример.рф\r\n\r\nß\r\n".encode(),
           b"Subject: long\r\n\r\n" + b"x" * 3_000_000 + b"\r\nend\r\n",
           b"X-Long: " + b"h" * 300_000 + b"\r\n\r\nx\r\n",
           b"no header at all\r\n\r\ntext\r\n", b"\r\n", b"\r\n\r\nx\r\n",
           b"Subject: empty lines\r\n\r\n" + b"\r\n" * 5000,
           b"Subject: +OK\r\n\r\n+OK 3 messages\r\n-ERR no\r\n"]

    def odd_bytes(self, *offers):
        server = self.serve([Message(b, b"odd%d" % i)
                             for i, b in enumerate(self.ODD)])
        server.capa = (b"USER", b"UIDL", b"TOP", *offers)
        self.run_ok(len(self.ODD))
        self.assert_all_here()
        self.run_ok(0)
        self.assertEqual(server.retrs, len(self.ODD))

    def test_odd_bytes(self):
        self.odd_bytes(b"PIPELINING")

    def test_odd_bytes_one_at_a_time(self):
        self.odd_bytes()

    def test_odd_bytes_without_uidl(self):
        """Their headers are read again, and tell them apart."""
        server = self.serve([Message(b) for b in self.ODD])
        server.uidl = None
        server.capa = (b"USER", b"TOP", b"PIPELINING")
        self.run_ok(len(self.ODD))
        self.run_ok(0)
        self.assert_all_here()

    def test_lf_ends_every_line_of_the_server(self):
        server = self.serve(letters(5))

        class Bare(Session):
            def send(self, data):
                super().send(data.replace(b"\r\n", b"\n"))
        server.session = Bare
        self.run_ok(5)
        self.assert_here(m.body.replace(b"\r\n", b"\n")
                         for m in server.messages)

    def test_utf8_is_asked_for(self):
        """Without it a server may refuse or rewrite what is not ASCII
        (RFC 6856 2)."""
        text = "Subject: grün\r\nFrom: ж@пример.рф\r\n\r\nß\r\n".encode()
        server = self.serve([Message(text, b"a")])
        server.capa = (b"USER", b"UIDL", b"TOP", b"PIPELINING", b"UTF8 USER")
        server.spoil = lambda s, n, m: None if b"UTF8" in s.heard else \
            b"-ERR [UTF8] ask for it\r\n"
        self.run_ok(1)
        self.assert_all_here()
        heard = server.sessions[0]
        self.assertLess(heard.index(b"UTF8"), heard.index(b"USER u"))

    def test_utf8_refused_is_no_failure(self):
        server = self.serve(letters(3))
        server.capa = (b"USER", b"UIDL", b"TOP", b"PIPELINING", b"UTF8")
        server.refusals = {"UTF8": [b"-ERR not today"] * 3}
        self.run_ok(3)
        self.assert_all_here()


if __name__ == "__main__":
    case.main()
