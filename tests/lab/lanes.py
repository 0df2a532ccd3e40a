# SPDX-License-Identifier: BSD-2-Clause
"""Many short imports side by side: each lane has a state and stores of its
own and starts every point from the same template. Sources that nobody changes
are shared and read once; one that has its mail deleted is a lane's own.

Source             an account, where it is, its tree and what that held
Lane.fresh()       the start of a point
Lane.run()         one run: exit status, what it said, what it cost
Lane.visible()     what must hold at any moment
Lane.finish()      a clean run, then all that is wrong
each()             all points, a lane at a time for each
"""
import concurrent.futures, os, queue, select, shutil, signal, subprocess
import tempfile, time

import lab, oracle

LANES = int(os.environ.get("LANES", "4"))
# Processes that serve one connection after the other: a point is cheap.
LEAN_DOVECOT = """
service imap {
  service_count = 1000
  process_min_avail = 2
}
service pop3 {
  service_count = 1000
  process_min_avail = 2
}
service imap-login {
  service_count = 0
}
service pop3-login {
  service_count = 0
}
"""


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
    """account: a local name; url: where it is; root: its Maildir++ tree.
    deletes: the account has its mail deleted there; then root is a link that
    is to be made, to a new copy of template for each point."""

    def __init__(self, account, url, root, deletes=False, template=None):
        self.account, self.url, self.root = account, url, root
        self.deletes, self.template = deletes, template or root
        self.pop3 = url.startswith("pop3")
        self.corpus = oracle.Tree(self.template, self.pop3)
        self.number = 0

    @property
    def numbers(self):
        """Once the server has given them."""
        if not hasattr(self, "_numbers"):
            self._numbers = oracle.all_numbered(self.corpus)
        return self._numbers

    def now(self):
        """What it holds, while the server may still be deleting."""
        while True:
            try:
                return oracle.Tree(self.root, self.pop3)
            except FileNotFoundError:
                continue

    def renew(self):
        """An old session may still be at work in the tree before."""
        if not self.deletes:
            return
        old, self.number = self.number, self.number + 1
        there = f"{self.root}.{self.number}"
        copy_tree(self.template, there)
        os.symlink(there, self.root + ".next")
        os.rename(self.root + ".next", self.root)
        shutil.rmtree(f"{self.root}.{old}", ignore_errors=True)


def copy_tree(a, b):
    """Messages by links: nobody writes to them. Without indexes."""
    os.mkdir(b)
    for entry in os.scandir(a):
        target = os.path.join(b, entry.name)
        if entry.is_dir():
            copy_tree(entry.path, target)
        elif os.path.basename(a) in ("cur", "new"):
            os.link(entry.path, target)
        elif not entry.name.startswith("dovecot.index"):
            shutil.copy2(entry.path, target)
            own_like(entry.path, target)
    own_like(a, b)


def own_like(a, b):
    st = os.stat(a)
    os.chown(b, st.st_uid, st.st_gid)


class Lane:
    def __init__(self, binary, d, sources, options=()):
        self.sources = sources
        self.haul = lab.Mailhaul(binary, d, options=options)
        self.template = os.path.join(d, "template")
        self.haul.run("init")
        for s in sources:
            self.haul.add(s.account, s.url, *(
                ("--delete", "after-import") if s.deletes else ()))
        os.rename(self.haul.state, self.template)

    def fresh(self):
        for d in (self.haul.state, self.haul.store):
            shutil.rmtree(d, ignore_errors=True)
        os.makedirs(self.haul.store)
        shutil.copytree(self.template, self.haul.state)
        for s in self.sources:
            s.renew()

    def run(self, env=None, timeout=60, options=()):
        """A run that does not end in time is killed: exit status -SIGABRT.
        .cpu_s: of the conductor and of the processes it waited for."""
        p = self.haul.start(
            *options, "run", *(s.account for s in self.sources),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
        err = until_closed(p, timeout)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        done = subprocess.CompletedProcess(
            p.args, p.returncode, "", err.decode(errors="replace"))
        done.cpu_s = usage.ru_utime + usage.ru_stime
        return done

    def store(self, source):
        return os.path.join(self.haul.store, source.account)

    def stores(self):
        """[(source, its store as it is now)]"""
        return [(s, oracle.Tree(self.store(s), s.pop3))
                for s in self.sources]

    def visible(self):
        """Faults that nobody may see at any moment."""
        wrong = []
        for s, store in self.stores():
            found = oracle.visible(s.corpus, store)
            if s.deletes:
                found += oracle.nowhere(s.corpus, s.now(), store)
            wrong += [f"{s.account}: {w}" for w in found]
        return wrong

    def lost(self):
        """… and nothing is missing either."""
        return [f"{s.account}: {w}" for s, store in self.stores()
                for w in oracle.compare(s.corpus, store, True)]

    def faults(self, numbers=None):
        """numbers: False, the lists of UIDs are sound; True, the UIDs are
        those of the source, too."""
        wrong = []
        for s, store in self.stores():
            found = oracle.faults(s.corpus, store, self.haul.state,
                                  s.account)
            if numbers is not None:
                found += oracle.renumbered(s.numbers, store, numbers)
            if s.deletes and s.now().count():
                found.append(f"{s.now().count()} left in the source")
            wrong += [f"{s.account}: {w}" for w in found]
        return wrong

    def finish(self, numbers=None):
        """A clean run, then all must be exact."""
        p = self.run()
        if p.returncode != 0 and any(s.deletes for s in self.sources):
            p = self.run()  # a session before may have held the mailbox
        if p.returncode != 0:
            return [f"clean run: exit {p.returncode}: {p.stderr[-600:]}"]
        return self.faults(numbers)


def until_closed(p, timeout):
    """What it says on standard error, until it and its envoys have ended."""
    until, said, fd = time.monotonic() + timeout, [], p.stderr.fileno()
    while True:
        left = until - time.monotonic()
        if not select.select([fd], [], [], max(0, left))[0]:
            p.send_signal(signal.SIGABRT)
            until = time.monotonic() + timeout
            continue
        said.append(os.read(fd, 65536))
        if not said[-1]:
            p.stderr.close()
            return b"".join(said)


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
