-- SPDX-License-Identifier: BSD-2-Clause
-- name: ledger_leave_epoch
-- Above 32 bits no server has an epoch; the fence tells one leave from the
-- next.
UPDATE message SET uidvalidity = uidvalidity + (:fence << 32)
WHERE mailbox_id = :mailbox_id AND uidvalidity = :uidvalidity AND uid > 0;

-- name: ledger_mailbox_taken
SELECT 1 AS found FROM mailbox
WHERE (name = :name OR dir_folded = :dir_folded) AND id <> :id;

-- name: ledger_rename_mailbox
UPDATE mailbox SET name = :name, folder = :folder, dir = :dir,
	dir_folded = :dir_folded
WHERE id = :id;

-- name: ledger_each_emailid
SELECT m.*, b.dir AS dir FROM message m
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.emailid = :emailid AND m.emailid <> '' AND m.state <= 1;

-- name: ledger_skip_named
-- Known, and left out because another mailbox has it.
INSERT INTO message (mailbox_id, uidvalidity, uid, uidl, occurrence, state,
	fence, stage_seq, to_new, size_bytes, date_s, source_system,
	local_system, source_keywords, local_keywords, base, why, why_text,
	first_at, next_try_at, tries, emailid)
VALUES (:mailbox_id, :uidvalidity, :uid, '', 0, 3,
	:fence, 0, 0, 0, 0, 0, 0, '', NULL, '', '', 'in another mailbox',
	:now, 0, 0, :emailid)
ON CONFLICT DO NOTHING;

-- name: ledger_unskip_named
-- What was left out for other mailboxes, none of which has it any more.
DELETE FROM message WHERE mailbox_id = :mailbox_id
	AND uidvalidity = :uidvalidity AND uid > 0 AND state = 3
	AND expunge = 0 AND emailid <> ''
	AND NOT EXISTS (SELECT 1 FROM message o
		WHERE o.emailid = message.emailid AND o.emailid <> ''
			AND o.state <= 1 AND o.expunge < 2);

-- name: ledger_any_named_due
-- scan: the partial index of rows that are due to go: those of this run
SELECT 1 AS found FROM message INDEXED BY message_expunge_due
WHERE expunge = 2 AND emailid <> '' LIMIT 1;

-- name: ledger_any_unnamed
-- scan: asked until the first run with such a mailbox is over
SELECT 1 AS found FROM message
WHERE emailid = '' AND uid > 0 AND state <= 1 LIMIT 1;

-- name: ledger_adopt
-- A message that is here already, found again after the ledger was lost.
INSERT INTO message (mailbox_id, uidvalidity, uid, uidl, occurrence, state,
	fence, stage_seq, to_new, size_bytes, date_s, source_system,
	local_system, source_keywords, local_keywords, base, sha256,
	emailid, header_hash, pop3_order, bare_sha256, dropped, listed_bytes,
	imported_at)
VALUES (:mailbox_id, :uidvalidity, :uid, :uidl, :occurrence, 1,
	0, 0, 0, :size_bytes, :date_s, :source_system,
	:local_system, :source_keywords, :local_keywords, :base, :sha256,
	:emailid, :header_hash, :pop3_order, :bare_sha256, :dropped,
	:listed_bytes, :imported_at)
ON CONFLICT DO NOTHING;
