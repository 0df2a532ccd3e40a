-- SPDX-License-Identifier: BSD-2-Clause
-- name: ledger_dialogue_uid
UPDATE message SET dialogue = :dialogue
WHERE mailbox_id = :mailbox_id AND uidvalidity = :uidvalidity AND uid = :uid
	AND uid > 0 AND state = 2;

-- name: ledger_dialogue_uidl
UPDATE message SET dialogue = :dialogue
WHERE mailbox_id = :mailbox_id AND uidl = :uidl AND occurrence = :occurrence
	AND uid = 0 AND state = 2;

-- name: ledger_dialogue
SELECT dialogue FROM message WHERE id = :id;

-- name: ledger_each_failure
-- scan: mailboxes in their order; of each the index of quarantined messages
SELECT m.*, b.dir AS dir
FROM mailbox b CROSS JOIN message m ON m.mailbox_id = b.id
	AND m.uidvalidity = b.uidvalidity AND m.state = 2
ORDER BY b.id LIMIT :most;
