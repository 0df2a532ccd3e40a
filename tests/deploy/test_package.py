#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The Debian package: made by the one command, with all that belongs to it;
installed, used, purged (no mail goes) and installed again, in a jail. And the
image that is made of it (image.py).

IMAGE=1         the image, too: a Debian of its own is fetched for it
REPRODUCE=all   built twice, and compared byte by byte
PACKAGE=FILE    that package instead of a new one"""
import os, re, shutil, subprocess, sys, tempfile, unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import fake, jail, made
from made import package, top

if not shutil.which("dpkg-buildpackage") or not shutil.which("dh"):
    print("SKIPPED: there is no dpkg-buildpackage or no debhelper here "
          "(apt-get install dpkg-dev debhelper)")
    sys.exit(77)

if os.environ.get("IMAGE"):
    from image import Image  # noqa: its tests are this file's

MAIL = 30
FILES = """
/usr/bin/mailhaul
/usr/share/man/man1/mailhaul.1.gz
/usr/share/man/man5/mailhaul.conf.5.gz
/usr/share/bash-completion/completions/mailhaul
/usr/share/zsh/vendor-completions/_mailhaul
/usr/share/fish/vendor_completions.d/mailhaul.fish
/usr/lib/sysusers.d/mailhaul.conf
/usr/lib/tmpfiles.d/mailhaul.conf
/etc/mailhaul/mailhaul.conf
/usr/share/doc/mailhaul/copyright
/usr/share/doc/mailhaul/changelog.gz
/usr/share/doc/mailhaul/README.Debian
/usr/share/doc/mailhaul/SECURITY.md
/usr/share/doc/mailhaul/mailhaul.cdx.json
/usr/share/doc/mailhaul/examples/mailhaul-owners.conf
""".split()


def output(*argv):
    return subprocess.run(argv, check=True, capture_output=True,
                          text=True).stdout


class Package(unittest.TestCase):
    def test_contents(self):
        deb = package()
        listing = output("dpkg-deb", "-c", deb)
        there = {line.split()[5].removeprefix("."): line.split()[:2]
                 for line in listing.splitlines()}
        self.assertEqual([], [f for f in FILES if f not in there])
        unit = [f for f in there if f.endswith("/systemd/system/"
                                               "mailhaul.service")]
        self.assertEqual(1, len(unit), there)
        for book in os.listdir(os.path.join(made.TOP, "deploy", "runbooks")):
            self.assertIn(f"/usr/share/doc/mailhaul/runbooks/{book}", there)
        for name, (mode, owner) in there.items():
            self.assertEqual("root/root", owner, name)
            self.assertNotIn("w", mode[5:], name)
            self.assertNotIn("s", mode, name)
        with tempfile.TemporaryDirectory(dir=top) as d:
            subprocess.run(["dpkg-deb", "-R", deb, d], check=True)
            # what is stripped is what the bill of materials is about
            with open(f"{d}/usr/share/doc/mailhaul/mailhaul.cdx.json") as f:
                bill = f.read()
            digest = output("sha256sum", f"{d}/usr/bin/mailhaul").split()[0]
            self.assertIn(digest, bill)
            subprocess.run([sys.executable,
                            os.path.join(made.TOP, "tests/house/binary.py"),
                            f"{d}/usr/bin/mailhaul", "None"], check=True)
            with open(f"{d}/DEBIAN/conffiles") as f:
                self.assertEqual(["/etc/mailhaul/mailhaul.conf"],
                                 f.read().split())
            with open(f"{d}/DEBIAN/postinst") as f:
                postinst = f.read()
        for word in ("systemd-sysusers", "systemd-tmpfiles", "deb-systemd"):
            self.assertIn(word, postinst)
        # the user before the directory that belongs to them
        self.assertLess(postinst.index("systemd-sysusers"),
                        postinst.index("systemd-tmpfiles"))


class Installed(unittest.TestCase):
    def setUp(self):
        self.dir = os.path.join(top, "jail")
        why = jail.why_not(self.dir)
        if why:
            made.skipped.append(f"the package was not installed: {why}")
            self.skipTest(why)
        self.jail = jail.Jail(self.dir)
        self.deb = self.jail.put(package())
        self.source = fake.Imap({b"INBOX": [
            fake.Message(i, b"Subject: letter %d\r\n\r\ntext\r\n" % i)
            for i in range(1, MAIL + 1)]})
        self.addCleanup(self.source.stop)

    def install(self):
        return self.jail.run(f"dpkg -i {self.deb}")

    def mail(self):
        return int(self.jail.run(
            "cd /var/lib/mailhaul/mail/anna && ls new cur | grep -c ,S="))

    def test_install_use_purge_install(self):
        run = self.jail.run
        self.install()
        self.check_installed()
        run(f"""
cat >/etc/mailhaul/mailhaul.conf <<END
[network]
allow_private = yes
ports = any
END
runuser -u mailhaul -- mailhaul init
runuser -u mailhaul -- mailhaul add anna "{self.source.url()}" \
	--password-file - <<<secret
""")
        said = run("""
setpriv --reuid mailhaul --regid mailhaul --init-groups mailhaul serve \
	2>/tmp/log & daemon=$!
runuser -u mailhaul -- mailhaul sync anna --wait ||
	{ cat /tmp/log; exit 1; }
runuser -u mailhaul -- mailhaul status
kill $daemon; wait $daemon
""")
        self.assertRegex(said, rf"anna +idle +{MAIL} +{MAIL} ")
        self.assertEqual(MAIL, self.mail())
        # an upgrade: settings that somebody has changed stay as they are
        self.install()
        self.assertIn("allow_private = yes",
                      run("cat /etc/mailhaul/mailhaul.conf"))
        before = run("cd /var/lib/mailhaul && find . -type f -exec sha256sum "
                     "{} + | sort")
        said = run("dpkg --purge mailhaul")
        self.assertRegex(said, r"mail, passwords and ledgers in "
                               r"/var/lib/mailhaul, .* left as they are")
        self.assertEqual(before, run(
            "cd /var/lib/mailhaul && find . -type f -exec sha256sum {} + | "
            "sort"))
        self.assertEqual("mailhaul 700\n",
                         run("stat -c '%U %a' /var/lib/mailhaul"))
        self.assertEqual("", run("ls /etc/mailhaul /usr/bin/mailhaul "
                                 "2>/dev/null || true"))
        # and again: it knows what it has
        self.install()
        fetched = sum(b"BODY" in line for line in self.source.heard)
        said = run("runuser -u mailhaul -- mailhaul -o "
                   "network.allow_private=yes -o network.ports=any run anna")
        self.assertIn(f"{MAIL} in all", said)
        self.assertEqual(MAIL, self.mail())
        self.assertEqual(fetched, sum(b"BODY" in line
                                      for line in self.source.heard))

    def check_installed(self):
        version = re.search(r"mailhaul_([^_]+)_", self.deb)[1]
        said = self.jail.run("""
mailhaul --version
getent passwd mailhaul | cut -d: -f6,7
stat -c '%U %G %a' /var/lib/mailhaul
dpkg -V mailhaul
zcat /usr/share/man/man1/mailhaul.1.gz | head -2 | tail -1 | cut -c1-12
bash -c '. /usr/share/bash-completion/completions/mailhaul
	complete -p mailhaul'
mailhaul completion bash |
	cmp - /usr/share/bash-completion/completions/mailhaul
mailhaul completion zsh | cmp - /usr/share/zsh/vendor-completions/_mailhaul
mailhaul completion fish |
	cmp - /usr/share/fish/vendor_completions.d/mailhaul.fish
""")
        lines = said.splitlines()
        self.assertEqual(
            [f"mailhaul {version}", "/var/lib/mailhaul:/usr/sbin/nologin",
             "mailhaul mailhaul 700", ".TH MAILHAUL",
             "complete -F _mailhaul mailhaul"], lines)
        # enabled for the next start of the machine; systemd reads it
        said = self.jail.run("""
ls /etc/systemd/system/multi-user.target.wants/mailhaul.service
if command -v systemd-analyze >/dev/null; then
	systemd-analyze verify mailhaul.service 2>&1 | grep mailhaul || true
fi""")
        self.assertEqual(["/etc/systemd/system/multi-user.target.wants/"
                          "mailhaul.service"], said.splitlines())


if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    for what in made.skipped:
        print("SKIPPED:", what)
    sys.exit(77 if made.skipped else 0)
