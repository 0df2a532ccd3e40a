#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""sbom.py SCRIPT BINARY: the bill names what the program is linked with, says
the same twice, and every hash is right."""
import json, os, shutil, subprocess, sys, tempfile

# what mailhaul itself asks for; the bill has these and what they need
DIRECT = ["libc6", "libetpan", "libsqlite3-0", "libssl", "libuv1", "libinih",
          "libjansson4", "libutf8proc", "libseccomp2", "libgsasl", "zlib1g",
          "libmicrohttpd", "libc-ares2", "libexpat1", "libncursesw6"]


def make(script, binary, out):
    subprocess.run([sys.executable, script, binary, "1.2.3", out], check=True)
    with open(out) as f:
        return f.read()


def main():
    script, binary = sys.argv[1:]
    if not shutil.which("dpkg-query"):
        print("SKIPPED: no dpkg-query here")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="mailhaul-test.") as d:
        text = make(script, binary, os.path.join(d, "a"))
        assert text == make(script, binary, os.path.join(d, "b"))
    bill = json.loads(text)
    assert bill["bomFormat"] == "CycloneDX"
    names = [c["name"] for c in bill["components"]]
    for want in DIRECT:
        assert any(n.startswith(want) for n in names), f"{want}: {names}"
    refs = [c["bom-ref"] for c in bill["components"]]
    assert len(set(refs)) == len(refs)
    assert bill["dependencies"][0]["dependsOn"] == refs
    for c in bill["components"]:
        installed = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}\n", c["name"]],
            capture_output=True, text=True, check=True).stdout.split()
        assert c["version"] in installed, c
        assert c["components"], c
        for f in c["components"]:
            assert len(f["hashes"][0]["content"]) == 64
    got = subprocess.run(["sha256sum", binary], capture_output=True,
                         text=True, check=True).stdout.split()[0]
    assert bill["metadata"]["component"]["hashes"][0]["content"] == got


main()
