#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""--connections: an account's mailboxes over several sessions at once, and
what becomes of it where the server or an operator allows fewer."""
import os, socket, sys, threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Line(threading.Thread):
    """Relays to the server; connection n is cut after `cut[n]` bytes of
    answers (0: at once). Counts connections, and how many lived together."""

    ended, half = threading.Lock(), set()  # one of two pumps is done

    def __init__(self, port, cut=None):
        super().__init__(daemon=True)
        self.cut, self.target = cut or {}, port
        self.made = self.together = self.alive = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                n, self.made = self.made, self.made + 1
            if self.cut.get(n) == 0:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            with self.lock:
                self.alive += 1
                self.together = max(self.together, self.alive)
            threading.Thread(target=self.pump, args=(client, server, None),
                             daemon=True).start()
            threading.Thread(target=self.answers, daemon=True,
                             args=(server, client, self.cut.get(n))).start()

    def answers(self, server, client, left):
        self.pump(server, client, left)
        with self.lock:
            self.alive -= 1

    @staticmethod
    def pump(a, b, left):
        try:
            while data := a.recv(65536):
                if left is not None and len(data) >= left:
                    b.sendall(data[:left])
                    break
                left = left - len(data) if left is not None else None
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        with Line.ended:
            for s in (a, b):
                if s in Line.half:
                    s.close()
                    Line.half.discard(s)
                else:
                    Line.half.add(s)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join()


class Connections(case.Case):
    def enrol(self, n, *options, messages=400, cut=None):
        user = self.source("anna", messages)
        line = Line(self.server.imap, cut)
        self.addCleanup(line.close)
        self.haul.add(user, f"imap://{user}@localhost:{line.port}"
                      "?security=none", "--connections", str(n), *options)
        return user, line

    def check(self, user):
        self.assert_same(user)
        self.assert_no_leftovers(user)

    def test_four_at_once(self):
        user, line = self.enrol(4)
        self.haul.run("run", user)
        self.check(user)
        self.assertEqual(line.made, 4)
        self.assertGreater(line.together, 1)
        self.haul.run("run", user)   # nothing comes twice
        self.check(user)

    def test_tls(self):
        user = self.source("anna", 300)
        self.add(user, "imaps", "--connections", "3")
        self.haul.run("run", user)
        self.check(user)

    def test_server_takes_no_second_one(self):
        user, line = self.enrol(3, cut={1: 0, 2: 0})
        self.haul.run("run", user)
        self.check(user)
        self.assertEqual(line.together, 1)
        self.assertEqual(line.made, 3)   # each tried once, then let be

    def test_one_breaks_in_the_middle(self):
        """What it had in hand is fetched by the others, or by it anew."""
        user, line = self.enrol(3, messages=600, cut={1: 30000, 2: 90000})
        self.haul.run("run", user)
        self.check(user)
        self.assertGreater(line.made, 2)

    def test_the_first_breaks(self):
        user, _ = self.enrol(2, messages=600, cut={0: 60000})
        self.haul.run("run", user)
        self.check(user)

    def test_pool_allows_one(self):
        user, line = self.enrol(4)
        self.haul.run("-o", "pool.per_host=1", "run", user)
        self.check(user)
        self.assertEqual(line.made, 1)

    def test_all_count_for_the_host(self):
        """Two accounts that may take three each: never more than four."""
        line = Line(self.server.imap)
        self.addCleanup(line.close)
        users = [self.source(name, 250, seed=i)
                 for i, name in enumerate(("anna", "boris"))]
        for user in users:
            self.haul.add(user, f"imap://{user}@localhost:{line.port}"
                          "?security=none", "--connections", "3")
        self.haul.run("-o", "pool.per_host=4", "run")
        for user in users:
            self.check(user)
        self.assertLessEqual(line.together, 4)

    def test_options(self):
        user = self.source("anna", 20)
        for value in ("0", "17", "x", "2x", "-1", ""):
            p = self.haul.run("add", user, self.url(user, "imaps"),
                              "--connections", value, check=False)
            self.assertNotEqual(p.returncode, 0, value)
            self.assertRegex(p.stderr, "1 to 16")
        p = self.haul.run("-o", "pool.per_host=2", "add", user,
                          self.url(user, "imaps"), "--connections", "3",
                          check=False)
        self.assertRegex(p.stderr, "pool.per_host")
        p = self.haul.run("add", user, self.url(user, "pop3s"),
                          "--connections", "2", check=False)
        self.assertRegex(p.stderr, "one session only")
        self.add(user, "imaps", "--connections", "2")
        self.assertRegex(self.haul.run("--json", "show", user).stdout,
                         r'"connections":\s*2')
        self.haul.run("set", user, "--connections", "1")
        self.assertRegex(self.haul.run("--json", "show", user).stdout,
                         r'"connections":\s*1')


if __name__ == "__main__":
    case.main()
