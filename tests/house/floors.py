#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails on an include that goes up or sideways in the house.

usage: floors.py ROOT   check the tree
       floors.py        check that the checker sees each kind of fault
"""
import os, re, sys, tempfile

FLOORS = {"schema": 0, "collector/base": 1, "collector/model": 2,
          "collector/remote": 3, "storage": 3, "collector/sync": 4,
          "collector/service": 5, "collector/cli": 6, "collector": 7}
# The protocols of remote/ are not for service and cli: what talks to a
# server is a job.
PROTOCOLS = re.compile(r"(imap|pop3|sasl|transport|guard)")


def room(path):
    return os.path.dirname(path)


def check(root):
    faults = []
    for top in ("schema", "collector", "storage"):
        for d, _, files in os.walk(os.path.join(root, top)):
            for name in files:
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.join(d, name)
                mine = os.path.relpath(path, root)
                with open(path, encoding="utf-8") as f:
                    for n, line in enumerate(f, 1):
                        m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
                        if not m:
                            continue
                        inc = os.path.normpath(os.path.join(d, m.group(1)))
                        if not os.path.exists(inc):
                            inc = os.path.join(root, m.group(1))
                        other = os.path.relpath(inc, root)
                        fault = judge(mine, other)
                        if fault:
                            faults.append(f"{mine}:{n}: {fault}: {other}")
    return faults


def judge(mine, other):
    a, b = FLOORS.get(room(mine)), FLOORS.get(room(other))
    if a is None:
        return "a room that no floor knows"
    if b is None:
        return None if other.startswith("schema") else "unknown include"
    if b > a:
        return "upward include"
    if a == b and room(mine) != room(other):
        return "sideways include"
    if a in (5, 6) and room(other) == "collector/remote" and \
            PROTOCOLS.match(os.path.basename(other)):
        return "a protocol of remote/ seen from above sync/"
    return None


def selftest():
    cases = {"collector/base/x.c": '#include "../model/y.h"\n',
             "storage/x.c": '#include "../collector/remote/y.h"\n',
             "collector/remote/x.c": '#include "../../storage/y.h"\n',
             "collector/cli/x.c": '#include "../remote/imap.h"\n'}
    for path, text in cases.items():
        with tempfile.TemporaryDirectory() as root:
            for f in ("collector/model/y.h", "collector/remote/y.h",
                      "storage/y.h", "collector/remote/imap.h"):
                os.makedirs(os.path.join(root, room(f)), exist_ok=True)
                open(os.path.join(root, f), "w").close()
            os.makedirs(os.path.join(root, room(path)), exist_ok=True)
            with open(os.path.join(root, path), "w") as f:
                f.write(text)
            if not check(root):
                sys.exit(f"floors.py does not see the fault in {path}")


selftest()
found = check(sys.argv[1]) if len(sys.argv) > 1 else []
for fault in found:
    print(fault)
print(f"{len(found)} includes against the floors")
sys.exit(1 if found else 0)
