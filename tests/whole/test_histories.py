#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Random histories of both sides, on a real Dovecot with QRESYNC, with
CONDSTORE only, and with neither: after each run the store is compared, message
by message and flag by flag, with a model (tests/lab/twosides.py). Runs are
killed now and then. HISTORIES=ROUNDS, SEED=N: more of them, others."""
import os, random, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab, twosides

ROUNDS = int(os.environ.get("HISTORIES", "4" if case.SANITIZED else "8"))
SEED = int(os.environ.get("SEED", "1"))
BASE = "IMAP4rev1 LITERAL+ SASL-IR ID ENABLE IDLE NAMESPACE UIDPLUS MOVE"
START = ["INBOX", "Work", "Work.Sub", "Work.Sub.Deep", "Alpha", "Ma&APE-ana"]
FLAGS = list(twosides.SYSTEM) + ["$label1", "NonJunk", "urgent"]
FEW = 3    # messages that may vanish from a mailbox at once: no brake
LEAST = 5  # and so many have to be there


class Histories(case.Case):
    flags_need_company = False  # else no status tells of them

    def start(self, rule):
        self.r = random.Random(f"{SEED} {self.id()}")
        self.numbers = iter(range(1, 1 << 30))
        self.names = iter(range(1, 1 << 30))
        self.kept = ["Kept0", "Kept1"]
        self.user = self.source("anna", 1, folders=[("INBOX", 1)])
        self.there = twosides.Side(self.server, self.user)
        self.here = twosides.Side(self.server, self.user + ".local")
        self.model = twosides.Model(rule)
        self.boxes = {name: twosides.Box(name) for name in START}
        self.done = []  # what was done since the last run, for a person
        self.all = []
        with self.there as side:
            side.select("INBOX")
            side.must(side.m.store("1", "+FLAGS", "(\\Deleted)"))
            side.must(side.m.expunge())
            for name in START[1:]:
                side.create(name)
        for _ in range(70):
            self.append(self.r.choice(START))
        self.add(self.user, "imaps", "--on-expunge", rule)
        self.gone, self.renamed = {}, set()
        self.run_once()
        with self.here as side:
            for name in self.kept:
                side.create(name)

    # ---- a run, and what it must have made

    def read_source(self):
        with self.there as side:
            return {name: {n: flags for n, _, flags in side.rows(name)}
                    for name in self.boxes}

    def run_once(self):
        time.sleep(0.05)  # absence is certain only in what rests
        now = self.read_source()
        if self.done and self.r.random() < 0.3:
            p = self.haul.start("run", self.user,
                                stdout=lab.subprocess.DEVNULL,
                                stderr=lab.subprocess.DEVNULL)
            time.sleep(self.r.random() * (1.5 if case.SANITIZED else 0.3))
            p.kill()
            p.wait()
            self.say("killed")
        p = self.haul.run("-v", "run", self.user, check=False)
        for name in self.renamed & set(self.boxes):
            self.model.follow(self.boxes[name], name)
        for name, box in self.boxes.items():
            self.model.visit(box, now[name])
        with self.here as side:
            found = side.everything()
        self.all.append("run")
        story = "\n".join(self.done) + "\n" + p.stderr[-6000:]
        self.assertEqual(p.returncode, 0, story)
        expected = self.model.expect()
        self.assertEqual(expected, found,
                         self.about(expected, found) + "\n" + story)
        self.done.clear()
        self.gone, self.renamed = {}, set()

    def about(self, a, b):
        """All that ever happened to the messages that differ."""
        rows = {(f, row) for d in (a, b) for f in d for row in d[f]}
        odd = {row[0] for f, row in rows
               if a.get(f, []).count(row) != b.get(f, []).count(row)}
        return "\n".join(line for line in self.all
                         if line in ("run", "killed") or odd & {
                             int(w) for w in line.split() if w.isdigit()})

    # ---- what happens there

    def say(self, *words):
        self.done.append(" ".join(map(str, words)))
        self.all.append(self.done[-1])

    def some_flags(self):
        return frozenset(f for f in FLAGS[:4] + FLAGS[5:]
                         if self.r.random() < 0.25)

    def append(self, name, number=None):
        number = number or next(self.numbers)
        flags = self.some_flags()
        self.say("there: append", number, name, *sorted(flags))
        with self.there as side:
            side.append(name, number, flags)

    def pick_there(self, gone):
        """A mailbox and a message in it that the store knows; gone: it will
        not be there any more."""
        for name in self.r.sample(sorted(self.boxes), len(self.boxes)):
            box = self.boxes[name]
            with self.there as side:
                rows = [n for n, _, _ in side.rows(name) if n in box.copies]
            if gone and (self.gone.get(name, 0) >= FEW or
                         len(rows) <= LEAST):
                continue
            if rows:
                self.gone[name] = self.gone.get(name, 0) + gone
                return name, self.r.choice(rows)
        return None, None

    def there_new(self):
        self.append(self.r.choice(sorted(self.boxes)))

    def there_flag(self):
        name, number = self.pick_there(False)
        if name is None:
            return
        flag, on = self.r.choice(FLAGS), self.r.random() < 0.6
        self.say("there: flag", name, number, flag, on)
        with self.there as side:
            side.toggle(name, number, flag, on)
        if self.flags_need_company:
            self.append(name)

    def there_expunge(self):
        name, number = self.pick_there(True)
        if name is None:
            return
        self.say("there: expunge", name, number)
        with self.there as side:
            side.expunge(name, number)

    def there_move(self):
        name, number = self.pick_there(True)
        # one that comes back where it was may be taken for what it was
        to = [n for n, b in sorted(self.boxes.items())
              if n != name and b.copies and not b.renumbered
              and number not in b.had]
        if name is None or not to:
            return
        to = self.r.choice(to)
        self.boxes[to].had.add(number)
        self.say("there: move", name, number, "to", to)
        with self.there as side:
            side.move(name, number, to)

    def there_create(self):
        below = self.r.choice(["", "", "Alpha.", "Work."])
        name = f"{below}New{next(self.names)}"
        self.say("there: create", name)
        with self.there as side:
            side.create(name)
        self.boxes[name] = twosides.Box(name)
        for _ in range(self.r.randrange(3)):
            self.append(name)

    def there_rename(self):
        old = self.r.choice([n for n in sorted(self.boxes) if n != "INBOX"])
        family = [n for n in sorted(self.boxes)
                  if n == old or n.startswith(old + ".")]
        if any(len(self.boxes[n].copies) < LEAST or self.boxes[n].renumbered
               for n in family):
            return  # who it was could not be told any more
        new = f"{self.r.choice(['', 'Alpha.'])}Renamed{next(self.names)}"
        if new.startswith(old + "."):
            return
        self.say("there: rename", old, new)
        with self.there as side:
            side.rename(old, new)
        for name in family:
            box = self.boxes.pop(name)
            to = new + name[len(old):]
            self.boxes[to] = box
            self.renamed.discard(name)
            self.renamed.add(to)
            self.gone[to] = self.gone.pop(name, 0)

    def there_delete(self):
        """And perhaps another one of that name."""
        leaves = [n for n in sorted(self.boxes)
                  if n != "INBOX" and n not in self.renamed and not any(
                      m.startswith(n + ".") for m in self.boxes)]
        if len(leaves) < 4:
            return
        name = self.r.choice(leaves)
        self.say("there: delete", name)
        folder = self.boxes.pop(name).folder
        with self.there as side:
            side.delete(name)
            if self.r.random() < 0.5:
                return
            self.say("there: create", name, "again")
            side.create(name)
        self.boxes[name] = twosides.Box(folder)
        for _ in range(self.r.randrange(3)):
            self.append(name)

    def there_renumber(self):
        """A new UIDVALIDITY, of this mailbox alone."""
        name = self.r.choice(sorted(self.boxes))
        box = self.boxes[name]
        if len(box.copies) < LEAST or name in self.renamed:
            return
        self.say("there: renumber", name)
        root = os.path.join(self.dir, "source", "anna")
        d = lab.folder_dir(root, name) if name == "INBOX" else \
            os.path.join(root, "." + name)
        time.sleep(1.1)  # UIDVALIDITY counts seconds
        for top in (root, d):
            for f in os.listdir(top):
                if f.startswith("dovecot.list.index") or top == d and \
                        f.startswith(("dovecot-uidlist", "dovecot.index")):
                    os.unlink(os.path.join(top, f))
        box.renumbered = True

    # ---- what readers do here

    def pick_here(self):
        """One that lies there once: else nobody could tell which it is."""
        folders = sorted({c.folder for c in self.model.copies}
                         - {None, twosides.TRASH})
        while True:
            once = self.model.once(self.r.choice(folders))
            if once:
                return self.r.choice(once)

    def here_flag(self):
        copy = self.pick_here()
        flag, on = self.r.choice(FLAGS), self.r.random() < 0.6
        self.say("here: flag", copy.folder, copy.number, flag, on)
        with self.here as side:
            side.toggle(copy.folder, copy.number, flag, on)
        copy.flags = copy.flags | {flag} if on else copy.flags - {flag}

    def here_move(self):
        copy = self.pick_here()
        to = [f for f in self.kept + [b.folder for b in self.boxes.values()
                                      if b.copies]
              if f not in copy.been]
        if not to:
            return
        to = self.r.choice(to)
        how = self.r.choice(["move", "copy_and_delete"])
        self.say("here:", how, copy.folder, copy.number, "to", to)
        with self.here as side:
            side.m.create(lab.quote(to))  # a reader may have renamed it
            getattr(side, how)(copy.folder, copy.number, to)
        copy.take(to)

    def here_delete(self):
        copy = self.pick_here()
        self.say("here: delete", copy.folder, copy.number)
        with self.here as side:
            side.expunge(copy.folder, copy.number)
        copy.folder = None

    def here_rename(self):
        folders = {c.folder for c in self.model.copies} - {
            None, "INBOX", twosides.TRASH}
        if not folders:
            return
        old = self.r.choice(sorted(folders))
        new = f"Mine{next(self.names)}"
        self.say("here: rename", old, new)
        with self.here as side:
            side.rename(old, new)
        self.model.rename(old, new)
        self.kept = [new if f == old else f for f in self.kept]

    OPS = [("there_new", 4), ("there_flag", 6), ("there_expunge", 3),
           ("there_move", 3), ("there_create", 1), ("there_rename", 1),
           ("there_delete", 0.5), ("there_renumber", 0.6), ("here_flag", 6),
           ("here_move", 3), ("here_delete", 2), ("here_rename", 0.5)]

    def history(self, rule):
        self.start(rule)
        names, weights = zip(*self.OPS)
        for _ in range(ROUNDS):
            for op in self.r.choices(names, weights, k=12):
                getattr(self, op)()
            self.run_once()
        self.run_once()  # and nothing comes of a run without a change


class Qresync(Histories):
    def test_keep(self):
        self.history("keep")

    def test_trash(self):
        self.history("trash")

    def test_remove(self):
        self.history("remove")


class Condstore(Qresync):
    extra = f"imap_capability = {BASE} CONDSTORE ESEARCH LIST-STATUS\n"


class Plain(Qresync):
    extra = f"imap_capability = {BASE}\n"
    flags_need_company = True


del Histories  # its own tests are none

if __name__ == "__main__":
    case.main()
