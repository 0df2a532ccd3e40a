# SPDX-License-Identifier: BSD-2-Clause
"""A small IMAP server without TLS that says what a test wants it to say:
mailboxes with any octets in their names, slow answers, a connection that is
closed before any line."""
import re, socket, threading, time

DATE = b"17-Jul-2020 02:44:25 -0700"


class Message:
    def __init__(self, uid, body, flags=b"\\Seen", date=DATE):
        self.uid, self.body, self.flags, self.date = uid, body, flags, date


class Imap:
    """mailboxes: {name octets: [Message]}; attributes: {name: b"\\Sent"}."""

    def __init__(self, mailboxes, delimiter=b"/", attributes={}):
        self.mailboxes, self.delimiter = mailboxes, delimiter
        self.attributes = attributes
        self.close_before = None   # nth line sent by the server, from 0
        self.lines_sent = 0        # of the longest session
        self.delay_s = 0           # before each answer
        self.status_text = b"done"
        self.now = self.most = 0   # sessions
        self.greeting = b"* OK here"
        self.heard = []            # commands without their tags
        self.peek_sets_seen = False
        self.refusals = []         # answers to the next FETCHes of bodies
        self.deadly = None         # selecting it closes the connection
        self.pieces = "right"      # "ignored", "short", "shifted", "refused"
        self.piece_asks = 0
        self.whole_fails = {}      # uid: the answer to BODY[]; None: closes
        self.parts_fail = False    # BODY[HEADER] and BODY[TEXT]
        self.lock = threading.Lock()
        self.session = Session
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.close()

    def url(self, user="u"):
        return f"imap://{user}@127.0.0.1:{self.port}?security=none"

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(s,),
                             daemon=True).start()

    def _serve(self, s):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            self.session(self, s).serve()
        except OSError:
            pass
        finally:
            with self.lock:
                self.now -= 1
            s.close()


class Closed(OSError):
    pass


class Session:
    def __init__(self, server, s):
        self.server, self.socket = server, s
        self.input = s.makefile("rb")
        self.sent = 0
        self.rows = []

    def say(self, line):
        if self.sent == self.server.close_before:
            raise Closed
        self.sent += 1
        with self.server.lock:
            self.server.lines_sent = max(self.server.lines_sent, self.sent)
        self.socket.sendall(line + b"\r\n")

    def literal_or_quoted(self, name):
        if re.fullmatch(rb'[ !#-\[\]-~]+', name):
            return b'"' + name + b'"'
        return b"{%d}\r\n%s" % (len(name), name)

    def argument(self, rest):
        if rest.startswith(b'"'):
            end, name = 1, b""
            while rest[end:end + 1] != b'"':
                end += rest[end:end + 1] == b"\\"
                name += rest[end:end + 1]
                end += 1
            return name
        size = re.match(rb"\{(\d+)(\+?)\}", rest)
        if size:
            if not size.group(2):
                self.socket.sendall(b"+ go on\r\n")
            name = self.input.read(int(size.group(1)))
            self.input.readline()
            return name
        return rest.split(b" ")[0]

    def serve(self):
        self.say(self.server.greeting)
        for line in self.input:
            tag, _, rest = line.rstrip(b"\r\n").partition(b" ")
            with self.server.lock:
                self.server.heard.append(rest)
            verb, _, rest = rest.partition(b" ")
            self.by_uid = verb.upper() == b"UID"
            if self.by_uid:
                verb, _, rest = rest.partition(b" ")
            time.sleep(self.server.delay_s)
            handler = getattr(self, verb.decode("latin-1").lower(), None)
            answer = handler(rest) if handler else b"BAD what"
            self.say(tag + b" " + (answer or b"OK " +
                                   self.server.status_text))
            if verb.upper() == b"LOGOUT":
                return

    def capability(self, rest):
        self.say(b"* CAPABILITY IMAP4rev1")

    def login(self, rest):
        pass

    def noop(self, rest):
        pass

    def logout(self, rest):
        self.say(b"* BYE")

    def list(self, rest):
        for name in self.server.mailboxes:
            self.say(b'* LIST (%s) "%s" %s' % (
                self.server.attributes.get(name, b""), self.server.delimiter,
                self.literal_or_quoted(name)))

    def lsub(self, rest):
        pass

    def examine(self, rest):
        name = self.argument(rest)
        if name == self.server.deadly:
            raise Closed
        if name not in self.server.mailboxes:
            return b"NO [NONEXISTENT] " + self.server.status_text
        self.rows = self.server.mailboxes[name]
        self.say(b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)")
        self.say(b"* %d EXISTS" % len(self.rows))
        self.say(b"* 0 RECENT")
        self.say(b"* OK [UIDVALIDITY 7] ok")
        self.say(b"* OK [UIDNEXT %d] ok" % (
            1 + max((m.uid for m in self.rows), default=0)))

    select = examine

    def chosen(self, numbers):
        for i, m in enumerate(self.rows):
            at = m.uid if self.by_uid else i + 1
            for part in numbers.split(b","):
                low, _, high = part.partition(b":")
                high = high or low
                top = self.rows[-1].uid if self.by_uid else len(self.rows)
                a = top if low == b"*" else int(low)
                b = top if high == b"*" else int(high)
                if min(a, b) <= at <= max(a, b):
                    yield i + 1, m
                    break

    def fetch(self, rest):
        numbers, _, items = rest.partition(b" ")
        with self.server.lock:
            if b"BODY" in items and self.server.refusals:
                return self.server.refusals.pop(0)
        wanted = re.search(rb"BODY\.PEEK\[(\w*)\](?:<(\d+)\.(\d+)>)?", items)
        for i, m in self.chosen(numbers):
            body = m.body
            if b"BODY" in items and self.server.peek_sets_seen:
                m.flags = b" ".join(sorted({b"\\Seen", *m.flags.split()}))
            if b"BODY" not in items:
                self.say(b"* %d FETCH (UID %d FLAGS (%s) INTERNALDATE \"%s\" "
                         b"RFC822.SIZE %d)" % (i, m.uid, m.flags, m.date,
                                               len(body)))
                continue
            if wanted.group(0) == b"BODY.PEEK[]" and \
                    m.uid in self.server.whole_fails:
                if self.server.whole_fails[m.uid] is None:
                    raise Closed
                return self.server.whole_fails[m.uid]
            if wanted.group(1) and self.server.parts_fail or \
                    wanted.group(2) and self.server.pieces == "refused":
                return b"BAD what is that"
            name, data = self.piece(body, *wanted.groups())
            self.say(b"* %d FETCH (UID %d FLAGS (%s) INTERNALDATE \"%s\" "
                     b"RFC822.SIZE %d %s {%d}" % (
                         i, m.uid, m.flags, m.date, len(body), name,
                         len(data)))
            self.socket.sendall(data)
            self.say(b")")

    def piece(self, body, section, at, n):
        """What BODY[section]<at.n> is, and is called."""
        header = body.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        body = {b"": body, b"HEADER": header,
                b"TEXT": body[len(header):]}[section]
        name = b"BODY[" + section + b"]"
        if at is None or self.server.pieces == "ignored":
            return name, body
        with self.server.lock:
            self.server.piece_asks += 1
        first, last = int(at), int(at) + int(n)
        if self.server.pieces == "short":
            last -= int(n) // 2
        shift = self.server.pieces == "shifted" and first > 0
        return name + b"<%d>" % first, body[first + shift:last + shift]

    def store(self, rest):
        numbers, what, flags = rest.split(b" ", 2)
        if not what.startswith(b"-FLAGS"):
            return b"NO just taking away"
        for _, m in self.chosen(numbers):
            m.flags = b" ".join(f for f in m.flags.split()
                                if f not in flags.strip(b"()").split())

    def search(self, rest):
        self.say(b"* SEARCH " + b" ".join(
            b"%d" % m.uid for m in self.rows))
