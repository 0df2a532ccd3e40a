# SPDX-License-Identifier: BSD-2-Clause
"""A mail domain of its own on loopback: names, certificates, web servers.

Zone()          a name server on UDP: set records, see what was asked
certify()       a server certificate of a lab's CA for some names
Web(…)          an https server that answers by host and path
Hello(…)        an IMAP or POP3 server that only greets; keeps what it is told
"""
import contextlib, os, socket, socketserver, ssl, struct, subprocess
import threading, time

A, MX, AAAA, SRV = 1, 15, 28, 33


def wire_name(name):
    out = b""
    for label in [x for x in name.split(".") if x]:
        out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def read_name(data, at):
    labels = []
    while data[at]:
        n = data[at]
        labels.append(data[at + 1:at + 1 + n].decode())
        at += n + 1
    return ".".join(labels).lower(), at + 1


def rdata(kind, value):
    if kind == A:
        return socket.inet_aton(value)
    if kind == MX:
        return struct.pack("!H", value[0]) + wire_name(value[1])
    if kind == SRV:
        return struct.pack("!HHH", *value[:3]) + wire_name(value[3])
    raise ValueError(kind)


class Zone:
    """records[(name, kind)] = [value…]; a name without any is not there."""

    def __init__(self):
        self.records, self.asked, self.garbage = {}, [], set()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.sock.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def host(self, *names, address="127.0.0.1"):
        for name in names:
            self.records[(name, A)] = [address]

    def srv(self, name, *records):
        self.records[(name, SRV)] = list(records)

    def mx(self, name, *records):
        self.records[(name, MX)] = list(records)

    def clear(self):
        self.records, self.asked, self.garbage = {}, [], set()

    def answer(self, data):
        name, end = read_name(data, 12)
        kind, = struct.unpack("!H", data[end:end + 2])
        self.asked.append((name, kind))
        if name in self.garbage:
            return data[:2] + b"\x81\x80\0\1\0\xff\0\0\0\0" + \
                data[12:end + 4] + b"\xc0\x0c" * 40
        values = self.records.get((name, kind), [])
        known = any(n == name or n.endswith("." + name)
                    for n, _ in self.records)
        head = data[:2] + struct.pack(
            "!HHHHH", 0x8180 | (0 if known else 3), 1, len(values), 0, 0)
        body = b""
        for v in values:
            r = rdata(kind, v)
            body += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(r)) + r
        return head + data[12:end + 4] + body

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                data, peer = self.sock.recvfrom(4096)
                if not data:
                    return
                with contextlib.suppress(IndexError, struct.error,
                                         UnicodeDecodeError):
                    self.sock.sendto(self.answer(data), peer)

    def close(self):
        host, port = self.address.split(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", (host, int(port)))
        self.thread.join(10)
        self.sock.close()


def certify(tls, stem, names, days=30):
    """STEM.crt and STEM.key in tls, by its ca.pem. days -1: expired."""
    def openssl(*args):
        subprocess.run(("openssl",) + args, check=True, cwd=tls,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={names[0]}",
            "-keyout", stem + ".key", "-out", stem + ".csr")
    with open(os.path.join(tls, stem + ".ext"), "w") as f:
        f.write("subjectAltName=" + ",".join("DNS:" + n for n in names)
                + "\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", stem + ".csr", "-CA", "ca.pem", "-CAkey",
            "ca.key", "-CAcreateserial", "-days", str(days), "-extfile",
            stem + ".ext", "-out", stem + ".crt")
    return os.path.join(tls, stem)


def context(stem):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(stem + ".crt", stem + ".key")
    return c


class Server:
    """Threads behind a port of loopback; what() is given each connection."""

    def __init__(self):
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.settimeout(60)
                with contextlib.suppress(OSError, ValueError):
                    outer.talk(self.request)

        class Listener(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                pass

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.port = self.listener.server_address[1]
        self.thread = threading.Thread(
            target=self.listener.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self):
        self.listener.shutdown()
        self.thread.join(10)
        self.listener.server_close()


class Web(Server):
    """pages[(host, path)] = bytes, or (status, {header: value}, bytes)."""

    def __init__(self, stem):
        self.context, self.pages, self.asked = context(stem), {}, []
        super().__init__()

    def talk(self, sock):
        with self.context.wrap_socket(sock, server_side=True) as s:
            f = s.makefile("rb")
            line = f.readline().decode()
            host = ""
            for header in iter(f.readline, b"\r\n"):
                if header.lower().startswith(b"host:"):
                    host = header[5:].strip().decode()
            path = line.split(" ")[1]
            self.asked.append((host, path))
            page = self.pages.get((host.split(":")[0], path.split("?")[0]),
                                  (404, {}, b"no"))
            if isinstance(page, bytes):
                page = (200, {"Content-Type": "text/xml"}, page)
            status, headers, body = page
            if "Transfer-Encoding" not in headers:
                headers = {"Content-Length": len(body), **headers}
            s.sendall(f"HTTP/1.1 {status} X\r\n".encode() + "".join(
                f"{k}: {v}\r\n" for k, v in headers.items()).encode()
                + b"\r\n" + body)


class Hello(Server):
    """said: all that clients have said, in the clear and inside TLS; heard()
    waits for the end of conversations that have begun."""

    def __init__(self, stem, protocol="imap", starttls=False, greeting=None,
                 tls12=False):
        self.context, self.starttls = context(stem), starttls
        if tls12:
            self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.protocol, self.said, self.connections = protocol, b"", 0
        self.ended = 0
        self.greeting = greeting or {
            "imap": b"* OK hello\r\n", "pop3": b"+OK hello\r\n"}[protocol]
        super().__init__()

    def heard(self):
        end = time.monotonic() + 20
        while self.ended < self.connections and time.monotonic() < end:
            time.sleep(0.01)
        return self.said

    def talk(self, sock):
        self.connections += 1
        try:
            if not self.starttls:
                sock = self.context.wrap_socket(sock, server_side=True)
            sock.sendall(self.greeting)
            with sock:
                self.converse(sock)
        finally:
            self.ended += 1

    def converse(self, sock):
        f = sock.makefile("rb")
        for line in f:
            self.said += line
            words = line.split()
            tag, word = (words[0], words[1].upper()) \
                if self.protocol == "imap" else (b"", words[0].upper())
            if word in (b"STARTTLS", b"STLS"):
                sock.sendall(tag + b" OK go\r\n" if tag else b"+OK go\r\n")
                sock = self.context.wrap_socket(sock, server_side=True)
                with sock:
                    return self.converse(sock)
            elif word == b"CAPABILITY":
                sock.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag
                             + b" OK done\r\n")
            elif word == b"CAPA":
                sock.sendall(b"+OK\r\nUSER\r\nUIDL\r\n.\r\n")
            elif word == b"LOGOUT":
                sock.sendall(b"* BYE\r\n" + tag + b" OK\r\n")
                return None
            elif word == b"QUIT":
                sock.sendall(b"+OK\r\n")
                return None
            else:
                sock.sendall(tag + b" BAD\r\n" if tag else b"-ERR\r\n")
        return None
