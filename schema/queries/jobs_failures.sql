-- SPDX-License-Identifier: BSD-2-Clause
-- name: job_failures
SELECT mailbox, uid, uidl, class, text, first_at, tries, next_try_at,
	dialogue
FROM failure WHERE account_id = :account_id ORDER BY position;

-- name: job_failures_delete
DELETE FROM failure WHERE account_id = :account_id;

-- name: job_failure_insert
INSERT INTO failure (account_id, position, mailbox, uid, uidl, class, text,
	first_at, tries, next_try_at, dialogue)
VALUES (:account_id, :position, :mailbox, :uid, :uidl, :class, :text,
	:first_at, :tries, :next_try_at, :dialogue);

-- name: job_retry
UPDATE job SET retry = 1 WHERE account_id = :account_id;
