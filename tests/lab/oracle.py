# SPDX-License-Identifier: BSD-2-Clause
"""Compares a source Maildir++ tree, a store and its ledger by their files,
without any server and without the program: what is lost, there twice,
corrupt or left over.

source(root)       {folder: [Message]} of a tree that write_mailboxes made
faults(...)        the list of what is wrong after a complete import
visible(...)       what must hold at any moment, kills and cuts included
"""
import collections, glob, hashlib, os, re, sqlite3

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


def read(path, name, letters, pop3):
    with open(path, "rb") as f:
        body = canonical(f.read(), pop3)
    flags = name.rpartition(":2,")[2] if ":2," in name else ""
    if pop3:
        return Message(body, "", (), 0)
    return Message(body, "".join(sorted(c for c in flags if c.isupper())),
                   tuple(sorted(letters[c] for c in flags if c.islower())),
                   int(os.stat(path).st_mtime))


def tree(root, pop3=False):
    """{folder: Counter of its messages}."""
    found = {}
    for folder, d in folders(root).items():
        letters = keywords(d)
        found[folder] = collections.Counter(
            read(path, name, letters, pop3) for _, name, path in files(d))
    return found


def names_of(message):
    head = message.body.partition(b"\n\n")[0]
    subject = re.search(rb"^Subject: (.*)$", head, re.M | re.I)
    return (f"{len(message.body)} bytes, "
            f"{subject.group(1)[:50] if subject else message.body[:30]!r}")


def compare(source, store, complete):
    """Lost only if complete; what is there must be whole and once."""
    wrong = []
    for folder in sorted(set(source) | set(store)):
        want = source.get(folder, collections.Counter())
        have = store.get(folder, collections.Counter())
        bodies = {m.body for m in want}
        for m, n in (have - want).items():
            kind = "twice or with other flags or date" \
                if m.body in bodies else "corrupt or foreign"
            wrong.append(f"{folder or 'INBOX'}: {n} × {kind}: {names_of(m)}")
        for m, n in (want - have).items() if complete else ():
            wrong.append(f"{folder or 'INBOX'}: {n} × lost: {names_of(m)}")
    return wrong


def visible(source_root, store_root, pop3=False):
    return compare(tree(source_root, pop3), tree(store_root, pop3), False)


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


def numbered(folder, pop3):
    """UIDVALIDITY and bodies by UID; POP3: bodies in order, with UIDLs."""
    validity, records = uidlist(folder)
    found = []
    for _, name, path in files(folder):
        uid, uidl, order = records.get(name.partition(":")[0], (0, "", ""))
        with open(path, "rb") as f:
            body = canonical(f.read(), pop3)
        found.append((int(order or uid), uidl, body))
    found.sort()
    if not pop3:
        return validity, found
    return 0, [(uidl or f"{uid:08x}{validity:08x}", body)
               for uid, uidl, body in found]


def renumbered(source_root, store_root, pop3, complete):
    """A list that is not sound; where a UID or UIDL differs, if complete."""
    wrong = []
    store = folders(store_root)
    for name, d in folders(source_root).items():
        try:
            here = numbered(store[name], pop3) if name in store else None
        except ValueError as e:
            wrong.append(str(e))
            continue
        if complete and here != numbered(d, pop3):
            wrong.append(f"{name or 'INBOX'}: other UIDs than at the source")
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


def hashes(path):
    """Of the file as it is, and of what it was before CRLF became LF."""
    with open(path, "rb") as f:
        body = f.read()
    return {hashlib.sha256(b).digest()
            for b in (body, body.replace(b"\n", b"\r\n"))}


def settled(store_root, ledger, allow_staged=False):
    """A row for each file and a file for each row, by base name; no row is
    left staged, unless allow_staged; hashes fit."""
    rows, wrong = ledger_rows(ledger)
    recorded = {}
    for d, base, state, digest in rows:
        if state != DONE and not (allow_staged and state == STAGED):
            wrong.append(f"ledger: state {state}: {base}")
        recorded[(d.removeprefix("."), base)] = digest
    for folder, d in folders(store_root).items():
        for _, name, path in files(d):
            digest = recorded.pop((folder, name.partition(":2,")[0]), None)
            if digest is None:
                wrong.append(f"no ledger row: {folder}/{name}")
            elif digest not in hashes(path):
                wrong.append(f"other bytes than hashed: {folder}/{name}")
    return wrong + [f"ledger row without file: {key}" for key in recorded]


def state_leftovers(state_dir):
    return [f"left in state.dir: {f}" for d, _, found in os.walk(state_dir)
            for f in found if ".tmp-" in f or f.endswith("-journal")]


def faults(source_root, store_root, state_dir, account, pop3=False):
    """All that is wrong after a run that said it was complete."""
    return (compare(tree(source_root, pop3), tree(store_root, pop3), True) +
            leftovers(store_root) + state_leftovers(state_dir) +
            settled(store_root, ledger_of(state_dir, account)))
