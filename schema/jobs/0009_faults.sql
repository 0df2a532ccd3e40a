-- SPDX-License-Identifier: BSD-2-Clause
-- copied_at: when this job table was copied out by a backup; 0: it is the
-- original, or what a copy does not know has been seen to (restored.c).
CREATE TABLE origin (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	copied_at INTEGER NOT NULL
) STRICT;
INSERT INTO origin VALUES (1, 0);

-- What the account's next run is to do instead of collecting: 1 compare, 2
-- make the ledger anew; and the file under results/ that came of it last.
ALTER TABLE job ADD COLUMN task INTEGER NOT NULL DEFAULT 0
	CHECK (task BETWEEN 0 AND 2);
ALTER TABLE job ADD COLUMN task_result TEXT NOT NULL DEFAULT '';

-- The first of the failed runs in a row; 0: the last one was good. moved_at:
-- when a run was good, or had received something, for the last time.
-- stalled_at: when the log told that none was for long; 0: it has not.
ALTER TABLE job ADD COLUMN failing_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN moved_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN stalled_at INTEGER NOT NULL DEFAULT 0;
UPDATE job SET moved_at = last_success_at;

-- When what a run has received or stored grew for the last time.
ALTER TABLE progress ADD COLUMN moved_at INTEGER NOT NULL DEFAULT 0;

-- What keeps many accounts waiting at once, for `status`: one row a cause.
CREATE TABLE notice (
	key TEXT PRIMARY KEY,
	text TEXT NOT NULL,
	since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
