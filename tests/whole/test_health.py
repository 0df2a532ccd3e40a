#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a service manager hears from the daemon, and when it hears nothing."""
import os, signal, socket, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Manager:
    """A notify socket; name None: a path in d, else an abstract name."""

    def __init__(self, d, name=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.address = "@" + name if name else os.path.join(d, "notify")
        self.socket.bind("\0" + name if name else self.address)
        self.socket.settimeout(0.2)
        self.heard = []

    def listen(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self.heard += [(time.monotonic(), line) for line in
                               self.socket.recv(4096).decode().split("\n")]
            except TimeoutError:
                pass

    def wait(self, what, seconds=30):
        """Until a line that begins so is heard; it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for _, line in self.heard:
                if line.startswith(what):
                    return line
            self.listen(0.2)
        raise AssertionError(f"{what} was not heard: {self.heard}")

    def lines(self):
        return [line for _, line in self.heard]


class Health(case.Case):
    def serve(self, manager, watchdog_s=2, *options):
        self.log = open(os.path.join(self.dir, "log"), "w+")
        env = {**os.environ, "NOTIFY_SOCKET": manager.address,
               "WATCHDOG_USEC": str(int(watchdog_s * 1e6))}
        p = subprocess.Popen(self.haul.argv + list(options) + ["serve"],
                             stderr=self.log, stdin=subprocess.DEVNULL,
                             env=env)
        self.addCleanup(lambda: (p.poll() is None and p.kill(), p.wait(),
                                 self.log.close(), manager.socket.close()))
        return p

    def test_a_life(self):
        for name in (None, f"mailhaul-test-{os.getpid()}"):
            manager = Manager(self.dir, name)
            daemon = self.serve(manager)
            manager.wait("READY=1")
            self.assertEqual(manager.lines()[0], "READY=1")
            manager.wait("STATUS=0 accounts")
            manager.wait("WATCHDOG=1")
            manager.heard.clear()
            daemon.send_signal(signal.SIGHUP)
            manager.wait("RELOADING=1")
            manager.wait("READY=1")
            manager.wait("MONOTONIC_USEC=")
            manager.heard.clear()
            manager.listen(5)
            fed = [t for t, line in manager.heard if line == "WATCHDOG=1"]
            self.assertGreater(len(fed), 1)
            self.assertLess(max(b - a for a, b in zip(fed, fed[1:])), 2)
            daemon.terminate()
            manager.wait("STOPPING=1")
            self.assertEqual(daemon.wait(15), 0)

    def test_envoys_do_not_speak_for_it(self):
        manager = Manager(self.dir)
        user = self.source("anna", 20)
        self.add(user, "imaps")
        daemon = self.serve(manager)
        manager.wait("READY=1")
        self.haul.run("sync", user, "--wait", timeout=90)
        children = subprocess.run(
            ["pgrep", "-P", str(daemon.pid)], capture_output=True,
            text=True).stdout.split()
        self.assertTrue(children)
        for pid in children:
            with open(f"/proc/{pid}/environ", "rb") as f:
                self.assertNotIn(b"NOTIFY_SOCKET", f.read())

    def test_a_loop_that_stands_still_is_not_fed(self):
        manager = Manager(self.dir)
        daemon = self.serve(manager)
        manager.wait("WATCHDOG=1")
        daemon.send_signal(signal.SIGSTOP)
        manager.listen(0.5)
        manager.heard.clear()
        manager.listen(4)
        self.assertEqual(manager.lines(), [])
        daemon.send_signal(signal.SIGCONT)
        manager.wait("WATCHDOG=1")

    def test_run_tells_nobody(self):
        manager = Manager(self.dir)
        self.addCleanup(manager.socket.close)
        user = self.source("anna", 5, folders=[("INBOX", 1.0)])
        self.add(user, "imaps")
        p = subprocess.run(self.haul.argv + ["run"], capture_output=True,
                           env={**os.environ,
                                "NOTIFY_SOCKET": manager.address})
        self.assertEqual(p.returncode, 0, p.stderr)
        manager.listen(0.5)
        self.assertEqual(manager.lines(), [])

    def test_a_manager_that_is_gone(self):
        manager = Manager(self.dir)
        user = self.source("anna", 20)
        self.add(user, "imaps")
        daemon = self.serve(manager)
        manager.wait("READY=1")
        manager.socket.close()
        os.unlink(manager.address)
        self.haul.run("sync", user, "--wait", timeout=90)
        self.assertIsNone(daemon.poll())
        daemon.terminate()
        self.assertEqual(daemon.wait(15), 0)


if __name__ == "__main__":
    case.main()
