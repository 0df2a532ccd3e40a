#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Errors that help: every class is explained, and what shows one says
where."""
import json, os, re, shutil, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab

CLASSES = """auth refused throttled quota network timeout tls protocol limit
disk store config crash policy""".split()
PARTS = ("title", "user", "happened", "lost", "itself", "todo")


def one_line(text):
    return " ".join(text.split())


class Explain(case.Case):
    def classes(self, *args):
        out = self.haul.run("--json", "explain", *args).stdout
        return json.loads(out)["classes"]

    def test_all_of_them(self):
        told = self.classes()
        self.assertEqual([c["class"] for c in told], CLASSES)
        listed = self.haul.run("explain").stdout
        for c in told:
            self.assertRegex(listed, rf"(?m)^{c['class']} +"
                             + re.escape(c["title"]) + "$")
            self.assertEqual(self.classes(c["class"]), [c])
            text = one_line(self.haul.run("explain", c["class"]).stdout)
            for part in PARTS:
                self.assertGreater(len(c[part]), 10)
                self.assertIn(one_line(c[part]), text)

    def test_it_needs_no_state(self):
        shutil.rmtree(self.haul.state)
        self.assertEqual(len(self.classes()), len(CLASSES))

    def test_what_is_no_class(self):
        for word in ("cancelled", "", "AUTH", "auth-refused", "--"):
            p = self.haul.run("explain", "--", word, check=False)
            self.assertEqual(p.returncode, 2)
            self.assertIn("there is no class", p.stderr)
            self.assertEqual(p.stderr.count("\n"), 1)

    def test_the_man_page_has_them(self):
        page = self.haul.run("help", "--man", "mailhaul.1").stdout
        section = page.split('.SH "CLASSES OF FAILURE"')[1].split(".SH")[0]
        plain = one_line(section.replace("\\-", "-").replace("\\&", ""))
        for c in self.classes():
            self.assertIn(f".B {c['class']} ", plain)
            for part in PARTS:
                self.assertIn(one_line(c[part]), plain)
        if shutil.which("groff"):
            p = subprocess.run(
                ["groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-z"],
                input=page, text=True, capture_output=True)
            self.assertEqual((p.returncode, p.stderr), (0, ""))

    def test_status_and_failures_point_to_it(self):
        user = self.source("anna", 5, folders=[("INBOX", 1.0)])
        self.add(user, "imaps", "--to", "a")
        bad = self.user("bad")
        self.haul.add(bad, self.url(user, "imaps"), "--to", "b",
                      password="wrong")
        gone = self.user("gone")
        self.haul.add(gone, f"imaps://{user}@localhost:1", "--to", "c")
        self.haul.run("run", check=False)
        out = self.haul.run("status").stdout
        self.assertEqual(re.findall("(?m)^see: (.*)$", out),
                         ["mailhaul explain auth", "mailhaul explain network"])
        self.assertNotIn("see:", self.haul.run("status", user).stdout)
        self.assertNotIn("see:", self.haul.run("failures").stdout)

    def test_failures_point_to_it(self):
        user = self.source("anna", 3, folders=[("INBOX", 1.0)])
        root = os.path.join(self.dir, "source", "anna")
        lab.put(root, 9000, b"Subject: large\n\n" + b"x" * 90000, 1500000000,
                "S")
        lab.own(root)
        self.haul.argv += ["-o", "limits.message=64K"]
        self.add(user, "imaps")
        self.haul.run("run", check=False)
        out = self.haul.run("failures").stdout
        self.assertEqual(re.findall("(?m)^see: (.*)$", out),
                         ["mailhaul explain limit"])


if __name__ == "__main__":
    case.main()
