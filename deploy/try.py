#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""try.py MAILHAUL FOLDER MESSAGES: the story that deploy/try tells."""
import collections, os, re, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests/lab"))
import lab

binary, work, messages = sys.argv[1], sys.argv[2], int(sys.argv[3])


def title(text):
    print(f"\n== {text}", flush=True)


def say(*args, stdin=None):
    """Runs mailhaul as a person would, on this terminal."""
    print("$ mailhaul " + " ".join(args), flush=True)
    p = subprocess.run(haul.argv + list(args), input=stdin, text=True)
    if p.returncode:
        raise SystemExit(f"mailhaul {args[0]} ended with {p.returncode}")


def local(user):
    m = server.client(user + ".local")
    try:
        return lab.snapshot(m)
    finally:
        m.logout()


def readable(name):
    def run(g):
        b = g.group(1).replace(",", "/")
        return lab.base64.b64decode(b + "=" * (-len(b) % 4)).decode(
            "utf-16-be") if b else "&"
    return re.sub(r"&([A-Za-z0-9+,]*)-", run, name)


def show_imap(user):
    m = server.client(user)
    source, here = lab.snapshot(m), local(user)
    m.logout()
    print(f"{'folder':<24}{'source':>8}{'here':>8}  "
          "bytes, flags, keywords and dates")
    good = True
    for name in sorted(source):
        same = source[name] == here.get(name, [])
        good &= same
        print(f"{readable(name):<24}{len(source[name]):>8}"
              f"{len(here.get(name, [])):>8}  "
              f"{'the same' if same else 'DIFFERENT'}")
    m = server.client(user)
    numbers = lab.numbers(m)
    m.logout()
    m = server.client(user + ".local")
    here = lab.numbers(m)
    m.logout()
    same = all(here.get(name) == was for name, was in numbers.items())
    print(f"{'UIDs and UIDVALIDITY':<42}{'the same' if same else 'OTHERS'}")
    return good and same


def show_pop3(user):
    source = lab.pop3_hashes(server.pop3, user)
    here = lab.pop3_hashes(server.pop3, user + ".local")
    same = source == here
    print(f"{'INBOX':<24}{len(source):>8}{len(here):>8}  "
          f"{'the same bytes' if same else 'DIFFERENT'}")
    named = lab.uidls(server.pop3, user) == \
        lab.uidls(server.pop3, user + ".local")
    print(f"{'UIDLs and their order':<42}{'the same' if named else 'OTHERS'}")
    return same and named


title(f"a private Dovecot with two sample mailboxes of {messages} messages")
for name, folders in (("anna", lab.FOLDERS), ("boris", [("INBOX", 1.0)])):
    lab.write_mailboxes(f"{work}/old/{name}", messages, seed=len(name),
                        folders=folders)
server = lab.Dovecot(f"{work}/dovecot")
haul = lab.Mailhaul(binary, f"{work}/mailhaul", ca=server.ca)
for name in ("anna", "boris"):
    server.add_user(name, f"{work}/old/{name}")
    server.add_user(name + ".local", f"{haul.store}/{name}")
server.start()
good = True
try:
    print(f"imaps on port {server.imaps}, pop3 with STLS on {server.pop3}")

    title("enrol an IMAP and a POP3 account")
    say("init")
    say("add", "anna", f"imaps://anna@localhost:{server.imaps}",
        "--password-file", "-", stdin=lab.PASSWORD + "\n")
    say("add", "boris", f"pop3://boris@localhost:{server.pop3}",
        "--password-file", "-", stdin=lab.PASSWORD + "\n")

    title("collect them")
    say("run")
    say("status")

    title("the result, as Dovecot serves it: anna, by IMAP")
    good &= show_imap("anna")
    title("and boris, by POP3")
    good &= show_pop3("boris")

    title("at the source: a new message, and one is flagged")
    m = server.client("anna")
    m.append("INBOX", "($label1)", time.time(),
             b"Subject: fresh\r\n\r\nnew mail\r\n")
    m.select("INBOX")
    m.uid("STORE", "1", "+FLAGS", "(\\Flagged)")
    m.logout()
    title("here: a reader answers one, and moves one to Archive/2024")
    m = server.client("anna.local")
    m.select("INBOX")
    m.uid("STORE", "2", "+FLAGS", "(\\Answered)")
    m.uid("COPY", "3", "Archive.2024")
    m.uid("STORE", "3", "+FLAGS.SILENT", "(\\Deleted)")
    m.expunge()
    m.logout()
    before = local("anna")

    title("a second run keeps it in step")
    say("run", "anna")
    after = local("anna")
    for name in sorted(after):
        was, now = (collections.Counter(x.get(name, []))
                    for x in (before, after))
        for (digest, flags, _), n in (now - was).items():
            print(f"  + {readable(name)}: {digest[:12]} ({flags})")
        for (digest, flags, _), n in (was - now).items():
            print(f"  - {readable(name)}: {digest[:12]} ({flags})")
    m = server.client("anna.local")
    m.select("INBOX", readonly=True)

    def has(uid, flag):
        return flag in str(m.uid("FETCH", uid, "(FLAGS)")[1])
    checks = {
        "the new message has come": sum(map(len, after.values())) ==
        sum(map(len, before.values())) + 1,
        "the flag of the source is here": has("1", "\\\\Flagged"),
        "the local answer mark has stayed": has("2", "\\\\Answered"),
        "the moved message has not come back":
        len(after["INBOX"]) == len(before["INBOX"]) + 1,
    }
    m.logout()
    for text, ok in checks.items():
        print(f"{'yes' if ok else 'NO':>5}  {text}")
        good &= ok
finally:
    server.stop()
print("\n" + ("All of it is as it should be." if good
              else "SOMETHING IS WRONG, see above."))
sys.exit(0 if good else 1)
