-- SPDX-License-Identifier: BSD-2-Clause

-- name: ledger_mailbox_number
UPDATE mailbox SET numbers = :numbers, uids_kept = :uids_kept,
	uids_wanted = :uids_wanted
WHERE id = :id;

-- name: ledger_each_number
SELECT uid, base FROM message
WHERE mailbox_id = :mailbox_id AND uidvalidity = :uidvalidity AND uid > 0
	AND state <= 1
ORDER BY uid;

-- name: ledger_last_order
-- scan: once a run, of a maildrop
SELECT max(pop3_order) AS last FROM message WHERE mailbox_id = :mailbox_id;
