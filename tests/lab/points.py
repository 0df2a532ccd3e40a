#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Which points of a rig were reached, and what was found there. A series is
one way to spoil one kind of import; its points are numbered from 1.

RECORD=FILE remembers them in lines of JSON, so that the same command goes on
where it stopped (MOST_S=N: after that many seconds), and

  points.py FILE…   prints one line for each series: points reached, of how
                    many; which were not; what was wrong at how many

A point that was not reached (the import was over before) is never counted as
one that passed.
"""
import collections, json, os, sys, threading, time


class Series:
    def __init__(self):
        self.least = self.most = 0  # calls of whole imports
        self.hit = {}               # number: what was hit
        self.tries = collections.Counter()  # … that were not reached
        self.wrong = {}

    def take(self, row):
        n = row.get("n")
        if n is None:
            self.least, self.most = row["least"], row["most"]
            return
        if row["wrong"]:
            self.wrong[n] = row["wrong"]
        else:
            self.wrong.pop(n, None)
        if row["hit"]:
            self.hit[n] = row["hit"]
        elif n not in self.hit:
            self.tries[n] += 1

    def end(self):
        """The last number that counts as a point."""
        return max([self.least, *self.hit])

    def missing(self):
        return [n for n in range(1, self.least + 1) if n not in self.hit]

    def line(self, name):
        calls = collections.Counter(self.hit.values())
        missing = self.missing()
        text = f"{name}: {len(self.hit)} of {self.end()} reached"
        if self.most:
            text += f" ({self.least} to {self.most} in a whole one)"
        if 0 < len(missing) < len(self.hit):
            text += f", {len(missing)} not, as " + \
                ", ".join(map(str, missing[:8]))
        text += ": " + ", ".join(f"{k} {v}" for k, v in calls.most_common())
        return text + (f"; WRONG at {len(self.wrong)}: "
                       f"{sorted(self.wrong)[:8]}" if self.wrong else
                       "; nothing lost, twice, corrupt or left over")


class Record:
    def __init__(self, path=None):
        self.path, self.lock = path, threading.Lock()
        self.series = collections.defaultdict(Series)
        if path and os.path.exists(path):
            with open(path) as f:
                for line in f:
                    row = json.loads(line)
                    self.series[row["series"]].take(row)

    def put(self, name, **row):
        with self.lock:
            self.series[name].take(row)
            if not self.path:
                return
            with open(self.path, "a") as f:
                f.write(json.dumps({"series": name, **row}) + "\n")

    def whole(self, name, counts):
        self.put(name, least=min(counts), most=max(counts))

    def shorter(self, name, count):
        """A whole import that had no more calls than this."""
        s = self.series[name]
        if count < s.least:
            self.put(name, least=count, most=s.most)

    def note(self, name, n, hit, wrong):
        self.put(name, n=n, hit=hit, wrong=wrong)

    def left(self, name, slack, tries=3):
        """Numbers to be tried, in turn: those not done, a little beyond the
        end, too, and again those that this many tries did not reach."""
        s = self.series[name]
        return [n for n in range(1, s.most + slack + 1)
                if n not in s.hit and s.tries[n] < (
                    tries if n <= s.least else 1)]


class Clock:
    """MOST_S=N of the environment."""

    def __init__(self):
        self.until = time.monotonic() + float(
            os.environ.pop("MOST_S", "inf"))

    def is_over(self):
        return time.monotonic() > self.until


def of_environment():
    return Record(os.environ.pop("RECORD", None))


def main():
    bad = False
    for path in sys.argv[1:]:
        for name, s in sorted(Record(path).series.items()):
            print(s.line(name))
            bad |= bool(s.wrong or s.missing())
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
