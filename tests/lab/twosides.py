# SPDX-License-Identifier: BSD-2-Clause
"""A source and a store that are both at work, and a model of what a run makes
of them.

Model       what is to lie in the store: a Copy for each message that came
Model.run   what a run does, given what the source has (a Box a mailbox)
Side        one of the two, through a client of its own: whoever changes
            something asks for it here
"""
import collections, os, re

import lab

SYSTEM = ("\\Seen", "\\Flagged", "\\Answered", "\\Draft", "\\Deleted")
TAKEN_OVER = {"\\Flagged", "\\Answered", "\\Draft"}  # model/merge.h
TRASH = "Trash"


class Copy:
    """A message as it came here from one mailbox. folder: None = deleted by
    its reader. wrote: the flags as a run has written them. been: folders that
    know its file name; Dovecot gives it another one if it comes back."""

    def __init__(self, number, folder, flags):
        self.number, self.folder = number, folder
        self.flags, self.wrote, self.then = flags, flags, flags
        self.been = {folder}

    def take(self, folder):
        self.folder = folder
        self.been.add(folder)

    def merge(self, now):
        changed = self.then ^ now
        ours = {f for f in changed if (f in self.flags) == (f in self.wrote)}
        if self.folder is not None:
            self.flags = (self.flags - ours) | (now & ours)
            self.wrote = (self.wrote - ours) | (now & ours)
        self.then = now


class Box:
    """A mailbox of the source, and its folder here. copies: of messages that
    it had after the last run, by number; had: all that it ever had."""

    def __init__(self, folder):
        self.folder = folder
        self.copies, self.had = {}, set()
        self.renumbered = False


class Model:
    def __init__(self, rule):
        self.rule = rule
        self.copies = []

    def arrive(self, box, number, flags):
        copy = Copy(number, box.folder, flags)
        self.copies.append(copy)
        box.copies[number] = copy

    def vanish(self, box, copy):
        if self.rule == "keep" or copy.folder != box.folder or \
                (copy.flags - copy.wrote) & TAKEN_OVER:
            return
        copy.folder = TRASH if self.rule == "trash" else None

    def visit(self, box, now):
        for number in sorted(set(box.copies) - set(now)):
            copy = box.copies.pop(number)
            if not box.renumbered:  # then nobody knows what has gone
                self.vanish(box, copy)
        for number, flags in now.items():
            if number in box.copies:
                box.copies[number].merge(flags)
            else:
                self.arrive(box, number, flags)
        box.had |= set(now)
        box.renumbered = False

    def follow(self, box, name):
        """Its mailbox has this name now, which is still free here."""
        for copy in self.copies:
            if copy.folder == box.folder:
                copy.folder = name
            if box.folder in copy.been:
                copy.been.add(name)
        box.folder = name

    def rename(self, old, new):
        """A folder, and what lies below."""
        for copy in self.copies:
            copy.been |= {new + f[len(old):] for f in copy.been
                          if f == old or f.startswith(old + ".")}
            if copy.folder == old:
                copy.folder = new
            elif copy.folder and copy.folder.startswith(old + "."):
                copy.folder = new + copy.folder[len(old):]

    def once(self, folder):
        """Of messages that lie in that folder just once, by number."""
        here = [c for c in self.copies if c.folder == folder]
        numbers = collections.Counter(c.number for c in here)
        return sorted((c for c in here if numbers[c.number] == 1),
                      key=lambda c: c.number)

    def expect(self):
        """{folder: sorted [(number, flags)]}."""
        out = {}
        for copy in self.copies:
            if copy.folder is not None:
                out.setdefault(copy.folder, []).append(
                    (copy.number, " ".join(sorted(copy.flags))))
        return {folder: sorted(rows) for folder, rows in out.items()}


def text(number):
    return (b"Subject: letter %d\r\nMessage-ID: <%d@two>\r\n\r\n%s\r\n"
            % (number, number, b"word %d " % number * (1 + number % 40)))


def date(number):
    return 1400000000 + 3600 * number


class Side:
    ROW = re.compile(rb"UID (\d+) FLAGS \((.*?)\)")

    def __init__(self, server, user):
        self.server, self.user = server, user

    def __enter__(self):
        self.m = self.server.client(self.user)
        return self

    def __exit__(self, *error):
        self.m.logout()

    def must(self, answer):
        assert answer[0] == "OK", answer
        return answer[1]

    def select(self, name, readonly=False):
        self.must(self.m.select(lab.quote(name), readonly))

    def rows(self, name, readonly=True):
        """[(number, uid, flags)] of a mailbox, which is selected then."""
        self.select(name, readonly)
        out = []
        for part in self.must(self.m.uid(
                "FETCH", "1:*", "(UID FLAGS BODY.PEEK[HEADER.FIELDS "
                "(SUBJECT)])")):
            if isinstance(part, tuple):
                uid, flags = self.ROW.search(part[0]).groups()
                number = int(part[1].split()[2])
                flags = frozenset(flags.decode().split()) - {"\\Recent"}
                out.append((number, uid.decode(), flags))
        return out

    def has_directory(self, name):
        home = os.path.join(self.server.dir, "homes", self.user)
        return name == "INBOX" or os.path.isdir(
            os.path.join(home, "." + name))

    def everything(self):
        """{mailbox: sorted [(number, flags)]}, without those that are
        empty."""
        out = {}
        for name in lab.mailboxes(self.m):
            if not self.has_directory(name):
                continue  # Dovecot goes on listing parents that are gone
            rows = [(number, " ".join(sorted(flags)))
                    for number, _, flags in self.rows(name)]
            if rows:
                out[name] = sorted(rows)
        return out

    def append(self, name, number, flags):
        self.must(self.m.append(lab.quote(name), "(" + " ".join(flags) + ")",
                                date(number), text(number)))

    def uid_of(self, name, number):
        found = [uid for n, uid, _ in self.rows(name, False) if n == number]
        assert len(found) == 1, (name, number, found)
        return found[0]

    def toggle(self, name, number, flag, on):
        self.must(self.m.uid("STORE", self.uid_of(name, number),
                             ("+" if on else "-") + "FLAGS.SILENT",
                             "(" + flag + ")"))

    def move(self, name, number, to):
        self.must(self.m.uid("MOVE", self.uid_of(name, number),
                             lab.quote(to)))

    def copy_and_delete(self, name, number, to):
        """What clients do that know no MOVE."""
        uid = self.uid_of(name, number)
        self.must(self.m.uid("COPY", uid, lab.quote(to)))
        self.expunge_uid(uid)

    def expunge(self, name, number):
        self.expunge_uid(self.uid_of(name, number))

    def expunge_uid(self, uid):
        self.must(self.m.uid("STORE", uid, "+FLAGS.SILENT", "(\\Deleted)"))
        self.must(self.m.uid("EXPUNGE", uid))

    def create(self, name):
        self.must(self.m.create(lab.quote(name)))

    def delete(self, name):
        self.m.select("INBOX", readonly=True)
        self.must(self.m.delete(lab.quote(name)))

    def rename(self, old, new):
        self.m.select("INBOX", readonly=True)
        self.must(self.m.rename(lab.quote(old), lab.quote(new)))
