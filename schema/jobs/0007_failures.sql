-- SPDX-License-Identifier: BSD-2-Clause
-- What could not be had, as the account's last run left it: mailboxes (uid 0
-- and no uidl), and quarantined messages.
CREATE TABLE failure (
	account_id INTEGER NOT NULL
		REFERENCES account (id) ON DELETE CASCADE,
	position INTEGER NOT NULL,
	mailbox TEXT NOT NULL,
	uid INTEGER NOT NULL,
	uidl TEXT NOT NULL,
	class TEXT NOT NULL,
	text TEXT NOT NULL,
	first_at INTEGER NOT NULL,
	tries INTEGER NOT NULL,
	next_try_at INTEGER NOT NULL,
	PRIMARY KEY (account_id, position)
) STRICT, WITHOUT ROWID;

-- A person wants everything tried again by the next run.
ALTER TABLE job ADD COLUMN retry INTEGER NOT NULL DEFAULT 0;
