-- SPDX-License-Identifier: BSD-2-Clause
-- A wave of accounts that are told things together; '': none.
ALTER TABLE account ADD COLUMN group_name TEXT NOT NULL DEFAULT '';
CREATE INDEX account_group ON account (group_name, name);

-- The last run of an account. 1: it is to collect once more; 2: what is here
-- then is to be compared; 3: both was done, at finished_at, and so many
-- differences were found. 4: the account's date has passed, and was seen to
-- have at finished_at. 5: it is being removed with its mail.
ALTER TABLE job ADD COLUMN finish INTEGER NOT NULL DEFAULT 0
	CHECK (finish BETWEEN 0 AND 5);
ALTER TABLE job ADD COLUMN finished_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN differences INTEGER NOT NULL DEFAULT 0;

-- Who comes first among those that are due, 9 before 0, and after when an
-- account is not collected any more (0: never); the job's are copies.
ALTER TABLE account ADD COLUMN priority INTEGER NOT NULL DEFAULT 5
	CHECK (priority BETWEEN 0 AND 9);
ALTER TABLE account ADD COLUMN until_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN priority INTEGER NOT NULL DEFAULT 5;
ALTER TABLE job ADD COLUMN until_at INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER account_order AFTER UPDATE OF priority, until_at ON account
	WHEN new.priority <> old.priority OR new.until_at <> old.until_at
BEGIN
	UPDATE job SET priority = new.priority, until_at = new.until_at
		WHERE account_id = new.id;
END;
CREATE INDEX job_ranked ON job (priority, due_at, host, paused, run)
	WHERE run IS NULL AND paused = 0;
CREATE INDEX job_until ON job (until_at)
	WHERE until_at > 0 AND paused = 0 AND finish = 0;

-- Times of the day, as typed, in which runs may begin by themselves ('': all);
-- bytes a second, 0: as they come.
ALTER TABLE account ADD COLUMN hours TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN max_rate INTEGER NOT NULL DEFAULT 0
	CHECK (max_rate >= 0);
