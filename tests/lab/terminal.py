# SPDX-License-Identifier: BSD-2-Clause
"""A terminal that nobody sits at: a shell in a tmux of its own, to which keys
are sent and whose screen is read."""
import os, re, shutil, subprocess, time


def is_there():
    return shutil.which("tmux") is not None


class Terminal:
    def __init__(self, d, columns=80, rows=24, env=()):
        self.socket = os.path.join(d, "tmux")
        self.dir = d
        e = {k: v for k, v in os.environ.items()
             if k not in ("TMUX", "NO_COLOR", "ENV")}
        e |= {"LC_ALL": "C.UTF-8", "PS1": "$ ", **dict(env)}
        subprocess.run(
            ["tmux", "-S", self.socket, "-f", "/dev/null", "new-session",
             "-d", "-x", str(columns), "-y", str(rows), "/bin/sh", "-i"],
            env=e, check=True, cwd=d)
        self.tmux("set", "-g", "status", "off")
        self.wait_for(lambda: "$" in self.screen())

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"],
                       capture_output=True)

    def tmux(self, *args):
        return subprocess.run(["tmux", "-S", self.socket, *args], check=True,
                              capture_output=True, text=True).stdout

    def keys(self, *keys):
        """Names of keys, or text, one after the other."""
        for key in keys:
            self.tmux("send-keys", key)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def run(self, argv, behind="; echo ended $?"):
        """Starts a command by hand; its exit status is shown behind it."""
        script = os.path.join(self.dir, "go")
        with open(script, "w") as f:
            f.write("exec " + " ".join(f"'{a}'" for a in argv) + "\n")
        self.type(f"sh {script} {behind}")
        self.keys("Enter")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def lines(self):
        return self.screen().rstrip("\n").split("\n")

    def size(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def ask(self, what):
        return self.tmux("display-message", "-p", "#{%s}" % what).strip()

    def processes(self):
        """What the shell runs, and what that runs."""
        def below(pid):
            out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)],
                                 capture_output=True, text=True).stdout
            return [int(p) for p in out.split()]
        first = below(self.ask("pane_pid"))
        return first + [p for f in first for p in below(f)]

    def wait_for(self, what, seconds=60):
        until = time.monotonic() + seconds
        while not what():
            if time.monotonic() > until:
                raise AssertionError("waited in vain; the screen:\n"
                                     + self.screen())
            time.sleep(0.1)

    def shows(self, *texts):
        self.wait_for(lambda: all(t in self.screen() for t in texts))

    def modes(self):
        """How the terminal is set, as the shell's commands find it."""
        out = os.path.join(self.dir, "modes")
        if os.path.exists(out):
            os.unlink(out)
        self.type(f"stty -a > {out}.new; mv {out}.new {out}")
        self.keys("Enter")
        self.wait_for(lambda: os.path.exists(out))
        with open(out) as f:
            # without its size
            return re.sub("rows [0-9]+; columns [0-9]+; ", "", f.read())
