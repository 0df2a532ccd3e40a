# SPDX-License-Identifier: BSD-2-Clause
"""deploy/Dockerfile without Docker: read as Docker reads it; its last stage is
played, instruction by instruction, in a Debian of debootstrap's, and what
comes out is started, asked for its health, used and stopped as the user of
the image. What is not done: Docker itself, its layers, its seccomp profile
and capabilities, and the first stage but for its one command, deploy/package,
which is run on this machine."""
import glob, json, os, re, shutil, signal, subprocess, time, unittest

import fake
import made

DOCKERFILE = os.path.join(made.TOP, "deploy", "Dockerfile")
KNOWN = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "HEALTHCHECK",
         "STOPSIGNAL", "CMD"}
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
MAIL = 20


def instructions():
    """[(word, rest)]; rows that end in a backslash joined, comments out."""
    with open(DOCKERFILE) as f:
        rows = [r for r in f.read().splitlines() if not r.startswith("#")]
    text = re.sub(r"\\\n\s*", " ", "\n".join(rows))
    return [tuple(row.split(" ", 1)) for row in text.split("\n") if row]


def stages():
    found = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def last(word):
    return [rest for w, rest in stages()[-1] if w == word][-1]


def mirror():
    for path in glob.glob("/etc/apt/sources.list.d/*.sources") + \
            glob.glob("/etc/apt/sources.list"):
        with open(path) as f:
            m = re.search(r"^(?:URIs:|deb) +(?:\[[^]]*\] )?(\S+)", f.read(),
                          re.M)
            if m:
                return m[1]
    return "http://deb.debian.org/debian"


class Tree:
    """A root file system of its own; run enters it in namespaces."""

    def __init__(self, root):
        self.root = root

    def argv(self, *command, user="0:0"):
        uid, gid = user.split(":")
        script = ('mount --bind "$0" "$0" && mount --rbind /dev "$0/dev" && '
                  'mount -t proc proc "$0/proc" && '
                  'exec chroot "$0" setpriv --reuid "$1" --regid "$2" '
                  '--clear-groups -- "${@:3}"')
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child",
                "--propagation", "private", "bash", "-c", script, self.root,
                uid, gid, *command]

    def run(self, *command, user="0:0"):
        p = subprocess.run(self.argv(*command, user=user), text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=900,
                           env={**ENV, "HOME": "/root"})
        if p.returncode != 0:
            raise AssertionError(f"{command}: {p.returncode}\n"
                                 f"{p.stdout[-4000:]}")
        return p.stdout


class Container:
    """CMD as process 1 of the tree; exec is docker exec."""

    def __init__(self, tree, command, user, log, env):
        self.user, self.env = user, {**ENV, **env}
        self.log = open(log, "w+")
        self.process = subprocess.Popen(
            tree.argv(*command, user=user), stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, env=self.env)
        self.pid = None
        until = time.monotonic() + 60
        while not self.pid and time.monotonic() < until:
            path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
            with open(path) as f:
                self.pid = next(iter(f.read().split()), None)

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def exec(self, *command, stdin=""):
        uid, gid = self.user.split(":")
        return subprocess.run(
            ["nsenter", "--target", self.pid, "--mount", "--pid", "--root",
             "--wd", "setpriv", "--reuid", uid, "--regid", gid,
             "--clear-groups", "--", *command], text=True, input=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
            env=self.env)

    def stop(self, number):
        """As docker stop: process 1 gets it; what it ended with."""
        os.kill(int(self.pid), number)
        return self.process.wait(60)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


class Image(unittest.TestCase):
    def test_the_file(self):
        words = [w for w, _ in instructions()]
        self.assertEqual(set(), set(words) - KNOWN)
        build, final = stages()
        self.assertRegex(build[0][1], r"^debian:12 AS build$")
        self.assertRegex(final[0][1], r"^debian:12-slim$")
        self.assertRegex(last("USER"), r"^[1-9]\d*:[1-9]\d*$")
        self.assertEqual("/var/lib/mailhaul", last("VOLUME"))
        self.assertEqual("SIGTERM", last("STOPSIGNAL"))
        with open(DOCKERFILE) as f:
            text = "".join(r for r in f if not r.startswith("#"))
        self.assertNotRegex(text, r"(?i)password|secret|token|\.key")
        self.assertNotRegex(text, r"(?m)^(ENV|ARG|ADD)\b")
        self.assertLess([w for w, _ in final].index("USER"),
                        [w for w, _ in final].index("CMD"))

    def test_what_is_copied_exists(self):
        with open(DOCKERFILE + ".dockerignore") as f:
            let_in = {r[1:].strip() for r in f if r.startswith("!")}
        copied = set()
        for word, rest in stages()[0]:
            if word == "COPY":
                copied |= set(rest.split()[:-1])
        self.assertEqual(copied, let_in)
        for name in copied:
            self.assertTrue(os.path.exists(os.path.join(made.TOP, name)),
                            name)
        # all that the package is made of
        with open(os.path.join(made.TOP, "deploy", "package")) as f:
            text = re.search(r"tar -c (.*?)\|", f.read(), re.S)[1]
        self.assertEqual(copied, {w for w in text.replace("\\", "").split()
                                  if not w.startswith("-")})

    def tree(self):
        why = None
        if os.getuid() != 0:
            why = "only root can make one"
        elif not shutil.which("debootstrap"):
            why = "there is no debootstrap (apt-get install debootstrap)"
        tree = Tree(os.path.join(made.top, "image"))
        if not why:
            p = subprocess.run(
                ["debootstrap", "--variant=minbase", "bookworm", tree.root,
                 mirror()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True)
            if p.returncode != 0:
                why = "debootstrap: " + p.stdout[-300:]
        if why:
            made.skipped.append(f"the image was not made: {why}")
            self.skipTest(why)
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", os.path.join(tree.root, "etc", name))
        return tree

    def play(self, tree):
        """The last stage; the package is what the first one leaves."""
        self.assertEqual("mkdir /out && deploy/package /out",
                         [r for w, r in stages()[0] if w == "RUN"][-1])
        for word, rest in stages()[-1]:
            if word == "RUN":
                tree.run("/bin/sh", "-c", rest)
            elif word == "COPY":
                self.assertEqual("--from=build /out/*.deb /tmp/", rest)
                shutil.copy(made.package(), os.path.join(tree.root, "tmp"))

    def test_the_image(self):
        tree = self.tree()
        self.play(tree)
        user = last("USER")
        self.assertEqual(f"{user} 700\n", tree.run(
            "stat", "-c", "%u:%g %a", "/var/lib/mailhaul"))
        self.assertEqual("", tree.run("sh", "-c", "ls /tmp"))
        source = fake.Imap({b"INBOX": [
            fake.Message(i, b"Subject: letter %d\r\n\r\ntext\r\n" % i)
            for i in range(1, MAIL + 1)]})
        self.addCleanup(source.stop)
        health = json.loads(last("HEALTHCHECK").split("CMD ")[1])
        # there is no state yet
        with self.assertRaisesRegex(AssertionError, "mailhaul init"):
            tree.run(*health, user=user)
        c = Container(tree, json.loads(last("CMD")), user,
                      os.path.join(made.top, "container.log"),
                      {"MAILHAUL_NETWORK_ALLOW_PRIVATE": "yes",
                       "MAILHAUL_NETWORK_PORTS": "any"})
        self.addCleanup(c.close)
        until = time.monotonic() + 120
        while c.exec(*health).returncode != 0:
            self.assertIsNone(c.process.poll(), c.said())
            self.assertLess(time.monotonic(), until, c.said())
            time.sleep(0.2)
        p = c.exec("mailhaul", "add", "anna", source.url(), "--password-file",
                   "-", stdin="pw\n")
        self.assertEqual(0, p.returncode, p.stdout)
        p = c.exec("mailhaul", "sync", "anna", "--wait")
        self.assertEqual(0, p.returncode, p.stdout + c.said())
        p = c.exec("sh", "-c", "ls /var/lib/mailhaul/mail/anna/*/ | "
                   "grep -c ,S=")
        self.assertEqual(f"{MAIL}\n", p.stdout)
        # process 1 is the daemon itself, as the user of the image
        with open(f"/proc/{c.pid}/status") as f:
            self.assertIn("\nUid:\t" + "\t".join([user.split(":")[0]] * 4),
                          f.read())
        with open(f"/proc/{c.pid}/cmdline") as f:
            self.assertEqual("mailhaul\0serve\0", f.read())
        self.assertEqual(0, c.stop(signal.Signals[last("STOPSIGNAL")]),
                         c.said())
