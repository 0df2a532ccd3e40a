# SPDX-License-Identifier: BSD-2-Clause
"""Many short imports side by side: each lane has a state and stores of its
own and starts every point from the same template; sources are shared.

A run waits a second for the conductor's clock, so lanes cost little CPU."""
import concurrent.futures, os, queue, shutil, signal
import subprocess, tempfile

import lab, oracle

LANES = int(os.environ.get("LANES", "8"))


def in_memory():
    """Temporary folders without a disk, where there is room: a kill needs
    none, and other writers' data would be synced along."""
    try:
        free = os.statvfs("/dev/shm")
    except OSError:
        return
    if free.f_bavail * free.f_frsize > 1 << 30 and \
            os.access("/dev/shm", os.W_OK):
        tempfile.tempdir = "/dev/shm"


class Source:
    """account: a local name; url: where it is; root: its Maildir++ tree."""

    def __init__(self, account, url, root):
        self.account, self.url, self.root = account, url, root
        self.pop3 = url.startswith("pop3")


class Lane:
    def __init__(self, binary, d, sources, options=()):
        self.sources = sources
        self.haul = lab.Mailhaul(binary, d, options=options)
        self.template = os.path.join(d, "template")
        self.haul.run("init")
        for s in sources:
            self.haul.add(s.account, s.url)
        os.rename(self.haul.state, self.template)

    def fresh(self):
        for d in (self.haul.state, self.haul.store):
            shutil.rmtree(d, ignore_errors=True)
        os.makedirs(self.haul.store)
        shutil.copytree(self.template, self.haul.state)

    def run(self, env=None, timeout=60, options=()):
        """A run that does not end in time is killed: exit status -SIGABRT."""
        p = self.haul.start(
            *options, "run", *(s.account for s in self.sources),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace",
            env={**os.environ, **(env or {})})
        try:
            _, err = p.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGABRT)
            _, err = p.communicate()
        return subprocess.CompletedProcess(p.args, p.returncode, "", err)

    def store(self, source):
        return os.path.join(self.haul.store, source.account)

    def visible(self):
        """Faults that nobody may see at any moment."""
        return [f"{s.account}: {w}" for s in self.sources
                if os.path.isdir(self.store(s))
                for w in oracle.visible(s.root, self.store(s), s.pop3)]

    def lost(self):
        """… and nothing is missing either."""
        return [f"{s.account}: {w}" for s in self.sources
                for w in oracle.compare(
                    oracle.tree(s.root, s.pop3),
                    oracle.tree(self.store(s), s.pop3), True)]

    def faults(self):
        return [f"{s.account}: {w}" for s in self.sources
                for w in oracle.faults(s.root, self.store(s),
                                       self.haul.state, s.account, s.pop3)]

    def renumbered(self, complete):
        return [f"{s.account}: {w}" for s in self.sources
                for w in oracle.renumbered(s.root, self.store(s), s.pop3,
                                           complete)]

    def finish(self):
        """A clean run, then all must be exact."""
        p = self.run()
        if p.returncode != 0:
            return [f"clean run: exit {p.returncode}: {p.stderr[-600:]}"]
        return self.faults()


def each(lanes, points, do):
    """do(lane, point) for all points; [(point, what it returned)]."""
    free = queue.SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def one(point):
        lane = free.get()
        try:
            return point, do(lane, point)
        finally:
            free.put(lane)
    with concurrent.futures.ThreadPoolExecutor(len(lanes)) as pool:
        return list(pool.map(one, points))
