#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""status --watch in a terminal: what it shows, what its keys do, and that the
terminal is as before whatever ends it."""
import os, re, signal, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab, terminal

# Sanitizers and a loaded machine take their time.
LONG = 120


class Watch(case.Case):
    def terminal(self, *size, **kw):
        t = terminal.Terminal(self.dir, *size, **kw)
        self.addCleanup(t.close)
        return t

    def watch(self, t, *words):
        t.run(self.haul.argv + ["status", "--watch", *words])

    def enrol(self, *names, options=("--hold",)):
        for name in names:
            self.haul.add(name, "imaps://u@imap.example.org", *options)

    def serve(self, *options):
        log = open(os.path.join(self.dir, "log"), "w+")
        p = subprocess.Popen(self.haul.argv + list(options) + ["serve"],
                             stderr=log, stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (p.poll() is None and p.kill(), p.wait(),
                                 log.close()))
        return p

    def is_sane(self, t, modes):
        t.wait_for(lambda: t.ask("alternate_on") == "0", LONG)
        t.wait_for(lambda: t.ask("cursor_flag") == "1", LONG)
        self.assertEqual(t.modes(), modes)
        self.assertEqual(t.ask("keypad_cursor_flag"), "0")

    def test_shows_filters_opens_and_quits(self):
        self.enrol("anna", "bert", "clara")
        self.haul.add("dora", "imaps://u@other.example.org")
        t = self.terminal()
        modes = t.modes()
        t.type("echo before")
        t.keys("Enter")
        t.shows("\nbefore")
        self.watch(t)
        t.shows("mailhaul  4 accounts", "1 queued  3 paused",
                "no daemon is running", "? help  q quit",
                "4 shown, by state")
        self.assertEqual(t.ask("alternate_on"), "1")
        lines = t.lines()
        self.assertEqual(len(lines), 24)
        self.assertRegex(lines[4], r"^  ACCOUNT   STATE        STORED  NOTE")
        self.assertRegex(lines[5], r"^  dora      queued            0  due ")
        self.assertRegex(lines[6], r"^  anna      paused            0  pause")
        t.keys("/")
        t.type("BER")
        t.shows("filter: BER_")
        t.wait_for(lambda: "anna" not in t.screen())
        self.assertIn("bert", t.screen())
        t.keys("Enter", "Down")
        t.shows("1 shown, by state, with \"BER\"", "> bert")
        t.keys("Enter")
        t.shows("bert  paused", "imaps://u@imap.example.org", "Esc back")
        t.keys("?")
        t.shows("pause the chosen account")
        t.keys("Escape")
        t.shows("bert  paused")
        t.keys("Left")
        t.shows("> bert")
        t.keys("Escape")
        t.shows("4 shown", "anna", "dora")
        t.keys("s")
        t.shows("by name")
        self.assertIn("  anna", t.lines()[5])
        t.keys("S")
        t.shows("by name, reversed")
        t.wait_for(lambda: "  dora" in t.lines()[5])
        t.keys("q")
        t.shows("ended 0", "\nbefore")
        self.is_sane(t, modes)

    def test_chosen_by_name_or_group(self):
        self.enrol("anna", "bert", "clara")
        self.haul.run("set", "clara", "--group", "late")
        t = self.terminal()
        self.watch(t, "anna", "bert")
        t.shows("mailhaul  2 accounts", "anna", "bert")
        self.assertNotIn("clara", "".join(t.lines()[1:]))
        t.keys("q")
        t.shows("ended 0")
        self.watch(t, "--group", "late")
        t.shows("mailhaul  1 account ", "  clara")
        # who comes later is seen as well
        self.haul.run("set", "anna", "--group", "late")
        t.shows("mailhaul  2 accounts", "  anna")
        t.keys("q")
        t.wait_for(lambda: t.screen().count("ended 0") == 2)
        self.watch(t, "nobody")
        t.shows("there is no account \"nobody\"", "ended 2")

    def test_the_terminal_is_as_before_whatever_ends_it(self):
        self.enrol("anna")
        t = self.terminal()
        modes = t.modes()
        # who waits for whom: the first is the parent, the second the view
        ends = [("TERM", 0, "ended 0"), ("TERM", 1, "ended 0"),
                ("INT", 0, "ended 0"), ("HUP", 0, "ended 0"),
                ("QUIT", 1, "ended 0"),
                ("KILL", 1, "ended by signal 9"), ("KILL", 0, "$"),
                ("SEGV", 1, "ended by signal 11")]
        for name, which, said in ends:
            with self.subTest(signal=name, which=which):
                t.type("clear")
                t.keys("Enter")
                self.watch(t)
                t.shows("mailhaul  1 account ", "anna")
                pids = t.processes()
                self.assertEqual(len(pids), 2, pids)
                if name == "SEGV" and case.SANITIZED:
                    name, said = "KILL", "ended by signal 9"
                os.kill(pids[which], getattr(signal, "SIG" + name))
                self.is_sane(t, modes)
                t.shows(said)
                for pid in pids:
                    t.wait_for(lambda: not self.is_alive(pid), LONG)

    def state_of(self, pid):
        try:
            with open(f"/proc/{pid}/stat") as f:
                return f.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            return "X"

    def is_alive(self, pid):
        return self.state_of(pid) not in "ZX"

    def test_it_ends_with_its_terminal(self):
        self.enrol("anna")
        t = self.terminal()
        self.watch(t)
        t.shows("anna", "? help")
        pids = t.processes()
        self.assertEqual(len(pids), 2)
        t.close()
        until = time.monotonic() + LONG
        while any(self.is_alive(p) for p in pids):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)

    def test_in_the_background(self):
        self.enrol("anna")
        t = self.terminal()
        modes = t.modes()
        t.run(self.haul.argv + ["status", "--watch", "anna"], "&")
        t.shows("ACCOUNT")
        self.is_sane(t, modes)
        pids = t.processes()
        self.assertEqual(len(pids), 1)
        os.kill(pids[0], signal.SIGTERM)
        t.wait_for(lambda: not self.is_alive(pids[0]), LONG)

    def test_interrupted_by_key(self):
        self.enrol("anna")
        t = self.terminal()
        modes = t.modes()
        self.watch(t)
        t.shows("anna")
        t.keys("C-c")
        t.wait_for(lambda: t.ask("alternate_on") == "0")
        self.is_sane(t, modes)

    def test_stopped_and_continued(self):
        self.enrol("anna")
        t = self.terminal()
        modes = t.modes()
        self.watch(t)
        t.shows("anna", "? help")
        for _ in range(2):
            t.keys("C-z")
            self.is_sane(t, modes)
            # from the background it leaves the shell's terminal alone
            t.type("bg")
            t.keys("Enter")
            t.wait_for(lambda: all(self.state_of(p) == "T"
                                   for p in t.processes()))
            self.is_sane(t, modes)
            t.size(60, 14)
            t.type("fg")
            t.keys("Enter")
            t.shows("anna", "? help")
            self.assertEqual(t.ask("alternate_on"), "1")
            self.assertEqual(t.ask("cursor_flag"), "0")
            t.wait_for(lambda: t.lines()[-1].startswith("? help"))
            self.assertEqual(len(t.lines()), 14)
        t.keys("Down")
        t.shows("> anna")
        t.keys("q")
        self.is_sane(t, modes)

    def test_any_size(self):
        self.enrol(*[f"account-with-a-long-name-{i}" for i in range(12)])
        t = self.terminal()
        self.watch(t)
        t.shows("12 shown, by state", "account-with-a-long-name-0  paused")
        t.size(40, 10)
        t.shows("account-with…  paused", "? help  q quit")
        t.wait_for(lambda: len(t.lines()) == 10)
        t.wait_for(lambda: t.lines()[9].startswith("? help"))
        self.assertTrue(t.lines()[3].startswith("  ACCOUNT"))
        t.size(20, 5)
        t.shows("12 paused", "accou")
        t.size(160, 30)
        t.shows("SOURCE", "SIZE", "12 shown, by state")
        t.wait_for(lambda: t.lines()[29].startswith("? help"))
        t.keys("G")
        t.shows("> account-with-a-long-name-9")

    def test_keys_change_accounts(self):
        self.enrol("anna", "bert", options=())
        t = self.terminal()
        self.watch(t)
        t.shows("2 queued")
        t.keys("p")
        t.shows("no account is chosen")
        t.keys("Down", "p")
        t.shows("anna: paused", "1 queued  1 paused")
        self.assertEqual(self.haul.status("anna")["state"], "paused")
        self.assertEqual(self.haul.status("bert")["state"], "queued")
        # the choice has gone with the account, and the rules are the same
        t.shows("> anna")
        t.keys("t")
        t.shows("the account is paused (first: mailhaul resume anna)")
        t.keys("r")
        t.shows("anna: resumed", "2 queued")
        for key, said in (("t", "due now, with what is quarantined"),
                          ("n", "anna: due now")):
            t.keys(key)
            t.shows(said)
        self.haul.run("remove", "--yes", "anna")
        t.shows("mailhaul  1 account ")
        t.wait_for(lambda: "> anna" not in t.screen())

    def percents(self, t):
        return [int(p) for p in re.findall(r"anna-\S+ +running.* (\d+)%",
                                           t.screen())]

    def test_a_run_is_seen(self):
        user = self.source("anna", 700)
        t = self.terminal()
        self.watch(t)
        t.shows("no account is enrolled yet")
        self.haul.add(user, self.url(user, "imaps"), "--max-rate", "64K")
        self.serve()
        t.wait_for(lambda: self.percents(t), LONG)
        first = self.percents(t)[0]
        t.wait_for(lambda: (self.percents(t) or [0])[0] > first, LONG)
        self.assertNotIn("no daemon", t.screen())
        self.assertRegex(t.screen(), r"1 running")
        self.assertRegex(t.screen(), r"B/s")
        t.wait_for(lambda: "█" in t.screen(), LONG)
        # the run ends by a key
        t.keys("Down", "p")
        t.shows("1 paused")
        self.assertEqual(self.haul.status(user)["state"], "paused")
        self.haul.run("set", user, "--max-rate", "none")
        t.keys("r")
        t.wait_for(lambda: "1 idle" in t.screen(), LONG)
        t.keys("Enter")
        t.shows(f"{user}  idle", "MAILBOX", "INBOX")
        self.assert_same(user)

    def test_a_failure_is_seen(self):
        user = self.source("anna", 3)
        self.haul.add(user, self.url(user, "imaps"), password="wrong")
        self.haul.run("run", check=False)
        t = self.terminal(100, 30)
        self.watch(t)
        t.shows("auth", user)
        t.keys("f", "f", "Down", "Enter")
        t.shows("auth: ", "see: mailhaul explain auth", "failing for")

    def test_only_what_changes_is_sent(self):
        self.enrol(*[f"a{i}" for i in range(30)])
        t = self.terminal()
        sent = os.path.join(self.dir, "sent")
        self.watch(t)
        t.shows("30 paused")
        time.sleep(2)
        t.tmux("pipe-pane", f"cat >> {sent}")
        time.sleep(5)
        t.wait_for(lambda: os.path.exists(sent) and os.path.getsize(sent))
        t.tmux("pipe-pane")
        with open(sent, "rb") as f:
            out = f.read()
        # the clock's last digits, each second
        self.assertGreater(len(out), 0)
        self.assertLess(len(out), 1000, out)
        self.assertNotRegex(out, rb"\x1b\[[0-3]?J|\x1b\[\?1049|\x1bc", out)

    def test_ascii_where_there_is_no_more(self):
        self.enrol("anna")
        t = self.terminal(env={"LC_ALL": "C", "NO_COLOR": "1"})
        self.watch(t)
        t.shows("mailhaul  1 account ", "anna")
        self.assertIn("....", t.screen())
        self.assertTrue(t.screen().isascii())
        self.assertNotRegex(t.tmux("capture-pane", "-e", "-p"),
                            r"\x1b\[3[0-7]m")

    def test_plain_lines_where_it_cannot_be(self):
        self.enrol("anna")
        t = self.terminal()
        t.type("TERM=dumb; export TERM")
        t.keys("Enter")
        self.watch(t)
        t.wait_for(lambda: t.screen().count("ACCOUNT") >= 2)
        self.assertEqual(t.ask("alternate_on"), "0")
        t.keys("C-c")
        t.shows("ended 0")
        t.type("TERM=no-such-terminal; export TERM; clear")
        t.keys("Enter")
        self.watch(t)
        t.shows("ACCOUNT")
        self.assertEqual(t.ask("alternate_on"), "0")
        t.keys("C-c")
        p = subprocess.Popen(self.haul.argv + ["status", "--watch"],
                             stdout=subprocess.PIPE, text=True)
        lines = [p.stdout.readline() for _ in range(5)]
        p.terminate()
        rest = p.stdout.read()
        p.stdout.close()
        self.assertEqual(p.wait(30), 0)
        self.assertEqual(sum("ACCOUNT" in l for l in lines), 2, lines)
        self.assertNotIn("\x1b", "".join(lines) + rest)


if __name__ == "__main__":
    if not terminal.is_there():
        print("SKIPPED: there is no tmux")
        sys.exit(77)
    case.main()
