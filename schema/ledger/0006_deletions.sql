-- SPDX-License-Identifier: BSD-2-Clause
-- Messages to be deleted at the source (--delete).
-- removal: 0 no, 1 held (by the brake, until a person confirms), 2 wanted,
-- 3 sent (the source was asked, and has not said that it is done), 4 gone
-- (the row stays, so that the message is never fetched again), 5 kept there
-- for good, removal_why.
ALTER TABLE message ADD COLUMN removal INTEGER NOT NULL DEFAULT 0
	CHECK (removal BETWEEN 0 AND 5);
ALTER TABLE message ADD COLUMN removal_why TEXT NOT NULL DEFAULT '';
-- The run that first held it.
ALTER TABLE message ADD COLUMN removal_fence INTEGER NOT NULL DEFAULT 0;
-- When it came to be here; 0: before this was written down.
ALTER TABLE message ADD COLUMN imported_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN wanted_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN sent_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN removed_at INTEGER NOT NULL DEFAULT 0;
-- Runs on end in which it was in no folder of the store.
ALTER TABLE message ADD COLUMN absences INTEGER NOT NULL DEFAULT 0;

CREATE INDEX message_removal ON message (mailbox_id, uid)
	WHERE removal IN (2, 3);

-- What a person has to know of what stays at the source.
ALTER TABLE mailbox ADD COLUMN removal_notice TEXT NOT NULL DEFAULT '';
