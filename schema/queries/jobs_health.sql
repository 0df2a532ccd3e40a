-- SPDX-License-Identifier: BSD-2-Clause
-- name: notice_set
INSERT INTO notice (key, text, since) VALUES (:key, :text, :now)
ON CONFLICT (key) DO UPDATE SET text = excluded.text;

-- name: notice_delete
DELETE FROM notice WHERE key = :key;

-- name: notice_all
-- scan: all are wanted, and there are few
SELECT key, text, since FROM notice ORDER BY key;

-- name: job_due_disk
-- scan: the list of accounts in :ids
UPDATE job SET due_at = :now, sane_from = :now, attempts = 0
WHERE account_id IN (SELECT value FROM json_each(:ids))
	AND run IS NULL AND paused = 0 AND needs_person = 0
	AND last_ok = 0 AND err_class = 'disk';

-- name: job_stalled
-- Told once: not again before a run was good.
-- scan: once a minute, all that fail or run
UPDATE job SET stalled_at = :now
WHERE paused = 0 AND needs_person = 0 AND stalled_at = 0
	AND moved_at <= :now - :after
	AND CASE WHEN run IS NOT NULL THEN COALESCE(
			(SELECT p.moved_at FROM progress p
				WHERE p.account_id = job.account_id
					AND p.fence = job.fence), :now)
		WHEN failing_since > 0 THEN failing_since
		ELSE :now END <= :now - :after
RETURNING moved_at,
	(SELECT name FROM account WHERE id = job.account_id) AS name;
