# SPDX-License-Identifier: BSD-2-Clause
"""The ground that the tools race on: a server, a disk, a delayed line."""
import contextlib, os, shutil, signal, socket, subprocess, sys, tempfile
import threading, time

import corpus, lab

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = ["limit.c", "limit_imap.c", "limit_pop3.c", "wire.c", "folder.c"]
SERVER = "\n".join(f"""
service {name}-login {{
  service_count = 0
  process_min_avail = 2
  client_limit = 2000
}}
service {name} {{
  process_min_avail = 2
  process_limit = 2000
}}""" for name in ("imap", "pop3")) + """
service auth {
  client_limit = 5000
}
service anvil {
  client_limit = 5000
}
protocol pop3 {
  mail_max_userip_connections = 1000
  pop3_no_flag_updates = yes
}
"""


def loopback_only(host):
    """The tools are told this name: it must not lead elsewhere."""
    for info in socket.getaddrinfo(host, None):
        address = info[4][0]
        if not address.startswith("127.") and address != "::1":
            sys.exit(f"{host} is {address}: the benchmark runs against "
                     "loopback only")


def compile_c(out, sources, *libs):
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall",
                    "-Wextra", "-o", out] +
                   [os.path.join(HERE, s) for s in sources] + list(libs),
                   check=True)


class Run:
    def __init__(self, seconds, flushes, turns, fault):
        self.seconds, self.flushes = seconds, flushes
        self.turns, self.fault = turns, fault


class Proxy:
    """A line `rtt` ms long and back to every port of the server."""

    def __init__(self, bench, rtt, always=False):
        self.bench, self.rtt = bench, rtt
        self.wanted = rtt or always
        self.process, self.ports, self.turns = None, {}, None

    def __enter__(self):
        if self.wanted:
            s = self.bench.server
            ports = [str(p) for p in (s.imap, s.imaps, s.pop3, s.pop3s)]
            self.process = subprocess.Popen(
                [self.bench.delayproxy, str(self.rtt / 2)] + ports,
                stdout=subprocess.PIPE, text=True)
            for _ in ports:
                old, new = self.process.stdout.readline().split()
                self.ports[int(old)] = int(new)
        return self

    def port(self, proto, tls):
        port = self.bench.port(proto, tls)
        return self.ports.get(port, port)

    def stop(self):
        """Returns how often clients spoke after they heard something."""
        if self.process:
            self.process.terminate()
            self.turns = int(self.process.communicate()[0].split()[1])
            self.process = None
        return self.turns

    def __exit__(self, *_):
        self.stop()


class Bench:
    def __init__(self, work, quick):
        self.quick, self.keep = quick, work is not None
        self.work = work
        self.stack = contextlib.ExitStack()
        self.who = lab.mail_user()
        self.device, self.n, self.known = None, 0, {}

    def __enter__(self):
        with self.stack:
            self.prepare()
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def prepare(self):
        if self.keep:
            os.makedirs(self.work, exist_ok=True)
        else:
            self.work = tempfile.mkdtemp(prefix="mailhaul-bench.")
            self.stack.callback(shutil.rmtree, self.work, True)
        self.work = os.path.realpath(self.work)
        os.chmod(self.work, 0o755)
        self.tools = tempfile.mkdtemp(dir=self.work)
        self.stack.callback(shutil.rmtree, self.tools, True)
        os.chmod(self.tools, 0o755)
        self.limit = f"{self.tools}/limit"
        self.delayproxy = f"{self.tools}/delayproxy"
        compile_c(self.limit, LIMIT, "-lssl", "-lcrypto")
        compile_c(self.delayproxy, ["delayproxy.c"], "-pthread")
        self.binary = os.path.realpath(os.environ["MAILHAUL_BINARY"])
        self.server = lab.Dovecot(f"{self.tools}/server", SERVER)
        self.ca = self.server.ca
        self.server.start()
        self.stack.callback(self.server.stop)
        self.disk = f"{self.tools}/disk"
        os.mkdir(self.disk)
        self.mount()
        self.give(self.disk)

    def mount(self):
        """A journaled ext4 of its own, where that can be had."""
        self.place = f"the file system of {self.work}"
        if os.getuid() != 0:
            return
        image = f"{self.tools}/disk.img"
        with open(image, "wb") as f:
            f.truncate(6 << 30)
        try:
            subprocess.run(
                ["mkfs.ext4", "-q", "-F", "-E",
                 "lazy_itable_init=0,lazy_journal_init=0", image], check=True)
            loop = subprocess.run(
                ["losetup", "-f", "--show", "--direct-io=on", image],
                check=True, capture_output=True, text=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return
        self.stack.callback(subprocess.run, ["losetup", "-d", loop])
        if subprocess.run(["mount", loop, self.disk]).returncode == 0:
            self.stack.callback(self.unmount)
            self.device = os.path.basename(loop)
            self.place = f"a journaled ext4 image on {loop} (direct I/O)"

    def unmount(self):
        """What was killed may still hold files for a moment."""
        for _ in range(40):
            if subprocess.run(["umount", self.disk],
                              stderr=subprocess.DEVNULL).returncode == 0:
                return
            time.sleep(0.25)
        subprocess.run(["umount", "-l", self.disk])

    def flushes(self):
        """Flush requests that the device has completed, or None."""
        if self.device is None:
            number = os.stat(self.disk).st_dev
            want = (os.major(number), os.minor(number))
        with open("/proc/diskstats") as f:
            for line in f:
                w = line.split()
                here = w[2] == self.device if self.device else \
                    (int(w[0]), int(w[1])) == want
                if here and len(w) >= 20:
                    return int(w[18])
        return None

    def describe(self):
        with open("/proc/cpuinfo") as f:
            model = next((line.split(":")[1].strip() for line in f
                          if line.startswith("model name")), "?")
        flushes = "counted in /proc/diskstats" if self.flushes() is not None \
            else "not counted: no such device in /proc/diskstats"
        return (f"machine: {os.cpu_count()} x {model}, "
                f"Linux {os.uname().release}; stores on {self.place}; "
                f"flushes {flushes}; load {os.getloadavg()[0]:.1f}")

    def give(self, path):
        if os.getuid() == 0:
            os.chown(path, self.who.pw_uid, self.who.pw_gid)

    def port(self, proto, tls):
        return getattr(self.server, proto + ("s" if tls else ""))

    # ---- mailboxes

    def source(self, user):
        suffix = "-quick" if self.quick else ""
        return f"{self.work}/mail{suffix}/{user}"

    def corpus(self, user, make):
        d = self.source(user)
        if not os.path.exists(d + ".done"):
            shutil.rmtree(d, True)
            os.makedirs(os.path.dirname(d), exist_ok=True)
            if not self.keep:
                self.stack.callback(shutil.rmtree, d, True)
            make(d)
            open(d + ".done", "w").close()
        self.server.add_user(user, d)
        self.warm(user)

    def warm(self, user):
        """Indexes and page cache are there before anyone is timed."""
        self.call([self.limit, "-p", str(self.server.imap), "-u", user,
                   "imap"])

    def messages(self, scenario, user):
        if scenario.startswith("many"):
            return sum(len(v) for v in self.known.values()
                       if v is not None and len(v) == 100) or 1
        return len(self.wanted(user))

    def wanted(self, user):
        if user not in self.known:
            self.known[user] = corpus.read(self.source(user))
        return self.known[user]

    def verify(self, user, dest, pop3):
        """None, or what is wrong with an import."""
        bad = corpus.compare(self.wanted(user), corpus.read(dest), pop3)
        return "; ".join(bad) or None

    # ---- running

    @contextlib.contextmanager
    def scratch(self):
        self.n += 1
        d = f"{self.disk}/{self.n}"
        os.mkdir(d)
        self.give(d)
        try:
            yield d
        finally:
            shutil.rmtree(d, True)

    def popen(self, argv, **kw):
        env = {"PATH": os.environ["PATH"], "HOME": self.disk,
               "LANG": "C.UTF-8", "LIMIT_PASSWORD": lab.PASSWORD,
               "SSL_CERT_FILE": self.ca, "USER": self.who.pw_name,
               "LOGNAME": self.who.pw_name}
        if os.getuid() == 0:
            kw.update(user=self.who.pw_uid, group=self.who.pw_gid,
                      extra_groups=[])
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, env=env,
                                cwd=self.disk, start_new_session=True, **kw)

    def call(self, argv, check=True):
        p = self.popen(argv, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True)
        out = p.communicate()[0]
        if check and p.returncode != 0:
            sys.exit(f"{' '.join(argv)}: exit {p.returncode}\n{out}")
        return p

    def time(self, argv, log, timeout, proxy=None):
        os.sync()
        before = self.flushes()
        with open(log, "wb") as f:
            start = time.monotonic()
            p = self.popen(argv, stdout=f, stderr=f)
            stop = threading.Timer(timeout, os.killpg,
                                   (p.pid, signal.SIGKILL))
            stop.start()
            try:
                code = p.wait()
            finally:
                stop.cancel()
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(p.pid, signal.SIGKILL)
            seconds = time.monotonic() - start
        after = self.flushes()
        fault = None
        if seconds >= timeout:
            fault = f"stopped after {seconds:.0f} s"
        elif code != 0:
            with open(log, errors="replace") as f:
                last = (f.read().strip().splitlines() or [""])[-1]
            fault = f"exit {code} after {seconds:.1f} s: {last[:100]}"
        return Run(seconds, after - before if before is not None else None,
                   proxy.stop() if proxy else None, fault)

    def say(self, what, result):
        last = f"{result.times[-1]:.3f} s" if result.times else ""
        print(f"  {what}: {result.fault or last}", file=sys.stderr,
              flush=True)
