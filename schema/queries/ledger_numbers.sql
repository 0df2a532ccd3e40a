-- SPDX-License-Identifier: BSD-2-Clause

-- name: ledger_mailbox_number
UPDATE mailbox SET numbers = :numbers, uids_kept = :uids_kept,
	uids_wanted = :uids_wanted
WHERE id = :id;

-- name: ledger_last_order
-- scan: once a run, of a maildrop
SELECT max(pop3_order) AS last FROM message WHERE mailbox_id = :mailbox_id;
