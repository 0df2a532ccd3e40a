#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Times mailhaul, the limit and the peers on the same work, in turn.

usage: tests/bench/run [--quick] [--only SCENARIO]... [--reps N] [--markdown]
                       [--work DIR] [--tools NAME,...] [--list]

Everything is on 127.0.0.1 and in one temporary directory (DIR: kept, so that
a second call finds its mailboxes). As root, the stores lie on a journaled
ext4 image. Each import is verified; a tool that failed or lost mail gets the
fact in place of its time. $MAILHAUL_BINARY: the program to time.

"limit" is what the machine needs for the bytes: a raw client that pipelines
all it may, remembers and checks nothing, writes each message to a file and
calls syncfs once a folder. In many-* there is one of it for each of the 200
accounts, 64 at once; mailhaul works on the same 200 as one process with
pool.sessions=64. Servers, tools and the line of 40 ms share this machine's
processors, so only figures of one call can be compared.
"""
import argparse, contextlib, os, signal, statistics, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lab")]
import corpus, lab, peers
from rig import Bench, Proxy, loopback_only

LIMITS = ["limit, bytes dropped", "limit, synced once", "limit"]
IMAP = LIMITS + ["mailhaul", "mbsync", "mbsync, FSync no"]
POP3 = LIMITS + ["mailhaul", "mpop", "getmail", "fetchmail"]
RESYNC = ["limit, LIST-STATUS", "mailhaul", "mbsync"]
# name: (user, protocol, TLS, round trip in ms, kind, tools)
SCENARIOS = {
    "imap": ("m", "imap", False, 0, "import", IMAP),
    "imaps": ("m", "imap", True, 0, "import", IMAP),
    "pop3": ("pm", "pop3", False, 0, "import", POP3),
    "pop3s": ("pm", "pop3", True, 0, "import", POP3),
    "imap-40ms": ("s", "imap", False, 40, "import", IMAP),
    "imaps-40ms": ("s", "imap", True, 40, "import", IMAP),
    "pop3-40ms": ("ps", "pop3", False, 40, "import", POP3),
    "pop3s-40ms": ("ps", "pop3", True, 40, "import", POP3),
    "resync": ("l", "imap", False, 0, "resync", RESYNC),
    "resync-40ms": ("l", "imap", False, 40, "resync", RESYNC),
    "many-40ms": ("t", "imap", True, 40, "many", ["limit", "mailhaul"]),
    "many-pop3s-40ms": ("pt", "pop3", True, 40, "many",
                        ["limit", "mailhaul"]),
}
# Beyond this a tool is timed once; beyond the second it is stopped.
PATIENCE_S, TIMEOUT_S = 40, 180


def prepare_users(b, scenarios, accounts):
    """Writes the mailboxes that are needed and enrols their users."""
    users = {SCENARIOS[s][0] for s in scenarios}
    sources = {"m": "M", "s": "S", "l": "L"}
    if b.quick:
        sources = dict.fromkeys(sources, "S")
    for one, many in (("pm", "m"), ("ps", "s"), ("pt", "t")):
        if one in users:
            users.add(many)
    for user in sorted(users, key=lambda u: (len(u), u)):
        if user == "t":
            for i in range(accounts):
                b.corpus(f"t{i:03d}", lambda d, i=i: corpus.make(
                    d, "tiny", f"t{i:03d}"))
        elif user == "pt":
            for i in range(accounts):
                b.corpus(f"pt{i:03d}", lambda d, i=i: corpus.one_folder(
                    b.source(f"t{i:03d}"), d))
        elif user in sources:
            b.corpus(user, lambda d, u=user: corpus.make(
                d, sources[u], sources[u]))
        else:
            b.corpus(user, lambda d, u=user: corpus.one_folder(
                b.source(u[1:]), d))


class Result:
    def __init__(self):
        self.times, self.flushes, self.turns, self.fault = [], [], [], None

    def add(self, run):
        self.fault = self.fault or run.fault
        if run.fault is None:
            self.times.append(run.seconds)
            self.flushes.append(run.flushes)
            self.turns.append(run.turns)


def import_once(b, scenario, tool, verify):
    user, proto, tls, rtt, _, _ = SCENARIOS[scenario]
    with b.scratch() as root, Proxy(b, rtt) as proxy:
        t = peers.Task(b, root, user, proto, tls, proxy.port(proto, tls))
        run = b.time(peers.TOOLS[tool][3](t), f"{root}/log", TIMEOUT_S,
                     proxy)
        if run.fault is None and verify and tool != LIMITS[0]:
            run.fault = b.verify(user, t.dest, proto == "pop3")
    return run


def bench_import(b, scenario, tools, reps):
    results = {tool: Result() for tool in tools}
    for rep in range(reps):
        for tool, r in results.items():
            if r.fault or max(r.times, default=0) > PATIENCE_S:
                continue
            r.add(import_once(b, scenario, tool, True))
            b.say(f"{scenario} {tool}", r)
    return results


def bench_resync(b, scenario, tools, reps):
    """Unchanged mailboxes, after an import that is not timed."""
    user, proto, tls, rtt, _, _ = SCENARIOS[scenario]
    results = {tool: Result() for tool in tools}
    with contextlib.ExitStack() as stack:
        tasks = {}
        for tool, r in results.items():
            t = peers.Task(b, stack.enter_context(b.scratch()), user, proto,
                           tls, b.port(proto, tls))
            tasks[tool] = t
            run = b.time(peers.TOOLS[tool][3](t), f"{t.root}/log", TIMEOUT_S)
            if not tool.startswith("limit") and run.fault is None:
                run.fault = b.verify(user, t.dest, False)
            r.fault = run.fault
        for _ in range(reps):
            for tool, r in results.items():
                if r.fault:
                    continue
                with Proxy(b, rtt, always=True) as proxy:
                    t = tasks[tool]
                    t.port = proxy.port(proto, tls)
                    r.add(b.time(peers.TOOLS[tool][3](t), f"{t.root}/log",
                                 TIMEOUT_S, proxy))
                b.say(f"{scenario} {tool}", r)
        for tool, r in results.items():
            if not r.fault and not tool.startswith("limit"):
                r.fault = b.verify(user, tasks[tool].dest, False)
    return results


def many_command(b, tool, tasks, root):
    """One command for all accounts, 64 sessions at once."""
    if tool != "mailhaul":
        script = os.path.join(root, "list")
        with open(script, "w") as f:
            for t in tasks:
                argv = " ".join(peers.TOOLS[tool][3](t))
                f.write(f"{argv} >{t.root}/log\n")
        os.chmod(script, 0o644)
        return ["sh", "-c", f"xargs -P 64 -d '\\n' -n 1 sh -c <{script}"]
    store, state = f"{root}/%u/dest", f"{root}/mailhaul"
    b.call(peers.mailhaul_argv(b, state, store, "init"))
    for t in tasks:
        b.call(peers.mailhaul_argv(
            b, state, store, "add", t.user, peers.url(t), "--to", t.user,
            "--password-file", t.write("password", lab.PASSWORD + "\n")))
    return peers.mailhaul_argv(b, state, store, "run")


def many_once(b, scenario, tool, accounts):
    prefix, proto, tls, rtt, _, _ = SCENARIOS[scenario]
    with b.scratch() as root, Proxy(b, rtt) as proxy:
        users = [f"{prefix}{i:03d}" for i in range(accounts)]
        tasks = [peers.Task(b, f"{root}/{u}", u, proto, tls,
                            proxy.port(proto, tls)) for u in users]
        run = b.time(many_command(b, tool, tasks, root), f"{root}/log",
                     TIMEOUT_S, proxy)
        for t in tasks:
            if run.fault is None:
                run.fault = b.verify(t.user, t.dest, proto == "pop3")
    return run


def bench_many(b, scenario, tools, reps, accounts):
    results = {tool: Result() for tool in tools}
    for _ in range(reps):
        for tool, r in results.items():
            if not r.fault:
                r.add(many_once(b, scenario, tool, accounts))
                b.say(f"{scenario} {tool}", r)
    return results


def number(value, digits):
    return f"{value:.{digits}f}" if value is not None else ""


def rows(b, scenario, results):
    """Cells: scenario, tool, median, range, × limit, × mailhaul, …"""
    def median(tool):
        r = results.get(tool)
        return statistics.median(r.times) if r and r.times else None
    base = median("limit") or median("limit, LIST-STATUS")
    ours = median("mailhaul")
    n = b.messages(scenario, SCENARIOS[scenario][0])
    for tool, r in results.items():
        m = median(tool)
        if r.fault or m is None:
            yield [scenario, tool, r.fault or "not run", "", "", "", "", ""]
            continue
        flushes = statistics.median(r.flushes) / n \
            if None not in r.flushes else None
        turns = statistics.median(r.turns) if None not in r.turns else None
        yield [scenario, tool, number(m, 3),
               f"{min(r.times):.3f}-{max(r.times):.3f} ({len(r.times)})",
               number(m / base if base else None, 2),
               number(m / ours if ours else None, 2), number(flushes, 3),
               number(turns, 0)]


HEAD = ["scenario", "tool", "median s", "range s (runs)", "x limit", "x mailhaul",
        "flushes/message", "turns"]


def print_table(about, table, markdown):
    if markdown:
        print(f"{about[0].upper()}{about[1:]}.\n")
        print("| " + " | ".join(HEAD) + " |")
        print("|---|---|" + "--:|" * (len(HEAD) - 2))
        for row in table:
            print("| " + " | ".join(row) + " |")
        return
    widths = [max(len(r[i]) for r in [HEAD] + table)
              for i in range(len(HEAD))]
    for row in [HEAD] + table:
        print("  ".join(c.ljust(w) if i < 2 else c.rjust(w)
                        for i, (c, w) in enumerate(zip(row, widths))))


def arguments():
    p = argparse.ArgumentParser(
        prog="tests/bench/run", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", action="append", choices=list(SCENARIOS))
    p.add_argument("--reps", type=int, default=3)
    p.add_argument("--tools")
    p.add_argument("--work")
    p.add_argument("--markdown", action="store_true")
    p.add_argument("--list", action="store_true")
    return p.parse_args()


def main():
    a = arguments()
    if a.list:
        for name in SCENARIOS:
            print(name, *SCENARIOS[name][5], sep="\t")
        return
    if peers.missing():
        print(peers.missing())
    scenarios = a.only or list(SCENARIOS)
    accounts = 16 if a.quick else 200
    loopback_only("localhost")
    # also where a shell has started it in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda *_: sys.exit("interrupted"))
    table, about = [], ""
    try:
        with Bench(a.work, a.quick) as b:
            prepare_users(b, scenarios, accounts)
            about = b.describe()
            print(about, file=sys.stderr if a.markdown else sys.stdout,
                  flush=True)
            for s in scenarios:
                tools = [t for t in SCENARIOS[s][5] if peers.present(t) and
                         (not a.tools or t in a.tools.split("|"))]
                kind = SCENARIOS[s][4]
                run = {"import": bench_import, "resync": bench_resync,
                       "many": lambda *x: bench_many(*x, accounts)}[kind]
                table += rows(b, s, run(b, s, tools, a.reps))
    except KeyboardInterrupt:
        print("interrupted")
        sys.exit(130)
    finally:
        if table:
            print_table(about, table, a.markdown)


if __name__ == "__main__":
    main()
