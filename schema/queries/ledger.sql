-- SPDX-License-Identifier: BSD-2-Clause
-- name: ledger_identity
SELECT account_uuid, fence, store_id FROM ledger WHERE one = 1;

-- name: ledger_take
UPDATE ledger SET account_uuid = :account_uuid, fence = :fence WHERE one = 1;

-- name: ledger_set_store_id
UPDATE ledger SET store_id = :store_id WHERE one = 1;

-- name: ledger_note
INSERT INTO note (key, value) VALUES (:key, :value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: ledger_note_delete
DELETE FROM note WHERE key = :key;

-- name: ledger_note_get
SELECT value FROM note WHERE key = :key;

-- name: ledger_mailbox_by_name
SELECT m.*, t.stored, t.quarantined, t.bytes_stored,
	t.skipped - COALESCE(e.gone, 0) AS skipped, e.waiting, e.held,
	e.gone AS let_go
FROM mailbox m
LEFT JOIN tally t ON t.mailbox_id = m.id AND t.uidvalidity =
	CASE WHEN m.uidvalidity <> 0 THEN m.uidvalidity
	WHEN EXISTS (SELECT 1 FROM tally z WHERE z.mailbox_id = m.id
		AND z.uidvalidity = 0
		AND z.stored + z.quarantined + z.skipped > 0) THEN 0
	ELSE (SELECT max(uidvalidity) FROM tally WHERE mailbox_id = m.id)
	END
LEFT JOIN expunge_tally e ON e.mailbox_id = t.mailbox_id
	AND e.uidvalidity = t.uidvalidity
WHERE m.name = :name;

-- name: ledger_mailbox_all
-- scan: all are wanted
SELECT m.*, t.stored, t.quarantined, t.bytes_stored,
	t.skipped - COALESCE(e.gone, 0) AS skipped, e.waiting, e.held,
	e.gone AS let_go
FROM mailbox m
LEFT JOIN tally t ON t.mailbox_id = m.id AND t.uidvalidity =
	CASE WHEN m.uidvalidity <> 0 THEN m.uidvalidity
	WHEN EXISTS (SELECT 1 FROM tally z WHERE z.mailbox_id = m.id
		AND z.uidvalidity = 0
		AND z.stored + z.quarantined + z.skipped > 0) THEN 0
	ELSE (SELECT max(uidvalidity) FROM tally WHERE mailbox_id = m.id)
	END
LEFT JOIN expunge_tally e ON e.mailbox_id = t.mailbox_id
	AND e.uidvalidity = t.uidvalidity
ORDER BY m.id;

-- name: ledger_mailbox_dir_taken
SELECT 1 AS found FROM mailbox WHERE dir_folded = :dir_folded;

-- name: ledger_mailbox_insert
INSERT INTO mailbox (name, folder, dir, dir_folded)
VALUES (:name, :folder, :dir, :dir_folded);

-- name: ledger_mailbox_mark
UPDATE mailbox SET uidvalidity = :uidvalidity, uidnext = :uidnext,
	highestmodseq = :highestmodseq, source_count = :source_count,
	mailboxid = :mailboxid, gone = :gone, flags_at = :flags_at,
	notice = :notice
WHERE id = :id;

-- name: ledger_leave_messages
-- Above 32 bits no server has an epoch; the fence tells one leave from the
-- next.
-- scan: all go, once for each change of the source
UPDATE message SET uidvalidity = uidvalidity + (:fence << 32), emailid = ''
WHERE uid > 0 AND uidvalidity < (1 << 32);

-- name: ledger_leave_maildrops
-- No server gives a UIDL with a space in it.
-- scan: all go, once for each change of the source
UPDATE message SET uidvalidity = :fence << 32, uidl = 'left ' || id,
	occurrence = 0
WHERE uid = 0 AND uidvalidity = 0;

-- name: ledger_leave_mailboxes
-- scan: all go
UPDATE mailbox SET uidvalidity = 0, uidnext = 0, highestmodseq = 0,
	mailboxid = '', gone = 0;

-- name: ledger_stage
-- No RETURNING: SQLite would build a temporary table for it each time.
INSERT INTO message (mailbox_id, uidvalidity, uid, uidl, occurrence, state,
	fence, stage_seq, to_new, size_bytes, date_s, source_system,
	local_system, source_keywords, local_keywords, base, sha256,
	emailid, header_hash, pop3_order, bare_sha256, dropped, listed_bytes,
	imported_at)
VALUES (:mailbox_id, :uidvalidity, :uid, :uidl, :occurrence, 0,
	:fence, :stage_seq, :to_new, :size_bytes, :date_s, :source_system,
	:local_system, :source_keywords, :local_keywords, :base, :sha256,
	:emailid, :header_hash, :pop3_order, :bare_sha256, :dropped,
	:listed_bytes, :imported_at)
ON CONFLICT DO NOTHING;

-- name: ledger_clear_uid
-- What was quarantined or skipped makes room for what has arrived after all.
DELETE FROM message
WHERE mailbox_id = :mailbox_id AND uidvalidity = :uidvalidity
	AND uid = :uid AND uid > 0 AND state >= 2;

-- name: ledger_clear_uidl
DELETE FROM message
WHERE mailbox_id = :mailbox_id AND uidl = :uidl AND occurrence = :occurrence
	AND uid = 0 AND state >= 2;

-- name: ledger_quarantine
INSERT INTO message (mailbox_id, uidvalidity, uid, uidl, occurrence, state,
	fence, stage_seq, to_new, size_bytes, date_s, source_system,
	local_system, source_keywords, local_keywords, base, why, why_text,
	first_at, next_try_at, tries, pop3_order)
VALUES (:mailbox_id, :uidvalidity, :uid, :uidl, :occurrence, :state,
	:fence, 0, 0, :size_bytes, :date_s, :source_system,
	:local_system, :source_keywords, :local_keywords, '', :why, :why_text,
	:first_at, :next_try_at, 1, :pop3_order)
ON CONFLICT (mailbox_id, uidvalidity, uid) WHERE uid > 0
DO UPDATE SET state = excluded.state, fence = excluded.fence,
	size_bytes = excluded.size_bytes, date_s = excluded.date_s,
	why = excluded.why, why_text = excluded.why_text,
	next_try_at = excluded.next_try_at, tries = tries + 1
	WHERE state >= 2
ON CONFLICT (mailbox_id, uidl, occurrence) WHERE uid = 0
DO UPDATE SET state = excluded.state, fence = excluded.fence,
	size_bytes = excluded.size_bytes, date_s = excluded.date_s,
	why = excluded.why, why_text = excluded.why_text,
	next_try_at = excluded.next_try_at, tries = tries + 1
	WHERE state >= 2;

-- name: ledger_done
UPDATE message SET state = 1 WHERE id BETWEEN :first AND :last AND state = 0;

-- name: ledger_unstage
DELETE FROM message WHERE id = :id AND state = 0;

-- name: ledger_set_flags
UPDATE message SET source_system = :source_system,
	source_keywords = :source_keywords, local_system = :local_system,
	local_keywords = :local_keywords, misses = 0
WHERE id = :id;

-- name: ledger_missed
UPDATE message SET misses = misses + 1 WHERE id = :id RETURNING misses;

-- name: ledger_rekey_clear
DELETE FROM message
WHERE mailbox_id = :mailbox_id AND uidvalidity = :uidvalidity AND uid = :uid
	AND uid > 0 AND state >= 2;

-- name: ledger_rekey
UPDATE message SET mailbox_id = :mailbox_id, uidvalidity = :uidvalidity,
	uid = :uid, uidl = '', occurrence = 0,
	emailid = CASE :emailid WHEN '' THEN emailid ELSE :emailid END
WHERE id = :id;

-- name: ledger_rekey_uidl
UPDATE message SET uidvalidity = 0, uid = 0, uidl = :uidl,
	occurrence = :occurrence, listed_bytes = :listed_bytes,
	pop3_order = CASE :pop3_order WHEN 0 THEN pop3_order
		ELSE :pop3_order END
WHERE id = :id;

-- name: ledger_leave_uidl
UPDATE message SET uidl = 'left ' || id, occurrence = 0,
	uidvalidity = :fence << 32
WHERE id = :id AND uid = 0;

-- name: ledger_each_due
-- scan: sorts the few that are quarantined and due
SELECT m.*, b.dir AS dir FROM message m
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uidvalidity = :uidvalidity
	AND m.state = 2 AND m.next_try_at <= :now
ORDER BY m.uid;

-- name: ledger_each_old
SELECT m.*, b.dir AS dir FROM message m
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uidvalidity <> :uidvalidity
	AND m.uid > 0 AND m.state <= 1
UNION ALL
SELECT m.*, b.dir AS dir FROM message m
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uid = 0 AND m.uidvalidity > 0
	AND m.state <= 1;

-- name: ledger_each_left
-- What was collected from a maildrop, and lies in other mailboxes' folders.
-- scan: the partial index of what the account has left
SELECT m.*, b.dir AS dir FROM message m INDEXED BY message_left
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id <> :mailbox_id AND m.uid = 0 AND m.uidvalidity > 0
	AND m.state = 1;

-- name: ledger_each_maildrop
-- scan: a maildrop is all that its account has, and all is wanted
SELECT m.*, b.dir AS dir FROM message m
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id;

-- name: ledger_each_staged
-- scan: the partial index of staged rows: at most a batch or two
SELECT m.*, b.dir AS dir FROM message m INDEXED BY message_staged
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.state = 0;

-- name: ledger_each_uid
SELECT m.*, b.dir AS dir FROM message m
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uidvalidity = :uidvalidity
	AND m.uid > 0
ORDER BY m.uid;

-- name: ledger_each_uidl
SELECT m.*, b.dir AS dir FROM message m
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uid = 0
	AND m.uidvalidity = :uidvalidity
ORDER BY m.uidl, m.occurrence;

-- name: ledger_uids
-- Everything in the epoch but what is due for another try.
SELECT uid FROM message
WHERE mailbox_id = :mailbox_id AND uidvalidity = :uidvalidity AND uid > 0
	AND uid NOT IN (SELECT q.uid FROM message q
		WHERE q.state = 2 AND q.mailbox_id = :mailbox_id
			AND q.uidvalidity = :uidvalidity
			AND q.next_try_at <= :now)
ORDER BY uid;

-- name: ledger_find_uid
SELECT m.*, b.dir AS dir FROM message m
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uidvalidity = :uidvalidity
	AND m.uid = :uid AND m.uid > 0;

-- name: ledger_find_uid_from
SELECT m.*, b.dir AS dir FROM message m
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uidvalidity = :uidvalidity
	AND m.uid >= :from AND m.uid < :below AND m.uid > 0 AND m.state <= 1
ORDER BY m.uid LIMIT 1;

-- name: ledger_find_uid_below
SELECT m.*, b.dir AS dir FROM message m
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uidvalidity = :uidvalidity
	AND m.uid < :below AND m.uid > 0 AND m.state <= 1
ORDER BY m.uid DESC LIMIT 1;

-- name: ledger_find_uidl
SELECT m.*, b.dir AS dir FROM message m
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uidl = :uidl
	AND m.occurrence = :occurrence AND m.uid = 0;
