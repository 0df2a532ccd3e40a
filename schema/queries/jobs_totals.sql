-- SPDX-License-Identifier: BSD-2-Clause
-- name: job_totals
-- All accounts by what they have in common. success_from: the longest time
-- ago that one which is to be collected was, or was enrolled. due_from: of
-- those that wait for a place.
-- scan: all are wanted, a few times a minute
SELECT protocol, state, err_class, count(*) AS accounts,
	sum(stalled_at > 0) AS stalled,
	sum(messages_source) AS source, sum(messages_stored) AS stored,
	sum(messages_quarantined) AS quarantined,
	sum(messages_skipped) AS skipped, sum(bytes_stored) AS bytes,
	sum(held) AS held, sum(deletions_waiting) AS deletions,
	min(CASE WHEN state = 'queued' AND run IS NULL
		THEN due_at END) AS due_from,
	min(CASE WHEN paused = 0 AND (due_at IS NOT NULL OR run IS NOT NULL
			OR needs_person = 1)
		THEN iif(last_success_at > 0, last_success_at, created_at)
		END) AS success_from
FROM (SELECT j.*, a.protocol, a.created_at, CASE
	WHEN j.run IS NOT NULL AND j.lease_until > :now
		AND j.lease_until <= :now + 2 * :lease THEN 'running'
	WHEN j.paused = 1 THEN 'paused'
	WHEN j.needs_person = 1 THEN 'failed'
	WHEN j.run IS NOT NULL OR j.due_at <= :now
		OR (j.due_at IS NOT NULL AND j.sane_from > :now) THEN 'queued'
	WHEN j.last_ok = 0 AND j.due_at IS NOT NULL THEN 'waiting'
	WHEN j.last_ok = 0 THEN 'failed'
	ELSE 'idle' END AS state
	FROM job j JOIN account a ON a.id = j.account_id)
GROUP BY protocol, state, err_class;

-- name: budget_totals
-- scan: all are wanted, a few times a minute
SELECT count(*) AS hosts,
	COALESCE(sum(learned_until > :now), 0) AS learned,
	COALESCE(sum(day_bytes > 0 AND day_used >= day_bytes
		AND :now >= day_from AND :now < day_from + 86400), 0)
		AS used_up
FROM budget WHERE host IN (SELECT host FROM job);
