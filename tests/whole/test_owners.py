#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""store.owner with many owners: whose the files are, and who gets none."""
import os, stat, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Owners(case.Case):
    def setUp(self):
        super().setUp()
        if os.getuid() != 0:
            self.skipTest("only root gives mail to many owners")
        self.mail = os.path.join(self.dir, "mail")
        self.table = os.path.join(self.dir, "owners")
        self.options = ["-o", f"store.owner=file:{self.table}",
                        "-o", f"store.path={self.mail}/%d/%n"]

    def write(self, text):
        with open(self.table, "w") as f:
            f.write(text)
        os.chmod(self.table, 0o644)

    def collect(self, name, to, check=True):
        user = self.source(name, 4)
        self.haul.run(*self.options, "add", user, self.url(user, "imaps"),
                      "--password-file", "-", "--to", to,
                      stdin=lab.PASSWORD + "\n")
        return user, self.haul.run(*self.options, "run", user, check=check)

    def assert_owned(self, root, uid, gid):
        seen = 0
        for base, dirs, names in os.walk(root):
            dirs[:] = [d for d in dirs if d != "mailhaul.stage"]
            for path in [base] + [os.path.join(base, n) for n in names]:
                if os.path.basename(path).startswith("mailhaul."):
                    continue  # ours
                st = os.lstat(path)
                self.assertEqual((uid, gid), (st.st_uid, st.st_gid), path)
                self.assertEqual(0, stat.S_IMODE(st.st_mode) & 0o077, path)
                seen += 1
        self.assertGreater(seen, 8)

    def test_table(self):
        self.write("anna@a.example::5001:6001\nbert@a.example::5002:6002\n")
        self.collect("anna", "anna@a.example")
        self.collect("bert", "bert@a.example")
        for name, n in (("anna", 1), ("bert", 2)):
            self.assert_owned(f"{self.mail}/a.example/{name}", 5000 + n,
                              6000 + n)
        for way in (self.mail, f"{self.mail}/a.example"):
            st = os.stat(way)
            self.assertEqual((0, 0o711),
                             (st.st_uid, stat.S_IMODE(st.st_mode)), way)

    def test_who_is_not_found_gets_none_and_harms_nobody(self):
        self.write("anna@a.example::5001:6001\nroot@a.example::0:0\n")
        for name, to, word in (("carl", "carl@a.example", "is not in"),
                               ("rude", "root@a.example", "would be root")):
            user, p = self.collect(name, to, check=False)
            self.assertNotEqual(0, p.returncode)
            row = self.haul.status(user)
            self.assertEqual("failed", row["state"], row)
            self.assertEqual("config", row["error"]["class"])
            self.assertIn(word, row["error"]["text"])
        self.assertFalse(os.path.exists(f"{self.mail}/a.example"))
        self.collect("anna", "anna@a.example")
        self.assert_owned(f"{self.mail}/a.example/anna", 5001, 6001)

    def test_somebody_elses_store_is_refused(self):
        self.write("anna@a.example::5001:6001\n")
        root = f"{self.mail}/a.example/anna"
        os.makedirs(root, 0o700)
        os.chown(root, 5002, 6002)
        user, p = self.collect("anna", "anna@a.example", check=False)
        self.assertNotEqual(0, p.returncode)
        self.assertIn("belongs to uid 5002",
                      self.haul.status(user)["error"]["text"])
        self.assertEqual([], os.listdir(root))


if __name__ == "__main__":
    case.main()
