#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""reproducible.py SOURCE COMPILER: two builds in different places, at
different times, are the same to the byte: the lower floors, which have all
that is generated; with REPRODUCE=all the program itself."""
import hashlib, os, shutil, subprocess, sys, tempfile

FLOORS = {"base": "libbase.a", "schema": "schema/libschema.a",
          "model": "libmodel.a"}
LEFT_OUT = shutil.ignore_patterns(".git", "build*", "__pycache__")


def build(source, compiler, top, targets):
    mine, out = os.path.join(top, "source"), os.path.join(top, "out")
    shutil.copytree(source, mine, ignore=LEFT_OUT)
    env = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    for argv in (["cmake", "-S", mine, "-B", out, "-DBUILD_TESTING=OFF",
                  f"-DCMAKE_C_COMPILER={compiler}"],
                 ["cmake", "--build", out, "-j2", "--target", *targets]):
        p = subprocess.run(argv, capture_output=True, text=True, env=env)
        if p.returncode:
            sys.exit(p.stdout[-4000:] + p.stderr[-4000:])
    return out


def sums(out, files):
    result = {}
    for name in files:
        with open(os.path.join(out, name), "rb") as f:
            data = f.read()
        assert data, name
        result[name] = hashlib.sha256(data).hexdigest()
    return result


def main():
    source, compiler = sys.argv[1:]
    whole = os.environ.get("REPRODUCE") == "all"
    want = {"mailhaul": "mailhaul"} if whole else FLOORS
    with tempfile.TemporaryDirectory(prefix="mailhaul-test.") as top:
        got = []
        for place in ("a", "another/and-a-longer/place"):
            d = os.path.join(top, place)
            os.makedirs(d)
            out = build(source, compiler, d, list(want))
            got.append(sums(out, want.values()))
            for name in want.values():
                with open(os.path.join(out, name), "rb") as f:
                    assert top.encode() not in f.read(), (
                        f"{name} names the directory it was built in")
    if got[0] != got[1]:
        sys.exit(f"two builds differ:\n{got[0]}\n{got[1]}")
    for name, value in got[0].items():
        print(value, name)


main()
