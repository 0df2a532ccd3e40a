#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""In the jail where runbooks are run, what is not there: systemctl and
systemd-run (they do what mailhaul.service says, drop-ins and credentials
included, and wait for READY=1), journalctl, dpkg, and rsync to the machine
"new:", which is a folder. Named after what it stands in for. And `answer TEXT
COMMAND…`: somebody at a terminal who types TEXT when asked for a password."""
import glob, os, pty, pwd, re, shutil, signal, socket, subprocess, sys, time

UNIT = "/usr/lib/systemd/system/mailhaul.service"
DROP_INS = "/etc/systemd/system/mailhaul.service.d/*.conf"
LOG, PID = "/var/log/mailhaul.log", "/run/mailhaul.pid"
ENABLED = "/etc/mailhaul.enabled"
WAIT_S = 120


def unit():
    """{key: [value]} of [Service]; an empty value forgets those before."""
    found, section = {}, ""
    for path in [UNIT] + sorted(glob.glob(DROP_INS)):
        with open(path) as f:
            for line in f.read().replace("\\\n", " ").splitlines():
                if line.startswith("["):
                    section = line
                m = re.match(r"(\w+)=(.*)", line)
                if m and section == "[Service]":
                    found.setdefault(m[1], []).append(m[2])
                    if not m[2]:
                        found[m[1]] = []
    return found


def as_service(settings, argv, env, **kw):
    user = pwd.getpwnam(settings["User"][-1])
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
           "HOME": user.pw_dir, "LOGNAME": user.pw_name, **env}
    where = f"/run/credentials/{os.getpid()}"
    for entry in settings.get("LoadCredential", []):
        name, _, path = entry.partition(":")
        os.makedirs(where, exist_ok=True)
        to = shutil.copyfile(path, os.path.join(where, name))
        os.chmod(to, 0o400)
        for p in (where, to):
            os.chown(p, user.pw_uid, user.pw_gid)
        env["CREDENTIALS_DIRECTORY"] = where
    return subprocess.Popen(
        ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
         "--init-groups", "--", *argv], env=env, cwd="/", umask=0o077, **kw)


def pid():
    try:
        with open(PID) as f:
            n = int(f.read())
        with open(f"/proc/{n}/stat") as f:
            return n if f.read().rsplit(")", 1)[1].split()[0] != "Z" else None
    except OSError:
        return None


def start():
    if pid():
        return
    settings = unit()
    assert settings["Type"] == ["notify"], settings
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = f"/run/notify.{os.getpid()}"
    notify.bind(path)
    os.chmod(path, 0o666)
    notify.settimeout(0.2)
    log = open(LOG, "a")
    kw = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
    for command in settings["ExecStartPre"]:
        if as_service(settings, command.split(), {}, **kw).wait() != 0:
            sys.exit("Job for mailhaul.service failed: ExecStartPre")
    p = as_service(settings, settings["ExecStart"][-1].split(),
                   {"NOTIFY_SOCKET": path}, start_new_session=True, **kw)
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        if p.poll() is not None:
            sys.exit(f"Job for mailhaul.service failed: it ended with "
                     f"{p.returncode}")
        try:
            if b"READY=1" in notify.recv(4096):
                break
        except TimeoutError:
            pass
    else:
        sys.exit("Job for mailhaul.service failed: it did not say READY=1")
    with open(PID, "w") as f:
        f.write(str(p.pid))


def stop():
    n = pid()
    if not n:
        return
    os.kill(n, signal.SIGTERM)
    until = time.monotonic() + WAIT_S
    while pid():
        if time.monotonic() > until:
            sys.exit("mailhaul.service did not stop")
        time.sleep(0.05)


def systemctl(args):
    now = "--now" in args
    verb, *units = [a for a in args if not a.startswith("-")]
    assert units in ([], ["mailhaul"]), args
    if verb == "daemon-reload":
        return
    assert units, args
    if verb == "enable":
        open(ENABLED, "w").close()
        start() if now else None
    elif verb == "disable":
        os.path.exists(ENABLED) and os.unlink(ENABLED)
        stop() if now else None
    elif verb == "start":
        start()
    elif verb == "stop":
        stop()
    elif verb == "restart":
        stop()
        start()
    elif verb == "reload":
        command = unit()["ExecReload"][-1].replace("$MAINPID", str(pid()))
        subprocess.run(command.split(), check=True)
    else:
        sys.exit(f"systemctl: nobody stands in for {verb}")


def systemd_run(args):
    settings = {}
    while args and args[0].startswith("-"):
        option = args.pop(0)
        if option == "-p":
            key, _, value = args.pop(0).partition("=")
            settings.setdefault(key, []).append(value)
        elif option not in ("--quiet", "--pipe", "--wait", "--collect"):
            sys.exit(f"systemd-run: unknown option {option}")
    sys.exit(as_service(settings, args, {}).wait())


def journalctl(args):
    assert args[:2] == ["-u", "mailhaul"], args
    wanted = args[args.index("--grep") + 1] if "--grep" in args else ""
    with open(LOG) as f:
        lines = [line for line in f if re.search(wanted, line)]
    print("".join(lines), end="")
    sys.exit(not lines)


def rsync(args):
    shared = os.environ["SHARED"]
    args = [f"{shared}/new{a[4:]}" if a.startswith("new:") else a
            for a in args]
    os.makedirs(args[-1], exist_ok=True)
    os.execv("/usr/bin/rsync", ["rsync", *args])


def dpkg(args):
    """The same version again, as far as the service can tell."""
    assert args[0] == "-i" and args[1].endswith(".deb"), args
    stop()
    try:
        start()
    except SystemExit as e:  # as its postinst does, which goes on
        print(e)


def answer(args):
    said = b""

    def read(fd):
        nonlocal said
        data = os.read(fd, 4096)
        said += data
        if re.search(rb"[Pp]assword[^\n]*: ?$", said):
            os.write(fd, args[0].encode() + b"\n")
            said = b""
        return data
    sys.exit(os.waitstatus_to_exitcode(pty.spawn(args[1:], read)))


if __name__ == "__main__":
    {"answer": answer, "systemctl": systemctl, "rsync": rsync, "dpkg": dpkg,
     "systemd-run": systemd_run, "journalctl": journalctl}[
         os.path.basename(sys.argv[0])](sys.argv[1:])
