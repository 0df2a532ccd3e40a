-- SPDX-License-Identifier: BSD-2-Clause
-- name: removal_forget
-- Another rule: what the old one wanted counts no more. What was sent is
-- seen through.
-- scan: once for each change of the rule
UPDATE message SET removal = 0, removal_fence = 0, wanted_at = 0, absences = 0
WHERE removal IN (1, 2) OR (removal = 0 AND absences > 0);

-- name: removal_stamp
-- scan: once for each change of the rule
UPDATE message SET imported_at = :now WHERE imported_at = 0 AND state = 1;

-- name: removal_want_older
UPDATE message SET removal = 2, wanted_at = :now
WHERE mailbox_id = :mailbox_id AND uidvalidity = :uidvalidity AND uid > 0
	AND state = 1 AND removal = 0 AND imported_at <= :before;

-- name: removal_want_older_uidl
UPDATE message SET removal = 2, wanted_at = :now
WHERE mailbox_id = :mailbox_id AND uid = 0 AND uidvalidity = 0
	AND state = 1 AND removal = 0 AND imported_at <= :before;

-- name: removal_each_here
-- In a mailbox's epoch, what may still be wanted, or is and was not sent.
SELECT id, base, sha256, removal, removal_fence, absences FROM message
WHERE mailbox_id = :mailbox_id AND uidvalidity = :uidvalidity AND uid > 0
	AND state = 1 AND removal < 3;

-- name: removal_each_here_uidl
SELECT id, base, sha256, removal, removal_fence, absences FROM message
WHERE mailbox_id = :mailbox_id AND uid = 0 AND uidvalidity = 0
	AND state = 1 AND removal < 3;

-- name: removal_each_all
-- scan: once after the store was turned back, or with a new rule
SELECT id, base, sha256, removal, removal_fence, absences FROM message
WHERE state = 1 AND removal < 3;

-- name: removal_knows_base
-- scan: for the few files as large as one that seems to be gone
SELECT 1 AS known FROM message WHERE base = :base LIMIT 1;

-- name: removal_rebase
UPDATE message SET base = :base, absences = 0, removal = 0, removal_fence = 0,
	wanted_at = 0
WHERE id = :id AND removal < 3;

-- name: removal_set
UPDATE message SET removal = :removal, absences = :absences,
	removal_why = :why,
	wanted_at = CASE WHEN :removal <> 2 THEN 0
		WHEN removal = 2 THEN wanted_at ELSE :now END,
	removal_fence = CASE WHEN :removal = 0 THEN 0
		WHEN :removal = 1 AND removal_fence = 0 THEN :fence
		ELSE removal_fence END
WHERE id = :id AND removal < 4;

-- name: removal_each_wanted
-- scan: sorts a page of the partial index of what is to be deleted
SELECT m.*, b.dir AS dir FROM message m INDEXED BY message_removal
JOIN mailbox b ON b.id = m.mailbox_id
WHERE m.mailbox_id = :mailbox_id AND m.uid > :after
	AND m.uidvalidity = :uidvalidity AND m.state = 1
	AND m.removal IN (2, 3)
ORDER BY m.uid LIMIT :most;

-- name: removal_sent
UPDATE message SET removal = 3, sent_at = :now
WHERE id = :id AND removal IN (2, 3);

-- name: removal_unsent
UPDATE message SET removal = 2 WHERE id = :id AND removal = 3;

-- name: removal_gone
UPDATE message SET removal = 4, removed_at = :now
WHERE id = :id AND removal IN (2, 3);

-- name: removal_counts
-- scan: once a run, where a rule says that messages are deleted
SELECT removal, removal_why, sent_at > 0 AS sent, count(*) AS messages,
	min(imported_at) AS first_at
FROM message
WHERE mailbox_id = :mailbox_id AND uidvalidity = :uidvalidity AND state = 1
GROUP BY 1, 2, 3;

-- name: removal_mailbox
UPDATE mailbox SET source_count = :source_count, gone = :gone,
	removal_notice = :notice
WHERE id = :id;
