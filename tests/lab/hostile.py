# SPDX-License-Identifier: BSD-2-Clause
"""Servers that do what a table says (tests/hostile/*.txt).

    = NAME : CLASS…        a case, and how the account may end: a class of
                           interface.md, `idle`, or `quarantined` (some of its mail);
                           `idle=N`: with N messages stored
    $ VALUE…               one case for each value, which stands for $ below
    WHEN : SCRIPT          what is answered to a command; WHEN/2: the second

WHEN is greeting, a verb, BODY (a FETCH of bodies), ROWS (any other FETCH;
like STATUS it comes with an account's second run, which such a case gets),
caps (more capabilities), also (content that may be stored besides MESSAGES),
tls (`implicit`, and the certificate), options (of `add`), name (of a mailbox),
delimiter, long and deep (a name's bytes and levels), body, messages, mailboxes
(the size of one, how many). A script is bytes
with Python's escapes and

    <tag> <ok>             the command's tag; its tagged OK, or +OK
    <data> <usual>         what a sound server answers: without, with its end
    <N*TEXT>               N times
    <flood TEXT>           until the client hangs up
    <drip TEXT>            a byte every half second
    <stall> <close> <reset> <tls>
    <raw>                  at the beginning of a greeting: no TLS before it
"""
import codecs, os, re, socket, ssl, struct, subprocess, threading, time
import warnings

import fake

MESSAGES = [b"Subject: %d\r\n\r\nline\r\n.dot %d\r\n" % (i, i)
            for i in range(1, 4)]
SECOND = [b"Subject: second\r\n\r\nbody\r\n"]
TOKEN = re.compile(r"<(\d+\*[^>]*|flood [^>]*|drip [^>]*|[a-z]+)>")
FLOOD_MAX = 400 << 20
TABLES = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "..", "hostile")


def octets(text):
    return codecs.escape_decode(text.encode("latin-1", "strict"))[0]


class Case:
    def __init__(self, table, number, name, wanted):
        self.table, self.number = table, number
        self.name, self.wanted = name, wanted
        self.rules = {}
        self.server = None

    def text(self, when, otherwise=""):
        return self.rules.get(when, otherwise)

    @property
    def account(self):
        name = re.sub("[^A-Za-z0-9-]", "_", self.name)[:60]
        return f"{self.table}.{self.number}.{name}"


def read(table):
    """The cases of one table, in its order."""
    blocks, cases = [], []
    with open(os.path.join(TABLES, table + ".txt"), encoding="latin-1") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            mark, _, rest = line.partition(" ")
            if mark == "=":
                name, _, wanted = rest.partition(" : ")
                blocks.append([name, wanted.split(), [""], {}])
            elif mark == "$" and not rest.startswith(": "):
                blocks[-1][2] = rest.split()
            else:
                when, sep, script = line.partition(" : ")
                if not sep or when in blocks[-1][3]:
                    raise ValueError(f"{table}.txt:{number}: {line}")
                blocks[-1][3][when] = script
    for name, wanted, values, rules in blocks:
        for value in values:
            case = Case(table, len(cases) + 1, name.replace("$", value),
                        wanted)
            case.rules = {k.replace("$", value): v.replace("$", value)
                          for k, v in rules.items()}
            cases.append(case)
    if len({c.name for c in cases}) != len(cases):
        raise ValueError(f"{table}.txt: two cases have the same name")
    return cases


def make_certificates(d, ca, key):
    """{kind: (certificate and key)} for localhost, by the lab's CA."""
    def openssl(*args):
        subprocess.run(("openssl",) + args, check=True, cwd=d,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def certify(kind, san, ca, key, start="240101000000Z",
                end="491231000000Z"):
        with open(os.path.join(d, "index"), "w"):
            pass
        with open(os.path.join(d, "conf"), "w") as f:
            f.write("[ca]\ndefault_ca=c\n[c]\ndatabase=index\nserial=serial\n"
                    "default_md=sha256\nnew_certs_dir=.\npolicy=p\n"
                    "rand_serial=yes\nx509_extensions=e\n[p]\n"
                    f"commonName=supplied\n[e]\nsubjectAltName={san}\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj",
                "/CN=" + san.split(":")[-1], "-keyout", kind + ".key",
                "-out", "csr")
        openssl("ca", "-batch", "-config", "conf", "-in", "csr", "-notext",
                "-cert", ca, "-keyfile", key, "-out", kind + ".crt",
                "-startdate", start, "-enddate", end)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
            "-subj", "/CN=Another CA", "-keyout", "other.key", "-out",
            "other.pem")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
            "-subj", "/CN=localhost", "-keyout", "self.key", "-out",
            "self.crt", "-addext", "subjectAltName=DNS:localhost")
    certify("valid", "DNS:localhost", ca, key)
    certify("expired", "DNS:localhost", ca, key, end="240601000000Z")
    certify("early", "DNS:localhost", ca, key, start="480101000000Z")
    certify("host", "DNS:example.org", ca, key)
    certify("wildcard", "DNS:*", ca, key)
    certify("authority", "DNS:localhost", "other.pem", "other.key")
    certify("old", "DNS:localhost", ca, key)
    return {os.path.splitext(f)[0]: os.path.join(d, f)
            for f in os.listdir(d) if f.endswith(".crt")}


def tls_context(crt):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, crt[:-4] + ".key")
    if crt.endswith("old.crt"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


class Hangup(OSError):
    pass


class Wire:
    """The server's end: plays scripts, remembers what came in clear."""

    def __init__(self, server, s):
        self.server, self.socket = server, s
        self.input = s.makefile("rb")

    def sendall(self, data):
        self.socket.sendall(data)

    def note(self, data):
        secret = isinstance(self.socket, ssl.SSLSocket)
        (self.server.sealed if secret else self.server.clear).append(data)
        return data

    def readline(self):
        return self.note(self.input.readline(1 << 16))

    def read(self, n):
        return self.note(self.input.read(n))

    def start_tls(self):
        self.socket = self.server.context.wrap_socket(
            self.socket, server_side=True)
        self.input = self.socket.makefile("rb")

    def greet(self, script):
        if self.server.implicit and not script.startswith("<raw>"):
            self.start_tls()
        self.play(script.removeprefix("<raw>"), lambda word: b"")

    def hear_out(self):
        """Whatever else comes, until the client has had enough."""
        while self.read(1):
            pass

    def repeat(self, data, total):
        chunk = data * max(1, 65536 // len(data))
        while total > 0:
            self.sendall(chunk[:total])
            total -= len(chunk)

    def step(self, word, answer):
        if re.match(r"\d+\*", word):
            n, _, text = word.partition("*")
            data = octets(text)
            self.repeat(data, int(n) * len(data))
        elif word.startswith("flood "):
            self.repeat(octets(word[6:]), FLOOD_MAX)
            raise Hangup
        elif word.startswith("drip "):
            for byte in octets(word[5:]):
                self.sendall(bytes([byte]))
                time.sleep(0.5)
        elif word == "tls":
            self.start_tls()
        elif word == "stall":
            self.hear_out()
            raise Hangup
        elif word == "close":
            raise Hangup
        elif word == "reset":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
            raise Hangup
        else:
            self.sendall(answer(word))

    def play(self, script, answer):
        """answer(word): the bytes of <tag>, <ok>, <data>, <usual>."""
        at = 0
        for token in TOKEN.finditer(script):
            if token.start() > at:
                self.sendall(octets(script[at:token.start()]))
            self.step(token.group(1), answer)
            at = token.end()
        if at < len(script):
            self.sendall(octets(script[at:]))


class Rules:
    """Which script answers; counts for WHEN/2."""

    def __init__(self, case):
        self.case, self.seen = case, {}

    def find(self, *names):
        for name in names:
            n = self.seen[name] = self.seen.get(name, 0) + 1
            script = self.case.rules.get(f"{name}/{n}",
                                         self.case.rules.get(name))
            if script is not None:
                return script
        return None


class ImapSession(fake.Session):
    """The sound answers are fake.Session's, held back to be played with."""

    def __init__(self, server, s):
        self.wire = Wire(server, s)
        self.held = b""
        super().__init__(server, self)
        self.input = self.wire
        self.rules = Rules(server.case)

    # fake.Session's socket and input
    def makefile(self, mode):
        return self.wire

    def sendall(self, data):
        if data.startswith(b"+ "):
            self.wire.sendall(data)
        else:
            self.held += data

    def capability(self, rest):
        self.say(b"* CAPABILITY IMAP4rev1 "
                 + octets(self.server.case.text("caps")))

    def examine(self, rest):
        refusal = super().examine(rest)
        if "ROWS" in self.server.case.rules:
            # not as STATUS said: so the next run asks for rows
            self.held = self.held.replace(b"[UIDNEXT ", b"[UIDNEXT 9")
        return refusal

    select = examine

    def starttls(self, rest):
        pass

    def idle(self, rest):
        self.wire.sendall(b"+ idling\r\n")
        self.wire.readline()

    def status(self, rest):
        rows = self.server.mailboxes.get(self.argument(rest), [])
        self.say(b'* STATUS %s (MESSAGES %d UIDNEXT %d UIDVALIDITY 7)' % (
            rest.rpartition(b" (")[0], len(rows), len(rows) + 1))

    def answer(self, tag, verb, rest):
        self.by_uid = verb == b"UID"
        if self.by_uid:
            verb, _, rest = rest.partition(b" ")
            verb = verb.upper()
        handler = getattr(self, verb.decode("latin-1").lower(), None)
        end = tag + b" " + ((handler(rest) if handler else b"BAD what")
                            or b"OK done") + b"\r\n"
        names = [verb.decode("latin-1")]
        if verb == b"FETCH":
            names.insert(0, "BODY" if b"BODY" in rest else "ROWS")
        script = self.rules.find(*names, "ANY")
        data, self.held = self.held, b""
        if script is None:
            script = "<usual>"
        self.wire.play(script, lambda word: {
            "tag": tag, "ok": tag + b" OK done\r\n", "data": data,
            "usual": data + end}[word])

    def serve(self):
        self.wire.greet(self.rules.find("greeting") or "* OK here\\r\\n")
        while True:
            line = self.wire.readline()
            if not line:
                return
            tag, _, rest = line.rstrip(b"\r\n").partition(b" ")
            with self.server.lock:
                self.server.heard.append(rest)
            verb, _, rest = rest.partition(b" ")
            self.answer(tag, verb.upper(), rest)
            if verb.upper() == b"STARTTLS" and "STARTTLS" not in \
                    self.server.case.rules:
                self.wire.start_tls()
            if verb.upper() == b"LOGOUT":
                return


class Pop3Session:
    """A sound POP3 server of MESSAGES."""

    def __init__(self, server, s):
        self.server, self.wire = server, Wire(server, s)
        self.rules = Rules(server.case)

    def lines(self, rows):
        return b"".join(row + b"\r\n" for row in rows) + b".\r\n"

    def data(self, verb, rest):
        """What follows the first line; None: a command of one line."""
        bodies = self.server.bodies
        if verb == "CAPA":
            return self.lines([b"USER", b"UIDL", b"TOP",
                               *octets(self.server.case.text("caps")).split(
                                   b"|")])
        if verb == "LIST":
            return self.lines(b"%d %d" % (i + 1, len(m))
                              for i, m in enumerate(bodies))
        if verb == "UIDL":
            return self.lines(b"%d id%d" % (i + 1, i)
                              for i in range(len(bodies)))
        if verb in ("RETR", "TOP"):
            number = int(rest.split()[0])
            body = bodies[number - 1]
            return re.sub(rb"(?m)^\.", b"..", body) + b".\r\n"
        return None

    def answer(self, verb, rest):
        data = self.data(verb, rest) or b""
        first = b"+OK\r\n"
        if verb == "STAT":
            first = b"+OK %d %d\r\n" % (len(self.server.bodies), sum(
                map(len, self.server.bodies)))
        elif verb in ("AUTH", "UTF8", "APOP"):
            first = b"-ERR no\r\n"
        script = self.rules.find(verb, "ANY")
        self.wire.play("<usual>" if script is None else script,
                       lambda word: {"ok": first, "data": data, "tag": b"",
                                     "usual": first + data}[word])
        if verb == "STLS" and script is None:
            self.wire.start_tls()

    def serve(self):
        self.wire.greet(self.rules.find("greeting") or "+OK here\\r\\n")
        while True:
            line = self.wire.readline()
            if not line:
                return
            self.server.heard.append(line)
            verb, _, rest = line.rstrip(b"\r\n").partition(b" ")
            verb = verb.decode("latin-1").upper()
            self.answer(verb, rest)
            if verb == "QUIT":
                return


class Server(fake.Imap):
    """One listener a case."""

    def __init__(self, case, protocol, context=None, implicit=False):
        self.case, self.context, self.implicit = case, context, implicit
        self.clear, self.sealed = [], []  # what came, before and in TLS
        self.bodies = MESSAGES
        self.protocol = protocol
        self.connections = 0
        super().__init__({
            b"INBOX": [fake.Message(i + 1, m)
                       for i, m in enumerate(MESSAGES)],
            b"Second": [fake.Message(1, m) for m in SECOND]})
        self.session = ImapSession if protocol == "imap" else Pop3Session

    def _serve(self, s):
        with self.lock:
            self.connections += 1
        s.settimeout(120)
        try:
            session = self.session(self, s)
            session.serve()
        except (OSError, ValueError, IndexError):
            pass
        finally:
            try:
                session.wire.socket.close()
                session.wire.input.close()
            except (OSError, UnboundLocalError):
                pass
            s.close()
