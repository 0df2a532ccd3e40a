#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""report: what it says is what Dovecot has; a manifest finds one changed
byte, one lost message, and nothing else; the page stands by itself."""
import csv, glob, hashlib, html.parser, io, json, os, re, shutil, signal
import subprocess, sys, tempfile, time, unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, fake, lab


class Page(html.parser.HTMLParser):
    """Well formed, and nothing in it leads anywhere."""
    VOID = {"meta", "br", "hr", "link", "img", "input"}
    NEVER = {"script", "link", "img", "iframe", "object", "embed", "form",
             "base", "a", "image", "use", "foreignobject"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.said = [], [], []
        self.feed(text)
        self.close()
        self.faults += [f"not closed: {t}" for t in self.open]

    def handle_starttag(self, tag, attributes):
        if tag in self.NEVER:
            self.faults.append(f"<{tag}>")
        for key, value in attributes:
            if key.startswith("on") or key in (
                    "href", "src", "srcset", "action", "xlink:href"):
                self.faults.append(f"{tag} {key}={value}")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> in {self.open[-2:]}")
        else:
            self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.said.append(data)


class Report(case.Case):
    def start(self, n=60, scheme="imaps", name="anna", **kw):
        pop3 = scheme.startswith("pop3")
        user = self.source(name, n, **({"folders": [("INBOX", 1.0)]} if pop3
                                       else {}), **kw)
        self.add(user, scheme)
        self.haul.run("run", user)
        return user

    def report(self, *names, status=0):
        p = self.haul.run("--json", "report", *names, check=False)
        self.assertEqual(p.returncode, status, p.stderr)
        return json.loads(p.stdout)["accounts"]

    def manifest(self, *names, path=None):
        path = path or os.path.join(self.dir, "manifest")
        self.haul.run("report", *names, "--manifest", path)
        return path

    def check(self, path, *options, status=0):
        p = self.haul.run("--json", "report", "--check", path, *options,
                          check=False)
        self.assertEqual(p.returncode, status, p.stderr)
        return json.loads(p.stdout)["accounts"]

    def tampered(self, text, change):
        path = os.path.join(self.dir, "tampered")
        with open(path, "wb") as f:
            f.write(change(text))
        return path

    def page(self, *names):
        path = os.path.join(self.dir, "report.html")
        p = self.haul.run("report", *names, "--format", "html", "--output",
                          path, check=False)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        return path, text, p.returncode

    def assert_stands_by_itself(self, text):
        self.assertEqual(Page(text).faults, [])
        for reference in ("http:", "https:", "url(", "@import", "javascript:",
                          "data:"):
            self.assertNotIn(reference, text)
        # every plot is XML for itself
        for svg in re.findall(r"<svg.*?</svg>", text, re.S):
            ElementTree.fromstring(svg)

    # ---- the report

    def test_counts_are_dovecots(self):
        for scheme in ("imaps", "pop3s"):
            user = self.start(scheme=scheme, name=scheme)
            a, = self.report(user)
            seen = self.seen(user)
            self.assertEqual(
                {lab.mutf7(m["folder"].replace("/", ".")): (
                    m["listed"], m["collected"], m["accounted"])
                 for m in a["mailboxes"]},
                {k: (len(v), len(v), "yes") for k, v in seen.items()
                 if v or scheme == "imaps"})
            self.assertTrue(a["accounted"])
            self.assertEqual(a["totals"]["collected"], self.count)
            self.assertEqual(a["totals"]["bytes"],
                             self.haul.status(user)["bytes_stored"])
            self.assertIsNone(a["verified"])
            self.assertEqual(sum(y["messages"] for y in a["years"]),
                             self.count)
            self.assertEqual(sum(y["messages"]
                                 for y in a["collected_by_minute"]),
                             self.count)
            self.assertRegex(a["listed_at"], r"^\d{4}-.*Z$")
            self.haul.run("verify", user)
            a, = self.report(user)
            self.assertEqual((a["verified"]["differences"],
                              a["verified"]["kinds"]), (0, {}))

    def test_each_format(self):
        user = self.start()
        text = self.haul.run("report", user).stdout
        self.assertIn(f"All {self.count} messages", text)
        self.assertIn("not been compared message by message yet", text)
        out = self.haul.run("report", "--format", "csv").stdout
        rows = list(csv.DictReader(io.StringIO(out, newline="")))
        a, = self.report()
        self.assertEqual([(r["mailbox"], int(r["collected"]), r["sha256"])
                          for r in rows],
                         [(m["mailbox"], m["collected"], m["sha256"])
                          for m in a["mailboxes"]])
        self.assertEqual(
            json.loads(self.haul.run("report", "--format", "json").stdout)
            ["accounts"][0]["mailboxes"], a["mailboxes"])
        _, text, status = self.page()
        self.assertEqual(status, 0)
        self.assert_stands_by_itself(text)
        said = " ".join(Page(text).said)
        for m in a["mailboxes"]:
            self.assertIn(m["mailbox"], said)
        self.assertIn(f"All {self.count} messages", said)

    def test_no_more_is_claimed_than_is_known(self):
        user = self.source("anna", 20)
        self.add(user, "imaps")
        a, = self.report(user, status=1)
        self.assertFalse(a["accounted"])
        self.assertIn("not known", a["verdict"])
        self.assertIsNone(a["listed_at"])
        _, text, status = self.page(user)
        self.assertEqual(status, 1)
        self.assert_stands_by_itself(text)
        self.haul.run("report", user, "--format", "csv", check=False)
        self.haul.run("run", user)
        self.assertTrue(self.report(user)[0]["accounted"])
        # a mailbox that is chosen no more is not part of the proof
        self.haul.run("set", user, "--exclude", "Sent")
        self.haul.run("run", user)
        a, = self.report(user)
        sent, = [m for m in a["mailboxes"] if m["mailbox"] == "Sent"]
        self.assertEqual((sent["accounted"], sent["listed"]),
                         ("no-longer-listed", 0))
        self.assertIn("--exclude", a["verdict"])
        # a run that failed says so
        self.haul.run("set", user, "--password-file", "-", stdin="wrong\n")
        self.haul.run("run", user, check=False)
        a, = self.report(user, status=1)
        self.assertIn("last run failed", a["verdict"])

    def test_the_quarantined_are_listed(self):
        server = fake.Imap({b"INBOX": [
            fake.Message(3, b"S: a\r\n\r\nx\r\n"),
            fake.Message(7, b"S: big\r\n\r\n" + b"x\r\n" * 1000)],
            "=<b>\u202e&x".encode(): [fake.Message(1, b"S: b\r\n\r\ny\r\n")]})
        self.addCleanup(server.stop)
        self.haul.add("u", server.url())
        self.haul.run("-o", "limits.message=1K", "run", "u")
        a, = self.report("u")
        inbox = next(m for m in a["mailboxes"] if m["mailbox"] == "INBOX")
        self.assertEqual((inbox["listed"], inbox["collected"],
                          inbox["quarantined"], inbox["accounted"]),
                         (2, 1, 1, "yes"))
        self.assertEqual([f["uid"] for f in a["failures"]], [7])
        self.assertEqual(a["not_collected"], [
            {"reason": "quarantined, class limit", "messages": 1}])
        self.assertIn("UID 7", self.haul.run("report").stdout)
        _, text, _ = self.page()
        self.assert_stands_by_itself(text)
        self.assertIn("=&lt;b&gt;?&amp;x", text)
        self.assertNotIn("\u202e", text)
        self.assertIn("UID 7", " ".join(Page(text).said))
        out = self.haul.run("report", "--format", "csv").stdout
        self.assertIn("\"'=<b>?&x\"", out)
        # and none of it is in a manifest
        with open(self.manifest()) as f:
            self.assertEqual(f.read().count("\nmessage\t"), 2)

    def test_beside_a_daemon(self):
        user = self.source("anna", 40)
        self.add(user, "imaps")
        p = subprocess.Popen(self.haul.argv + ["serve"],
                             stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (p.kill(), p.wait()))
        until = time.monotonic() + 120
        while self.haul.status(user)["messages"]["stored"] != self.count:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.2)
        while self.haul.status(user)["state"] == "running":
            self.assertLess(time.monotonic(), until)
            time.sleep(0.2)
        self.assertEqual(self.report(user)[0]["totals"]["collected"],
                         self.count)
        self.check(self.manifest())
        p.send_signal(signal.SIGTERM)
        self.assertEqual(p.wait(timeout=120), 0)
        self.assertEqual(os.listdir(self.haul.state + "/results"), [])

    # ---- the manifest

    def test_what_a_check_finds(self):
        user = self.start(odd=True)
        path = self.manifest()
        a, = self.check(path)
        self.assertEqual((a["messages"], a["same"], a["moved"], a["missing"],
                          a["changed"], a["additional"]),
                         (self.count, self.count, 0, 0, 0, 0))
        # a reader moves one and flags another: the same
        here = self.server.client(user + ".local")
        here.select("INBOX")
        uids = here.uid("search", "all")[1][0].split()
        here.uid("move", uids[2].decode(), "Drafts")
        here.uid("store", uids[0].decode(), "+FLAGS", "(\\Flagged)")
        here.append("INBOX", "", time.time(), b"Subject: local\r\n\r\nx\r\n")
        here.logout()
        a, = self.check(path)
        self.assertEqual((a["same"], a["moved"], a["additional"]),
                         (self.count, 1, 1))
        # one gets another name, as another store would give it
        names = sorted(glob.glob(os.path.join(self.haul.store, user,
                                              "cur", "*,S=*")))
        os.rename(names[0], os.path.join(os.path.dirname(names[0]),
                                         "1.other.name:2,S"))
        a, = self.check(path)
        self.assertEqual((a["same"], a["moved"], a["additional"]),
                         (self.count, 2, 1))
        # one byte
        with open(names[1], "r+b") as f:
            f.seek(10)
            byte = f.read(1)
            f.seek(10)
            f.write(bytes([byte[0] ^ 1]))
        a, = self.check(path, status=1)
        self.assertEqual((a["changed"], a["missing"], a["same"]),
                         (1, 0, self.count - 1))
        changed, = [d for d in a["differences"] if d["kind"] == "changed"]
        self.assertEqual(changed["file"],
                         os.path.basename(names[1]).split(":")[0])
        self.assertEqual((changed["mailbox"], changed["folder"]),
                         ("INBOX", "INBOX"))
        # and one lost
        os.unlink(names[2])
        a, = self.check(path, status=1)
        self.assertEqual((a["changed"], a["missing"]), (1, 1))
        p = self.haul.run("report", "--check", path, check=False)
        self.assertEqual(p.returncode, 1)
        self.assertRegex(p.stdout, rf"{user} +missing +INBOX +uid:")
        self.assertIn("1 missing, 1 changed", p.stdout)

    def test_a_store_elsewhere_and_other_line_ends(self):
        user = self.start(n=20)
        path = self.manifest()
        copy = os.path.join(self.dir, "copy")
        shutil.copytree(os.path.join(self.haul.store, user), copy)
        shutil.rmtree(self.haul.state)  # no database is needed
        a, = self.check(path, "--store", copy)
        self.assertEqual(a["same"], self.count)
        for d, _, names in os.walk(copy):
            for name in names:
                if ",S=" not in name:
                    continue
                with open(os.path.join(d, name), "rb") as f:
                    body = f.read()
                with open(os.path.join(d, name), "wb") as f:
                    f.write(re.sub(rb"(?<!\r)\n", b"\r\n", body))
        self.assertEqual(self.check(path, "--store", copy)[0]["same"],
                         self.count)
        self.check(path, "--store", copy, user)
        p = self.haul.run("report", "--check", path, "--store",
                          copy + ".none", check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("cannot open the store", p.stderr)

    def test_it_is_stable_and_sums_up(self):
        users = [self.start(n=30, name=name) for name in ("bert", "anna")]
        path = self.manifest()
        with open(path, "rb") as f:
            text = f.read()
        again = self.manifest(path=path + ".2")
        with open(again, "rb") as f:
            self.assertEqual(f.read(), text)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        lines = [line.split("\t") for line in text.decode("ascii").splitlines()]
        self.assertEqual(lines[0], ["mailhaul-manifest 1"])
        self.assertEqual(lines[-1], ["end", "2"])
        self.assertEqual([l[1] for l in lines if l[0] == "account"],
                         sorted(users))
        a, b = self.report()
        own = [l for l in lines if l[0] == "message"]
        self.assertEqual(len(own), a["totals"]["collected"]
                         + b["totals"]["collected"])
        self.assertGreaterEqual(len(own), 60)
        # the digest of a mailbox is made of its lines
        at = [i for i, l in enumerate(lines) if l[0] == "account"]
        for account, part in ((a, lines[at[0]:at[1]]), (b, lines[at[1]:])):
            for m in account["mailboxes"]:
                name = lab.mutf7(m["mailbox"])
                hashes = [l[1] for l in part
                          if l[0] == "message" and l[3] == name]
                self.assertEqual(len(hashes), m["collected"], name)
                self.assertEqual(hashlib.sha256(
                    "".join(h + "\n" for h in hashes).encode()).hexdigest(),
                    m["sha256"])
        # the hashes are of what the source gives
        client = self.server.client(users[0])
        client.select("INBOX", readonly=True)
        bodies = client.fetch("1:*", "BODY.PEEK[]")[1]
        client.logout()
        given = {hashlib.sha256(b[1]).hexdigest()
                 for b in bodies if isinstance(b, tuple)}
        part = lines[at[1]:] if sorted(users)[1] == users[0] else \
            lines[at[0]:at[1]]
        self.assertEqual(given, {l[1] for l in part if l[0] == "message"
                                 and l[3] == "INBOX"})

    def test_a_manifest_is_not_believed(self):
        self.start(n=10)
        with open(self.manifest(), "rb") as f:
            text = f.read()
        lines = text.split(b"\n")
        for change, said in (
                (lambda t: b"", "not whole"),
                (lambda t: t[:-10], "not whole"),
                (lambda t: b"\n".join(lines[:4] + lines[5:]),
                 "lines were lost"),
                (lambda t: b"x" + t, "line 1: this is no manifest"),
                (lambda t: t + b"more\n", "follows after the end"),
                (lambda t: t.replace(b"message\t", b"message\tz", 1),
                 "line 3: the SHA-256"),
                (lambda t: t.replace(b"message\t", b"mess\0ge\t", 1),
                 "line 3: it begins with none"),
                (lambda t: t.replace(b"\tINBOX\t", b"\t\x1b[2J\t", 1),
                 "a field"),
                (lambda t: t.replace(b"\tINBOX\t", b"\t%41\t", 1), "a field"),
                (lambda t: t.replace(b"\n", b"\r\n"), "line 1"),
                (lambda t: lines[0] + b"\n" + b"a" * 1000000, "too long")):
            path = self.tampered(text, change)
            p = self.haul.run("report", "--check", path, check=False)
            self.assertEqual((p.returncode, p.stdout), (3, ""), said)
            self.assertIn(said, p.stderr)
            self.assertEqual(len(p.stderr.splitlines()), 1)
        for path in ("/dev/zero", self.dir, self.dir + "/none"):
            p = self.haul.run("report", "--check", path, check=False)
            self.assertNotEqual(p.returncode, 0)
            self.assertEqual(len(p.stderr.splitlines()), 1)

    def test_a_tenants_links_are_not_followed(self):
        user = self.start(n=10)
        path = self.manifest()
        cur = os.path.join(self.haul.store, user, "cur")
        name = sorted(os.listdir(cur))[0]
        os.rename(os.path.join(cur, name), os.path.join(self.dir, "secret"))
        os.symlink(os.path.join(self.dir, "secret"), os.path.join(cur, name))
        os.mkfifo(os.path.join(cur, "1.fifo"))
        os.mkdir(os.path.join(cur, "1.directory"))
        os.symlink(self.dir, os.path.join(self.haul.store, user, ".Link"))
        a, = self.check(path, status=1)
        self.assertEqual((a["missing"], a["additional"]), (1, 0))

    def test_usage(self):
        for words, said in (
                (["--format", "pdf"], "is one of text, json, csv and html"),
                (["nobody"], 'there is no account "nobody"'),
                (["--store", "/x"], "--store needs --check"),
                (["--manifest", "a", "--check", "b"], "goes with none"),
                (["--manifest", "a", "--format", "csv"], "goes with none")):
            p = self.haul.run("report", *words, check=False)
            self.assertEqual(p.returncode, 2, words)
            self.assertIn(said, p.stderr)
        p = self.haul.run("report", "--output", "/nowhere/x", check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("/nowhere/x", p.stderr)
        self.assertIn("no accounts", self.haul.run("report").stdout)


    # ---- the page, in a browser

    def test_in_a_browser(self):
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        if not chromium:
            self.skipTest("chromium is not installed: the page was not opened "
                          "in a browser")
        self.start(n=200)
        path, _, _ = self.page()
        shot = os.environ.get("REPORT_SCREENSHOT",
                              os.path.join(self.dir, "page.png"))
        profile = tempfile.mkdtemp(dir=self.dir)
        p = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu",
             f"--user-data-dir={profile}", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--window-size=1000,1900",
             "--enable-logging=stderr", f"--screenshot={shot}",
             "file://" + path], capture_output=True, text=True, timeout=180)
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assertNotRegex(p.stderr, "CONSOLE")
        self.assertGreater(os.path.getsize(shot), 20000)


if __name__ == "__main__":
    case.main()
