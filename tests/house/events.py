#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""events.py ROOT: an event in the log is one word, for grep and for cut."""
import os, re, sys

CALL = re.compile(r'\b(?:LOG|log_err|log_event)\(')
EVENT = re.compile(r"[a-z][a-z0-9_]*")


def arguments(text, at):
    """The top-level arguments of a call whose '(' is before text[at]."""
    out, depth, start, quoted = [], 1, at, False
    while depth:
        c = text[at]
        if quoted:
            at += c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        elif c in "({":
            depth += 1
        elif c in ")}":
            depth -= 1
        if not quoted and (c == "," and depth == 1 or depth == 0):
            out.append(text[start:at].strip())
            start = at + 1
        at += 1
    return out


def check(path):
    bad = 0
    with open(path) as f:
        text = f.read()
    for call in CALL.finditer(text):
        event = arguments(text, call.end())[2]
        for word in re.findall(r'"([^"]*)"', event):
            if not EVENT.fullmatch(word):
                line = text.count("\n", 0, call.start()) + 1
                print(f'{path}:{line}: "{word}" is not one word')
                bad += 1
    return bad


bad = seen = 0
for top in ("collector", "storage"):
    for d, _, files in os.walk(os.path.join(sys.argv[1], top)):
        for name in files:
            if name.endswith(".c"):
                seen += 1
                bad += check(os.path.join(d, name))
sys.exit(bad or not seen)
