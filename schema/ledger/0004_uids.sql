-- SPDX-License-Identifier: BSD-2-Clause
-- Which UIDs a mailbox's messages are to have here (enum folder_numbers), and
-- how many of those of the first import have them; -1: not counted yet.
ALTER TABLE mailbox ADD COLUMN numbers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN uids_kept INTEGER NOT NULL DEFAULT -1;
ALTER TABLE mailbox ADD COLUMN uids_wanted INTEGER NOT NULL DEFAULT 0;

-- The place of a message in its maildrop, from 1.
ALTER TABLE message ADD COLUMN pop3_order INTEGER NOT NULL DEFAULT 0;
