#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""An IMAP server for measuring: its mailbox is made up as it is asked for.

Any user, any password, one INBOX of --messages messages of --bytes each, over
TLS on 127.0.0.1. With --hold N every session stops in the middle of its first
bodies until N of them have come that far, and then for --hold-seconds more:
so N sessions are surely running at once. Prints its port, then serves until
its standard input ends.
"""
import argparse, asyncio, base64, os, re, ssl, sys

CHUNK = 1 << 16
CAPS = b"IMAP4rev1 LITERAL+ NAMESPACE AUTH=PLAIN SASL-IR IDLE"
SYSTEM = [b"", b"\\Seen", b"\\Seen \\Answered", b"\\Flagged"]


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--cert", required=True)
    p.add_argument("--key", required=True)
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--messages", type=int, default=10)
    p.add_argument("--bytes", type=int, default=2000)
    p.add_argument("--condstore", action="store_true")
    p.add_argument("--keywords", type=int, default=1)
    p.add_argument("--changed", type=int, default=0,
                   help="so many messages have other flags than before")
    p.add_argument("--hold", type=int, default=0)
    p.add_argument("--hold-seconds", type=float, default=2)
    return p.parse_args()


class Mailbox:
    def __init__(self, options):
        self.count, self.bytes = options.messages, options.bytes
        self.keywords, self.changed = options.keywords, options.changed
        self.modseq = 1000 + (1 if self.changed else 0)
        line = b"x" * 76 + b"\r\n"
        self.filler = line * (CHUNK // len(line))

    def head(self, uid):
        return (b"From: someone@example.org\r\nSubject: message %09d\r\n"
                b"Message-ID: <%09d@bench>\r\n\r\n" % (uid, uid))

    def size(self, uid):
        return max(self.bytes, len(self.head(uid)))

    def pieces(self, uid):
        """The bytes of a message, a block at a time."""
        head = self.head(uid)
        yield head
        left = self.size(uid) - len(head)
        while left > 0:
            yield self.filler[:left]
            left -= min(left, len(self.filler))

    def flags(self, uid):
        keywords = b" ".join(b"$label%d" % ((uid + i) % 8)
                             for i in range(self.keywords))
        system = SYSTEM[(uid + (uid <= self.changed)) % len(SYSTEM)]
        return (system + b" " + keywords).strip()

    def items(self, uid, names):
        out = b"UID %d FLAGS (%s)" % (uid, self.flags(uid))
        if b"INTERNALDATE" in names:
            out += b' INTERNALDATE "01-Feb-2024 10:%02d:%02d +0000"' % (
                uid // 60 % 60, uid % 60)
        if b"RFC822.SIZE" in names:
            out += b" RFC822.SIZE %d" % self.size(uid)
        if b"MODSEQ" in names:
            mine = self.modseq if uid <= self.changed else 1000
            out += b" MODSEQ (%d)" % mine
        return out


class Gate:
    """Lets nobody through before n have come."""

    def __init__(self, n, seconds):
        self.n, self.seconds, self.here = n, seconds, 0
        self.open = asyncio.Event()

    async def wait(self):
        if self.n == 0 or self.open.is_set():
            return
        self.here += 1
        print("held", self.here, flush=True)
        if self.here == self.n:
            await asyncio.sleep(self.seconds)
            print("released", flush=True)
            self.open.set()
        await self.open.wait()


class Session:
    def __init__(self, mailbox, gate, condstore, reader, writer):
        self.mailbox, self.gate, self.condstore = mailbox, gate, condstore
        self.reader, self.writer = reader, writer
        self.caps = CAPS + (b" CONDSTORE" if condstore else b"")
        self.out, self.held = [], 0

    async def put(self, data):
        self.out.append(data)
        self.held += len(data)
        if self.held >= CHUNK:
            await self.flush()

    async def flush(self):
        self.writer.write(b"".join(self.out))
        self.out, self.held = [], 0
        await self.writer.drain()

    async def serve(self):
        await self.put(b"* OK [CAPABILITY %s] bench\r\n" % self.caps)
        await self.flush()
        while line := await self.reader.readline():
            tag, _, rest = line.strip().partition(b" ")
            verb = rest.split(b" ")[0].upper()
            if verb == b"LOGOUT":
                await self.put(b"* BYE\r\n")
            await self.command(verb, rest)
            await self.put(tag + b" OK done\r\n")
            await self.flush()
            if verb == b"LOGOUT":
                return

    async def command(self, verb, rest):
        m = self.mailbox
        if verb == b"AUTHENTICATE" and len(rest.split()) < 3:
            await self.put(b"+ \r\n")
            await self.flush()
            base64.b64decode(await self.reader.readline())
        elif verb == b"IDLE":
            await self.put(b"+ idling\r\n")
            await self.flush()
            await self.reader.readline()
        elif verb == b"CAPABILITY":
            await self.put(b"* CAPABILITY %s\r\n" % self.caps)
        elif verb == b"NAMESPACE":
            await self.put(b'* NAMESPACE (("" "/")) NIL NIL\r\n')
        elif verb in (b"LIST", b"LSUB"):
            await self.put(b'* %s () "/" INBOX\r\n' % verb)
        elif verb in (b"EXAMINE", b"SELECT"):
            await self.put(
                b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n"
                b"* FLAGS (\\Seen \\Answered \\Flagged)\r\n"
                b"* OK [UIDNEXT %d] .\r\n" % (m.count, m.count + 1))
            if self.condstore:
                await self.put(b"* OK [HIGHESTMODSEQ %d] .\r\n" % m.modseq)
        elif verb == b"STATUS":
            await self.put(b"* STATUS INBOX (MESSAGES %d UIDNEXT %d "
                           b"UIDVALIDITY 7%s)\r\n" % (
                               m.count, m.count + 1,
                               b" HIGHESTMODSEQ %d" % m.modseq
                               if self.condstore else b""))
        elif verb == b"FETCH" or rest[:9].upper() == b"UID FETCH":
            await self.fetch(rest.upper())

    def numbers(self, text):
        for part in text.split(b","):
            first, _, last = part.partition(b":")
            last = last or first
            top = self.mailbox.count
            last = top if last == b"*" else min(int(last), top)
            yield from range(top if first == b"*" else int(first), last + 1)

    async def fetch(self, rest):
        words = rest.split(b" ")
        text = words[2] if words[0] == b"UID" else words[1]
        since = re.search(rb"CHANGEDSINCE (\d+)", rest)
        m = self.mailbox
        for n in self.numbers(text):
            if since and (n > m.changed or int(since[1]) >= m.modseq):
                continue
            if b"BODY.PEEK[]" in rest:
                await self.body(n, rest)
            else:
                await self.put(b"* %d FETCH (%s)\r\n" % (n, m.items(n, rest)))

    async def body(self, n, rest):
        m = self.mailbox
        await self.put(b"* %d FETCH (%s BODY[] {%d}\r\n" % (
            n, m.items(n, rest), m.size(n)))
        sent = 0
        for piece in m.pieces(n):
            await self.put(piece)
            if n >= m.count // 2 and sent >= 0 and \
                    sent + len(piece) >= m.size(n) // 2:
                await self.flush()
                await self.gate.wait()
                sent = -m.size(n)
            sent += len(piece)
        await self.put(b")\r\n")


async def main():
    options = arguments()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key)
    mailbox = Mailbox(options)
    gate = Gate(options.hold, options.hold_seconds)

    async def on_client(reader, writer):
        try:
            await Session(mailbox, gate, options.condstore, reader,
                          writer).serve()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
    server = await asyncio.start_server(
        on_client, "127.0.0.1", options.port, ssl=context, backlog=2000,
        ssl_handshake_timeout=300)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)  # sessions that are left end with the process

asyncio.run(main())
