-- SPDX-License-Identifier: BSD-2-Clause
-- What a message and a mailbox are recognised by when their numbers change.
-- emailid: EMAILID or "gm:" X-GM-MSGID, '' = none.
-- header_hash: the first 16 bytes of the SHA-256 of the header as received,
-- up to and with its empty line; NULL = none, or delivered before this.
ALTER TABLE message ADD COLUMN emailid TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN header_hash BLOB;
ALTER TABLE mailbox ADD COLUMN mailboxid TEXT NOT NULL DEFAULT '';

CREATE INDEX message_emailid ON message (emailid) WHERE emailid <> '';
