#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""import: all of a file or nothing of it, as often as one likes."""
import csv, hashlib, io, json, os, signal, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab

CANARY = "cAnArY-52e0-secret"
URL = "imaps://u{}@imap.example.org"


def table(rows, header=("name", "url", "password"), **kw):
    out = io.StringIO()
    writer = csv.writer(out, **kw)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def picture(d):
    """What every file below d holds."""
    out = {}
    for where, _, files in os.walk(d):
        for f in files:
            path = os.path.join(where, f)
            with open(path, "rb") as file:
                out[path] = hashlib.sha256(file.read()).hexdigest()
    return out


class Enrol(case.Case):
    def file(self, text, name="accounts.csv"):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def enrol(self, text, *options, code=0):
        """What the JSON says, and standard error."""
        p = self.haul.run("--json", "import", self.file(text), *options,
                          check=False)
        self.assertEqual(p.returncode, code, p.stdout + p.stderr)
        return json.loads(p.stdout), p.stderr

    def counts(self, text, *options, code=0):
        said, _ = self.enrol(text, *options, code=code)
        return tuple(said[k] for k in ("rows", "enrolled", "changed",
                                       "unchanged", "bad"))

    def names(self):
        return [a["name"] for a in json.loads(
            self.haul.run("--json", "list").stdout)["accounts"]]

    def shown(self, name):
        return json.loads(self.haul.run("--json", "show", name).stdout)

    def test_what_is_imported_is_collected(self):
        anna = self.source("anna", 20)
        boris = self.source("boris", 10, folders=[("INBOX", 1)])
        text = table([(anna, self.url(anna, "imaps"), lab.PASSWORD, "never"),
                      (boris, self.url(boris, "pop3s"), lab.PASSWORD, "1h")],
                     ("name", "url", "password", "every"))
        self.assertEqual(self.counts(text), (2, 2, 0, 0, 0))
        self.haul.run("run")
        self.assert_same(anna)
        here = self.seen(boris + ".local")
        self.assertEqual(len(here["INBOX"]), 10)
        self.assertEqual(self.counts(text), (2, 0, 0, 2, 0))
        self.assertEqual(self.haul.status(anna)["state"], "idle")

    def test_each_form_of_a_file(self):
        rows = [("a1", URL.format(1), 'p,"q;\t', "INBOX\nOld/*"),
                ("a2", URL.format(2), "p", "")]
        header = ("name", "url", "password", "folder")
        plain = table(rows, header)
        self.assertEqual(self.counts(plain)[1], 2)
        for text in (table(rows, header, delimiter=";"),
                     table(rows, header, delimiter="\t"),
                     table(rows, header, lineterminator="\n"),
                     b"\xef\xbb\xbf" + plain.encode(),
                     table(rows, header, quoting=csv.QUOTE_ALL),
                     "".join(json.dumps(dict(zip(header, r))) + "\n"
                             for r in rows),
                     "".join(json.dumps(dict(zip(header, r[:3] + (
                         [x for x in r[3].split("\n") if x],))))
                         + "\r\n" for r in rows)):
            with self.subTest(text=text[:40]):
                self.assertEqual(self.counts(text), (2, 0, 0, 2, 0))
        p = self.haul.run("import", "-", stdin=plain)
        self.assertIn("2 unchanged", p.stdout)
        self.assertEqual(self.shown("a1")["folder"], ["INBOX", "Old/*"])

    def test_nothing_of_a_file_with_faults(self):
        text = table([("good", URL.format(1), "p", "1h"),
                      ("bad name", URL.format(2), "p", ""),
                      ("c", "smtp://x@h", "p", "soon"),
                      ("good", URL.format(3), "p", ""),
                      ("e", URL.format(4), "", "")],
                     ("name", "url", "password", "every"))
        said, stderr = self.enrol(text, code=2)
        self.assertEqual([(e["line"], e["column"]) for e in said["errors"]],
                         [(3, "name"), (4, "url"), (4, "every"), (5, "name"),
                          (6, "password")])
        self.assertEqual((said["enrolled"], said["bad"]), (0, 4))
        self.assertEqual(self.names(), [])
        self.assertEqual(len(stderr.splitlines()), 6)
        self.assertIn("line 4, column every: --every soon: it takes a time",
                      stderr)
        self.assertEqual(self.enrol(text, "--partial", code=1)[0]["enrolled"],
                         1)
        self.assertEqual(self.names(), ["good"])
        self.assertEqual(self.shown("good")["every"], "1h")
        # the same sentence as add has
        p = self.haul.run("add", "x", URL.format(1), "--every", "soon",
                          check=False)
        self.assertIn(said["errors"][2]["text"], p.stderr)

    def test_repeating_and_changing(self):
        header = ("name", "url", "password", "every", "push", "hold")
        one = table([("a", URL.format(1), "p", "1h", "yes", "yes"),
                     ("b", URL.format(2), "p", "", "", "")], header)
        self.assertEqual(self.counts(one), (2, 2, 0, 0, 0))
        self.haul.run("resume", "a")
        self.haul.run("set", "b", "--every", "5m")
        self.assertEqual(self.counts(one), (2, 0, 0, 2, 0))
        two = table([("a", URL.format(1), "q", "2h", "no", "yes"),
                     ("b", URL.format(2), "", "", "", ""),
                     ("c", URL.format(3), "p", "", "", "")], header)
        before = picture(self.haul.state)
        said, stderr = self.enrol(two, code=2)
        self.assertEqual(
            [e["column"] for e in said["errors"]],
            ["every", "push", "password"])
        self.assertIn("a is enrolled already with 1h, the file says 2h; "
                      "--update changes it", stderr)
        self.assertEqual(
            self.counts(two, "--update", "--dry-run"), (3, 1, 1, 1, 0))
        self.assertEqual(picture(self.haul.state), before)
        self.assertEqual(self.counts(two, "--update"), (3, 1, 1, 1, 0))
        self.assertEqual(self.counts(two), (3, 0, 0, 3, 0))
        a = self.shown("a")
        self.assertEqual((a["every"], a["push"], a["paused"]),
                         ("2h", False, False))
        self.assertEqual(self.shown("b")["every"], "5m")

    def test_the_new_password_is_the_one_that_logs_in(self):
        user = self.source("anna", 3)
        row = (user, self.url(user, "imaps"))
        self.counts(table([row + ("wrong",)]))
        self.haul.run("run", user, check=False)
        self.assertEqual(self.haul.status(user)["error"]["class"], "auth")
        self.assertEqual(self.counts(table([row + (lab.PASSWORD,)]),
                                     "--update")[2], 1)
        self.haul.run("run", user)
        self.assert_same(user)

    def test_the_template_can_be_imported(self):
        for flags in ([], ["--json"]):
            text = self.haul.run(*flags, "import", "--template").stdout
            before = picture(self.haul.state)
            rows = 3 if not flags else 1
            self.assertEqual(self.counts(text, "--dry-run"),
                             (rows, rows, 0, 0, 0))
            self.assertEqual(picture(self.haul.state), before)
        self.assertEqual(self.names(), [])

    def test_exit_statuses(self):
        good = self.file(table([("a", URL.format(1), "p")]), "good.csv")
        for args, code, word in (
                (["import"], 2, "--template"),
                (["import", good, "--template"], 2, "--template"),
                (["import", good, "more"], 2, "one word too many"),
                (["import", self.dir + "/none.csv"], 3, "none.csv"),
                (["import", self.dir], 3, "directory"),
                (["-o", f"state.dir={self.dir}/no", "import", good], 3,
                 "init"),
                (["import", self.file("a,b\n", "bad.csv")], 2,
                 "name the columns"),
                (["import", self.file("name,x\n", "x.csv"), "--partial"], 2,
                 "no column"),
                (["import", self.file("name\n", "none")], 0, "")):
            p = self.haul.run(*args, check=False)
            self.assertEqual(p.returncode, code, p.stderr)
            self.assertIn(word, p.stderr)
        self.assertEqual(self.names(), [])

    def test_a_kill_leaves_all_or_nothing(self):
        n = 4000
        path = self.file(table([(f"u{i}", URL.format(i), f"{CANARY}{i}")
                                for i in range(n)]))
        journal = os.path.join(self.haul.state, "mailhaul.db-journal")
        reached = 0
        for delay in (0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4):
            p = self.haul.start("import", path, stdout=subprocess.DEVNULL)
            while p.poll() is None and not os.path.exists(journal):
                time.sleep(0.0005)
            time.sleep(delay)
            p.kill()
            p.wait()
            here = len(self.names())
            self.assertIn(here, (0, n))
            reached += p.returncode == -signal.SIGKILL and here == 0
            if here == n:
                break
        self.assertGreater(reached, 0)
        p = self.haul.run("import", path)
        self.assertEqual(len(self.names()), n)
        self.assert_no_canary(p.stdout + p.stderr)

    def assert_no_canary(self, *texts):
        for text in texts:
            self.assertNotIn(CANARY, text)
        for where, _, files in os.walk(self.haul.state):
            for f in files:
                with open(os.path.join(where, f), "rb") as file:
                    self.assertNotIn(CANARY.encode(), file.read(), f)

    def test_a_password_is_nowhere(self):
        good = table([("a", URL.format(1), CANARY)])
        said = []
        for text in (
                good, good, table([("a", URL.format(1), CANARY + "2")]),
                table([("b", URL.format(1), CANARY, "x")]),
                table([("b", URL.format(1), CANARY + "\n" + CANARY)]),
                f"a,{URL.format(1)},{CANARY}\n",
                f'name,url,password\nb,u,{CANARY}"\n',
                f'name,url,password\nb,u,"{CANARY}"{CANARY}\n',
                f'name,url,password\nb,u,"{CANARY}\n',
                f"name,url,password\nb,imaps://u:{CANARY}@h,{CANARY}\n",
                b"name,url,password\nb,u," + CANARY.encode() + b"\xff\n",
                json.dumps({"name": "b", "password": CANARY})[:-1],
                json.dumps({"name": "b", "password": [CANARY, 1]}),
                json.dumps({"name": "b", "password": {CANARY: CANARY}})):
            for flags in ([], ["--update", "-v"][:1], ["--dry-run"],
                          ["--partial"]):
                for form in ([], ["--json"], ["-v", "-v"]):
                    p = self.haul.run(*form, "import", self.file(text),
                                      *flags, check=False)
                    said += [p.stdout, p.stderr]
        said.append(self.haul.run("--json", "show", "a").stdout)
        self.assert_no_canary(*said)


if __name__ == "__main__":
    case.main()
