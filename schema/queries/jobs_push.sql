-- SPDX-License-Identifier: BSD-2-Clause
-- name: job_due_by
-- Due no later than :at; after the present run, where there is one. Who waits
-- for a person goes on waiting.
UPDATE job SET sane_from = CASE
		WHEN due_at IS NULL OR due_at > :at THEN 2 * :now - :at
		ELSE sane_from END,
	due_at = min(COALESCE(due_at, :at), :at),
	again = CASE WHEN run IS NOT NULL THEN 1 ELSE again END,
	push = CASE WHEN :waits = 1 THEN push ELSE 0 END
WHERE account_id = :account_id
	AND (needs_person = 0 OR due_at IS NOT NULL);

-- name: job_push_end
UPDATE job SET push = 0 WHERE account_id = :account_id AND push = 1;

-- name: job_push_end_all
-- scan: at start and end
UPDATE job SET push = 0 WHERE push = 1;

-- name: job_revisions
-- scan: the list of accounts in :ids
SELECT j.account_id, j.revision
FROM json_each(:ids) v JOIN job j ON j.account_id = v.value
WHERE j.paused = 0;
