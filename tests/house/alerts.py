#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""alerts.py SOURCE: the rules for Prometheus are what it takes, every metric
in them is one that the program tells, and the runbook knows each alert."""
import os, re, shutil, subprocess, sys


def main():
    rules = os.path.join(sys.argv[1], "deploy", "prometheus-alerts.yml")
    pages = os.path.join(sys.argv[1], "collector", "service", "pages.c")
    with open(pages) as f:
        told = {"mailhaul_" + n for n in re.findall(r'NAME\("(\w+)"\)',
                                                    f.read())}
    with open(rules) as f:
        text = f.read()
    used = set(re.findall(r"\bmailhaul_\w+", text))
    runbook = os.path.join(sys.argv[1], "deploy", "runbooks", "watch-it.md")
    with open(runbook) as f:
        known = set(re.findall(r"\bMailhaul\w+", f.read()))
    assert known == set(re.findall(r"alert: (\w+)", text)), known
    assert len(used) >= 8, used
    unknown = sorted(used - told)
    if unknown:
        sys.exit(f"nobody tells {', '.join(unknown)}")
    if not shutil.which("promtool"):
        print("promtool (package prometheus) is not here: names only")
        return
    subprocess.run(["promtool", "check", "rules", rules], check=True)


main()
