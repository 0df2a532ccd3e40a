-- SPDX-License-Identifier: BSD-2-Clause
-- Beginnings of large messages whose rest is still to come. stage_seq names
-- the file in the staging directory of fence: its first file_bytes bytes are
-- what the first `received` bytes of total_bytes became (to_lf: with LF for
-- CRLF); sha256 is of these as received. Goes in the transaction that makes
-- the message's row.
CREATE TABLE part (
	mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
	uidvalidity INTEGER NOT NULL,
	uid INTEGER NOT NULL CHECK (uid > 0),
	fence INTEGER NOT NULL,
	stage_seq INTEGER NOT NULL,
	total_bytes INTEGER NOT NULL,
	received INTEGER NOT NULL,
	file_bytes INTEGER NOT NULL,
	to_lf INTEGER NOT NULL CHECK (to_lf IN (0, 1)),
	sha256 BLOB NOT NULL,
	kept_at INTEGER NOT NULL,
	PRIMARY KEY (mailbox_id, uidvalidity, uid)
) STRICT, WITHOUT ROWID;

-- Of a quarantined message: the last lines of the conversation in which it
-- did not come, printable, without secrets and content; NULL = not known.
ALTER TABLE message ADD COLUMN dialogue TEXT;
