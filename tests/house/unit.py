#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""unit.py SOURCE: systemd's own opinion of mailhaul.service, alone (one owner)
and with mailhaul-owners.conf (many)."""
import os, re, shutil, subprocess, sys, tempfile

LIMITS = [(None, 2.0), ("mailhaul-owners.conf", 3.5)]


def exposure(source, drop_in):
    with tempfile.TemporaryDirectory(prefix="mailhaul-test.") as d:
        unit = shutil.copy(os.path.join(source, "mailhaul.service"), d)
        if drop_in:
            os.mkdir(unit + ".d")
            shutil.copy(os.path.join(source, drop_in),
                        os.path.join(unit + ".d", "owners.conf"))
        p = subprocess.run(["systemd-analyze", "security", "--offline=yes",
                            "--no-pager", unit],
                           capture_output=True, text=True)
    m = re.search(r"exposure level for \S+: ([0-9.]+)", p.stdout)
    if not m:
        sys.exit(f"systemd-analyze said no figure:\n{p.stdout}{p.stderr}")
    return float(m[1]), p.stdout


def main():
    source = os.path.join(sys.argv[1], "deploy")
    if not shutil.which("systemd-analyze"):
        print("SKIPPED: there is no systemd-analyze (package systemd)")
        sys.exit(77)
    figures = []
    for drop_in, most in LIMITS:
        figure, said = exposure(source, drop_in)
        print(f"{drop_in or 'mailhaul.service'}: {figure} (at most {most})")
        if figure > most:
            sys.exit(said)
        figures.append(figure)
    # the drop-in has been read: it lets more through
    assert figures[1] > figures[0], figures


main()
