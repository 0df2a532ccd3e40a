-- SPDX-License-Identifier: BSD-2-Clause
-- name: ledger_present
-- Staged rows may still be under way: the next run asks about them.
SELECT id, uid, state, expunge, held_fence FROM message
WHERE mailbox_id = :mailbox_id AND uidvalidity = :uidvalidity AND uid > 0
	AND state > 0 AND expunge < 3
ORDER BY uid;

-- name: ledger_expunge
UPDATE message SET expunge = :expunge, proved_fence = :fence,
	held_fence = CASE WHEN :expunge = 1 AND held_fence = 0 THEN :fence
		WHEN :expunge = 0 THEN 0 ELSE held_fence END
WHERE id = :id AND expunge < 3;

-- name: ledger_each_expunge_due
-- scan: the partial index of rows that are due: those of this run
SELECT m.*, b.dir AS dir FROM message m INDEXED BY message_expunge_due
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.expunge = 2 AND m.proved_fence = :fence AND m.state = 1
ORDER BY m.mailbox_id, m.uid LIMIT :most;

-- name: ledger_gone
UPDATE message SET state = 3, expunge = 3, gone_at = :now,
	why = COALESCE(why, ''), why_text = 'gone at the source'
WHERE id = :id AND expunge < 3;

-- name: ledger_expunge_later
-- Its file was not to be seen: not in this run.
UPDATE message SET proved_fence = 0 WHERE id = :id;
