#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""binary.py BINARY BUILD_TYPE: the hardening that flags.cmake asks for is in
the binary that came out."""
import platform, re, subprocess, sys


def readelf(binary, *options):
    return subprocess.run(["readelf", "-W", *options, binary],
                          capture_output=True, text=True, check=True).stdout


def faults(binary, build_type):
    head, segments = readelf(binary, "-h"), readelf(binary, "-l")
    dynamic, symbols = readelf(binary, "-d"), readelf(binary, "--dyn-syms")
    stack = re.search(r"GNU_STACK.* (\S+)\s+0x\S+$", segments, re.M)
    checks = [
        ("PIE", "DYN (" in head and "PIE" in dynamic),
        ("RELRO", "GNU_RELRO" in segments),
        ("immediate binding", "BIND_NOW" in dynamic or "NOW" in dynamic),
        ("a stack that cannot run", stack and "E" not in stack[1]),
        ("no segment both writable and executable",
         not re.search(r"^\s+LOAD.*\bRWE\b", segments, re.M)),
        ("stack protector", "__stack_chk_fail" in symbols),
        ("no path to libraries", "RPATH" not in dynamic
         and "RUNPATH" not in dynamic),
        ("no text relocations", "TEXTREL" not in dynamic),
    ]
    if build_type != "Debug":
        checks.append(("FORTIFY", re.search(
            r"__(?:sn?printf|memcpy|read|fprintf|vsnprintf)_chk", symbols)))
    if platform.machine() == "x86_64":
        # The note for the loader needs a libc whose start-up objects have
        # it, which Debian's have not: what is looked at is our own code.
        with open(binary, "rb") as f:
            code = f.read()
        checks.append(("CET: branch targets in our functions",
                       code.count(b"\xf3\x0f\x1e\xfa") > 1000))
    return [name for name, good in checks if not good]


def main():
    binary, build_type = sys.argv[1:]
    missing = faults(binary, build_type)
    if missing:
        sys.exit(f"{binary} lacks: {', '.join(missing)}")


main()
