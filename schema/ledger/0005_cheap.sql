-- SPDX-License-Identifier: BSD-2-Clause
-- What lets a later run do without looking.
-- gone: rows of the epoch that the source no longer has, as the last list of
-- it told; what it has is proved to be here where the other rows are as many.
-- flags_at: when all flags were last compared. notice: what a person has to
-- know of this mailbox, '' = nothing.
ALTER TABLE mailbox ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN flags_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN notice TEXT NOT NULL DEFAULT '';
