-- SPDX-License-Identifier: BSD-2-Clause

-- name: ledger_uidl_open
SELECT id, size_bytes, header_hash, sha256 FROM message m
WHERE mailbox_id = :mailbox_id AND uidvalidity = :uidvalidity AND uid > 0
	AND state = 1 AND NOT EXISTS (SELECT 1 FROM pop3_name n
		WHERE n.message_id = m.id)
ORDER BY uid;

-- name: ledger_uidl_named
-- scan: once a run with --uidl-from
SELECT count(*) AS named FROM pop3_name n JOIN message m
	ON m.id = n.message_id
WHERE m.mailbox_id = :mailbox_id AND m.uidvalidity = :uidvalidity
	AND m.state = 1;

-- name: ledger_uidl_find
SELECT 1 AS found FROM pop3_name WHERE uidl = :uidl;

-- name: ledger_uidl_last
-- scan: once for each listing that brings something new
SELECT max(pop3_order) AS last FROM pop3_name;

-- name: ledger_uidl_add
INSERT INTO pop3_name (message_id, uidl, pop3_order)
VALUES (:id, :uidl, :pop3_order) ON CONFLICT DO NOTHING;

-- name: ledger_uidl_forget
-- scan: all go, when another server is named
DELETE FROM pop3_name;

-- name: ledger_uidl_pending
-- scan: the partial index of what waits to be written
SELECT n.message_id AS id, n.uidl AS uidl, n.pop3_order AS pop3_order,
	m.base AS base
FROM pop3_name n INDEXED BY pop3_name_pending
JOIN message m ON m.id = n.message_id
WHERE n.written = 0 AND n.tries < :tries AND m.mailbox_id = :mailbox_id
	AND m.state = 1;

-- name: ledger_uidl_written
UPDATE pop3_name SET written = max(written, :written), tries = tries + 1
WHERE message_id = :id;

-- name: ledger_uidl_listing
SELECT source, upto, asked_at, why, refused FROM pop3_listing WHERE one = 1;

-- name: ledger_uidl_listed
UPDATE pop3_listing SET source = :source, upto = :upto, asked_at = :asked_at,
	why = :why, refused = :refused
WHERE one = 1;
