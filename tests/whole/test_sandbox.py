#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A real envoy and a real scout that have been taken over
(tests/support/attack.c): files, keys, the network, other processes, the
conductor's memory are refused to them, and mail comes all the same."""
import os, re, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab

LIBRARY = os.environ.get("ATTACK_LIBRARY")
LINE = re.compile(r"attack (\w+) (\d) (\S+) (refused|WENT THROUGH) (\d+)$",
                  re.M)
BOTH = {"open-shadow", "open-key", "truncate-key", "open-memory", "open-environ",
        "create", "unlink", "mount", "unshare", "io_uring", "bpf", "exec",
        "fork", "kill", "kill-all", "tgkill", "pidfd", "attach", "seize",
        "read-memory", "write-memory", "root", "limits", "connect", "listen",
        "accept", "all"}
ENVOY = BOTH | {"socket", "unix-socket", "netlink"}


def status_of(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(p) for p in f.read().split()]


def remotes():
    """{inode of a TCP socket: the address and port at its other end}"""
    out = {}
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(name) as f:
            for row in f.read().splitlines()[1:]:
                words = row.split()
                out[words[9]] = words[2]
    return out


def held(pid):
    """Where its descriptors lead."""
    out = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            out.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return out


class Sandbox(case.Case):
    def setUp(self):
        if case.SANITIZED:
            self.skipTest("a sanitizer is built in")
        super().setUp()

    def test_taken_over_they_get_nothing(self):
        if not LIBRARY:
            self.skipTest("ATTACK_LIBRARY names no library")
        imap, pop3 = self.source("anna", 3), self.source("bert", 3)
        self.add(imap, "imaps")
        self.add(pop3, "pop3s")
        p = subprocess.run(
            self.haul.argv + ["run"], env={**os.environ,
                                           "LD_PRELOAD": LIBRARY},
            text=True, capture_output=True, timeout=300)
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assert_same(imap)
        tried = {}
        for role, thread, what, how, errnum in LINE.findall(p.stderr):
            self.assertEqual(how, "refused", (role, what, errnum))
            tried.setdefault((role, thread), set()).add(what)
        user = "as-somebody"
        wanted = {("envoy", "1"): ENVOY | {user},
                  ("envoy", "2"): ENVOY | {user},
                  ("scout", "1"): BOTH | {user}}
        tried = {k: v for k, v in tried.items() if k in wanted}
        if self.landlock() < 4:
            wanted["scout", "1"].remove("connect")
            tried["scout", "1"].discard("connect")
        self.assertEqual(tried, wanted)

    def landlock(self):
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        return libc.syscall(444, None, 0, 1)

    def test_what_the_kernel_says_of_them(self):
        user = self.source("anna", 2)
        self.add(user, "imaps", "--push")
        log = open(os.path.join(self.dir, "log"), "w")
        daemon = self.haul.start("-o", "log.level=debug", "serve", stderr=log,
                                 stdin=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 90
            while self.haul.status(user)["state"] != "idle":
                self.assertLess(time.monotonic(), until)
                time.sleep(0.2)
            self.assertGreater(len(children(daemon.pid)), 1)
            for pid in children(daemon.pid):
                self.assert_locked_in(pid)
        finally:
            daemon.terminate()
            daemon.wait(60)
            log.close()
        with open(os.path.join(self.dir, "log")) as f:
            said = [line for line in f if " sandbox " in line]
        self.assertTrue(any("process=scout" in s for s in said), said)
        for line in said:
            self.assertRegex(line, r"uid=\d+ landlock=\d+ seccomp=yes "
                             r'missing="?\w')

    def test_an_envoy_holds_one_host_and_no_file(self):
        if os.getuid() != 0:
            self.skipTest("descriptors of others are looked at as root")
        users = [(self.source(f"u{i}", 2), ("imaps", "imap")[i % 2])
                 for i in range(4)]
        for user, scheme in users:
            self.add(user, scheme, "--push")
        log = open(os.path.join(self.dir, "log"), "w")
        daemon = self.haul.start("serve", stderr=log,
                                 stdin=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 90
            while {self.haul.status(u)["state"] for u, _ in users} != {"idle"}:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.2)
            peers = [self.peers_of(pid) for pid in children(daemon.pid)]
        finally:
            daemon.terminate()
            daemon.wait(60)
            log.close()
        for p in peers:
            self.assertLessEqual(len(set(p)), 1, peers)
        self.assertEqual(sorted(map(len, peers)), [0, 2, 2])  # 0: the scout

    def peers_of(self, pid):
        known, out = remotes(), []
        for target in held(pid):
            self.assertFalse(target.startswith((self.haul.state,
                                                self.haul.store)), target)
            self.assertRegex(target, r"^(socket|pipe|anon_inode|/memfd):|"
                             r"^/dev/(null|u?random)|" + re.escape(self.dir)
                             + "/log$")
            inode = re.match(r"socket:\[(\d+)\]", target)
            if inode and inode[1] in known:
                out.append(known[inode[1]])
        return out

    def assert_locked_in(self, pid):
        s = status_of(pid)
        self.assertEqual(s["Seccomp"], "2")  # a filter
        self.assertEqual(s["NoNewPrivs"], "1")
        for caps in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(int(s[caps], 16), 0, caps)
        for ids in ("Uid", "Gid"):
            self.assertNotIn("0", s[ids].split(), ids)
        if os.getuid() == 0:
            self.assertEqual(s["Groups"].strip(), "")
            # not dumpable: its files in /proc are root's, not its own
            self.assertEqual(os.stat(f"/proc/{pid}/environ").st_uid, 0)
        with open(f"/proc/{pid}/limits") as f:
            text = f.read()
        for limit in (r"core file size +0 +0 ", r"open files +\d{1,4} +\d{1,4} ",
                      r"data size +1073741824 +1073741824 "):
            self.assertRegex(text, "Max " + limit)


if __name__ == "__main__":
    case.main()
