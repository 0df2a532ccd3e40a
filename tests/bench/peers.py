# SPDX-License-Identifier: BSD-2-Clause
"""The tools that are timed: how each is told to do the same work.

A tool is a function from a Task to the command to time. What it has to
write first (configuration, an account) is not timed.
"""
import os, shutil, subprocess

import lab

# program: (Debian package, protocols)
PACKAGES = {"mbsync": "isync", "mpop": "mpop", "getmail": "getmail6",
            "fetchmail": "fetchmail"}


class Task:
    """One import of a user's mailboxes into dest; state is the tool's."""

    def __init__(self, bench, root, user, proto, tls, port):
        self.bench, self.root, self.user = bench, root, user
        self.proto, self.tls, self.port = proto, tls, port
        self.state, self.dest = f"{root}/state", f"{root}/dest"
        for d in (root, self.state, self.dest):
            os.makedirs(d, exist_ok=True)
            bench.give(d)

    def write(self, name, text):
        path = f"{self.state}/{name}"
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
        self.bench.give(path)
        return path

    def maildir(self):
        for d in ("cur", "new", "tmp"):
            os.makedirs(f"{self.dest}/{d}", exist_ok=True)
            self.bench.give(f"{self.dest}/{d}")


def limit(sync=None, mode=None):
    def command(t):
        argv = [t.bench.limit, "-p", str(t.port), "-u", t.user]
        if t.tls:
            argv += ["-t", "-a", t.bench.ca]
        if sync:
            argv += ["-y", sync]
        return argv + [mode or t.proto] + ([t.dest] if sync else [])
    return command


def url(t):
    scheme = t.proto + ("s" if t.tls else "")
    tail = "" if t.tls else "?security=none"
    return f"{scheme}://{t.user}@localhost:{t.port}{tail}"


def mailhaul_argv(bench, state, store, *args):
    argv = [bench.binary, "-c", "/dev/null"]
    for o in (f"state.dir={state}", f"store.path={store}",
              "network.allow_private=yes", "network.ports=any",
              f"tls.ca_file={bench.ca}", "pool.sessions=64",
              "pool.per_host=64"):
        argv += ["-o", o]
    return argv + list(args)


def mailhaul(t):
    state = f"{t.state}/mailhaul"
    password = t.write("password", lab.PASSWORD + "\n")

    def call(*args, check=True):
        return t.bench.call(mailhaul_argv(t.bench, state, t.dest, *args),
                            check)
    call("init")
    if call("show", "bench", check=False).returncode == 0:
        call("set", "bench", url(t))
    else:
        call("add", "bench", url(t), "--to", "bench", "--password-file",
             password)
    return mailhaul_argv(t.bench, state, t.dest, "run", "bench")


def mbsync(fsync=True):
    def command(t):
        return ["mbsync", "-q", "-q", "-a", "-c", t.write("mbsyncrc", f"""
{'' if fsync else 'FSync no'}
IMAPAccount r
Host localhost
Port {t.port}
User {t.user}
Pass {lab.PASSWORD}
AuthMechs LOGIN
SSLType {'IMAPS' if t.tls else 'None'}
CertificateFile {t.bench.ca}

IMAPStore remote
Account r

MaildirStore local
Path {t.dest}/
Inbox {t.dest}/INBOX
SubFolders Verbatim

Channel c
Far :remote:
Near :local:
Patterns *
Create Near
Expunge Near
Sync Pull
CopyArrivalDate yes
SyncState *
""")]
    return command


def mpop(t):
    t.maildir()
    return ["mpop", "-q", "-C", t.write("mpoprc", f"""account a
host localhost
port {t.port}
user {t.user}
password {lab.PASSWORD}
auth user
tls {'on' if t.tls else 'off'}
tls_starttls off
tls_trust_file {t.bench.ca}
delivery maildir {t.dest}
keep on
uidls_file {t.state}/uidls
received_header off
pipelining on
"""), "a"]


def getmail(t):
    t.maildir()
    kind = f"Simple{t.proto.upper()}{'SSL' if t.tls else ''}Retriever"
    return ["getmail", f"--getmaildir={t.state}", "--rcfile=" + t.write(
        "getmailrc", f"""[retriever]
type = {kind}
server = localhost
port = {t.port}
username = {t.user}
password = {lab.PASSWORD}
{f'ca_certs = {t.bench.ca}' if t.tls else ''}
{'mailboxes = ALL' if t.proto == 'imap' else ''}
[destination]
type = Maildir
path = {t.dest}/
[options]
read_all = false
delete = false
delivered_to = false
received = false
verbose = 0
""")]


def fetchmail(t):
    t.maildir()
    tls = f'ssl sslcertck sslcertfile "{t.bench.ca}"' if t.tls else \
        "sslproto ''"
    return ["fetchmail", "-s", "-f", t.write("fetchmailrc", f"""
set no bouncemail
set idfile "{t.state}/ids"
set pidfile "{t.state}/pid"
poll localhost protocol {t.proto} port {t.port} {
    'uidl' if t.proto == 'pop3' else ''}
 user "{t.user}" password "{lab.PASSWORD}" keep no rewrite {tls}
 mda "{t.bench.limit} deliver {t.dest}"
""")]


# name: (program, protocols, durable, command)
TOOLS = {
    "limit, bytes dropped": (None, "imap pop3", False, limit()),
    "limit, never synced": (None, "imap pop3", False, limit("never")),
    "limit, synced once": (None, "imap pop3", True, limit("end")),
    "limit": (None, "imap pop3", True, limit("folder")),
    "mailhaul": (None, "imap pop3", True, mailhaul),
    "mbsync": ("mbsync", "imap", True, mbsync()),
    "mbsync, FSync no": ("mbsync", "imap", False, mbsync(False)),
    "mpop": ("mpop", "pop3", True, mpop),
    "getmail": ("getmail", "pop3", True, getmail),
    "fetchmail": ("fetchmail", "pop3", True, fetchmail),
    "limit, LIST-STATUS": (None, "imap", True, limit(mode="imap-status")),
}


def missing():
    """Programs that are not here, and how to get them."""
    gone = [p for p in PACKAGES if shutil.which(p) is None]
    if not gone:
        return ""
    return (f"not installed: {' '.join(gone)}; to compare with them: "
            f"apt-get install --no-install-recommends "
            f"{' '.join(PACKAGES[p] for p in gone)}")


def present(name):
    program = TOOLS[name][0]
    return program is None or shutil.which(program) is not None
