# SPDX-License-Identifier: BSD-2-Clause
"""Mailboxes that are the same on every machine, and whether they arrived.

make(dir, name, n, median, sigma, cap)   a Maildir++ tree of n messages
one_folder(src, dir)                     the same messages, all in INBOX
read(dir)                                {id: (hash, folder, flags, date)}
compare(want, got, pop3)                 what differs, in words
"""
import base64, hashlib, math, os, random, re, time

import lab

SIZES = {  # messages, median bytes, sigma, largest
    "S": (1000, 6600, 1.7, 3 << 20),
    "M": (10000, 6600, 1.7, 3 << 20),
    "L": (50000, 3600, 0.45, 1 << 16),
    "tiny": (100, 8000, 1.2, 1 << 18),
}
FOLDERS = [("INBOX", .34), ("Sent", .14), ("Drafts", .01), ("Trash", .03),
           ("Archive", .12), ("Archive/2023", .09), ("Archive/2024", .09),
           ("Projects/Alpha/Specs & Plans", .05), ("Личное", .05),
           ("Работа/Отчёты", .04), ("日本語", .02), ("受信/請求書", .02)]
ID = re.compile(rb"^X-Bench-Id: (\S+)", re.M)
# Lines that peers add at the top of what they deliver.
ADDED = re.compile(rb"^(?:X-TUID|Delivered-To|Return-Path|X-getmail-[a-z-]*|"
                   rb"Received:[^\n]*(?:\n[ \t][^\n]*)*(?:fetchmail|mpop)"
                   rb"|Status|X-Status|X-UID)[^\n]*\n(?:[ \t][^\n]*\n)*",
                   re.M | re.I)


def _paragraphs(r):
    out = []
    for _ in range(400):
        line, lines = "", []
        for word in r.choices(lab.WORDS, k=r.randint(20, 160)):
            if len(line) + len(word) > 72:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
        if r.random() < 0.1:
            lines.insert(0, r.choice([".", "..two", ". dot first"]))
        if r.random() < 0.1:
            lines.append("größer, 日本語, привет")
        out.append(("\n".join(lines) + "\n\n").encode())
    return out


def _message(r, ident, size, when, pool, blob):
    day = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(when))
    head = (f"Received: from mx.example.net by mail.example.org; {day}\n"
            f"From: {r.choice(lab.NAMES)} <user{r.randrange(99)}@example.org>"
            f"\nTo: me@example.org\nSubject: "
            f"{' '.join(r.choices(lab.WORDS, k=4))} {ident}\nDate: {day}\n"
            f"Message-ID: <{ident}.{r.getrandbits(40):x}@example.org>\n"
            f"X-Bench-Id: {ident}\nMIME-Version: 1.0\n").encode()
    parts, n = [], len(head)
    while n < min(size, 20000):
        parts.append(r.choice(pool))
        n += len(parts[-1])
    if n < size:  # an attachment
        at = 77 * r.randrange(1000)
        rest = size - n
        parts.append(b"begin-base64 644 report.pdf\n")
        while rest > 0:
            piece = blob[at:at + rest // 77 * 77 + 77]
            parts.append(piece)
            rest -= len(piece)
            at = 0
        parts.append(b"====\n")
    return head + b"\n" + b"".join(parts)


def make(root, name, tag, seed=1):
    """Returns the bytes written."""
    n, median, sigma, cap = SIZES[name]
    r = random.Random(f"{seed}/{tag}")
    pool = _paragraphs(r)
    blob = base64.encodebytes(r.randbytes(57 * 40000))
    counts = [max(1, round(n * share)) for _, share in FOLDERS]
    counts[0] += n - sum(counts)
    order = [i for i, c in enumerate(counts) for _ in range(c)]
    r.shuffle(order)
    dirs = [lab.make_folder(root, f) for f, _ in FOLDERS]
    when, total = 1420070400, 0
    for i, where in enumerate(order):
        size = min(cap, max(600, median * math.exp(sigma * r.gauss(0, 1))))
        body = _message(r, f"{tag}-{i:06d}", int(size), when, pool, blob)
        flags = "".join(c for c in "DFRSabc" if r.random() < (
            0.8 if c == "S" else 0.1))
        wire = len(body) + body.count(b"\n")
        path = os.path.join(dirs[where], "cur", f"{1500000000 + i}.M{i}.bench"
                            f",S={len(body)},W={wire}:2,{flags}")
        with open(path, "wb") as f:
            f.write(body)
        os.utime(path, (when, when))
        total += wire
        when += r.randint(60, 20000)
    with open(os.path.join(root, "subscriptions"), "w") as f:
        f.writelines(".".join(map(lab.mutf7, name.split("/"))) + "\n"
                     for name, _ in FOLDERS if name != "INBOX")
    lab.own(root)
    return total


def one_folder(src, root):
    """Hard links: the messages are never changed."""
    lab.make_folder(root, "INBOX")
    for d, _, files in os.walk(src):
        if os.path.basename(d) == "cur":
            for f in files:
                os.link(os.path.join(d, f), os.path.join(root, "cur", f))
    lab.own(root)


def _folder_name(root, d):
    rel = os.path.relpath(d, root)
    if rel in (".", "INBOX"):
        return "INBOX"

    def decode(m):
        t = m.group(1).replace(",", "/")
        return base64.b64decode(t + "=" * (-len(t) % 4)).decode(
            "utf-16-be") if t else "&"
    name = re.sub(r"&([A-Za-z0-9+,]*)-", decode, rel)
    return "/".join(part for part in re.split(r"[./]", name) if part)


def read(root):
    """{id: [(hash, folder, flags, date, path)]} of every message there."""
    out = {}
    for d, dirs, _ in os.walk(root):
        if "cur" not in dirs:
            continue
        folder = _folder_name(root, d)
        for sub in ("cur", "new"):
            for f in os.scandir(os.path.join(d, sub)):
                with open(f.path, "rb") as m:
                    body = m.read().replace(b"\r\n", b"\n")
                ident = ID.search(body)
                key = ident.group(1) if ident else b"?"
                flags = f.name.rpartition(":2,")[2] if ":2," in f.name else ""
                out.setdefault(key, []).append((
                    hashlib.sha256(body).digest(), folder,
                    "".join(c for c in sorted(flags) if c in "DFRST"),
                    int(f.stat().st_mtime), f.path))
    return out


def _text(path):
    with open(path, "rb") as f:
        body = f.read().replace(b"\r\n", b"\n")
    head, sep, rest = body.partition(b"\n\n")
    # getmail folds long lines of the header anew
    head = re.sub(rb"\n(?=[ \t])", b"", ADDED.sub(b"", head + b"\n"))
    return head + sep + rest


def compare(want, got, pop3):
    """[] where every message is there once, as it was."""
    bad = {}

    def count(what, n=1):
        if n:
            bad[what] = bad.get(what, 0) + n
    for key, (a, *_) in want.items():
        found = got.get(key)
        if not found:
            count("lost")
            continue
        count("twice", len(found) - 1)
        b = found[0]
        if a[0] != b[0] and _text(a[4]) != _text(b[4]):
            count("altered")
        if not pop3:
            count("folder wrong", a[1] != b[1])
            count("flags wrong", a[2] != b[2])
            count("date wrong", abs(a[3] - b[3]) > 1)
    count("unknown", sum(len(v) for k, v in got.items() if k not in want))
    return [f"{n} {what}" for what, n in bad.items()]
