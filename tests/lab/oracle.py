#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares a source corpus, a store and its ledger by their files, without
any server and without the program: what is lost, there twice, corrupt or
left over. A program of its own, and what the rigs use:

  oracle.py CORPUS STORE [--ledger STATE_DIR ACCOUNT] [--pop3] [--partly]
            [--left SOURCE]

CORPUS and STORE are Maildir++ trees; --partly: an import that is not over,
nothing is missed; --left: what the source holds now, where the account has
its mail deleted there: a message that is in neither is lost. The last line
says "0 lost, 0 twice, 0 corrupt, 0 left over" or counts what is wrong; exit
status 1 then.

Tree(root)         all of a tree as it is now, read once
visible(...)       what must hold at any moment, kills and cuts included
faults(...)        all that is wrong after a run that said it was complete
"""
import argparse, collections, glob, hashlib, os, re, sqlite3, sys

Message = collections.namedtuple("Message", "body flags keywords date")
STAGED, DONE = 0, 1


def keywords(folder):
    """Letters of a folder: {letter: keyword}."""
    names = {}
    try:
        with open(os.path.join(folder, "dovecot-keywords")) as f:
            for line in f:
                number, name = line.split(None, 1)
                names[chr(ord("a") + int(number))] = name.strip()
    except FileNotFoundError:
        pass
    return names


def folders(root):
    """{name as in the file system without its first dot: directory}."""
    found = {"": root} if os.path.isdir(os.path.join(root, "cur")) else {}
    if os.path.isdir(root):
        for name in sorted(os.listdir(root)):
            if name.startswith(".") and \
                    os.path.isdir(os.path.join(root, name, "cur")):
                found[name[1:]] = os.path.join(root, name)
    return found


def files(folder):
    for sub in ("new", "cur"):
        d = os.path.join(folder, sub)
        for name in sorted(os.listdir(d)) if os.path.isdir(d) else ():
            yield sub, name, os.path.join(d, name)


def canonical(body, pop3):
    """As the protocol can say it: POP3 ends every last line (RFC 1939 3);
    IMAP has no NUL (RFC 9051 4.3), Dovecot sends 0x80 for it."""
    body = body.replace(b"\r\n", b"\n")
    if not pop3:
        return body.replace(b"\0", b"\x80")
    return body if body.endswith(b"\n") else body + b"\n"


def message(raw, date, name, letters, pop3):
    body = canonical(raw, pop3)
    if pop3:
        return Message(body, "", (), 0)
    flags = name.rpartition(":2,")[2] if ":2," in name else ""
    return Message(body, "".join(sorted(c for c in flags if c.isupper())),
                   tuple(sorted(letters[c] for c in flags if c.islower())),
                   date)


File = collections.namedtuple("File", "name raw message")


class Tree:
    """A Maildir++ tree as it was when it was read; pop3: no flags, dates."""

    def __init__(self, root, pop3=False):
        self.root, self.pop3 = root, pop3
        self.dirs = folders(root)
        self.files = {name: list(self.read(d))
                      for name, d in self.dirs.items()}
        self._messages = None

    def read(self, folder):
        letters = keywords(folder)
        for _, name, path in files(folder):
            with open(path, "rb") as f:
                raw = f.read()
                date = int(os.fstat(f.fileno()).st_mtime)
            yield File(name, raw,
                       message(raw, date, name, letters, self.pop3))

    def messages(self):
        """{folder: Counter of its messages}."""
        if self._messages is None:
            self._messages = {
                name: collections.Counter(f.message for f in found)
                for name, found in self.files.items()}
        return self._messages

    def bodies(self):
        """{folder: Counter of its bodies}."""
        return {name: collections.Counter(f.message.body for f in found)
                for name, found in self.files.items()}

    def count(self):
        return sum(len(found) for found in self.files.values())


def named(body):
    head = body.partition(b"\n\n")[0]
    subject = re.search(rb"^Subject: (.*)$", head, re.M | re.I)
    return (f"{len(body)} bytes, "
            f"{subject.group(1)[:50] if subject else body[:30]!r}")


def compare(corpus, store, complete):
    """Lost only if complete; what is there must be whole and once."""
    wrong = []
    for folder in sorted(set(corpus.files) | set(store.files)):
        want = corpus.messages().get(folder, collections.Counter())
        have = store.messages().get(folder, collections.Counter())
        if want == have:
            continue
        bodies = {m.body for m in want}
        for m, n in (have - want).items():
            kind = "twice or with other flags or date" \
                if m.body in bodies else "corrupt or foreign"
            wrong.append(f"{folder or 'INBOX'}: {n} × {kind}: "
                         f"{named(m.body)}")
        for m, n in (want - have).items() if complete else ():
            wrong.append(f"{folder or 'INBOX'}: {n} × lost: {named(m.body)}")
    return wrong


def visible(corpus, store):
    return compare(corpus, store, False)


def nowhere(corpus, source, store):
    """Lost: neither at the source, which may delete, nor in the store."""
    wrong, left, here = [], source.bodies(), store.bodies()
    for folder, want in corpus.bodies().items():
        have = left.get(folder, collections.Counter()) + \
            here.get(folder, collections.Counter())
        wrong += [f"{folder or 'INBOX'}: {n} × lost at both ends: "
                  f"{named(body)}" for body, n in (want - have).items()]
    return wrong


def foreign(corpus, store_root, known):
    """Of a store that is being written to: files that are not a message of
    the corpus, a part of one for example. known: files that were looked at
    before; those of this time are added."""
    wrong = []
    for folder, d in folders(store_root).items():
        bodies = {f.message.body for f in corpus.files.get(folder, ())}
        try:
            for _, name, path in files(d):
                key = folder, name.partition(":2,")[0]
                if key in known:
                    continue
                with open(path, "rb") as f:
                    body = canonical(f.read(), corpus.pop3)
                if body not in bodies:
                    wrong.append(f"seen in {folder or 'INBOX'}: {name}: "
                                 f"{named(body)}")
                known.add(key)
        except FileNotFoundError:
            continue  # renamed meanwhile: the next look finds it
    return wrong


def leftovers(store_root):
    wrong = []
    for d, _, found in os.walk(os.path.join(store_root, "mailhaul.stage")):
        wrong += [f"left in staging: {f}" for f in found]
    for name in os.listdir(store_root):
        if re.match(r"mailhaul\.(id\.|lock|stale|keywords)", name):
            wrong.append(f"left in the store: {name}")
    for folder in folders(store_root).values():
        wrong += [f"left in {os.path.basename(folder)}: {f}"
                  for f in os.listdir(folder)
                  if f.startswith("mailhaul.") and f not in (
                      "mailhaul.id", "mailhaul.stage")
                  and not re.fullmatch(r"mailhaul\.mark\.[0-9a-f]{32}", f)]
        wrong += [f"left in {os.path.basename(folder)}/tmp: {f}"
                  for f in os.listdir(os.path.join(folder, "tmp"))]
    return wrong


def uidlist(folder):
    """(UIDVALIDITY, {base: (UID, UIDL, order)}); ValueError: not sound."""
    try:
        with open(os.path.join(folder, "dovecot-uidlist")) as f:
            text = f.read()
    except FileNotFoundError:
        return 0, {}
    head, *lines = text.splitlines()
    fields = {f[0]: f[1:] for f in head.split()[1:]}
    if not text.endswith("\n") or head.split()[0] != "3":
        raise ValueError(f"{folder}: torn or foreign dovecot-uidlist")
    found, last = {}, 0
    for line in lines:
        left, _, base = line.partition(" :")
        uid, *rest = left.split(" ")
        fields_of = {f[0]: f[1:] for f in rest}
        if int(uid) <= last or base in found or not base:
            raise ValueError(f"{folder}: {line}")
        last = int(uid)
        found[base] = last, fields_of.get("P", ""), fields_of.get("O", "")
    return int(fields["V"]), found


def numbered(tree, folder):
    """UIDVALIDITY and bodies by UID; POP3: bodies in order, with UIDLs."""
    validity, records = uidlist(tree.dirs[folder])
    found = []
    for f in tree.files[folder]:
        uid, uidl, order = records.get(f.name.partition(":")[0],
                                       (0, "", ""))
        found.append((int(order or uid), uidl, f.message.body))
    found.sort()
    if not tree.pop3:
        return validity, found
    return 0, [(uidl or f"{uid:08x}{validity:08x}", body)
               for uid, uidl, body in found]


def all_numbered(tree):
    return {folder: numbered(tree, folder) for folder in tree.files}


def renumbered(numbers, store, complete):
    """A list that is not sound; where a UID or UIDL differs from those of
    all_numbered(source), if complete."""
    wrong = []
    for folder, there in numbers.items():
        try:
            here = numbered(store, folder) if folder in store.dirs else None
        except ValueError as e:
            wrong.append(str(e))
            continue
        if complete and here != there:
            wrong.append(f"{folder or 'INBOX'}: other UIDs than at the "
                         "source")
    return wrong


def ledger_of(state_dir, account):
    db = sqlite3.connect(
        f"file:{os.path.join(state_dir, 'mailhaul.db')}?mode=ro", uri=True)
    try:
        uuid = db.execute("SELECT uuid FROM account WHERE name = ?",
                          (account,)).fetchone()[0]
    finally:
        db.close()
    return glob.glob(os.path.join(state_dir, "ledgers", uuid + "*.db"))[0]


def ledger_rows(path):
    """[(dir, base, state, hash)]; also that the file is sound."""
    db = sqlite3.connect(path)
    try:
        sound = db.execute("PRAGMA integrity_check").fetchone()[0]
        rows = db.execute(
            "SELECT b.dir, m.base, m.state, m.sha256 FROM message m "
            "JOIN mailbox b ON b.id = m.mailbox_id").fetchall()
        tally = db.execute("SELECT coalesce(sum(stored), 0) FROM tally"
                           ).fetchone()[0]
    finally:
        db.close()
    wrong = [] if sound == "ok" else [f"ledger: {sound}"]
    stored = sum(row[2] in (STAGED, DONE) for row in rows)
    if tally != stored:
        wrong.append(f"ledger: tally {tally}, but {stored} rows")
    return rows, wrong


def hashes(body):
    """Of the bytes as they are, and as they were before CRLF became LF."""
    return {hashlib.sha256(b).digest()
            for b in (body, body.replace(b"\n", b"\r\n"))}


def settled(store, ledger, allow_staged=False):
    """A row for each file and a file for each row, by base name; no row is
    left staged, unless allow_staged; hashes fit."""
    rows, wrong = ledger_rows(ledger)
    recorded = {}
    for d, base, state, digest in rows:
        if state != DONE and not (allow_staged and state == STAGED):
            wrong.append(f"ledger: state {state}: {base}")
        recorded[(d.removeprefix("."), base)] = digest
    for folder, found in store.files.items():
        for f in found:
            digest = recorded.pop((folder, f.name.partition(":2,")[0]), None)
            if digest is None:
                wrong.append(f"no ledger row: {folder}/{f.name}")
            elif digest not in hashes(f.raw):
                wrong.append(f"other bytes than hashed: {folder}/{f.name}")
    return wrong + [f"ledger row without file: {key}" for key in recorded]


def state_leftovers(state_dir):
    return [f"left in state.dir: {f}" for d, _, found in os.walk(state_dir)
            for f in found if ".tmp-" in f or f.endswith("-journal")]


def faults(corpus, store, state_dir, account):
    """All that is wrong after a run that said it was complete."""
    return (compare(corpus, store, True) + leftovers(store.root) +
            state_leftovers(state_dir) +
            settled(store, ledger_of(state_dir, account)))


# ---- the program

def tally(wrong):
    """{kind: how many}; one fault may be several messages."""
    count = collections.Counter()
    for line in wrong:
        n = re.search(r"(\d+) × ", line)
        kind = ("lost" if "lost" in line or "without file" in line else
                "twice" if "twice" in line else
                "left over" if "left in" in line or "state" in line else
                "corrupt")
        count[kind] += int(n.group(1)) if n else 1
    return ", ".join(f"{count[kind]} {kind}" for kind in
                     ("lost", "twice", "corrupt", "left over"))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("corpus")
    p.add_argument("store")
    p.add_argument("--ledger", nargs=2, metavar=("STATE_DIR", "ACCOUNT"))
    p.add_argument("--pop3", action="store_true")
    p.add_argument("--partly", action="store_true")
    p.add_argument("--left", metavar="SOURCE")
    a = p.parse_args()
    corpus, store = Tree(a.corpus, a.pop3), Tree(a.store, a.pop3)
    wrong = compare(corpus, store, not a.partly)
    if not a.partly:
        wrong += leftovers(a.store)
    if a.ledger:
        wrong += [] if a.partly else state_leftovers(a.ledger[0])
        wrong += settled(store, ledger_of(*a.ledger), a.partly)
    if a.left:
        wrong += nowhere(corpus, Tree(a.left, a.pop3), store)
    print(*wrong, f"{corpus.count()} messages, {store.count()} in the store: "
          + tally(wrong), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
