-- SPDX-License-Identifier: BSD-2-Clause
-- Deletions at the source, as the ledgers had them at the end of the last
-- run: messages that wait for theirs, when the next falls due (0: none
-- waits, or nobody can know), and those that are done.
ALTER TABLE job ADD COLUMN deletions_waiting INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN deletions_next_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN deletions_done INTEGER NOT NULL DEFAULT 0;
