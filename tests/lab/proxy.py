# SPDX-License-Identifier: BSD-2-Clause
"""A TCP proxy on loopback that spoils what a real server says.

Proxy(port)        listens on .port and passes all on to 127.0.0.1:port
.faults            a queue: each new connection takes the next Fault; once
                   it is empty all pass untouched
.aimed             {user: Fault}: the first connection that logs that user in
                   by SASL PLAIN, unless it has one of the queue
.before_login      bytes of the server until then, at the last such login
Fault(after=n, how="fin" | "rst" | "stall")
                   after n bytes of the server: end it that way, or stay
                   silent (the connection stays open)
Fault(drip=s)      one byte at a time, s seconds apart
Fault(delay=s)     each answer s seconds later
.sent              bytes of the server that each connection passed on
.heard             what each connection's client said
.turns             how often it spoke after the server had: round trips
.steps             bytes that the server had said each time it did so
"""
import base64, collections, contextlib, re, select, socket, struct
import threading, time


class Fault:
    def __init__(self, after=None, how="fin", drip=0.0, delay=0.0):
        self.after, self.how, self.drip, self.delay = after, how, drip, delay
        self.hit = False


class Proxy:
    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.faults = collections.deque()
        self.aimed, self.before_login = {}, 0
        self.sent, self.heard, self.turns, self.hit = [], [], [], 0
        self.steps = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def stop(self):
        self.stopping.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for t in list(self.threads):
            t.join()

    def _accept(self):
        while not self.stopping.is_set():
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                fault = self.next_fault()
            t = threading.Thread(target=self._serve, args=(near, fault))
            self.threads.append(t)
            t.start()

    def next_fault(self):
        return self.faults.popleft() if self.faults else None

    def _serve(self, near, fault):
        far = socket.create_connection(("127.0.0.1", self.target))
        for s in (near, far):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        done = 0
        try:
            with contextlib.suppress(OSError):
                done = self._pump(near, far, fault)
        finally:
            near.close()
            far.close()
            with self.lock:
                self.sent.append(done)

    def _pump(self, near, far, fault):
        done, open_near = 0, True
        heard = bytearray()
        turns, steps, server_spoke = [0], [], False
        self.heard.append(heard)
        self.turns.append(turns)
        self.steps.append(steps)
        known, fault = fault is not None, fault or Fault()
        if fault.after == 0 and self._end(near, fault):
            return done
        while not self.stopping.is_set():
            ready = select.select([near, far] if open_near else [far],
                                  [], [], 0.2)[0]
            if near in ready:
                data = near.recv(65536)
                if not data:
                    return done
                heard += data
                if not known and self._login(heard):
                    self.before_login = done
                    fault = self._aim(heard)
                    known = True
                turns[0] += server_spoke
                if server_spoke:
                    steps.append(done)
                server_spoke = False
                far.sendall(data)
            if far not in ready:
                continue
            data = far.recv(65536)
            if not data:
                return done
            server_spoke = True
            if fault.after is not None and fault.after >= done:
                data = data[:fault.after - done]
            self._pass(near, data, fault)
            done += len(data)
            if done == fault.after and self._end(near, fault):
                return done
        return done

    def _login(self, heard):
        return re.search(rb" PLAIN ([A-Za-z0-9+/=]+)\r\n", heard)

    def _aim(self, heard):
        secret = base64.b64decode(self._login(heard).group(1))
        with self.lock:
            return self.aimed.pop(secret.split(b"\0")[1].decode(), None) \
                or Fault()

    def _pass(self, near, data, fault):
        time.sleep(fault.delay)
        if not fault.drip:
            near.sendall(data)
            return
        for i in range(len(data)):
            near.sendall(data[i:i + 1])
            time.sleep(fault.drip)

    def _end(self, near, fault):
        """What happens after the last byte; True: the end."""
        with self.lock:
            self.hit += 1
            fault.hit = True
        if fault.how == "rst":
            time.sleep(0.01)  # else it could overtake what was sent before
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
            return True
        if fault.how == "fin":
            near.shutdown(socket.SHUT_WR)
        # closing with unread bytes would be a reset
        while not self.stopping.is_set():
            if select.select([near], [], [], 0.2)[0] and not near.recv(65536):
                break
        return True
