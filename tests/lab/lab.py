# SPDX-License-Identifier: BSD-2-Clause
"""A private Dovecot on loopback, sample mailboxes, and what a reader sees.

Dovecot(dir)       plain, STARTTLS and TLS on free ports; any user of add_user
write_mailboxes()  a Maildir++ tree with folders, flags, keywords and dates
snapshot()         every message of an account as an IMAP client gets it
Mailhaul(dir, …)   the program under test with a state of its own
"""
import base64, contextlib, hashlib, imaplib, json, os, poplib, pwd, random
import re, shutil, signal, socket, ssl, subprocess, sys, tempfile, time

imaplib._MAXLINE = 1 << 26
poplib._MAXLINE = 1 << 26
PASSWORD = "correct-horse"


def free_ports(n):
    socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    return ports


def mail_user():
    """Who owns the servers' mail: root may not, so it is `mail` then."""
    return pwd.getpwnam("mail") if os.getuid() == 0 else \
        pwd.getpwuid(os.getuid())


def mutf7(name):
    out, run = [], ""

    def flush():
        nonlocal run
        if run:
            b = base64.b64encode(run.encode("utf-16-be")).decode()
            out.append("&" + b.rstrip("=").replace("/", ",") + "-")
            run = ""
    for c in name:
        if " " <= c <= "~":
            flush()
            out.append("&-" if c == "&" else c)
        else:
            run += c
    flush()
    return "".join(out)


def quote(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


# ---- certificates

def make_certificates(d, names=()):
    """A CA and a certificate for localhost, 127.0.0.1 and other names."""
    os.makedirs(d, exist_ok=True)

    def openssl(*args):
        subprocess.run(("openssl",) + args, check=True, cwd=d,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
            "-subj", "/CN=Lab CA", "-keyout", "ca.key", "-out", "ca.pem",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
            "-keyout", "server.key", "-out", "server.csr")
    with open(os.path.join(d, "ext"), "w") as f:
        others = "".join(f",DNS:{name}" for name in names)
        f.write(f"subjectAltName=DNS:localhost,IP:127.0.0.1{others}\n"
                "extendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey",
            "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "ext",
            "-out", "server.crt")
    return os.path.join(d, "ca.pem")


# ---- Dovecot

class Dovecot:
    """imap, imaps, pop3, pop3s: the ports; imap and pop3 offer STARTTLS."""

    def __init__(self, d, extra="", names=(), ports=None):
        self.dir = d
        os.makedirs(os.path.join(d, "homes"), exist_ok=True)
        os.chmod(d, 0o755)
        self.ca = make_certificates(os.path.join(d, "tls"), names)
        self.imap, self.imaps, self.pop3, self.pop3s = \
            ports or free_ports(4)
        self.conf = os.path.join(d, "dovecot.conf")
        self._configure(extra)
        self.process = None

    def _configure(self, extra):
        who = mail_user()
        group = __import__("grp").getgrgid(who.pw_gid).gr_name
        me = os.getuid() != 0
        login = "\n".join(f"service {s} {{\n chroot =\n}}" for s in
                          ("imap-login", "pop3-login", "anvil")) if me else ""
        internal = (f"default_internal_user = {who.pw_name}\n"
                    f"default_internal_group = {group}\n"
                    f"default_login_user = {who.pw_name}\n") if me else ""
        with open(self.conf, "w") as f:
            f.write(f"""
base_dir = {self.dir}/run
state_dir = {self.dir}/state
log_path = {self.dir}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
{internal}{login}
first_valid_uid = 1
default_vsz_limit = 0
mail_location = maildir:~
mail_max_userip_connections = 1000
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={who.pw_uid} gid={who.pw_gid} home={self.dir}/homes/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
  }}
  mailbox Drafts {{
    special_use = \\Drafts
  }}
}}
ssl = yes
ssl_cert = <{self.dir}/tls/server.crt
ssl_key = <{self.dir}/tls/server.key
service imap-login {{
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = {self.imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {self.pop3}
  }}
  inet_listener pop3s {{
    port = {self.pop3s}
    ssl = yes
  }}
}}
service stats {{
  client_limit = 5000
}}
{extra}
""")

    def add_user(self, name, home):
        """A user whose mail is the Maildir++ tree at home."""
        os.symlink(home, os.path.join(self.dir, "homes", name))

    def start(self):
        os.makedirs(os.path.join(self.dir, "state"), exist_ok=True)
        self.process = subprocess.Popen(
            ["dovecot", "-F", "-c", self.conf], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        for port in (self.imap, self.imaps, self.pop3, self.pop3s):
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                if time.monotonic() > until or self.process.poll() is not None:
                    with open(os.path.join(self.dir, "dovecot.log")) as f:
                        sys.exit("Dovecot did not start:\n" + f.read())
                time.sleep(0.05)
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def log_tail(self, lines=15):
        with open(os.path.join(self.dir, "dovecot.log")) as f:
            return "".join(f.readlines()[-lines:])

    def client(self, user, password=PASSWORD):
        m = imaplib.IMAP4("127.0.0.1", self.imap)
        m.login(user, password)
        return m


# ---- sample mail

NAMES = ["Anna Petrova", "John Smith", "Zoe Fassbinder", "Li Wei"]
WORDS = ("the of and to in is that for it as was with be by on not letter "
         "meeting report garden summer train contract photograph").split()
FOLDERS = [("INBOX", 0.45), ("Sent", 0.15), ("Drafts", 0.02),
           ("Archive/2023", 0.15), ("Archive/2024", 0.1),
           ("Entwürfe & Pläne", 0.05), ("日本語/請求書", 0.05),
           ("Личное", 0.03)]
KEYWORDS = ["$Forwarded", "NonJunk", "$label1"]


def message(r, i, when):
    """One plausible message with LF line ends."""
    size = int(min(200000, max(300, 3000 * 2.718 ** (1.3 * r.gauss(0, 1)))))
    day = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(when))
    head = [f"Received: from mx.example.net by mail.example.org; {day}",
            f"From: {r.choice(NAMES)} <user{r.randrange(99)}@example.org>",
            "To: me@example.org",
            f"Subject: {' '.join(r.choices(WORDS, k=4))} {i}",
            f"Date: {day}", f"Message-ID: <{i}.{r.getrandbits(40)}@lab>",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
    lines, n = [], 0
    while n < size:
        line = " ".join(r.choices(WORDS, k=r.randint(3, 12)))
        if r.random() < 0.02:
            line = "." + line if r.random() < 0.5 else "."
        lines.append(line)
        n += len(line) + 1
    text = "\n".join(head) + "\n\n" + "\n".join(lines)
    return (text + ("\n" if r.random() > 0.02 else "")).encode()


def odd_messages():
    """Messages that break collectors."""
    return [b"", b"\n", b"Subject: no body", b"Subject: x\n\n.\n..\n...\n.",
            b"no header at all\n\nthen text\n", b"\n\nstarts with empty lines\n",
            b"Subject: long\n\n" + b"x" * 1_200_000 + b"\nend\n",
            b"Subject: nul\n\na\0b\0\n", b"Subject: cr\n\na\rb\r\rc\n",
            b"Subject: 8bit \xff\xfe\n\n\x80\x81\n",
            b"From mbox Thu Jan  1 00:00:00 1970\nSubject: from\n\nFrom x\n",
            b"Subject: dots\n\n" + b".\n" * 50000,
            b"Subject: no final newline\n\nlast", b"Subject: twin\n\nsame\n",
            b"Subject: twin\n\nsame\n"]


def folder_dir(root, folder):
    if folder == "INBOX":
        return root
    return os.path.join(root, "." + ".".join(
        mutf7(part) for part in folder.split("/")))


def make_folder(root, folder):
    d = folder_dir(root, folder)
    for s in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(d, s), exist_ok=True)
    with open(os.path.join(d, "dovecot-keywords"), "w") as f:
        for i, k in enumerate(KEYWORDS):
            f.write(f"{i} {k}\n")
    return d


def put(d, i, body, when, flags):
    path = os.path.join(d, "cur", f"{1500000000 + i}.M{i:06d}.lab:2,{flags}")
    with open(path, "wb") as f:
        f.write(body)
    os.utime(path, (when, when))


def write_mailboxes(root, n, seed=1, folders=FOLDERS, odd=False):
    """n messages over folders; returns how many there are."""
    r = random.Random(seed)
    when, i = 1420070400, 0
    for folder, share in folders:
        d = make_folder(root, folder)
        for _ in range(max(1, round(n * share))):
            flags = "".join(c for c in "DFRSabc" if r.random() < (
                0.7 if c == "S" else 0.1))
            put(d, i, message(r, i, when), when, flags)
            i += 1
            when += r.randint(60, 200000)
    if odd:
        d = folder_dir(root, "INBOX")
        for body in odd_messages():
            put(d, i, body, when, "S")
            i += 1
            when += 60
    with open(os.path.join(root, "subscriptions"), "w") as f:
        for folder, _ in folders:
            if folder != "INBOX":
                f.write(".".join(mutf7(p) for p in folder.split("/")) + "\n")
    own(root)
    return i


def own_file(path):
    if os.getuid() == 0:
        os.chown(path, mail_user().pw_uid, mail_user().pw_gid)


def own(root):
    """Gives a tree to the user that the server runs as."""
    if os.getuid() != 0:
        return
    who = mail_user()
    for d, _, files in os.walk(root):
        os.chown(d, who.pw_uid, who.pw_gid)
        for f in files:
            os.chown(os.path.join(d, f), who.pw_uid, who.pw_gid)


# ---- what a reader sees

def mailboxes(m):
    """Names as the server spells them, selectable ones."""
    names = []
    for line in m.list()[1]:
        g = re.match(rb'\((.*?)\) ("[^"]*"|NIL) (.*)', line)
        if rb"\noselect" in g.group(1).lower():
            continue
        name = g.group(3).decode("latin-1")
        if name.startswith('"'):
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
        names.append(name)
    return names


def snapshot(m, bodies=True, clean=lambda body: body):
    """{mailbox: sorted [(hash, flags, INTERNALDATE)]} over IMAP."""
    out = {}
    items = "(FLAGS INTERNALDATE BODY.PEEK[])" if bodies else \
        "(FLAGS INTERNALDATE)"
    for name in mailboxes(m):
        code, data = m.select(quote(name), readonly=True)
        assert code == "OK", (name, data)
        rows = []
        if int(data[0]):
            for part in m.uid("FETCH", "1:*", items)[1]:
                if part == b")" or part is None:
                    continue
                head, body = part if isinstance(part, tuple) else (part, b"")
                flags = re.search(rb"FLAGS \(([^)]*)\)", head)
                date = re.search(rb'INTERNALDATE "([^"]*)"', head)
                if not date:
                    continue
                kept = sorted(f for f in flags.group(1).decode().split()
                              if f.lower() != "\\recent")
                when = imaplib.Internaldate2tuple(
                    b'INTERNALDATE "' + date.group(1) + b'"')
                rows.append((hashlib.sha256(clean(body)).hexdigest(),
                             " ".join(kept), int(time.mktime(when))))
        out[name] = sorted(rows)
    return out


def numbers(m):
    """{mailbox: (UIDVALIDITY, [(UID, flags, date and size)])} over IMAP."""
    row = re.compile(rb"UID (\d+) FLAGS \((.*?)\) (INTERNALDATE .*)\)")
    out = {}
    for name in mailboxes(m):
        code, data = m.select(quote(name), readonly=True)
        assert code == "OK", (name, data)
        rows = []
        if int(data[0]):
            for line in m.uid("FETCH", "1:*",
                              "(UID FLAGS INTERNALDATE RFC822.SIZE)")[1]:
                g = row.search(line)
                flags = set(g.group(2).split()) - {rb"\Recent"}
                rows.append((int(g.group(1)), sorted(flags), g.group(3)))
        out[name] = (m.response("UIDVALIDITY")[1][0], rows)
    return out


def uidls(port, user, password=PASSWORD):
    """In the order of the listing."""
    p = poplib.POP3("127.0.0.1", port)
    p.user(user)
    p.pass_(password)
    out = [line.split()[1] for line in p.uidl()[1]]
    p.quit()
    return out


def pop3_hashes(port, user, password=PASSWORD):
    """Sorted hashes of every message over POP3, as sent."""
    p = poplib.POP3("127.0.0.1", port)
    p.user(user)
    p.pass_(password)
    n = p.stat()[0]
    out = []
    for i in range(1, n + 1):
        lines = p.retr(i)[1]
        out.append(hashlib.sha256(b"".join(
            line + b"\r\n" for line in lines)).hexdigest())
    p.quit()
    return sorted(out)


# ---- certificates

def _openssl(*args, stdin=None):
    return subprocess.run(["openssl", *args], check=True, input=stdin,
                          capture_output=True).stdout


def pin_of(crt):
    """What --fingerprint takes for just this certificate."""
    out = _openssl("x509", "-noout", "-fingerprint", "-sha256", "-in", crt)
    return "SHA256:" + out.decode().strip().split("=")[1].replace(
        ":", "").lower()


def key_pin_of(crt):
    """And for any certificate with its key, as RFC 7469 writes it."""
    pem = _openssl("x509", "-noout", "-pubkey", "-in", crt)
    der = _openssl("pkey", "-pubin", "-outform", "der", stdin=pem)
    return "spki:sha256:" + base64.b64encode(
        hashlib.sha256(der).digest()).decode()


# ---- the program

class Mailhaul:
    def __init__(self, binary, d, ca=None, options=()):
        self.binary, self.dir = binary, d
        self.state = os.path.join(d, "state")
        self.store = os.path.join(d, "store")
        os.makedirs(self.store, exist_ok=True)
        os.chmod(d, 0o755)
        who = mail_user()
        o = [f"state.dir={self.state}", f"store.path={self.store}/%u",
             "network.allow_private=yes", "network.ports=any"]
        if os.getuid() == 0:
            o.append(f"store.owner={who.pw_uid}:{who.pw_gid}")
        if ca:
            o.append(f"tls.ca_file={ca}")
        self.argv = [binary, "-c", "/dev/null"]
        for opt in o + list(options):
            self.argv += ["-o", opt]

    def start(self, *args, prefix=(), **kw):
        return subprocess.Popen(list(prefix) + self.argv + list(args), **kw)

    def run(self, *args, stdin="", check=True, timeout=300):
        p = subprocess.run(self.argv + list(args), input=stdin, text=True,
                           capture_output=True, timeout=timeout,
                           errors="replace")
        if check and p.returncode != 0:
            raise AssertionError(f"{' '.join(args)}: exit {p.returncode}\n"
                                 f"{p.stdout}\n{p.stderr}")
        return p

    def add(self, name, url, *options, password=PASSWORD):
        return self.run("add", name, url, "--password-file", "-", *options,
                        stdin=password + "\n")

    def status(self, name):
        accounts = json.loads(self.run("--json", "status", name).stdout)
        return accounts["accounts"][0]
