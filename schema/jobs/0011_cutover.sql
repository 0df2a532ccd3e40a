-- SPDX-License-Identifier: BSD-2-Clause
-- A wave of accounts that are told things together; '': none.
ALTER TABLE account ADD COLUMN group_name TEXT NOT NULL DEFAULT '';
CREATE INDEX account_group ON account (group_name, name);

-- The last run of an account. 1: it is to collect once more; 2: what is here
-- then is to be compared; 3: both was done, at finished_at, and so many
-- differences were found. 5: it is being removed with its mail.
ALTER TABLE job ADD COLUMN finish INTEGER NOT NULL DEFAULT 0
	CHECK (finish BETWEEN 0 AND 5);
ALTER TABLE job ADD COLUMN finished_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN differences INTEGER NOT NULL DEFAULT 0;
