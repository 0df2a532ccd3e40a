#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Waves of accounts: groups, and what is done with all of one at once."""
import contextlib, json, os, shutil, signal, subprocess, sys, time, unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Cutover(case.Case):
    def usage(self, text, *args):
        p = self.haul.run(*args, check=False)
        self.assertEqual(p.returncode, 2, p.stderr)
        self.assertIn(text, p.stderr)
        self.assertEqual(p.stdout, "")

    def json(self, *args, **kw):
        return json.loads(self.haul.run("--json", *args, **kw).stdout)


    def serve(self, *options):
        """The daemon, once it holds the state."""
        log = open(os.path.join(self.dir, "log"), "a")
        p = subprocess.Popen(self.haul.argv + list(options) + ["serve"],
                             stderr=log)
        self.addCleanup(lambda: (p.kill(), p.wait(), log.close()))
        self.until(lambda: self.holder() == p.pid)
        return p

    def holder(self):
        with contextlib.suppress(OSError, ValueError):
            with open(os.path.join(self.haul.state, "mailhaul.lock")) as f:
                return int(f.read())

    def until(self, true, timeout=120):
        end = time.monotonic() + timeout
        while not true():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.2)

    def stop(self, daemon):
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(60), 0)

    def append(self, user, text):
        m = self.server.client(user)
        m.append("INBOX", "", time.time(),
                 b"Subject: " + text + b"\r\n\r\nx\r\n")
        m.logout()


class Groups(Cutover):
    def start(self):
        self.anna = self.source("anna", 12)
        self.bert = self.source("bert", 12, seed=2)
        self.carl = self.source("carl", 12, seed=3)
        self.add(self.anna, "imaps", "--group", "wave-1")
        self.add(self.bert, "imaps", "--group", "wave-1")
        self.add(self.carl, "imaps")

    def names(self, *args):
        return [a.get("name", a.get("account"))
                for a in self.json(*args)["accounts"]]

    def runs(self, *args):
        return sorted(r["account"] for r in self.json("run", *args)["runs"])

    def paused(self):
        return [a["name"] for a in self.json("list")["accounts"]
                if a["paused"]]

    def test_each_command(self):
        self.start()
        wave, of = [self.anna, self.bert], ("--group", "wave-1")
        self.assertEqual(self.names("list", *of), wave)
        self.assertEqual(self.names("status", *of), wave)
        self.assertEqual(
            [a["group"] for a in self.json("status")["accounts"]],
            ["wave-1", "wave-1", None])
        self.assertEqual(self.json("show", self.anna)["group"], "wave-1")
        self.assertIn("wave-1", self.haul.run("list").stdout)

        # a run of the wave is of nobody else, a name may stand beside it
        self.assertEqual(self.runs(*of), wave)
        self.assert_same(self.anna)
        self.assertEqual(self.haul.status(self.carl)["runs"], 0)
        self.assertEqual(self.runs(self.carl, *of), wave + [self.carl])
        self.assertEqual(self.names("verify", self.bert, *of),
                         [self.bert, self.anna])
        self.assertEqual(self.json("sync", *of), {"due": 2})
        self.assertEqual(self.json("retry", *of), {"due": 2})
        self.assertEqual(self.json("failures", *of), {"failures": []})

        self.assertEqual(self.json("pause", *of), {"paused": 2})
        self.assertEqual(self.paused(), wave)
        for command in ("run", "sync", "verify", "retry"):
            self.usage("all accounts of the group wave-1 are paused",
                       command, *of)
        self.haul.run("resume", self.anna)
        self.assertEqual(self.runs(*of), [self.anna])
        self.haul.run("resume", *of)
        self.assertEqual(self.paused(), [])

        self.haul.run("remove", *of, "--yes")
        self.assertEqual(self.names("list"), [self.carl])

    def test_the_account_and_its_group(self):
        self.start()
        self.haul.run("set", self.carl, "--group", "wave-1")
        self.assertEqual(len(self.names("list", "--group", "wave-1")), 3)
        self.haul.run("set", self.bert, "--group", "wave-2")
        self.assertEqual(self.names("list", "--group", "wave-2"),
                         [self.bert])
        self.haul.run("set", self.bert, "--group", "")
        self.assertIsNone(self.json("show", self.bert)["group"])
        for bad in ("a b", "-x", 'q"', "x" * 129):
            self.usage("--group", "set", self.anna, f"--group={bad}")
        self.assertEqual(self.json("show", self.anna)["group"], "wave-1")

    def test_what_there_is_not(self):
        self.start()
        for command in ("pause", "resume", "sync", "run", "status", "list",
                        "verify", "retry", "failures", "remove"):
            self.usage('there is no group "nix"', command, "--group", "nix")
            self.usage("there is no group", command, "--group=")
        self.usage("there is no account", "pause", "nix", "--group", "wave-1")
        self.assertEqual(self.paused(), [])
        for command in ("pause", "resume", "verify", "retry", "remove"):
            self.usage("it takes", command)
        self.usage("--all", "sync")


class Finish(Cutover):
    def finish(self, *args, status=0):
        p = self.haul.run("--json", "finish", *args, "--wait", check=False)
        self.assertEqual(p.returncode, status, p.stderr)
        return json.loads(p.stdout)["accounts"]

    def assert_finished(self, user, differences=0):
        s = self.haul.status(user)
        self.assertEqual(s["state"], "paused")
        self.assertFalse(s["finishing"])
        self.assertIsNotNone(s["finished_at"])
        self.assertIsNone(s["next_due_at"])
        self.assertEqual(s["differences"], differences)
        return s

    def test_without_a_daemon(self):
        user = self.source("anna", 20)
        self.add(user, "imaps", "--every", "never")
        self.haul.run("run", user)
        self.append(user, b"one more")
        self.assertEqual(self.finish(user), [
            {"account": user, "differences": [], "error": None}])
        self.assert_same(user)
        first = self.assert_finished(user)
        self.assertIn("nothing differs",
                      self.haul.run("status", user).stdout)
        self.assertIn("finished", self.haul.run("list").stdout)
        # no more, by nobody, until it is opened
        self.append(user, b"too late")
        self.assertEqual(self.json("run")["runs"], [])
        for command in ("run", "sync", "verify"):
            self.usage("is finished; first: mailhaul resume", command, user)
        # a second time brings what has come
        self.assertEqual(self.finish(user)[0]["differences"], [])
        self.assert_same(user)
        self.assertGreater(self.haul.status(user)["runs"], first["runs"])
        self.assertEqual(os.listdir(self.haul.state + "/results"), [])

    def test_differences(self):
        user = self.source("anna", 20)
        self.add(user, "imaps")
        self.haul.run("run", user)
        m = self.server.client(user + ".local")
        m.select("INBOX")
        m.store("1", "+FLAGS", "\\Deleted")
        m.expunge()
        m.logout()
        [account] = self.finish(user, status=1)
        self.assertEqual(len(account["differences"]), 1)
        self.assert_finished(user, 1)
        self.assertIn("1 difference", self.haul.run("status", user).stdout)

    def test_opened_again(self):
        user = self.source("anna", 8)
        self.add(user, "imaps")
        self.finish(user)
        self.haul.run("set", user, "--prefix", "")
        self.assert_finished(user)
        self.haul.run("resume", user)
        self.assertEqual(self.haul.status(user)["state"], "queued")
        self.finish(user)
        self.haul.run("set", user, "--every", "1h")
        self.assertEqual(self.haul.status(user)["state"], "queued")
        self.assertIsNone(self.haul.status(user)["finished_at"])
        self.haul.run("run", user)
        self.assertEqual(self.haul.status(user)["state"], "idle")

    def test_run_does_both_halves(self):
        user = self.source("anna", 8)
        self.add(user, "imaps")
        self.haul.run("finish", user)
        self.assertTrue(self.haul.status(user)["finishing"])
        self.assertEqual(len(self.json("run")["runs"]), 2)
        self.assert_finished(user)

    def test_by_the_daemon(self):
        users = [self.source(n, 15, seed=i + 1)
                 for i, n in enumerate(("anna", "bert"))]
        for user in users:
            self.add(user, "imaps", "--group", "w")
        daemon = self.serve()
        self.assertEqual(self.json("finish", *users), {"finishing": 2})
        self.until(lambda: all(self.haul.status(u)["finished_at"]
                               for u in users))
        self.append(users[0], b"late")
        self.assertEqual([a["differences"] for a in
                          self.finish("--group", "w")], [[], []])
        for user in users:
            self.assert_same(user)
            self.assert_finished(user)
        self.stop(daemon)

    def test_a_failure_is_told_and_tried_again(self):
        user = self.source("anna", 8)
        port = getattr(self.server, "imaps")
        self.add(user, "imaps")
        self.haul.run("run", user)
        self.haul.run("set", user, 
                      f"imaps://{user}@localhost:{lab.free_ports(1)[0]}")
        daemon = self.serve()
        [account] = self.finish(user, status=1)
        self.assertEqual(account["error"]["class"], "network")
        s = self.haul.status(user)
        self.assertEqual(s["state"], "waiting")
        self.assertTrue(s["finishing"])
        self.haul.run("set", user, f"imaps://{user}@localhost:{port}")
        self.until(lambda: self.haul.status(user)["finished_at"])
        self.assert_finished(user)
        self.stop(daemon)


class Order(Cutover):
    def test_priority(self):
        users = {}
        for i, (name, priority) in enumerate(
                (("anna", "1"), ("bert", "9"), ("carl", None))):
            user = users[name] = self.source(name, 5, seed=i + 1)
            self.add(user, "imaps",
                     *(("--priority", priority) if priority else ()))
        self.assertEqual(self.json("show", users["carl"])["priority"], 5)
        runs = self.json("-o", "pool.sessions=1", "run")["runs"]
        self.assertEqual([r["account"] for r in runs],
                         [users[n] for n in ("bert", "carl", "anna")])
        for bad in ("10", "-1", "x", ""):
            self.usage("--priority", "set", users["anna"],
                       f"--priority={bad}")


class Until(Cutover):
    def test_its_date_has_passed(self):
        user = self.source("anna", 6)
        self.add(user, "imaps", "--until", "2020-02-29")
        self.assertEqual(self.json("show", user)["until"],
                         "2020-03-01T00:00:00Z")
        for command in ("run", "sync", "verify"):
            self.usage("its date has passed", command, user)
        p = self.haul.run("retry", user, check=False)
        self.assertEqual(p.returncode, 3)
        self.assertIn("its date has passed", p.stderr)
        self.assertEqual(self.json("run")["runs"], [])
        s = self.haul.status(user)
        self.assertEqual((s["state"], s["runs"]), ("paused", 0))
        self.assertIsNotNone(s["finished_at"])
        self.assertIsNone(s["differences"])
        self.assertIn("--until", self.haul.run("status", user).stdout)
        self.usage("its date has passed", "run", user)
        p = self.haul.run("resume", user, check=False)
        self.assertEqual(p.returncode, 3)
        self.assertIn("--until none", p.stderr)
        # a person may still finish it
        p = self.haul.run("finish", user, "--wait")
        self.assert_same(user)
        self.haul.run("set", user, "--until", "none")
        self.haul.run("resume", user)
        self.haul.run("run", user)
        self.assertEqual(self.haul.status(user)["state"], "idle")

    def test_the_daemon_looks_at_the_time(self):
        user = self.source("anna", 6)
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ",
                             time.gmtime(time.time() + 4))
        self.add(user, "imaps", "--until", soon)
        daemon = self.serve()
        self.until(lambda: self.haul.status(user)["state"] == "paused")
        self.haul.run("set", user, "--until", "2099-01-01T00:00:00+01:00")
        self.until(lambda: self.haul.status(user)["state"] == "idle")
        self.assert_same(user)
        self.stop(daemon)

    def test_bad_dates(self):
        user = self.source("anna", 1)
        self.add(user, "imaps")
        for bad in ("tomorrow", "2026-13-01", "2026-02-30", "2026-1-1",
                    "2026-01-01T25:00:00Z", "2026-01-01T10:00:00",
                    "2026-01-01T10:00:00+0100", "2026-01-01x"):
            self.usage("--until", "set", user, "--until", bad)
        self.assertIsNone(self.json("show", user)["until"])


class Hours(Cutover):
    def at(self, minutes):
        """The local time so many minutes from now."""
        return time.strftime("%H:%M", time.localtime(
            time.time() + 60 * minutes))

    def between(self, first, last):
        return f"{self.at(first)}-{self.at(last)}"

    def test_outside(self):
        user, hours = self.source("anna", 6), self.between(120, 180)
        self.add(user, "imaps", "--between", hours)
        self.assertEqual(self.json("show", user)["between"], hours)
        self.assertEqual(self.json("run")["runs"], [])
        s = self.haul.status(user)
        self.assertEqual(s["runs"], 0)
        self.assertIsNone(s["error"])
        self.assertEqual(s["next_due_at"], s["opens_at"])
        self.assertIn(f"outside its hours ({hours}), goes on "
                      + s["opens_at"], self.haul.run("status").stdout)
        # a person who names it is told, and served
        p = self.haul.run("run", user)
        self.assertIn("outside its hours", p.stderr)
        self.assert_same(user)

    def test_the_daemon_keeps_them(self):
        user = self.source("anna", 6)
        self.add(user, "imaps", "--between", self.between(120, 180))
        daemon = self.serve()
        self.until(lambda: self.haul.status(user)["next_due_at"]
                   == self.haul.status(user)["opens_at"])
        self.haul.run("set", user, "--between", self.between(-60, 60))
        self.until(lambda: self.haul.status(user)["runs"])
        self.assertIsNone(self.haul.status(user)["opens_at"])
        self.assert_same(user)
        self.stop(daemon)

    def test_a_run_ends_with_them(self):
        user = self.source("anna", 1, folders=[("INBOX", 1.0)])
        body = b"x" * 76 + b"\r\n"
        m = self.server.client(user)
        for i in range(60):
            m.append("INBOX", "", time.time(),
                     b"Subject: %d\r\n\r\n" % i + body * 2600)
        m.logout()
        # it takes three minutes, and has one or two
        left = 60 - time.localtime().tm_sec
        self.add(user, "imaps", "--max-rate", "64K", "--between",
                 self.between(-60, 1 if left >= 20 else 2))
        self.haul.run("run", timeout=600)
        s = self.haul.status(user)
        self.assertIsNone(s["error"])
        self.assertEqual(s["state"], "idle")
        self.assertEqual(s["next_due_at"], s["opens_at"])
        here = self.seen(user + ".local")
        self.assertGreater(len(here["INBOX"]), 0)
        self.assertLess(len(here["INBOX"]), 60)
        self.haul.run("set", user, "--between", "none", "--max-rate", "none")
        self.haul.run("run")
        self.assert_same(user)

    def test_bad_ones(self):
        user = self.source("anna", 1)
        self.add(user, "imaps")
        for bad in ("22-6", "22:00-22:00", "25:00-06:00", "x"):
            self.usage("--between", "set", user, "--between", bad)
        for bad in ("x", "1K", "2T"):
            self.usage("--max-rate", "set", user, "--max-rate", bad)
        self.assertIsNone(self.json("show", user)["between"])
        self.assertIsNone(self.json("show", user)["max_rate"])


class Rate(Cutover):
    def test_one_slow_message(self):
        """Longer on its way than the time without a byte that ends a
        session, and all the same no session is lost."""
        for scheme in ("imaps", "pop3s"):
            user = self.source(scheme, 1, folders=[("INBOX", 1.0)])
            m = self.server.client(user)
            m.append("INBOX", "", time.time(), b"Subject: big\r\n\r\n"
                     + (b"y" * 76 + b"\r\n") * 12000)
            m.logout()
            self.add(user, scheme, "--max-rate", "64K")
            self.assertEqual(self.json("show", user)["max_rate"], "64K")
            began = time.monotonic()
            [run] = self.json("-o", "network.timeout=4s", "run",
                              user)["runs"]
            # 914 KiB, of which 64 may come at once
            self.assertGreater(time.monotonic() - began, 12)
            self.assertTrue(run["ok"], run)
            self.assertEqual(run["messages_stored"], self.count + 1)

    def test_of_all_sessions_together(self):
        user = self.source("anna", 4)
        m = self.server.client(user)
        for i in range(20):
            m.append("Sent" if i % 2 else "INBOX", "", time.time(),
                     b"Subject: %d\r\n\r\n" % i
                     + (b"z" * 76 + b"\r\n") * 2700)
        m.logout()
        self.add(user, "imaps", "--max-rate", "512K", "--connections", "4")
        began = time.monotonic()
        self.haul.run("run", user)
        # 4 MiB
        self.assertGreater(time.monotonic() - began, 6)
        self.assert_same(user)


class Purge(Cutover):
    def files(self, user):
        root = os.path.join(self.haul.store, user)
        return sorted(os.path.relpath(os.path.join(d, f), root)
                      for d, _, names in os.walk(root) for f in names
                      if os.path.basename(d) in ("cur", "new"))

    def start(self, name="anna", n=30, **kw):
        user = self.source(name, n, **kw)
        self.add(user, "imaps")
        self.haul.run("run", user)
        self.assert_same(user)
        return user

    def purge(self, *args, **kw):
        return self.json("remove", *args, "--purge", "--yes", **kw)["purged"]

    def test_what_it_brought(self):
        user = self.start()
        m = self.server.client(user + ".local")
        m.append("INBOX", "", time.time(), b"Subject: mine\r\n\r\nx\r\n")
        m.create("Own")
        m.select("INBOX")
        m.copy("1", "Own")      # of one that was brought
        m.logout()
        [purged] = self.purge(user)
        self.assertEqual(purged["account"], user)
        self.assertEqual(purged["messages"], self.count + 1)
        self.assertEqual(purged["stayed"], 1)
        self.assertEqual(len(self.files(user)), 1)
        self.assertEqual(self.json("list")["accounts"], [])
        self.assertEqual(os.listdir(self.haul.state + "/ledgers"), [])
        here = self.seen(user + ".local")
        # folders of its own are gone, a reader's are not
        self.assertEqual({k: len(v) for k, v in here.items()},
                         {"INBOX": 1, "Own": 0})

    def test_only_when_it_was_said(self):
        user = self.start()
        before = self.files(user)
        self.usage("--yes", "remove", user, "--purge")
        self.haul.run("remove", user, "--yes")
        self.assertEqual(self.files(user), before)

    def test_a_shared_store(self):
        user = self.start()
        self.haul.add("other", self.url(user, "imaps"), "--to", user)
        before = self.files(user)
        p = self.haul.run("remove", user, "--purge", "--yes", check=False)
        self.assertEqual(p.returncode, 3)
        self.assertIn("another account delivers", p.stderr)
        self.assertEqual(self.files(user), before)
        self.assertEqual(self.haul.status(user)["state"], "idle")
        self.haul.run("remove", "other", "--yes")
        self.assertEqual(self.purge(user)[0]["stayed"], 0)

    def test_a_store_that_is_not_there(self):
        user = self.start()
        root = os.path.join(self.haul.store, user)
        os.rename(root, root + ".away")
        p = self.haul.run("remove", user, "--purge", "--yes", check=False)
        self.assertNotEqual(p.returncode, 0)
        # half done: it is not collected, nor opened, but can be repeated
        self.assertIn("being purged", self.haul.run("status", user).stdout)
        p = self.haul.run("resume", user, check=False)
        self.assertIn("mailhaul remove --purge", p.stderr)
        self.usage("mailhaul remove --purge", "finish", user)
        self.usage("paused", "run", user)
        os.rename(root + ".away", root)
        self.assertEqual(self.purge(user)[0]["messages"], self.count)

    @unittest.skipIf(shutil.which("strace") is None, "no strace")
    def test_killed_anywhere(self):
        user = self.start(n=60)
        calls = "unlinkat"
        n = 0
        while self.json("list")["accounts"]:
            n += 25
            p = subprocess.run(
                ["strace", "-f", "-o", "/dev/null", "-e", f"trace={calls}",
                 "-e", f"inject={calls}:signal=KILL:when={n}"]
                + self.haul.argv + ["remove", user, "--purge", "--yes"],
                capture_output=True, text=True, timeout=300,
                # leaks cannot be looked for while strace looks on
                env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
            self.assertIn(p.returncode, (0, 137, -9), p.stderr)
        self.assertEqual(self.files(user), [])
        self.assertGreater(n, 25)

    def test_a_run_is_told_to_end(self):
        user = self.source("anna", 400)
        self.add(user, "imaps")
        daemon = self.serve()
        self.until(lambda: self.files(user))
        [purged] = self.purge(user)
        self.assertEqual(purged["stayed"], 0)
        self.assertEqual(self.files(user), [])
        self.stop(daemon)


if __name__ == "__main__":
    case.main()
