#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Command lines and settings that are refused (tests/hostile/commands.txt,
settings.txt): the right exit status, one line that says what is wrong, no
output, and nothing half done."""
import hashlib, os, shlex, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, hostile

LEAST = 300
URL = "imaps://u@imap.example.org"


def table(name):
    with open(os.path.join(hostile.TABLES, name + ".txt"),
              encoding="utf-8") as f:
        for line in f:
            line = line.rstrip("\n")
            if line and not line.startswith("#"):
                yield line


def command_lines():
    """(statuses, arguments)"""
    statuses, around = [], ""
    for line in table("commands"):
        if line.startswith("= "):
            words = line[2:].split(" ")
            statuses = [int(w) for w in words if w.isdigit()]
            around = " ".join(w for w in words if not w.isdigit())
        elif around:
            yield statuses, [w.replace("$", line if w == "$" else "$")
                             for w in shlex.split(around)]
        else:
            yield statuses, shlex.split(line)


class BadInput(case.Case):
    @classmethod
    def setUpClass(cls):
        """No server is needed."""
        cls.top = case.tempfile.mkdtemp(prefix="mailhaul-test.")
        os.chmod(cls.top, 0o755)
        cls.server = cls

    ca = None

    @classmethod
    def stop(cls):
        pass

    def setUp(self):
        super().setUp()
        self.haul.add("anna", URL, "--hold")

    def picture(self):
        """Every file of state and store, with its content."""
        out = {}
        for root in (self.haul.state, self.haul.store):
            for top, dirs, files in os.walk(root):
                for d in dirs:
                    out[os.path.join(top, d)] = None
                for f in files:
                    with open(os.path.join(top, f), "rb") as content:
                        out[os.path.join(top, f)] = hashlib.sha256(
                            content.read()).hexdigest()
        return out

    def fault(self, argv, statuses):
        """What is wrong with how it was refused; None: nothing."""
        p = subprocess.run(argv, input="secret\n", capture_output=True,
                           text=True, errors="replace", timeout=60,
                           cwd=self.dir, start_new_session=True)
        lines = p.stderr.split("\n")
        if p.returncode not in statuses:
            return f"exit {p.returncode}: {p.stderr}{p.stdout[:300]}"
        if p.stdout:
            return f"output: {p.stdout[:300]}"
        if len(lines) != 2 or lines[1]:
            return f"{len(lines) - 1} lines: {p.stderr}"
        if not lines[0].startswith("mailhaul") or len(lines[0]) < 20:
            return f"says nothing: {p.stderr}"
        if any(c < " " for c in lines[0]):
            return f"no plain text: {p.stderr!r}"
        return None

    def refuse_all(self, rows):
        before = self.picture()
        faults = []
        for argv, statuses, shown in rows:
            fault = self.fault(argv, statuses)
            if fault is None and self.picture() != before:
                fault = "something was done"
            if fault is not None:
                faults.append(f"{shown}: {fault}")
                before = self.picture()
        self.assertEqual(faults, [], "\n" + "\n".join(faults))
        print(f"{len(rows)} refused", file=sys.stderr)

    def test_command_lines(self):
        rows = [(self.haul.argv + args, statuses, shlex.join(args))
                for statuses, args in command_lines()]
        self.assertGreaterEqual(len(rows), LEAST)
        self.refuse_all(rows)

    def test_files_of_settings(self):
        rows = []
        for i, text in enumerate(table("settings")):
            path = os.path.join(self.dir, f"conf{i}")
            with open(path, "wb") as f:
                f.write(text.encode().decode("unicode_escape").encode(
                    "latin-1"))
            rows.append(([case.BINARY, "-c", path, "list"], [3], text))
        for path in ("/nonexistent", "/", "/dev/full/x", self.haul.store):
            rows.append(([case.BINARY, "-c", path, "list"], [3], path))
        self.refuse_all(rows)

    def test_variables(self):
        before = self.picture()
        for name in ("NONSENSE", "STATE", "STATE_", "STATE_DIR_X", ""):
            with self.subTest(name):
                p = subprocess.run(self.haul.argv + ["list"], text=True,
                                   env={"MAILHAUL_" + name: "1"},
                                   capture_output=True)
                self.assertEqual(p.returncode, 3, p.stderr)
                self.assertEqual(len(p.stderr.strip().split("\n")), 1)
        self.assertEqual(self.picture(), before)


if __name__ == "__main__":
    case.main()
