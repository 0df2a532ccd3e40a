-- SPDX-License-Identifier: BSD-2-Clause
-- name: ledger_part_put
INSERT INTO part (mailbox_id, uidvalidity, uid, fence, stage_seq, total_bytes,
	received, file_bytes, to_lf, sha256, kept_at)
VALUES (:mailbox_id, :uidvalidity, :uid, :fence, :stage_seq, :total_bytes,
	:received, :file_bytes, :to_lf, :sha256, :kept_at)
ON CONFLICT DO UPDATE SET fence = excluded.fence,
	stage_seq = excluded.stage_seq, total_bytes = excluded.total_bytes,
	received = excluded.received, file_bytes = excluded.file_bytes,
	to_lf = excluded.to_lf, sha256 = excluded.sha256,
	kept_at = excluded.kept_at;

-- name: ledger_part_drop
DELETE FROM part WHERE mailbox_id = :mailbox_id
	AND uidvalidity = :uidvalidity AND uid = :uid;

-- name: ledger_parts_leave
-- The epoch they belong to is over.
DELETE FROM part WHERE mailbox_id = :mailbox_id;

-- name: ledger_parts_clear
-- scan: all go, once for each change of the source
DELETE FROM part;

-- name: ledger_parts
-- scan: there are a few at most, and all are wanted
SELECT * FROM part;
