-- SPDX-License-Identifier: BSD-2-Clause
-- The ledger of one account. One connection, WAL.

CREATE TABLE ledger (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	account_uuid TEXT NOT NULL,
	fence INTEGER NOT NULL,
	store_id TEXT NOT NULL
) STRICT;
INSERT INTO ledger VALUES (1, '', 0, '');

-- A mailbox keeps its folder for ever; no two share a directory.
CREATE TABLE mailbox (
	id INTEGER PRIMARY KEY,
	name BLOB NOT NULL UNIQUE,
	folder TEXT NOT NULL,
	dir TEXT NOT NULL,
	dir_folded TEXT NOT NULL UNIQUE,
	uidvalidity INTEGER NOT NULL DEFAULT 0,
	uidnext INTEGER NOT NULL DEFAULT 0,
	highestmodseq INTEGER NOT NULL DEFAULT 0,
	source_count INTEGER NOT NULL DEFAULT 0
) STRICT;

-- state: 0 staged, 1 done, 2 quarantined, 3 skipped.
-- uid > 0 for IMAP, uidl <> '' for POP3, never both.
-- local_keywords NULL: as source_keywords. why … tries: states 2 and 3.
CREATE TABLE message (
	id INTEGER PRIMARY KEY,
	mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
	uidvalidity INTEGER NOT NULL,
	uid INTEGER NOT NULL,
	uidl TEXT NOT NULL,
	occurrence INTEGER NOT NULL,
	state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
	fence INTEGER NOT NULL,
	stage_seq INTEGER NOT NULL,
	to_new INTEGER NOT NULL,
	size_bytes INTEGER NOT NULL,
	date_s INTEGER NOT NULL,
	source_system INTEGER NOT NULL,
	local_system INTEGER NOT NULL,
	source_keywords TEXT NOT NULL,
	local_keywords TEXT,
	misses INTEGER NOT NULL DEFAULT 0, -- file not seen, times in a row
	base TEXT NOT NULL,
	sha256 BLOB,
	why TEXT,
	why_text TEXT,
	first_at INTEGER,
	next_try_at INTEGER,
	tries INTEGER,
	CHECK ((uid > 0) = (uidl = ''))
) STRICT;

CREATE UNIQUE INDEX message_uid ON message (mailbox_id, uidvalidity, uid)
	WHERE uid > 0;
CREATE UNIQUE INDEX message_uidl ON message (mailbox_id, uidl, occurrence)
	WHERE uid = 0;
CREATE INDEX message_staged ON message (mailbox_id) WHERE state = 0;
CREATE INDEX message_quarantined
	ON message (mailbox_id, uidvalidity, next_try_at, uid)
	WHERE state = 2;

-- Counts of each epoch of a mailbox, kept by the triggers below. staged and
-- done both count as stored.
CREATE TABLE tally (
	mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
	uidvalidity INTEGER NOT NULL,
	stored INTEGER NOT NULL DEFAULT 0,
	quarantined INTEGER NOT NULL DEFAULT 0,
	skipped INTEGER NOT NULL DEFAULT 0,
	bytes_stored INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (mailbox_id, uidvalidity)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER message_added AFTER INSERT ON message BEGIN
	INSERT INTO tally VALUES (new.mailbox_id, new.uidvalidity,
		new.state <= 1, new.state = 2, new.state = 3,
		CASE WHEN new.state <= 1 THEN new.size_bytes ELSE 0 END)
	ON CONFLICT DO UPDATE SET stored = stored + excluded.stored,
		quarantined = quarantined + excluded.quarantined,
		skipped = skipped + excluded.skipped,
		bytes_stored = bytes_stored + excluded.bytes_stored;
END;
CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN
	UPDATE tally SET stored = stored - (old.state <= 1),
		quarantined = quarantined - (old.state = 2),
		skipped = skipped - (old.state = 3),
		bytes_stored = bytes_stored -
			CASE WHEN old.state <= 1 THEN old.size_bytes ELSE 0 END
	WHERE mailbox_id = old.mailbox_id AND uidvalidity = old.uidvalidity;
END;
-- Not fired by staged → done, the most frequent change of all.
CREATE TRIGGER message_turned AFTER UPDATE OF state ON message
WHEN max(old.state, 1) <> max(new.state, 1) BEGIN
	UPDATE tally SET
		stored = stored + (new.state <= 1) - (old.state <= 1),
		quarantined = quarantined + (new.state = 2) - (old.state = 2),
		skipped = skipped + (new.state = 3) - (old.state = 3),
		bytes_stored = bytes_stored +
			CASE WHEN new.state <= 1 THEN new.size_bytes ELSE 0 END -
			CASE WHEN old.state <= 1 THEN old.size_bytes ELSE 0 END
	WHERE mailbox_id = new.mailbox_id AND uidvalidity = new.uidvalidity;
END;

CREATE TRIGGER message_rekeyed AFTER UPDATE OF uidvalidity ON message
WHEN old.uidvalidity <> new.uidvalidity BEGIN
	UPDATE tally SET stored = stored - (old.state <= 1),
		quarantined = quarantined - (old.state = 2),
		skipped = skipped - (old.state = 3),
		bytes_stored = bytes_stored -
			CASE WHEN old.state <= 1 THEN old.size_bytes ELSE 0 END
	WHERE mailbox_id = old.mailbox_id AND uidvalidity = old.uidvalidity;
	INSERT INTO tally VALUES (new.mailbox_id, new.uidvalidity,
		new.state <= 1, new.state = 2, new.state = 3,
		CASE WHEN new.state <= 1 THEN new.size_bytes ELSE 0 END)
	ON CONFLICT DO UPDATE SET stored = stored + excluded.stored,
		quarantined = quarantined + excluded.quarantined,
		skipped = skipped + excluded.skipped,
		bytes_stored = bytes_stored + excluded.bytes_stored;
END;

CREATE TABLE note (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
