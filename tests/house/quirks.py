#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails when collector/remote/QUIRKS.md names a test that does not run.

usage: quirks.py ROOT
"""
import os, re, sys

NAME = re.compile(r"`([a-z0-9_]+)/([a-z0-9_]+)`")


def runs(root, file, function):
    path = os.path.join(root, "tests/unit/remote", f"test_{file}.c")
    if not os.path.exists(path):
        return False
    with open(path) as f:
        return f"cmocka_unit_test({function})" in f.read()


def main(root):
    with open(os.path.join(root, "collector/remote/QUIRKS.md")) as f:
        rows = [(n, line) for n, line in enumerate(f, 1)
                if line.startswith("| ") and not line.startswith("| who ")]
    faults = []
    for n, line in rows:
        tests = NAME.findall(line.rstrip().rsplit("|", 2)[1])
        if not tests:
            faults.append(f"QUIRKS.md:{n}: no test")
        faults += [f"QUIRKS.md:{n}: {file}/{function} does not run"
                   for file, function in tests
                   if not runs(root, file, function)]
    print("\n".join(faults) or f"{len(rows)} quirks, all tested")
    return 1 if faults or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
