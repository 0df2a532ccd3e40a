#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""First imports from a real Dovecot, compared through Dovecot."""
import os, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lab"))
import case, lab


class Import(case.Case):
    def imap(self, scheme, **kw):
        user = self.source("anna", 300, odd=True, **kw)
        self.add(user, scheme)
        self.haul.run("run", user)
        self.assert_same(user)
        self.assert_no_leftovers(user)
        status = self.haul.status(user)
        self.assertEqual(status["state"], "idle")
        self.assertEqual(status["messages"]["stored"], self.count)
        self.assertEqual(status["messages"]["quarantined"], 0)
        self.assertIsNone(status["error"])

    def test_imap_plain(self):
        self.imap("imap+plain")

    def test_imap_starttls(self):
        self.imap("imap")

    def test_imap_tls(self):
        self.imap("imaps")

    def test_imap_compressed(self):
        server = lab.Dovecot(os.path.join(self.dir, "zlib"), """
mail_plugins = zlib
protocol imap {
  mail_plugins = zlib imap_zlib
}
""").start()
        self.addCleanup(server.stop)
        user = self.source("anna", 300, odd=True)
        server.add_user(user, os.path.join(self.dir, "source", "anna"))
        url = f"imaps://{user}@localhost:{server.imaps}"
        p = self.haul.add(user, url, "--ca-file", server.ca,
                          "--quirk", "no-compress=off")
        p = self.haul.run("-v", "-o", "log.level=wire", "run", user)
        self.assertRegex(p.stderr, "client=\"[0-9]+ COMPRESS DEFLATE\"")
        self.assert_same(user)
        # and not where it cannot pay
        self.haul.run("set", user, "--quirk", "")
        p = self.haul.run("-v", "-o", "log.level=wire", "run", user)
        self.assertNotIn("COMPRESS DEFLATE", p.stderr)
        self.assert_same(user)

    def pop3(self, scheme):
        user = self.source("boris", 300, folders=[("INBOX", 1.0)], odd=True)
        self.add(user, scheme)
        self.haul.run("run", user)
        self.assertEqual(lab.pop3_hashes(self.server.pop3, user),
                         lab.pop3_hashes(self.server.pop3, user + ".local"))
        self.assert_no_leftovers(user)
        self.assertEqual(self.haul.status(user)["messages"]["stored"],
                         self.count)

    def test_pop3_plain(self):
        self.pop3("pop3+plain")

    def test_pop3_stls(self):
        self.pop3("pop3")

    def test_pop3_tls(self):
        self.pop3("pop3s")

    def test_large_message(self):
        user = self.source("anna", 3)
        root = os.path.join(self.dir, "source", "anna")
        line = b"0123456789abcdef" * 4 + b"\n"
        lab.put(root, 900, b"Subject: large\n\n" +
                line * (50_000_000 // len(line)), 1500000000, "S")
        lab.own(root)
        self.add(user, "imaps")
        self.haul.run("run", user)
        self.assert_same(user)

    def test_every_account_in_one_run(self):
        users = [self.source(f"u{i}", 60, seed=i) for i in range(6)]
        for i, user in enumerate(users):
            self.add(user, "imaps" if i % 2 else "imap")
        self.haul.run("run")
        for user in users:
            self.assert_same(user)

    def test_globs_and_prefix(self):
        user = self.source("anna", 200)
        self.add(user, "imaps", "--folder", "INBOX", "--folder", "Archive/*",
                 "--exclude", "*/2024", "--prefix", "Old")
        self.haul.run("run", user)
        source, here = self.seen(user), self.seen(user + ".local")
        full = {k: v for k, v in here.items() if v}
        self.assertEqual(full, {"Old": source["INBOX"],
                                "Old.Archive.2023": source["Archive.2023"]})

    def test_crlf_store(self):
        user = self.source("anna", 60, odd=True)
        haul = lab.Mailhaul(case.BINARY, self.dir, ca=self.server.ca,
                            options=["store.eol=crlf"])
        self.add(user, "imaps")
        haul.run("run", user)
        self.assert_same(user)
        root = os.path.join(self.haul.store, user, "cur")
        for name in os.listdir(root):
            with open(os.path.join(root, name), "rb") as f:
                body = f.read()
            self.assertEqual(body.count(b"\n"), body.count(b"\r\n"), name)
            self.assertIn(f",S={len(body)},W={len(body)}", name)

    def test_names_sizes_and_dates_of_files(self):
        user = self.source("anna", 60)
        self.add(user, "imaps")
        self.haul.run("run", user)
        seen = 0
        for d, _, files in os.walk(os.path.join(self.haul.store, user)):
            if os.path.basename(d) not in ("cur", "new"):
                continue
            for name in files:
                path = os.path.join(d, name)
                with open(path, "rb") as f:
                    body = f.read()
                wide = len(body) + body.count(b"\n")
                self.assertIn(f",S={len(body)},W={wide}", name)
                self.assertLess(os.stat(path).st_mtime, 1_700_000_000)
                self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
                seen += 1
        self.assertEqual(seen, self.count)


if __name__ == "__main__":
    case.main()
