-- SPDX-License-Identifier: BSD-2-Clause
-- All rows of a mailbox in an order that stays, by the index of their keys.
-- name: ledger_each_in_order_uid
SELECT m.*, b.dir AS dir FROM message m INDEXED BY message_uid
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uid > 0
ORDER BY m.uidvalidity, m.uid;

-- name: ledger_each_in_order_uidl
SELECT m.*, b.dir AS dir FROM message m INDEXED BY message_uidl
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uid = 0
ORDER BY m.uidl, m.occurrence;
