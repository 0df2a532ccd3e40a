-- SPDX-License-Identifier: BSD-2-Clause
-- What else an account can be told. Defaults: what it did before.

ALTER TABLE account ADD COLUMN maps TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN quirks TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN connections INTEGER NOT NULL DEFAULT 1
	CHECK (connections BETWEEN 1 AND 16);
ALTER TABLE account ADD COLUMN new_uids INTEGER NOT NULL DEFAULT 0
	CHECK (new_uids IN (0, 1));
ALTER TABLE account ADD COLUMN newest_first INTEGER NOT NULL DEFAULT 0
	CHECK (newest_first IN (0, 1));
ALTER TABLE account ADD COLUMN push INTEGER NOT NULL DEFAULT 0
	CHECK (push IN (0, 1));
ALTER TABLE account ADD COLUMN shared INTEGER NOT NULL DEFAULT 0
	CHECK (shared IN (0, 1));
ALTER TABLE account ADD COLUMN uidl_from TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN auth TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN token_file TEXT NOT NULL DEFAULT '';
-- NULL: those older than 14 days
ALTER TABLE account ADD COLUMN pop3_seen INTEGER
	CHECK (pop3_seen IN (0, 1));
ALTER TABLE account ADD COLUMN to_folder TEXT NOT NULL DEFAULT '';
