#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every command of deploy/runbooks is run, as it stands there, by root on a
Debian of its own (a jail) where the program is installed, its daemon runs and
two accounts have been collected from a private Dovecot. What is quoted within
sentences and tables is at least a command, an option and a setting that exist.
The examples of the README and of mailhaul(1) are run there, too.

stories.py says what happens between the commands of a page (somebody loses a
file), and what has to hold afterwards. Outside of the jail all is in a
network of its own, so that imap.example.org can be on its usual port.

SHOW=1   prints what each page's commands said"""
import fcntl, os, re, shlex, shutil, socket, struct, subprocess, sys
import tempfile, unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BOOKS = os.path.join(TOP, "deploy", "runbooks")
NAMES = ("imap.example.org", "pop.example.org")
MAIL = {"anna": 120, "boris": 40}
if "BOOKS_NETWORK" not in os.environ and os.getuid() == 0 and \
        subprocess.run(["unshare", "--net", "true"]).returncode == 0:
    os.execvpe("unshare", ["unshare", "--net", sys.executable, *sys.argv],
               {**os.environ, "BOOKS_NETWORK": "own"})
# a setting of ours that must not reach the program's own environment
BINARY = os.environ.pop("MAILHAUL_BINARY")
import jail, lab
from stories import ENROL, EXAMPLES, MAY_END_WITH, PRELUDE, STORIES


class Line:
    """A command of a page; status is what it may end with."""

    def __init__(self, heading, text):
        self.heading, self.text = heading, text


def commands(path):
    """The indented blocks, command by command."""
    found, heading, held = [], "", ""
    with open(path) as f:
        for row in f.read().splitlines():
            if row.startswith("#"):
                heading = row.lstrip("# ")
            if row.startswith("```"):
                raise AssertionError(f"{path}: blocks are indented here")
            if not row.startswith("    "):
                continue
            held += row[4:]
            if held.endswith("\\"):
                held = held[:-1]
                continue
            found.append(Line(heading, held))
            held = ""
    return found


def readme_examples():
    """What the README shows of the program, but not its transcripts."""
    return [line for line in commands(os.path.join(TOP, "README.md"))
            if line.heading == "What it looks like"
            and line.text.startswith("mailhaul ")]


def man_examples():
    p = subprocess.run([BINARY, "-c", "/dev/null", "help", "--man",
                        "mailhaul.1"], capture_output=True, text=True,
                       check=True)
    blocks = re.findall(r"^\.EX\n\.in \+4\n(.*?)\n\.in\n\.EE$", p.stdout,
                        re.M | re.S)
    rows = "\n".join(blocks).replace("\\-", "-").replace("\\e", "\\")
    return [Line("EXAMPLES", row) for row in rows.split("\n")]


# ---- what a page quotes

class Quoted(unittest.TestCase):
    def words(self, *words):
        p = subprocess.run([BINARY, "-c", "/dev/null", "completion", "words",
                            "--", *words], capture_output=True, text=True,
                           check=True, env={"MAILHAUL_STATE_DIR": "/nowhere"})
        return [line.split("\t")[0] for line in p.stdout.splitlines()]

    def fault(self, text):
        """Of a command line that begins with mailhaul."""
        words = shlex.split(text, comments=True)[1:]
        while words and words[0].startswith("-"):
            option = words.pop(0)
            if option not in self.words("-"):
                return f"no option {option}"
            if option in ("-c", "-o"):
                value = words.pop(0)
                if option == "-o" and value.split("=")[0] + "=" not in \
                        self.words("-o", ""):
                    return f"no setting {value}"
        if not words or words[0] == "…" or words[0] not in self.words(""):
            return f"no command {words[:1]}"
        offered = self.words(words[0], "--")
        for word in words[1:]:
            if word.startswith("--") and word.split("=")[0] not in offered:
                return f"{words[0]} has no {word}"
        return None

    def test_what_is_quoted_exists(self):
        keys = [k[:-1] for k in self.words("-o", "")]
        sections = {k.split(".")[0] for k in keys}
        known, faults, seen = set(self.words("")), [], 0
        for book in sorted(os.listdir(BOOKS)):
            with open(os.path.join(BOOKS, book)) as f:
                page = f.read()
            for text in re.findall(r"`([^`\n]+)`", page):
                first = text.split()[0]
                fault = None
                if first == "mailhaul" and " " in text:
                    fault = self.fault(text)
                elif first in known and " " in text:
                    fault = self.fault("mailhaul " + text)
                elif re.fullmatch(r"[a-z]+\.[a-z_0-9]+", text) and \
                        text.split(".")[0] in sections and \
                        text not in ("state.dir", "mailhaul.db"):
                    fault = None if text in keys else f"no setting {text}"
                elif re.fullmatch(r"[\w.-]+\.md", text):
                    fault = None if os.path.exists(
                        os.path.join(BOOKS, text)) else "no such page"
                else:
                    continue
                seen += 1
                if fault:
                    faults.append(f"{book}: `{text}`: {fault}")
        self.assertEqual([], faults)
        self.assertGreater(seen, 20)

    def test_it_sees_faults(self):
        for text in ("mailhaul fly anna", "mailhaul verify --deeply anna",
                     "mailhaul -o store.colour=red run", "mailhaul --loud run"):
            self.assertTrue(self.fault(text), text)
        self.assertIsNone(self.fault("mailhaul -o store.eol=lf verify anna"))


class Try(unittest.TestCase):
    def test_what_deploy_try_tells(self):
        """The README shows its words; here the program is built already."""
        with tempfile.TemporaryDirectory(prefix="mailhaul-test.") as d:
            os.chmod(d, 0o755)
            p = subprocess.run(
                [sys.executable, os.path.join(TOP, "deploy", "try.py"),
                 BINARY, d, "60"], stdin=subprocess.DEVNULL, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
        self.assertEqual(0, p.returncode, p.stdout)
        with open(os.path.join(TOP, "README.md")) as f:
            page = f.read().split("`./deploy/try` ends with this")[1]
        shown = page.split("\nTo keep it")[0]
        said = {self.told(row) for row in p.stdout.splitlines()}
        for row in shown.splitlines():
            if row.startswith("    ") and "…" not in row:
                self.assertIn(self.told(row[4:]), said, p.stdout)

    def told(self, row):
        """A row without its figures, which differ."""
        row = re.sub(r"\d[\dTZ:.-]*( [kM]?B\b)?", "N", row)
        return re.sub(r"\s+", " ", row).strip()


# ---- what a page does

def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x49))


if "BOOKS_NETWORK" in os.environ:
    loopback_up()


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="mailhaul-test.")
        os.chmod(cls.top, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.top, ignore_errors=True)
        cls.why = jail.why_not(os.path.join(cls.top, "trial"))
        if not cls.why and "BOOKS_NETWORK" not in os.environ:
            cls.why = "no network of its own here (unshare --net)"
        if not cls.why and not os.path.exists("/usr/bin/rsync"):
            cls.why = "rsync is not installed (apt-get install rsync)"
        if cls.why:
            global skipped
            skipped = cls.why
            raise unittest.SkipTest(cls.why)
        cls.server = lab.Dovecot(os.path.join(cls.top, "dovecot"),
                                 names=NAMES, ports=(143, 993, 110, 995))
        for user, folders in (("anna", lab.FOLDERS),
                              ("boris", [("INBOX", 1.0)])):
            root = os.path.join(cls.top, "source", user)
            MAIL[user] = lab.write_mailboxes(root, MAIL[user],
                                             folders=folders)
            cls.server.add_user("anna@example.org" if user == "anna"
                                else user, root)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def machine(self, name, shared):
        d = os.path.join(self.top, self.id().split(".")[-1], name)
        os.makedirs(d)
        machine = jail.Jail(d)
        machine.put(BINARY)
        if os.path.basename(BINARY) != "mailhaul":
            os.rename(os.path.join(d, os.path.basename(BINARY)),
                      os.path.join(d, "mailhaul"))
        for path in ("deploy/mailhaul.service", "deploy/mailhaul.sysusers",
                     "deploy/mailhaul.tmpfiles", "tests/deploy/standin.py"):
            machine.put(os.path.join(TOP, path))
        machine.put(self.server.ca)
        if shared:
            os.rename(shared, os.path.join(d, "shared"))
        else:
            os.mkdir(os.path.join(d, "shared"))
        return machine

    def play(self, book, machine, lines, enrol):
        """Each command as it stands, in one shell, the story between."""
        story = STORIES.get(book) or EXAMPLES[book]
        script = PRELUDE.format(dir=machine.dir, names=" ".join(NAMES),
                                password=lab.PASSWORD, **MAIL)
        script += ENROL if enrol else ENROL.split("\n")[1] + "\n"
        headings = [line.heading for line in lines]
        for i, line in enumerate(lines):
            before, after = story.get(line.heading, ("", ""))
            if before and headings.index(line.heading) == i:
                script += before + "\n"
            status = MAY_END_WITH.get((book, line.text.split("#")[0].strip()),
                                      0)
            script += (f"echo {shlex.quote('@@ $ ' + line.text)}\n"
                       f"set +e\neval {shlex.quote(line.text)}\nended=$?\n"
                       f"set -e\n[ $ended = {status} ] || fail "
                       f"\"it ended with $ended, not {status}\"\n")
            if after and line.heading not in headings[i + 1:]:
                script += after.replace("{anna}", str(MAIL["anna"])) + "\n"
        script += "echo '@@ the end'; systemctl stop mailhaul\n"
        path = os.path.join(machine.dir, "script")
        with open(path, "w") as f:
            f.write(script)
        said = machine.run(f"bash -e {path} || {{ "
                           "tail -30 /var/log/mailhaul.log; exit 1; }",
                           timeout=1200)
        self.assertIn("@@ the end", said)
        self.assertNotIn("@@ failed", said)
        for line in lines:
            self.assertIn("@@ $ " + line.text, said)
        if os.environ.get("SHOW"):
            print(said)
        return said

    def book(self, book):
        lines = commands(os.path.join(BOOKS, book))
        self.assertGreater(len(lines), 5)
        for heading in STORIES[book]:
            self.assertIn(heading, [line.heading for line in lines])
        new = [line for line in lines
               if line.heading.startswith("On the new machine")]
        old = [line for line in lines if line not in new]
        first = self.machine("old", None)
        said = self.play(book, first, old, True)
        if new:
            shared = os.path.join(first.dir, "shared")
            second = self.machine("new", shared)
            said += self.play(book, second, [old[0]] + new, False)
        return said

    def examples(self, book, lines, least):
        self.assertGreaterEqual(len(lines), least)
        self.play(book, self.machine("new", None), lines, False)

    def test_examples_of_the_readme(self):
        self.examples("README.md", readme_examples(), 5)

    def test_examples_of_the_manual_page(self):
        self.examples("mailhaul.1", man_examples(), 10)

    def test_every_page_has_a_story(self):
        self.assertEqual(sorted(STORIES), sorted(os.listdir(BOOKS)))


def page_test(book):
    def test(self):
        self.book(book)
    return test


for page in STORIES:
    setattr(Run, "test_" + page.removesuffix(".md").replace("-", "_"),
            page_test(page))

skipped = None
if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    if skipped:
        print("SKIPPED: the runbooks' commands were not run:", skipped)
        sys.exit(77)
