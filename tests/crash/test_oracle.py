#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The oracle sees what it is meant to see: each kind of damage to a store is
named, and the points that a rig did not reach are not counted as passed."""
import os, shutil, subprocess, sys, tempfile, unittest

LAB = os.path.join(os.path.dirname(__file__), "..", "lab")
sys.path.insert(0, LAB)
import lab, points


class Oracle(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="mailhaul-test.")
        self.addCleanup(shutil.rmtree, self.dir)
        self.corpus = os.path.join(self.dir, "corpus")
        self.store = os.path.join(self.dir, "store")
        lab.write_mailboxes(self.corpus, 20)
        shutil.copytree(self.corpus, self.store)

    def ask(self, *options):
        p = subprocess.run(
            [sys.executable, os.path.join(LAB, "oracle.py"), self.corpus,
             self.store, *options], text=True, capture_output=True)
        self.assertEqual(p.stderr, "")
        return p.returncode, p.stdout.splitlines()[-1].rpartition(": ")[2]

    def some(self, root=None):
        cur = os.path.join(root or self.store, "cur")
        return os.path.join(cur, sorted(os.listdir(cur))[3])

    def test_a_copy_is_exact(self):
        self.assertEqual(self.ask(), (
            0, "0 lost, 0 twice, 0 corrupt, 0 left over"))

    def test_lost(self):
        os.unlink(self.some())
        self.assertEqual(self.ask(), (
            1, "1 lost, 0 twice, 0 corrupt, 0 left over"))
        self.assertEqual(self.ask("--partly")[0], 0)

    def test_twice(self):
        shutil.copy2(self.some(), self.some().replace(".lab", ".dup"))
        self.assertEqual(self.ask("--partly"), (
            1, "0 lost, 1 twice, 0 corrupt, 0 left over"))

    def test_a_part_of_a_message(self):
        when = os.stat(self.some()).st_mtime
        os.truncate(self.some(), os.path.getsize(self.some()) // 2)
        os.utime(self.some(), (when, when))
        self.assertEqual(self.ask("--partly"), (
            1, "0 lost, 0 twice, 1 corrupt, 0 left over"))
        self.assertEqual(self.ask(), (
            1, "1 lost, 0 twice, 1 corrupt, 0 left over"))

    def test_another_flag_or_date(self):
        os.rename(self.some(), self.some() + "T")
        self.assertEqual(self.ask("--partly")[0], 1)
        self.assertEqual(self.ask("--partly", "--pop3")[0], 0)
        os.rename(self.some(), self.some()[:-1])
        os.utime(self.some(), (1, 1))
        self.assertEqual(self.ask("--partly")[0], 1)

    def test_left_over(self):
        stage = os.path.join(self.store, "mailhaul.stage", "1")
        os.makedirs(stage)
        with open(os.path.join(stage, "x"), "w"):
            pass
        self.assertEqual(self.ask(), (
            1, "0 lost, 0 twice, 0 corrupt, 1 left over"))

    def test_deleted_at_both_ends(self):
        left = os.path.join(self.dir, "left")
        shutil.copytree(self.corpus, left)
        os.unlink(self.some())
        self.assertEqual(self.ask("--partly", "--left", left)[0], 0)
        os.unlink(self.some(left))
        self.assertEqual(self.ask("--partly", "--left", left), (
            1, "1 lost, 0 twice, 0 corrupt, 0 left over"))

    def test_points_are_remembered(self):
        path = os.path.join(self.dir, "record")
        record = points.Record(path)
        record.whole("s", [5, 6])
        self.assertEqual(record.left("s", 2), [1, 2, 3, 4, 5, 6, 7, 8])
        for n in (1, 2, 3):
            record.note("s", n, "write", [])
        record.note("s", 4, "", [])  # was over before
        record.note("s", 5, "rename", ["lost"])
        record = points.Record(path)
        self.assertEqual(record.series["s"].missing(), [4])
        self.assertEqual(record.series["s"].wrong, {5: ["lost"]})
        self.assertEqual(record.left("s", 0), [4, 6])
        p = subprocess.run([sys.executable, os.path.join(LAB, "points.py"),
                            path], text=True, capture_output=True)
        self.assertEqual(p.returncode, 1)
        self.assertIn("4 of 5 reached", p.stdout)
        record.note("s", 4, "write", [])
        record.note("s", 5, "rename", [])
        p = subprocess.run([sys.executable, os.path.join(LAB, "points.py"),
                            path], text=True, capture_output=True)
        self.assertEqual(p.returncode, 0, p.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
