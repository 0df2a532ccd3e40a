-- SPDX-License-Identifier: BSD-2-Clause
-- What a message is recognised by where servers write into its header, or
-- announce sizes that are not so.
-- header_hash (0002) is from now on that of the header without the lines that
-- servers write; dropped: their bytes. bare_sha256: of all bytes but the lines
-- that change with flags; NULL: as sha256. listed_bytes: as POP3 announced it,
-- 0 = not known.
ALTER TABLE message ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN bare_sha256 BLOB;
ALTER TABLE message ADD COLUMN listed_bytes INTEGER NOT NULL DEFAULT 0;

-- What was hashed otherwise is known by its content.
UPDATE message SET header_hash = NULL;

-- A message may go to another mailbox: the same source over another protocol.
CREATE TRIGGER message_moved AFTER UPDATE OF mailbox_id ON message
WHEN old.mailbox_id <> new.mailbox_id AND old.uidvalidity = new.uidvalidity
BEGIN
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

-- Messages of a maildrop that the account has left.
CREATE INDEX message_left ON message (mailbox_id)
	WHERE uid = 0 AND uidvalidity > 0;
