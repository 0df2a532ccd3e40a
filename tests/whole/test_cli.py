#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every command, with good and bad input: one clear line, the documented
exit status, nothing half done."""
import json, os, pty, re, select, socket, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Cli(case.Case):
    def test_pop3_options(self):
        pop3 = "pop3://u@127.0.0.1:1?security=none"
        imap = "imap://u@127.0.0.1:1?security=none"
        for url, option, value, word in (
                (pop3, "--pop3-seen", "maybe", "yes, no, or old"),
                (imap, "--pop3-seen", "yes", "for POP3"),
                (imap, "--to-folder", "Old", "--map and --prefix"),
                (pop3, "--to-folder", "/Old", "a folder such as")):
            self.fails(2, word, "add", "x", url, option, value)
        self.haul.add("a", pop3, "--pop3-seen", "yes", "--to-folder", "Old")
        shown = json.loads(self.haul.run("--json", "show", "a").stdout)
        self.assertEqual([shown["pop3_seen"], shown["to_folder"]],
                         ["yes", "Old"])
        self.haul.run("set", "a", "--pop3-seen", "old", "--to-folder", "")
        shown = json.loads(self.haul.run("--json", "show", "a").stdout)
        self.assertEqual([shown["pop3_seen"], shown["to_folder"]],
                         ["old", ""])
        p = self.haul.run("set", "a", pop3.replace("//u", "//recent%3Au"))
        self.assertIn("the last 30 days", p.stderr)

    def fails(self, code, words, *args, **kw):
        p = self.haul.run(*args, check=False, **kw)
        self.assertEqual(p.returncode, code, (args, p.stdout, p.stderr))
        lines = p.stderr.strip().split("\n")
        self.assertEqual(len(lines), 1, p.stderr)
        self.assertTrue(lines[0].startswith("mailhaul"), lines)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, lines[0])
        return p

    def accounts(self):
        return json.loads(self.haul.run("--json", "list").stdout)["accounts"]

    def test_usage(self):
        for words, args in [
                ("no command", ["fly"]), ("unknown option", ["list", "--x"]),
                ("unknown option", ["--frob", "list"]),
                ("takes", ["show"]), ("one word too many", ["list", "x"]),
                ("no account", ["show", "nobody"]),
                ("no account", ["run", "nobody"]),
                ("no account", ["sync", "nobody"]),
                ("no account", ["status", "nobody"]),
                ("no account", ["pause", "nobody"]),
                ("no account", ["remove", "nobody", "--yes"]),
                ("there is no account", ["remove", "x", "--purge"]),
                ("no account", ["set", "nobody", "--every", "1h"]),
                ("name accounts", ["sync"]),
                ("no command", ["help", "fly"]),
                ("nothing to change", ["set", "x"]),
                ("needs a value", ["-c"])]:
            with self.subTest(args):
                self.fails(2, words, *args)
        p = subprocess.run([case.BINARY], capture_output=True, text=True)
        self.assertEqual((p.returncode, p.stdout), (2, ""))

    def test_bad_accounts_enrol_nothing(self):
        for words, args in [
                ("imaps://", ["a", "http://u@h"]),
                ("user", ["a", "imaps://localhost"]),
                ("password", ["a", "imaps://u:secret@localhost"]),
                ("port", ["a", "imaps://u@localhost:0"]),
                ("port", ["a", "imaps://u@localhost:99999"]),
                ("URL", ["a"]),
                ("name", ["a/b", "imaps://u@h"]),
                ("name", ["", "imaps://u@h"]),
                ("name", ["x" * 200, "imaps://u@h"]),
                ("every", ["a", "imaps://u@h", "--every", "often"]),
                ("delete", ["a", "imaps://u@h", "--delete", "later"]),
                ("on-expunge", ["a", "imaps://u@h", "--on-expunge", "x"]),
                ("ca-file", ["a", "imaps://u@h", "--ca-file", "/nowhere"]),
                ("fingerprint", ["a", "imaps://u@h", "--fingerprint", "x"]),
                ("to", ["a", "imaps://u@h", "--to", "../up"]),
                ("unknown option", ["a", "imaps://u@h", "--password", "x"])]:
            with self.subTest(args):
                p = self.fails(2, words, "add", *args,
                               "--password-file", "-", stdin="pw\n")
                self.assertNotIn("secret", p.stderr)
        for words, args in [
                ("/nowhere", ["--password-file", "/nowhere"]),
                ("empty", ["--password-file", "/dev/null"]),
                ("--password-file", [])]:
            with self.subTest(args):
                p = subprocess.run(
                    ["setsid", "-w"] + self.haul.argv +
                    ["add", "a", "imaps://u@h"] + args,
                    stdin=subprocess.DEVNULL, capture_output=True, text=True)
                self.assertEqual(p.returncode, 3, p.stderr)
                self.assertIn(words, p.stderr)
        self.assertEqual(self.accounts(), [])

    def test_an_account_s_life(self):
        run = self.haul.run
        self.haul.add("anna", "imaps://anna%40x@imap.example.org",
                      "--every", "1h", "--hold", "--folder", "INBOX",
                      "--exclude", "Junk")
        self.fails(2, "already", "add", "anna", "imaps://u@h",
                   "--password-file", "-", stdin="pw\n")
        a = json.loads(run("--json", "show", "anna").stdout)
        self.assertEqual(a["url"], "imaps://anna%40x@imap.example.org")
        self.assertEqual((a["to"], a["every"], a["paused"]),
                         ("anna", "1h", True))
        self.assertEqual((a["folder"], a["exclude"]), (["INBOX"], ["Junk"]))
        self.assertEqual(self.haul.status("anna")["state"], "paused")
        self.fails(2, "paused", "run", "anna")
        run("set", "anna", "pop3s://bob@pop.example.org", "--every", "never",
            "--to", "bob")
        a = json.loads(run("--json", "show", "anna").stdout)
        self.assertEqual((a["url"], a["every"], a["to"]),
                         ("pop3s://bob@pop.example.org", "never", "bob"))
        run("resume", "anna")
        self.assertEqual(self.haul.status("anna")["state"], "queued")
        self.assertIn("anna", run("list").stdout)
        self.assertIn("pop3s", run("show", "anna").stdout)
        run("remove", "anna", "--yes")
        self.assertEqual(self.accounts(), [])
        self.assertIn("no account", run("list").stdout)

    def test_the_terminal_asks_without_echo(self):
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(self.haul.argv[0], self.haul.argv + [
                "add", "anna", "imaps://u@imap.example.org"])
        out = b""
        while b"Password for anna: " not in out:
            self.assertTrue(select.select([fd], [], [], 10)[0], out)
            out += os.read(fd, 1000)
        os.write(fd, b"hunter2\n")
        while True:
            try:
                more = os.read(fd, 1000)
            except OSError:
                break
            if not more:
                break
            out += more
        self.assertEqual(os.waitpid(pid, 0)[1], 0, out)
        self.assertNotIn(b"hunter2", out)
        self.assertEqual(len(self.accounts()), 1)

    def test_config(self):
        self.fails(3, ["sync.evry", "sync.every"], "-o", "sync.evry=1h",
                   "config")
        self.fails(3, "pool.sessions", "-o", "pool.sessions=many", "config")
        conf = os.path.join(self.dir, "conf")
        for text, words in [("[sync]\nevry = 1h\n", "conf:2"),
                            ("[sync]\n\nevery = x\n", "conf:3"),
                            ("rubbish\n", "conf:1")]:
            with open(conf, "w") as f:
                f.write(text)
            p = subprocess.run([case.BINARY, "-c", conf, "config"],
                               capture_output=True, text=True)
            self.assertEqual(p.returncode, 3)
            self.assertIn(words, p.stderr)
        with open(conf, "w") as f:
            f.write("; comment\n[sync]\nevery = 2h\n[pool]\nsessions = 3\n")
        env = dict(os.environ, MAILHAUL_POOL_SESSIONS="5")
        p = subprocess.run([case.BINARY, "-c", conf, "-o",
                            "pool.per_host=7", "--json", "config"],
                           capture_output=True, text=True, env=env)
        rows = {r["key"]: r for r in json.loads(p.stdout)["settings"]}
        self.assertEqual(rows["sync.every"]["value"], "2h")
        self.assertEqual(rows["sync.every"]["origin"], conf + ":3")
        self.assertEqual(rows["pool.sessions"]["value"], "5")
        self.assertIn("MAILHAUL_POOL_SESSIONS",
                      rows["pool.sessions"]["origin"])
        self.assertEqual(rows["pool.per_host"]["value"], "7")
        self.assertEqual(rows["limits.message"]["value"], "128M")
        p = subprocess.run([case.BINARY, "-c", "/nowhere", "config"],
                           capture_output=True, text=True)
        self.assertEqual(p.returncode, 3)

    def test_state_that_is_missing_or_spoiled(self):
        empty = os.path.join(self.dir, "empty")
        for args in (["list"], ["status"], ["run"], ["serve"],
                     ["show", "x"]):
            self.fails(3, "init", "-o", "state.dir=" + empty, *args)
        self.assertFalse(os.path.exists(empty))
        with open(os.path.join(self.haul.state, "mailhaul.db"), "r+b") as f:
            f.write(b"rubbish" * 100)
        self.fails(3, "mailhaul.db", "list")
        again = self.haul.run("init", check=False)
        self.assertIn(again.returncode, (0, 3))

    def test_init_is_harmless_when_repeated(self):
        key = os.path.join(self.haul.state, "mailhaul.key")
        self.haul.add("anna", "imaps://u@h")
        with open(key, "rb") as f:
            before = f.read()
        self.assertIn("nothing", self.haul.run("init").stdout)
        with open(key, "rb") as f:
            self.assertEqual(before, f.read())
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o400)
        self.assertEqual(os.stat(self.haul.state).st_mode & 0o777, 0o700)
        self.assertEqual(len(self.accounts()), 1)

    def error_of(self, user, run=True):
        if run:
            p = self.haul.run("run", user, check=False)
            self.assertEqual(p.returncode, 1, p.stderr)
            self.assertEqual(len(p.stderr.strip().split("\n")), 1, p.stderr)
            self.assertIn(user, p.stderr)
        return self.haul.status(user)["error"]

    def test_wrong_password_is_tried_once(self):
        user = self.source("anna", 3)
        self.haul.add(user, self.url(user, "imaps"), password="wrong")
        e = self.error_of(user)
        self.assertEqual(e["class"], "auth")
        self.assertIn("set " + user + " --password", e["hint"])
        self.assertEqual(self.haul.status(user)["state"], "failed")
        self.assertFalse(os.path.exists(
            os.path.join(self.haul.store, user, "new", "x")))
        # not due again by itself
        self.haul.run("run")
        self.assertEqual(self.haul.status(user)["runs"], 1)
        self.haul.run("set", user, "--password-file", "-",
                      stdin=lab.PASSWORD + "\n")
        self.haul.run("run")
        self.assert_same(user)

    def test_network_faults(self):
        s = socket.create_server(("127.0.0.1", 0))
        port = s.getsockname()[1]
        s.close()
        for name, url, kind, word in [
                ("refused", f"imaps://u@127.0.0.1:{port}", "network",
                 str(port)),
                ("unknown", "imaps://u@no-such-host.invalid", "network",
                 "no-such-host.invalid")]:
            self.haul.add(name, url)
            e = self.error_of(name)
            self.assertEqual(e["class"], kind, e)
            self.assertIn(word, e["text"])
            self.assertEqual(self.haul.status(name)["state"], "waiting")

    def test_policy(self):
        user = self.source("anna", 3)
        self.add(user, "imap+plain")
        for opt, word in [("network.allow_private=no", "network."),
                          ("network.ports=993", "network.ports"),
                          ("tls.allow_plain=no", "tls.allow_plain")]:
            self.haul.argv += ["-o", opt]
            e = self.error_of(user)
            self.assertEqual(e["class"], "policy", opt)
            self.assertIn(word, e["text"] + e["hint"])
            del self.haul.argv[-2:]

    def test_certificates(self):
        user = self.source("anna", 3)
        self.add(user, "imaps")
        haul = lab.Mailhaul(case.BINARY, self.dir)   # without the lab's CA
        self.haul, with_ca = haul, self.haul
        e = self.error_of(user)
        self.assertEqual(e["class"], "tls")
        self.assertIn("--ca-file", e["text"] + e["hint"])
        self.haul = with_ca
        url = self.url(user, "imaps").replace("localhost", "127.0.0.2")
        self.haul.run("set", user, url)
        self.server_alias(url)
        digest = subprocess.run(
            ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in",
             os.path.join(self.server.dir, "tls/server.crt")],
            capture_output=True, text=True).stdout.split("=")[1].strip()
        self.haul = haul
        haul.run("set", user, self.url(user, "imaps"), "--fingerprint",
                 "SHA256:" + digest)
        haul.run("run", user)
        self.assert_same(user)
        wrong = "00" + digest.replace(":", "")[2:]
        haul.run("set", user, "--fingerprint", "SHA256:" + wrong)
        self.assertEqual(self.error_of(user)["class"], "tls")
        key = lab.key_pin_of(os.path.join(self.server.dir, "tls/server.crt"))
        haul.run("set", user, "--fingerprint", key)
        haul.run("run", user)
        self.assertEqual(haul.status(user)["state"], "idle")
        shown = json.loads(haul.run("--json", "show", user).stdout)
        self.assertIn(key, str(shown))

    def server_alias(self, url):
        """A forwarder on 127.0.0.2: the certificate does not name it."""
        import threading
        port = int(re.search(r":(\d+)$", url).group(1))
        listener = socket.create_server(("127.0.0.2", port))

        def pump(a, b):
            try:
                while True:
                    data = a.recv(65536)
                    if not data:
                        break
                    b.sendall(data)
            except OSError:
                pass
            for s in (a, b):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        def serve():
            a, _ = listener.accept()
            b = socket.create_connection(("127.0.0.1", port))
            t = threading.Thread(target=pump, args=(a, b))
            t.start()
            pump(b, a)
            t.join()
            a.close(), b.close()
        t = threading.Thread(target=serve)
        t.start()
        e = self.error_of(url.split("/")[2].split("@")[0])
        t.join()
        listener.close()
        self.assertEqual(e["class"], "tls")
        self.assertIn("127.0.0.2", e["text"])

    def test_store_faults(self):
        user = self.source("anna", 3)
        self.add(user, "imaps")
        with open(os.path.join(self.haul.store, user), "w") as f:
            f.write("a file")
        e = self.error_of(user)
        self.assertEqual(e["class"], "store")
        self.assertIn(user, e["text"])
        os.unlink(os.path.join(self.haul.store, user))
        os.symlink("/tmp", os.path.join(self.haul.store, user))
        self.haul.run("set", user, "--every", "1h")
        self.assertEqual(self.error_of(user)["class"], "store")
        self.assertFalse(os.path.exists("/tmp/mailhaul.id"))
        os.unlink(os.path.join(self.haul.store, user))
        self.haul.run("run", user)
        self.assert_same(user)

    def test_swapped_store_infers_nothing(self):
        user = self.source("anna", 20)
        self.add(user, "imaps")
        self.haul.run("run", user)
        root = os.path.join(self.haul.store, user)
        os.rename(root, root + ".away")
        e = self.error_of(user)
        self.assertEqual(e["class"], "store")
        self.assertFalse(os.path.exists(os.path.join(root, "cur")))
        if os.path.exists(root):
            os.rmdir(root)
        os.rename(root + ".away", root)
        self.haul.run("run", user)
        self.assert_same(user)

    @case.unittest.skipUnless(os.getuid() == 0, "mounting needs root")
    def test_full_disk(self):
        user = self.source("anna", 400)
        mount = os.path.join(self.haul.store, user)
        os.makedirs(mount)
        who = lab.mail_user()
        r = subprocess.run(["mount", "-t", "tmpfs", "-o",
                            "size=400k,mode=755,"
                            f"uid={who.pw_uid},gid={who.pw_gid}",
                            "tmpfs", mount], capture_output=True)
        if r.returncode:
            self.skipTest("no tmpfs can be mounted here")
        try:
            self.add(user, "imaps")
            e = self.error_of(user)
            self.assertEqual(e["class"], "disk", e)
            self.assertEqual(self.haul.status(user)["state"], "waiting")
            subprocess.run(["mount", "-o", "remount,size=100m", mount],
                           check=True)
            self.haul.run("run", user)
            self.assert_same(user)
            self.assert_no_leftovers(user)
        finally:
            subprocess.run(["umount", "-l", mount])

    def test_help_and_man_agree(self):
        overview = self.haul.run("help").stdout
        man = self.haul.run("help", "--man", "mailhaul.1").stdout
        conf = self.haul.run("help", "--man", "mailhaul.conf.5").stdout
        names = re.findall(r"^  ([a-z]+) +\S", overview, re.M)
        self.assertGreaterEqual(len(names), 28)
        plain = man.replace("\\-", "-")
        for name in names:
            text = self.haul.run("help", name).stdout
            self.assertEqual(text, self.haul.run(name, "--help").stdout)
            self.assertIn(".SS " + name, plain)
            for option in re.findall(r"^  (--[a-z0-9-]+)(?: |$)", text,
                                     re.M):
                self.assertIn(".B " + option, plain)
        keys = json.loads(self.haul.run("--json", "config").stdout)
        for row in keys["settings"]:
            self.assertIn(".B " + row["key"], conf)

    def test_json_is_one_document_and_nothing_else(self):
        user = self.source("anna", 5)
        self.add(user, "imaps")
        for args in (["run", user], ["list"], ["show", user], ["status"],
                     ["config"], ["version"], ["sync", user]):
            p = self.haul.run("--json", *args)
            json.loads(p.stdout)
        s = self.haul.status(user)
        self.assertEqual(set(s) - {"error"}, {
            "deletions", "day", "failing_since", "stalled", "name", "protocol", "state", "to", "last_success_at",
            "next_due_at", "runs", "crashes", "messages", "bytes_stored",
            "mailboxes", "push", "group", "opens_at", "finishing",
            "finished_at", "differences"})
        self.assertRegex(s["last_success_at"],
                         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(set(s["mailboxes"][0]), {
            "mailbox", "folder", "uidvalidity", "source", "stored",
            "quarantined", "notice", "uids_kept",
            "uidls_missing"})

    def test_live_progress_on_a_terminal(self):
        user = self.source("anna", 1500)
        self.add(user, "imaps")
        pid, fd = pty.fork()
        if pid == 0:
            os.environ["LC_ALL"] = "C.UTF-8"
            os.execv(self.haul.argv[0], self.haul.argv + ["run", user])
        out = b""
        while True:
            try:
                more = os.read(fd, 4096)
            except OSError:
                break
            if not more:
                break
            out += more
        self.assertEqual(os.waitpid(pid, 0)[1], 0, out)
        self.assertIn(b"up to date", out)
        self.assertRegex(out, rb"\d+/[\d,]+")
        self.assertRegex(out.decode(), "(?m)^anna[^ ]* [█░]{20} ")


if __name__ == "__main__":
    case.main()
