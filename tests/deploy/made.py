# SPDX-License-Identifier: BSD-2-Clause
"""The package under test, made once."""
import atexit, functools, os, shutil, subprocess, tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
top = tempfile.mkdtemp(prefix="mailhaul-test.")
os.chmod(top, 0o755)
atexit.register(shutil.rmtree, top, ignore_errors=True)
skipped = []  # what could not be done here, and why


@functools.lru_cache
def package():
    if os.environ.get("PACKAGE"):
        return os.path.abspath(os.environ["PACKAGE"])
    twice = ["--twice"] if os.environ.get("REPRODUCE") == "all" else []
    p = subprocess.run(
        [os.path.join(TOP, "deploy", "package"), *twice, top],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    print(p.stdout)
    if p.returncode != 0:
        raise AssertionError("deploy/package failed")
    return p.stdout.split("\n")[-2]
