#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Odd input and odd surroundings of the commands: bytes that are no text,
relative paths, closed descriptors, a database in use."""
import json, os, pty, signal, sqlite3, subprocess, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab

URL = "imaps://u@imap.example.org"


class Input(case.Case):
    def status_of(self, *args, **kw):
        p = subprocess.run(self.haul.argv + list(args), capture_output=True,
                           text=True, errors="replace", timeout=60, **kw)
        self.assertLessEqual(len(p.stderr.strip().split("\n")), 1, p.stderr)
        return p

    def enrol(self, name, *options):
        return self.status_of("add", name, URL, "--hold", *options,
                              "--password-file", "-", input="pw\n")

    def test_text_that_is_none_is_refused(self):
        for option in ("--to", "--prefix", "--folder", "--exclude"):
            for value in (b"a\xffb", b"two\nlines", b"\x1b[31m"):
                with self.subTest(option=option, value=value):
                    p = self.enrol("a", option, value)
                    self.assertEqual(p.returncode, 2, p.stderr)
                    self.assertIn(option, p.stderr)
                    self.assertNotIn("\x1b", p.stderr)
        self.assertEqual(self.status_of("add", b"\xff", URL).returncode, 2)

    def test_json_of_odd_texts_is_valid(self):
        name = "back\\slash'"
        p = self.status_of("--json", "add", name, "imaps://%ff%1b%22@h",
                           "--hold", "--to", 'qu"o\\te', "--folder",
                           'x"\\y', "--password-file", "-", input="pw\n")
        self.assertEqual(json.loads(p.stdout)["name"], name)
        for args in (["list"], ["show", name], ["status"], ["status", name],
                     ["set", name, "--every", "1h"], ["pause", name],
                     ["resume", name], ["version"], ["init"]):
            with self.subTest(args):
                json.loads(self.haul.run("--json", *args).stdout)
        a = json.loads(self.haul.run("--json", "show", name).stdout)
        self.assertEqual((a["to"], a["folder"]), ('qu"o\\te', ['x"\\y']))
        self.haul.run("--json", "remove", name)

    def test_relative_paths_are_refused(self):
        for setting in ("state.dir=state", "store.path=mail/%u",
                        "tls.ca_file=ca.pem", "state.dir="):
            for args in (["list"], ["init"], ["run"]):
                p = self.status_of("-o", setting, *args, cwd=self.dir)
                self.assertEqual(p.returncode, 3)
                self.assertIn(setting.split("=")[0], p.stderr)
                self.assertIn("absolute", p.stderr)
        p = self.status_of("-o", "store.path=%{state}/mail/%u", "config")
        self.assertEqual(p.returncode, 0, p.stderr)

    def test_the_sample_settings_are_the_defaults(self):
        top = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                           "..", "..", "deploy", "mailhaul.conf")
        with open(top) as f:
            text = f.read()
        conf = os.path.join(self.dir, "conf")
        with open(conf, "w") as f:
            f.write(lab.re.sub(r"(?m)^#(\w+ = )", r"\1", text))
        for path, origin in ((top, "default"), (conf, conf + ":")):
            p = subprocess.run([case.BINARY, "-c", path, "--json", "config"],
                               capture_output=True, text=True)
            self.assertEqual(p.returncode, 0, p.stderr)
            for row in json.loads(p.stdout)["settings"]:
                self.assertTrue(row["origin"].startswith(origin), row)
                if row["default"] != "60s":
                    self.assertEqual(row["value"], row["default"], row)

    def test_closed_descriptors_spoil_nothing(self):
        """What is printed must not be written into the database."""
        self.enrol("anna")
        for closed in ("0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"):
            for args in ("list", "status", "show nobody", "run", "config"):
                subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh"] +
                               self.haul.argv + args.split(), timeout=60,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        db = sqlite3.connect(os.path.join(self.haul.state, "mailhaul.db"))
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchone(),
                         ("ok",))
        db.close()
        self.assertIn("anna", self.haul.run("list").stdout)

    def test_a_state_that_everybody_can_write_is_refused(self):
        os.chmod(self.haul.state, 0o777)
        p = self.status_of("list")
        self.assertEqual(p.returncode, 3, p.stderr)
        self.assertIn("chmod 0700", p.stderr)
        os.chmod(self.haul.state, 0o700)

    @case.unittest.skipUnless(os.getuid() == 0, "mounting needs root")
    def test_a_state_that_is_read_only(self):
        self.enrol("anna")
        state = self.haul.state
        if subprocess.run(["mount", "--bind", state, state]).returncode:
            self.skipTest("nothing can be mounted here")
        try:
            subprocess.run(["mount", "-o", "remount,ro,bind", state],
                           check=True)
            for args in (["list"], ["run"], ["serve"], ["init"],
                         ["set", "anna", "--every", "1h"]):
                p = self.status_of(*args)
                self.assertEqual(p.returncode, 3, p.stderr)
                self.assertIn("read-write", p.stderr)
        finally:
            subprocess.run(["umount", "-l", state])
        self.haul.run("list")

    def test_an_output_that_is_full_is_a_failure(self):
        with open("/dev/full", "w") as full:
            p = subprocess.run(self.haul.argv + ["config"], stdout=full,
                               stderr=subprocess.PIPE, text=True)
        self.assertEqual(p.returncode, 1)
        self.assertIn("standard output", p.stderr)

    def test_no_home_no_locale(self):
        user = self.source("anna", 20)
        self.add(user, "imaps")
        # what the sanitizers are told is nobody's environment
        kept = {k: v for k, v in os.environ.items()
                if k.endswith("SAN_OPTIONS")}
        for env in ({}, {"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}):
            p = subprocess.run(self.haul.argv + ["run", user],
                               env={**kept, **env},
                               capture_output=True, timeout=60)
            self.assertEqual(p.returncode, 0, p.stderr)
        self.assert_same(user)
        for locale in ("C", "C.UTF-8"):
            p = subprocess.run(self.haul.argv + ["status", user],
                               env={**kept, "LC_ALL": locale},
                               capture_output=True)
            self.assertIn("Entwürfe & Pläne", p.stdout.decode())

    def test_any_umask(self):
        for mask in (0, 0o077, 0o777):
            d = os.path.join(self.dir, f"umask{mask:o}")
            os.makedirs(d)
            haul = lab.Mailhaul(case.BINARY, d, ca=self.server.ca)
            self.haul.store = haul.store
            user = f"u{mask:o}"
            user = self.source(user, 20)
            for args in (["init"], ["add", user, self.url(user, "imaps"),
                                    "--password-file", "-"], ["run"]):
                p = subprocess.run(haul.argv + args, umask=mask, text=True,
                                   input=lab.PASSWORD + "\n", timeout=60,
                                   capture_output=True)
                self.assertEqual(p.returncode, 0, (mask, args, p.stderr))
            self.assert_same(user)
            for top, dirs, files in os.walk(d):
                if top.startswith(os.path.join(d, "source")):
                    continue
                for name in dirs + files:
                    mode = os.lstat(os.path.join(top, name)).st_mode
                    if top != d and "dovecot" not in name:
                        self.assertEqual(mode & 0o077, 0,
                                         f"{mask:o} {top}/{name}")

    def test_waits_for_a_table_in_use(self):
        """Somebody's transaction of some seconds is waited for."""
        self.enrol("anna")
        path = os.path.join(self.haul.state, "mailhaul.db")
        db = sqlite3.connect(path, isolation_level=None,
                             check_same_thread=False)
        db.execute("BEGIN EXCLUSIVE")
        timer = threading.Timer(3, lambda: db.execute("COMMIT"))
        timer.start()
        p = self.status_of("set", "anna", "--every", "2h")
        timer.join()
        self.assertEqual(p.returncode, 0, p.stderr)
        db.execute("BEGIN EXCLUSIVE")
        p = self.status_of("list")
        self.assertEqual(p.returncode, 3, p.stderr)
        self.assertIn("in use", p.stderr)
        db.execute("COMMIT")
        db.close()

    def prompt(self):
        """add at its question; the terminal's descriptor and the pid."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(self.haul.argv[0], self.haul.argv + ["add", "anna", URL])
        self.addCleanup(os.close, fd)
        out = b""
        while b"Password for anna: " not in out:
            out += os.read(fd, 1000)
        return pid, fd

    def test_interrupted_at_the_password(self):
        import termios
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP,
                       signal.SIGQUIT):
            with self.subTest(number):
                pid, fd = self.prompt()
                self.assertFalse(termios.tcgetattr(fd)[3] & termios.ECHO)
                os.kill(pid, number)
                status = os.waitpid(pid, 0)[1]
                self.assertTrue(termios.tcgetattr(fd)[3] & termios.ECHO)
                self.assertEqual(os.waitstatus_to_exitcode(status), 1)
        self.assertIn("no account", self.haul.run("list").stdout)

    def test_end_of_input_at_the_password(self):
        pid, fd = self.prompt()
        os.write(fd, b"\x04")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 3)
        self.assertIn("no account", self.haul.run("list").stdout)


if __name__ == "__main__":
    case.main()
