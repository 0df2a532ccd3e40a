#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""sbom.py BINARY VERSION OUT: a CycloneDX 1.5 list of what the program is
linked with, down to the last library, as this system's packages: name,
version, source, architecture and the hash of each library. Nothing in it
depends on the time or the place of the build."""
import hashlib, json, os, re, subprocess, sys


def output(*argv):
    return subprocess.run(argv, capture_output=True, text=True,
                          check=True).stdout


def libraries(binary):
    """The files that the loader would map, the indirect ones too."""
    found = re.findall(r"(?:=> )?(/\S+) \(0x", output("ldd", binary))
    return sorted({os.path.realpath(path) for path in found})


def package(path):
    """The package a file belongs to; /lib and /usr/lib are one."""
    for name in (path, path.removeprefix("/usr")):
        p = subprocess.run(["dpkg-query", "-S", name], capture_output=True,
                           text=True)
        if p.returncode == 0:
            return p.stdout.split(": ")[0].split(",")[0]
    return None


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def component(name, paths):
    fields = "${Package}\t${Version}\t${Architecture}\t${source:Package}"
    package, version, architecture, source = output(
        "dpkg-query", "-W", "-f", fields, name).split("\t")
    purl = f"pkg:deb/debian/{package}@{version}?arch={architecture}"
    return {"type": "library", "bom-ref": purl, "name": package,
            "version": version, "purl": purl,
            "properties": [{"name": "debian:source", "value": source}],
            "components": [
                {"type": "file", "name": os.path.basename(p),
                 "hashes": [{"alg": "SHA-256", "content": sha256(p)}]}
                for p in paths]}


def sbom(binary, version):
    packages = {}
    for path in libraries(binary):
        name = package(path)
        if name is None:
            sys.exit(f"sbom: no package has {path}")
        packages.setdefault(name, []).append(path)
    components = [component(n, p) for n, p in sorted(packages.items())]
    me = f"pkg:generic/mailhaul@{version}"
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": {"component": {
                "type": "application", "bom-ref": me, "name": "mailhaul",
                "version": version, "licenses": [
                    {"license": {"id": "BSD-2-Clause"}}],
                "hashes": [{"alg": "SHA-256", "content": sha256(binary)}]}},
            "components": components,
            "dependencies": [{"ref": me, "dependsOn": [
                c["bom-ref"] for c in components]}]}


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    binary, version, out = sys.argv[1:]
    with open(out, "w") as f:
        json.dump(sbom(binary, version), f, indent=1, sort_keys=True)
        f.write("\n")


if __name__ == "__main__":
    main()
