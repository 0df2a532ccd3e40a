-- SPDX-License-Identifier: BSD-2-Clause
-- What a person has to know of a mailbox beside its counts.
ALTER TABLE mailbox ADD COLUMN notice TEXT NOT NULL DEFAULT '';

-- Who shares a store with whom.
CREATE INDEX account_local_user ON account (local_user);
-- Messages that the brake on deletions holds, as the last run told; that run
-- (by its fence); the run whose set a person has confirmed.
ALTER TABLE job ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN held_fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN confirmed_fence INTEGER NOT NULL DEFAULT 0;

-- How many messages of a mailbox's first import have the UID that they have
-- at the source; -1: not known yet, or not wanted.
ALTER TABLE mailbox ADD COLUMN uids_kept INTEGER NOT NULL DEFAULT -1;
ALTER TABLE mailbox ADD COLUMN uids_wanted INTEGER NOT NULL DEFAULT 0;

-- How many messages of a mailbox have no UIDL where they are to have one
-- (--uidl-from); -1: they are not.
ALTER TABLE mailbox ADD COLUMN uidls_missing INTEGER NOT NULL DEFAULT -1;
