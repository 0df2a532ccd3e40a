#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails when collector/remote/QUIRKS.md names a test that does not run, or a
row names none and does not say "not applicable, because".

usage: quirks.py ROOT

A test is `file/function`: a function of tests/unit/FLOOR/test_FILE.c (where
several floors have such a file, of one of them), or a test of
tests/whole/test_FILE.py or tests/interop/test_FILE.py.
"""
import glob, os, re, sys

NAME = re.compile(r"`([a-z0-9_]+)/([a-z0-9_]+)`")
SWITCH = re.compile(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`")


def runs(root, file, function):
    for path in glob.glob(os.path.join(root, "tests/*/**", f"test_{file}.*"),
                          recursive=True):
        with open(path, errors="replace") as f:
            text = f.read()
        wanted = (f"cmocka_unit_test({function})" if path.endswith(".c")
                  else f"def {function}(")
        if wanted in text:
            return True
    return False


def switches(root):
    """Names in the table of quirks."""
    with open(os.path.join(root, "collector/model/quirk.c")) as f:
        return set(re.findall(r'\{QUIRK_[A-Z0-9_]+,\s*"([a-z0-9-]+)"',
                              f.read()))


def main(root):
    with open(os.path.join(root, "collector/remote/QUIRKS.md")) as f:
        text = f.read()
    rows = [(n, line) for n, line in enumerate(text.split("\n"), 1)
            if line.startswith("| ") and not line.startswith("| who ")]
    faults = []
    for n, line in rows:
        tests = NAME.findall(line.rstrip().rsplit("|", 2)[1])
        if not tests and "not applicable, because" not in line:
            faults.append(f"QUIRKS.md:{n}: no test")
        faults += [f"QUIRKS.md:{n}: {file}/{function} does not run"
                   for file, function in tests
                   if not runs(root, file, function)]
    known, named = switches(root), set(SWITCH.findall(text))
    faults += [f"QUIRKS.md: no row says what `{name}` is for"
               for name in sorted(known - named)]
    if not known:
        faults.append("quirk.c: no table of quirks found")
    print("\n".join(faults) or f"{len(rows)} quirks, all tested")
    return 1 if faults or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
