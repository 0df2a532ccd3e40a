#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the shells complete: every command and option that --help shows, and
accounts whose names a shell would take for something else. bash, zsh and fish
are run on a terminal of their own; the keys go in, what they call comes out."""
import json, os, pty, re, select, shutil, signal, sqlite3, subprocess, sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab

# Each begins with letters of its own: those are typed.
NAMES = ["anna@example.org", "b$HOME", "c;id", "d'quote", "e(1)", "f\\back",
         "g#hash", "h*?[x]", "i~tilde", "j&amp", "k!bang", "l=eq", "m`id`",
         "n|pipe", "o<>", "p{a,b}", "q:colon", "r^caret", "s%cent", "t,comma"]
SPACES = "u two  words"

# Stands in for the program where it is not asked for candidates: tells its
# arguments.
STUB = """#!/bin/sh
case " $* " in *" completion "*) exec {binary} "$@" ;; esac
[ $# = 0 ] || printf '%s\\0' "$@" >{out}.new
[ $# != 0 ] || : >{out}.new
mv {out}.new {out}
"""


class Shell:
    """An interactive shell on a terminal."""

    def __init__(self, argv, env, out):
        self.out, self.said = out, b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, env)
        self.wait(lambda: self.said.count(b"READY>") > 0, "its prompt")

    def wait(self, ready, what, seconds=120):
        until = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > until:
                said = self.said[-3000:].decode(errors="replace")
                raise AssertionError(f"no sign of {what}:\n{said}")
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.said += os.read(self.fd, 65536)
                except OSError:
                    raise AssertionError(
                        f"the shell has ended:\n{self.said[-3000:]!r}")

    def type(self, keys):
        """What the command got that these keys, and Enter, call."""
        if os.path.exists(self.out):
            os.unlink(self.out)
        os.write(self.fd, keys.encode() + b"\r")
        self.wait(lambda: os.path.exists(self.out), f"{keys!r} being run")
        with open(self.out) as f:
            return f.read().split("\0")[:-1]

    def close(self):
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class Completion(case.Case):
    def words(self, *words, options=()):
        p = subprocess.run([case.BINARY, "-c", "/dev/null", "completion",
                            "words", "--", *words], text=True,
                           capture_output=True, timeout=120, env=self.env())
        self.assertEqual((p.returncode, p.stderr), (0, ""), words)
        return [line.split("\t")[0] for line in p.stdout.splitlines()]

    def env(self):
        return {**os.environ, "MAILHAUL_STATE_DIR": self.haul.state}

    def help(self, *command):
        return self.haul.run("help", *command).stdout

    def commands(self):
        part = self.help().split("Commands:\n")[1].split("\nOptions:")[0]
        return re.findall(r"^  (\S+) ", part, re.M)

    def enrol(self):
        for name in NAMES:
            self.haul.add(name, "imaps://u@imap.example.org", "--hold")

    def test_every_command_and_option_of_the_help(self):
        commands = self.commands()
        self.assertGreater(len(commands), 20)
        self.assertEqual(sorted(commands), sorted(self.words("")))
        self.assertEqual(sorted(commands), sorted(self.words("help", "")))
        for command in commands:
            shown = re.findall(r"^  --(\S+)(?: (\S+))?$", self.help(command),
                               re.M)
            offered = self.words(command, "--")
            self.assertEqual(
                sorted({f"--{o}" for o, _ in shown} | {"--json", "--help"}),
                sorted(set(offered)), command)
            for option, value in shown:
                fixed = [v for v in value.split("|")
                         if v and not re.search("[A-Z]", v)]
                if "=" in value:
                    continue
                got = self.words(command, "--" + option, "")
                for choice in fixed:
                    self.assertIn(choice, got, (command, option))
                if fixed:
                    self.assertIn(f"--{option}={fixed[0]}", self.words(
                        command, f"--{option}={fixed[0][:1]}"))

    def test_what_a_value_may_be(self):
        self.assertEqual(["scram-sha-1", "scram-sha-256"],
                         self.words("add", "x", "imaps://u@h", "--auth", "s"))
        self.assertEqual(["no-idle=on", "no-idle=off"],
                         self.words("set", "x", "--quirk", "no-id"))
        self.assertEqual(["--quirk=no-idle=on", "--quirk=no-idle=off"],
                         self.words("set", "x", "--quirk=no-id"))
        self.assertEqual(["rotate"], self.words("key", "r"))
        self.assertEqual([], self.words("key", "list", ""))
        self.assertEqual([""], self.words("restore", ""))
        self.assertEqual(["-c", "-o"], self.words("-")[:2])
        self.assertEqual(["store.eol=lf", "store.eol=crlf"],
                         self.words("-o", "store.eol="))
        self.assertEqual(["tls.allow_plain=yes", "tls.allow_plain=no"],
                         self.words("-o", "tls.allow_plain="))
        keys = [s["key"] + "=" for s in json.loads(self.haul.run(
            "--json", "config").stdout)["settings"]]
        self.assertEqual(keys, self.words("-o", ""))
        self.assertEqual([], self.words("fly", ""))
        self.assertEqual([], self.words("show", "--", "--"))

    def test_accounts(self):
        self.enrol()
        self.assertEqual(sorted(NAMES), sorted(self.words("show", "")))
        self.assertEqual([NAMES[0]], self.words("show", "an"))
        self.assertEqual([], self.words("show", NAMES[0], ""))
        self.assertEqual([], self.words("list", ""))
        # a name that is to be, and the value of an option, are no account's
        self.assertEqual([], self.words("add", ""))
        self.assertEqual([], self.words("set", NAMES[0], "--to", ""))
        more = self.words("pause", NAMES[0], "")
        self.assertEqual(sorted(NAMES[1:]), sorted(more))
        # those of the state that is named on the line
        other = os.path.join(self.dir, "other")
        self.assertEqual([], self.words("-o", f"state.dir={other}", "show",
                                        ""))
        conf = os.path.join(self.dir, "conf")
        with open(conf, "w") as f:
            f.write(f"[state]\ndir = {self.haul.state}\n")
        p = subprocess.run([case.BINARY, "-c", "/dev/null", "completion",
                            "words", "--", "-c", conf, "show", "an"],
                           text=True, capture_output=True, timeout=120)
        self.assertEqual(f"{NAMES[0]}\taccount\n", p.stdout)
        self.assertFalse(os.path.exists(other))

    def test_silent_and_harmless(self):
        self.enrol()
        path = os.path.join(self.haul.state, "mailhaul.db")
        listing = sorted(os.listdir(self.haul.state))
        # A job table of another version is looked at, and left as it is.
        db = sqlite3.connect(path)
        db.execute("PRAGMA user_version=1")
        db.close()
        with open(path, "rb") as f:
            before = f.read()
        self.assertEqual([NAMES[0]], self.words("show", "an"))
        with open(path, "rb") as f:
            self.assertEqual(before, f.read())
        self.assertEqual(listing, sorted(os.listdir(self.haul.state)))
        # somebody writes: nobody waits for them at the keyboard
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("BEGIN EXCLUSIVE")
        start = time.monotonic()
        self.assertEqual([], self.words("show", "an"))
        self.assertLess(time.monotonic() - start, 9)
        db.execute("ROLLBACK")
        db.close()
        with open(path, "wb") as f:
            f.write(b"no database at all\n" * 500)
        self.assertEqual([], self.words("show", "an"))
        self.assertIn("show", self.words("sh"))
        os.unlink(path)
        self.assertEqual([], self.words("show", "an"))
        self.assertFalse(os.path.exists(path))

    def test_usage(self):
        for args in (["tcsh"], ["bash", "zsh"], []):
            p = self.haul.run("completion", *args, check=False)
            self.assertEqual(p.returncode, 2, args)

    # ---- the shells

    def shell(self, name):
        argv = {"bash": ["bash", "--noprofile", "--rcfile", "rc", "-i"],
                "zsh": ["zsh", "-i"], "fish": ["fish", "-i"]}[name]
        if not shutil.which(name):
            self.skipTest(f"{name} is not installed (apt-get install {name})")
        home = os.path.join(self.dir, "home")
        tools = os.path.join(self.dir, "tools")
        out = os.path.join(self.dir, "called")
        for d in (home, tools, os.path.join(home, ".config", "fish")):
            os.makedirs(d)
        with open(os.path.join(tools, "mailhaul"), "w") as f:
            f.write(STUB.format(binary=case.BINARY, out=out))
            os.chmod(f.name, 0o755)
        script = self.haul.run("completion", name).stdout
        with open(os.path.join(home, "script"), "w") as f:
            f.write(script)
        rc = {"bash": ("rc", "PS1='READY>'\nset +o history\n"
                       ". ./script\n"),
              "zsh": (".zshrc", "PS1='READY>'\nautoload -U compinit\n"
                      "compinit -u -d ./dump\n. ./script\n"),
              "fish": (".config/fish/config.fish",
                       "function fish_prompt; echo -n 'READY>'; end\n"
                       "set -g fish_greeting\nsource script\n")}[name]
        with open(os.path.join(home, rc[0]), "w") as f:
            f.write(rc[1])
        for word in ("one", "two words"):
            with open(os.path.join(home, f"backup {word}.tar"), "w"):
                pass
        env = {**self.env(), "HOME": home, "ZDOTDIR": home, "TERM": "vt100",
               "PATH": tools + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8",
               "XDG_CONFIG_HOME": os.path.join(home, ".config"),
               "XDG_DATA_HOME": os.path.join(home, ".local")}
        here = os.getcwd()
        os.chdir(home)
        try:
            shell = Shell(argv, env, out)
        finally:
            os.chdir(here)
        self.addCleanup(shell.close)
        return shell

    def expect(self, shell, keys, *words):
        self.assertEqual(list(words), shell.type("mailhaul " + keys), keys)

    def common(self, shell):
        self.enrol()
        db = sqlite3.connect(os.path.join(self.haul.state, "mailhaul.db"))
        db.execute("UPDATE account SET name = ? WHERE name = 't,comma'",
                   (SPACES,))
        db.commit()
        db.close()
        expect = self.expect
        expect(shell, "ver", "ver")  # the stub tells what it is given
        expect(shell, "restor\t", "restore")
        expect(shell, "add x --on-e\ttr\t", "add", "x", "--on-expunge",
               "trash")
        expect(shell, "add x --on-expunge=tr\t", "add", "x",
               "--on-expunge=trash")
        expect(shell, "add x --quirk no-compress=of\t", "add", "x", "--quirk",
               "no-compress=off")
        expect(shell, "-o store.eol=cr\tshow an\t", "-o", "store.eol=crlf",
               "show", NAMES[0])
        expect(shell, "-o store.dur\tfs\tlist", "-o", "store.durability=fsync",
               "list")
        expect(shell, "restore backup\\ o\t", "restore", "backup one.tar")
        for name in NAMES[:-1] + [SPACES]:
            expect(shell, f"show {name[0]}\t", "show", name)
        expect(shell, "show anna@ex\t", "show", NAMES[0])
        expect(shell, "show q:c\t", "show", "q:colon")
        expect(shell, "show 'b$\t", "show", "b$HOME")
        expect(shell, 'show "b\\$\t', "show", "b$HOME")
        expect(shell, "show l=\t", "show", "l=eq")
        expect(shell, "show u\\ tw\t", "show", SPACES)
        # nothing was run, and nothing was expanded, on the way
        self.assertNotIn(b"uid=", shell.said)

    def test_bash(self):
        shell = self.shell("bash")
        self.common(shell)
        self.expect(shell, 'show "u t\t', "show", SPACES)
        self.expect(shell, "show 'd\t", "show", "d'quote")
        self.expect(shell, 'show "m\t', "show", "m`id`")
        # a word of the environment before it, a second command on the line
        self.assertEqual(["show", NAMES[0]],
                         shell.type("true; X=1 mailhaul show an\t"))

    def test_zsh(self):
        self.common(self.shell("zsh"))

    def test_fish(self):
        self.common(self.shell("fish"))


if __name__ == "__main__":
    case.main()
