# SPDX-License-Identifier: BSD-2-Clause
"""Other people's servers, each in a jail of its own: Cyrus, Courier, GNU
Mailutils, popa3d, solid-pop3d. Root only; installs its packages once a run."""
import contextlib, imaplib, os, re, shutil, signal, socket, subprocess, sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import lab

USERS = [f"u{i}" for i in range(1, 10)]


def can_jail():
    """Why not, or None."""
    if os.getuid() != 0:
        return "only root can make a mount namespace"
    with open("/proc/filesystems") as f:
        if "overlay" not in f.read() and subprocess.run(
                ["modprobe", "overlay"], stderr=subprocess.DEVNULL
        ).returncode != 0:
            return "the kernel has no overlay file system"
    return None


class Server:
    """imap, imaps, pop3, pop3s: its ports; None where it has none."""
    name, packages, offers = "", (), ()
    prefix = ""     # before the names of personal mailboxes

    def __init__(self, top):
        self.dir = os.path.join(top, self.name)
        os.makedirs(self.dir)
        os.chmod(self.dir, 0o755)
        self.ca = lab.make_certificates(os.path.join(self.dir, "tls"))
        self.process = None
        ports = dict(zip(self.offers, lab.free_ports(len(self.offers))))
        for kind in ("imap", "imaps", "pop3", "pop3s"):
            setattr(self, kind, ports.get(kind))

    def jail(self, *args):
        return [os.path.join(HERE, "servers", "jail"), self.dir, *args]

    def start(self):
        with open(os.path.join(self.dir, "log"), "wb") as log:
            subprocess.run(self.jail("install", *self.packages), check=True,
                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            script = os.path.join(self.dir, "start")
            shutil.copy(os.path.join(HERE, "servers", self.script), script)
            self.process = subprocess.Popen(
                self.jail("run", "env", f"PASSWORD={lab.PASSWORD}", script,
                          *self.arguments(), *USERS),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        for port in filter(None, (self.imap, self.imaps, self.pop3,
                                  self.pop3s)):
            self.wait_for(port)
        self.prepare()
        return self

    script = property(lambda self: self.name)

    def arguments(self):
        return [self.dir] + [str(p or "-") for p in (
            self.imap, self.imaps, self.pop3, self.pop3s)]

    def prepare(self):
        pass

    def wait_for(self, port):
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            if time.monotonic() > until or self.process.poll() is not None:
                with open(os.path.join(self.dir, "log"), "rb") as f:
                    raise RuntimeError(f"{self.name} did not start:\n" + f.read(
                    )[-2000:].decode(errors="replace"))
            time.sleep(0.1)

    def stop(self):
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def client(self, user, password=lab.PASSWORD):
        m = imaplib.IMAP4("127.0.0.1", self.imap)
        m.login(user, password)
        return m


class Cyrus(Server):
    name, prefix = "cyrus", "INBOX."
    packages = ("cyrus-imapd", "cyrus-pop3d", "cyrus-admin", "sasl2-bin")
    offers = ("imap", "imaps", "pop3", "pop3s")

    def prepare(self):
        m = self.client("cyrus")
        for user in USERS:
            m.create("user." + user)
        m.logout()


class Courier(Server):
    name, prefix = "courier", "INBOX."
    packages = ("courier-imap", "courier-pop", "libgamin0")
    offers = ("imap", "imaps", "pop3", "pop3s")


class Mailutils(Server):
    name = "mailutils"
    packages = ("mailutils-imap4d", "mailutils-pop3d")
    offers = ("imap", "pop3")


class MboxPop3(Server):
    offers = ("pop3",)
    script = "mbox-pop3"

    def arguments(self):
        return [self.name, self.dir, str(self.pop3)]

    def put(self, user, bodies):
        """Appends to the mbox; LF line ends, no line that begins "From "."""
        with open(os.path.join(self.dir, "spool", user), "ab") as f:
            for body in bodies:
                f.write(b"From a@example.org Mon Jan  1 00:00:00 2024\n"
                        + body + (b"" if body.endswith(b"\n") else b"\n")
                        + b"\n")


class Popa3d(MboxPop3):
    name, packages = "popa3d", ("popa3d",)


class SolidPop3d(MboxPop3):
    name, packages = "solid-pop3d", ("solid-pop3d",)


class Dovecot(lab.Dovecot):
    """No jail: it is installed beside us."""
    prefix = ""

    def __init__(self, top):
        super().__init__(os.path.join(top, "dovecot"))
        for user in USERS:
            root = os.path.join(self.dir, "mail", user)
            lab.make_folder(root, "INBOX")
            lab.own(root)
            self.add_user(user, root)
