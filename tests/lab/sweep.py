# SPDX-License-Identifier: BSD-2-Clause
"""Imports that go wrong at their n-th call, by faultshim; what the sweeps of
tests/crash share.

A config is "SCHEME WHAT DURABILITY": imap, pop3 or both at once; copy, or
delete for --delete after-import; syncfs or fsync. A mode is a line of MODES;
"envoy" is a kill -9 of the first envoy at the n-th thing it sends or
receives, all others concern the conductor.
"""
import collections, contextlib, errno, os, random, shutil, signal

import case, lab, lanes, oracle, points

SHIM = os.environ.pop("FAULTSHIM_LIBRARY", "")
# mode: what the shim is told
MODES = {"kill": "kill:{n}", "envoy": "kill:{n}", "short": "short:{n}"}
for name in ("EIO", "ENOSPC", "EROFS", "EDQUOT", "EINTR"):
    number = getattr(errno, name)
    MODES[name] = f"fail:{{n}}:{number}"
    if name != "EINTR":
        MODES[name + "-on"] = f"from:{{n}}:{number}"
SLACK = 12  # numbers beyond the longest import seen, which may be reached
ACCOUNTS = {"imap": ("anna", lab.FOLDERS),
            "pop3": ("boris", [("INBOX", 1.0)])}


def counted(mode, name):
    """As the shim does."""
    if mode == "short":
        return "write" in name and not name.startswith("open")
    if mode == "EINTR":
        return "open" in name or "write" in name or "sync" in name
    return name != "open" or mode.startswith("EIO")


class Case(case.Case):
    extra = lanes.LEAN_DOVECOT

    def tree(self, scheme, messages):
        """A source that all lanes share, or copy; numbered by Dovecot."""
        account, folders = ACCOUNTS[scheme]
        name = f"{account}{messages}"
        root = os.path.join(self.dir, "source", name)
        if not os.path.exists(root):
            self.source(name, messages, folders=folders, seed=len(scheme))
            here = self.server.client(self.user(name))
            for mailbox in lab.mailboxes(here):
                here.select(lab.quote(mailbox), readonly=True)
            here.logout()
            lab.uidls(self.server.pop3, self.user(name))
        return root, self.user(name)

    def lanes(self, config, messages, count=None):
        """Both: half of the messages each."""
        schemes, what, durability = config.split()
        schemes = ("imap", "pop3") if schemes == "both" else (schemes,)
        messages //= len(schemes)
        shared, found = {}, []
        for i in range(count or lanes.LANES):
            d = os.path.join(self.dir, f"lane{i} {messages} {config}"
                             .replace(" ", "."))
            os.makedirs(d)
            sources = []
            for scheme in schemes:
                if what == "delete":
                    sources.append(self.own(scheme, messages, d))
                    continue
                if scheme not in shared:
                    root, user = self.tree(scheme, messages)
                    shared[scheme] = lanes.Source(
                        ACCOUNTS[scheme][0],
                        self.url(user, scheme + "+plain"), root)
                sources.append(shared[scheme])
            found.append(lanes.Lane(case.BINARY, d, sources,
                                    [f"store.durability={durability}"]))
            if SHIM:
                os.symlink(SHIM, os.path.join(d, "shim.so"))
        return found

    def own(self, scheme, messages, d):
        """A source of this lane alone."""
        template, _ = self.tree(scheme, messages)
        account = ACCOUNTS[scheme][0]
        root = os.path.join(d, account)
        user = self.user(f"{account}.{os.path.basename(d)}")
        self.server.add_user(user, root)
        return lanes.Source(account, self.url(user, scheme + "+plain"),
                            root, True, template)

    # ---- what the shim says

    def shim(self, lane, name):
        return os.path.join(lane.haul.dir, "shim.so" + name)

    def run_with(self, lane, fault, mode="kill"):
        lane.fresh()
        env = {"LD_PRELOAD": self.shim(lane, "")}
        if mode == "envoy":
            with open(self.shim(lane, ".calls"), "wb") as f:
                f.truncate(64)
            with open(self.shim(lane, ".envoy"), "w") as f:
                f.write(fault)
            return lane.run(env)
        return lane.run({**env, "FAULTSHIM": fault,
                         "FAULTSHIM_REPORT": self.shim(lane, ".report")})

    def hits(self, lane, mode="kill"):
        """Names of the calls that went wrong (or were traced)."""
        if mode == "envoy":
            with open(self.shim(lane, ".calls"), "rb") as f:
                line = f.read()[8:].partition(b"\n")[0].decode()
            return [line.split()[1]] if line.strip("\0") else []
        try:
            with open(self.shim(lane, ".report")) as f:
                names = [line.split()[1] for line in f]
            os.unlink(self.shim(lane, ".report"))
            return names
        except FileNotFoundError:
            return []

    def whole(self, lane, mode):
        """How many calls of that kind a whole import makes."""
        p = self.run_with(lane, "trace", mode)
        self.assertEqual(p.returncode, 0, p.stderr)
        self.assertEqual(lane.faults(True), [])
        if mode == "envoy":
            return self.envoy_calls(lane)
        return sum(counted(mode, name) for name in self.hits(lane))

    def envoy_calls(self, lane):
        with open(self.shim(lane, ".calls"), "rb") as f:
            return int.from_bytes(f.read(8), "little")

    # ---- points

    def outcome(self, p, mode, hits):
        if mode == "kill":
            return p.returncode == (-signal.SIGKILL if hits else 0)
        return p.returncode == 0 or (p.returncode > 0 and p.stderr.strip())

    def point(self, lane, mode, n):
        """(what was hit, or ""; all that is wrong)"""
        p = self.run_with(lane, MODES[mode].format(n=n), mode)
        hits = self.hits(lane, mode)
        wrong = [] if self.outcome(p, mode, hits) else [
            f"exit {p.returncode}: {p.stderr[-600:]}"]
        # nothing is missing where it said so
        wrong += lane.visible() if p.returncode else \
            [f"exit 0, but {w}" for w in lane.lost()]
        # no kill costs a UID where nobody reads in between; a lock's own
        # name stays until that folder is locked again
        wrong += [f"after a clean run: {w}" for w in
                  lane.finish(mode in ("kill", "EINTR"))
                  if hits[:1] != ["unlink"] or "mailhaul.lock." not in w]
        return (hits or [""])[0], wrong

    def sample(self, record, name, wanted):
        """wanted=None: all."""
        s = record.series[name]
        if wanted is None:
            found = record.left(name, SLACK)
            random.shuffle(found)
            return found
        step = max(1, s.least // wanted)
        return range(random.randint(1, step), s.least + 1, step)

    def sweep(self, config, messages, modes, wanted, record, clock):
        """wanted: {mode: how many points}, None for all. Names of series in
        which something was wrong."""
        found = self.lanes(config, messages)

        def one(lane, point):
            mode, n = point
            if clock.is_over():
                return
            hit, wrong = self.point(lane, mode, n)
            record.note(names[mode], n, hit, wrong)
            if mode == "envoy" and not hit:
                # bytes do not always come in as many parts
                record.shorter(names[mode], self.envoy_calls(lane))
            if wrong:
                print(f"{names[mode]}, {n} at {hit}:", *wrong[:6],
                      sep="\n  ", flush=True)
        names = {mode: f"{mode}, {config}, {messages} messages"
                 for mode in modes}
        for mode in modes:
            if not record.series[names[mode]].most:
                record.whole(names[mode],
                             [self.whole(lane, mode) for lane in found])
        again = True
        while again and not clock.is_over():
            todo = [(mode, n) for mode in modes for n in self.sample(
                record, names[mode], wanted and wanted[mode])]
            lanes.each(found, todo, one)
            again = wanted is None and todo != []
        for name in names.values():
            print(record.series[name].line(name), flush=True)
        for lane in found:
            shutil.rmtree(lane.haul.dir, ignore_errors=True)
        return names.values()

    def judge(self, record, names, everything):
        """No point was wrong; of all points none was missed."""
        for name in names:
            s = record.series[name]
            self.assertEqual(s.wrong, {}, name)
            self.assertGreater(len(s.hit), 0, f"{name}: nothing was reached")
            if everything:
                self.assertEqual(s.missing(), [], f"{name}: not reached")
