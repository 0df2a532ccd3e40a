-- SPDX-License-Identifier: BSD-2-Clause
-- What a person has to know of a mailbox beside its counts.
ALTER TABLE mailbox ADD COLUMN notice TEXT NOT NULL DEFAULT '';

-- Who shares a store with whom.
CREATE INDEX account_local_user ON account (local_user);
