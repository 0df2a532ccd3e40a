# SPDX-License-Identifier: BSD-2-Clause
"""A small POP3 server without TLS that breaks the rules a test wants broken.

Pop3(messages)     listens on .port; .messages may change between sessions,
                   each of which sees what was there when it logged in
Message(body)      the bytes as they are sent, but for dot-stuffing
.heard             commands of all sessions; .sessions: the same, each apart
.turns             how often each session's client spoke after the server had
"""
import contextlib, socket, threading, time

CAPA = (b"USER", b"UIDL", b"TOP", b"PIPELINING", b"RESP-CODES")


class Message:
    def __init__(self, body, uidl=None):
        self.body, self.uidl = body, uidl
        self.read = False      # and the session ended with QUIT
        self.deleted = False


class Pop3:
    def __init__(self, messages):
        self.messages = messages
        self.greeting = b"+OK ready"
        self.capa = CAPA           # None: -ERR, as if it were unknown
        self.top = True            # it knows TOP, whatever CAPA says
        self.refusals = {}         # {verb: answers to its next uses}
        self.uidl = lambda session, n, m: m.uidl    # None: an empty one
        self.size = lambda m: len(m.body)           # of LIST and STAT
        self.ends_line = True      # a message that lacks its last CRLF
        self.spoil = None          # (session, n, message): raw bytes of an
        #                            answer to RETR, or None; raises Closed
        self.batch = None          # lists so many that were not read
        self.login_delay_s = 0     # enforced; CAPA says so if asked to
        self.one_at_a_time = False
        self.on_quit = None        # (session), before what was read is hidden
        self.heard, self.sessions, self.turns = [], [], []
        self.retrs = self.tops = self.opened = 0
        self.now = 0               # sessions that have logged in
        self.last_login = None
        self.session = Session
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.close()

    def url(self, user="u"):
        return f"pop3://{user}@127.0.0.1:{self.port}?security=none"

    def left(self):
        return [m for m in self.messages if not m.deleted]

    def forget(self):
        """Counts begin anew."""
        with self.lock:
            self.heard, self.sessions, self.turns = [], [], []
            self.retrs = self.tops = 0

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
        session = self.session(self, s)
        try:
            session.serve()
        except OSError:
            pass
        finally:
            session.log_out()
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()


class Closed(OSError):
    pass


def stuffed(body, ends_line=True):
    """As RETR sends it, up to and with the last dot."""
    if ends_line and not body.endswith(b"\n"):
        body += b"\r\n"
    lines = body.split(b"\n")
    return b"\n".join(b"." + line if line.startswith(b".") else line
                      for line in lines) + b".\r\n"


class Session:
    def __init__(self, server, s):
        self.server, self.socket = server, s
        self.rows = []
        self.logged_in = False
        self.deleted, self.read = set(), set()
        self.heard, self.turns = [], [0]
        with server.lock:
            server.opened += 1
            self.number = server.opened     # from 1
            server.sessions.append(self.heard)
            server.turns.append(self.turns)

    def send(self, data):
        self.socket.sendall(data)

    def say(self, line):
        self.send(line + b"\r\n")

    def lines(self, first, lines):
        self.send(b"\r\n".join([first, *lines, b".", b""]))

    def commands(self):
        """One by one; counts the times that all had been answered."""
        pending = b""
        while True:
            if b"\n" not in pending:
                self.turns[0] += 1
            while b"\n" not in pending:
                data = self.socket.recv(65536)
                if not data:
                    self.turns[0] -= 1
                    return
                pending += data
            line, _, pending = pending.partition(b"\n")
            yield line.rstrip(b"\r")

    def serve(self):
        server = self.server
        self.say(server.greeting)
        if not server.greeting.startswith(b"+OK"):
            return
        self.input = self.commands()
        for line in self.input:
            verb, _, rest = line.partition(b" ")
            verb = verb.upper().decode("latin-1")
            with server.lock:
                server.heard.append(line)
                self.heard.append(line)
                queue = server.refusals.get(verb)
                refusal = queue.pop(0) if queue else None
            if refusal is not None:
                self.say(refusal)
                continue
            handler = getattr(self, "do_" + verb.lower(), None)
            if handler is None:
                self.say(b"-ERR what")
            else:
                handler(rest)
            if verb == "QUIT":
                return

    # ---- before the login

    def do_capa(self, rest):
        if self.server.capa is None:
            self.say(b"-ERR unknown command")
            return
        extra = []
        if self.server.login_delay_s:
            extra.append(b"LOGIN-DELAY %d" % self.server.login_delay_s)
        self.lines(b"+OK", [*self.server.capa, *extra])

    def do_user(self, rest):
        self.say(b"+OK")

    def do_utf8(self, rest):
        offered = any(c.split()[0] == b"UTF8" for c in self.server.capa or ())
        self.say(b"+OK" if offered and not self.logged_in else b"-ERR")

    def refusal(self):
        """Of a login just now; None: it may come in."""
        server = self.server
        if server.one_at_a_time and server.now != 0:
            return b"-ERR [IN-USE] another session has the maildrop"
        if server.login_delay_s and server.last_login is not None and \
                time.monotonic() < server.last_login + server.login_delay_s:
            return b"-ERR [LOGIN-DELAY] too early"
        return None

    def do_auth(self, rest):
        """PLAIN, with any password."""
        words = rest.split()
        if not words or words[0].upper() != b"PLAIN":
            self.say(b"-ERR unknown mechanism")
            return
        if len(words) == 1:
            self.say(b"+ ")
            self.heard.append(next(self.input))
        self.do_pass(b"")

    def do_pass(self, rest):
        with self.server.lock:
            why = self.refusal()
            if why is None:
                self.server.now += 1
                self.server.last_login = time.monotonic()
                self.logged_in = True
                rows = [m for m in self.server.messages if not m.deleted]
                if self.server.batch is not None:
                    rows = [m for m in rows if not m.read]
                    rows = rows[:self.server.batch]
                self.rows = rows
        self.say(why or b"+OK welcome")

    # ---- the maildrop

    def listed(self):
        return [(i + 1, m) for i, m in enumerate(self.rows)
                if i + 1 not in self.deleted]

    def row(self, rest):
        try:
            n = int(rest.split()[0])
        except (IndexError, ValueError):
            return None, None
        if not 1 <= n <= len(self.rows) or n in self.deleted:
            return None, None
        return n, self.rows[n - 1]

    def do_noop(self, rest):
        self.say(b"+OK")

    def do_stat(self, rest):
        rows = self.listed()
        self.say(b"+OK %d %d" % (len(rows), sum(
            self.server.size(m) for _, m in rows)))

    def do_list(self, rest):
        self.lines(b"+OK", [b"%d %d" % (n, self.server.size(m))
                            for n, m in self.listed()])

    def do_uidl(self, rest):
        if self.server.uidl is None:
            self.say(b"-ERR unknown command")
            return
        self.lines(b"+OK", [
            b"%d %s" % (n, self.server.uidl(self, n, m) or b"")
            for n, m in self.listed()])

    def do_retr(self, rest):
        n, m = self.row(rest)
        self.server.retrs += 1
        if m is None:
            self.say(b"-ERR no such message")
            return
        raw = self.server.spoil and self.server.spoil(self, n, m)
        if raw is not None:
            self.send(raw)
            return
        self.read.add(n)
        self.send(b"+OK\r\n" + stuffed(m.body, self.server.ends_line))

    def do_top(self, rest):
        n, m = self.row(rest)
        self.server.tops += 1
        if m is None or not self.server.top:
            self.say(b"-ERR no such thing")
            return
        head, _, _ = m.body.partition(b"\r\n\r\n")
        self.send(b"+OK\r\n" + stuffed(head + b"\r\n\r\n"))

    def do_dele(self, rest):
        n, m = self.row(rest)
        if m is None:
            self.say(b"-ERR no such message")
            return
        self.deleted.add(n)
        self.say(b"+OK")

    def do_quit(self, rest):
        if self.logged_in:
            if self.server.on_quit:
                self.server.on_quit(self)
            with self.server.lock:
                for n in self.read:
                    self.rows[n - 1].read = True
                for n in self.deleted:
                    self.rows[n - 1].deleted = True
        self.log_out()
        self.say(b"+OK bye")

    def log_out(self):
        with self.server.lock:
            self.server.now -= self.logged_in
            self.logged_in = False
