-- SPDX-License-Identifier: BSD-2-Clause
-- name: ledger_each_failure
-- scan: mailboxes in their order; of each the index of quarantined messages
SELECT m.*, b.dir AS dir
FROM mailbox b CROSS JOIN message m ON m.mailbox_id = b.id
	AND m.uidvalidity = b.uidvalidity AND m.state = 2
ORDER BY b.id LIMIT :most;
