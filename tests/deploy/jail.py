# SPDX-License-Identifier: BSD-2-Clause
"""A Debian of our own to install into and to break: the jail of the interop
tests, an overlay over this machine's root that is thrown away. As root."""
import os, shutil, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
sys.path.insert(0, os.path.join(HERE, "..", "interop"))
import servers

SCRIPT = os.path.join(HERE, "..", "interop", "servers", "jail")


class Jail:
    """What is in dir is seen inside under the same name."""

    def __init__(self, d):
        self.dir = d
        os.makedirs(d, exist_ok=True)
        os.chmod(d, 0o755)

    def argv(self, *args):
        return [SCRIPT, self.dir, "run", *args]

    def run(self, script, check=True, timeout=600, stdin=""):
        """A script of bash, with -e; all that it says, as one text."""
        p = subprocess.run(
            self.argv("bash", "-e", "-c", script), input=stdin, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
            errors="replace", env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                                   "HOME": "/root", "LC_ALL": "C.UTF-8",
                                   "DEBIAN_FRONTEND": "noninteractive"})
        if check and p.returncode != 0:
            raise AssertionError(f"exit {p.returncode} of\n{script}\n"
                                 f"{p.stdout[-6000:]}")
        return p.stdout

    def put(self, path, mode=0o644):
        """A copy of a file of ours where the jail sees it; its name there."""
        to = os.path.join(self.dir, os.path.basename(path))
        shutil.copyfile(path, to)
        os.chmod(to, mode)
        return to


def why_not(d):
    """Why there can be no jail here, or None."""
    why = servers.can_jail()
    if why:
        return why
    p = subprocess.run(Jail(d).argv("true"), stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=120)
    return None if p.returncode == 0 else f"no jail here: {p.stdout.strip()}"
