-- SPDX-License-Identifier: BSD-2-Clause
-- name: job_last_begin
-- Paused or finished before or not: a person wants it now.
UPDATE job SET finish = 1, finished_at = 0, differences = 0, paused = 0,
	retry = 1, task = CASE WHEN finish = 2 THEN 0 ELSE task END
WHERE account_id = :account_id AND finish <> 5;

-- name: job_last_step
-- Before the end of a run is written down: how far the last run has come. Who
-- fails in the second half, or was used for something else, begins anew.
UPDATE job SET
	finish = CASE WHEN :ok = 1 AND task = finish - 1 THEN finish + 1
		ELSE 1 END,
	paused = CASE WHEN :ok = 1 AND finish = 2 AND task = 1 THEN 1
		ELSE paused END,
	finished_at = CASE WHEN :ok = 1 AND finish = 2 AND task = 1 THEN :now
		ELSE finished_at END,
	differences = :differences
WHERE account_id = :account_id AND fence = :fence AND run = :run
	AND again = 0 AND finish BETWEEN 1 AND 2
RETURNING finish;

-- name: job_last_forget
UPDATE job SET finish = 0, task = CASE WHEN finish = 2 THEN 0 ELSE task END
WHERE account_id = :account_id AND finish BETWEEN 1 AND 2;

-- name: job_purge_mark
UPDATE job SET paused = 1, finish = 5, cancel = run IS NOT NULL
WHERE account_id = :account_id;

-- name: job_purge_begin
-- The fencing number with which the ledger is its own; none while a run is
-- under way.
UPDATE job SET fence = fence + 1, run = NULL, owner = NULL, lease_until = 0
WHERE account_id = :account_id AND (run IS NULL OR lease_until <= :now
	OR lease_until > :now + 2 * :lease)
RETURNING fence;

-- name: job_until_passed
SELECT 1 AS found FROM job
WHERE until_at > 0 AND paused = 0 AND finish = 0 AND until_at <= :now LIMIT 1;

-- name: job_until_end
UPDATE job SET paused = 1, finish = 4, finished_at = :now,
	cancel = run IS NOT NULL
WHERE until_at > 0 AND paused = 0 AND finish = 0 AND until_at <= :now;

-- name: job_put_back
-- Claimed outside its hours: due when they begin.
UPDATE job SET run = NULL, owner = NULL, lease_until = 0, due_at = :due_at,
	sane_from = :due_at - 2 * max(:due_at - :now, 0)
WHERE account_id = :account_id AND fence = :fence AND run = :run;
