-- SPDX-License-Identifier: BSD-2-Clause
-- name: job_claim
-- One statement, so that no two conductors can take the same job or pass the
-- limits of a host; what runs counts with all the sessions it may take. First
-- whose lease ran out, then who has waited longest, then whose due time a
-- clock that was set back has put out of reach. A step of priority counts as
-- six hours of waiting, so that everybody's turn comes: of each of the ten
-- priorities the one that has waited longest, and of these the first.
-- scan: partial indexes of waiting and of running jobs, in order, to the
-- first that fits
WITH taken(host, n) AS (
	SELECT r.host, sum(r.sessions) FROM job r
	WHERE r.run IS NOT NULL AND r.lease_until > :now
		AND r.lease_until <= :now + 2 * :lease
	GROUP BY r.host),
barred(host) AS (
	SELECT t.host FROM taken t JOIN budget b ON b.host = t.host
	WHERE t.n >= min(iif(b.sessions > 0, b.sessions, :per_host),
		iif(b.learned_sessions > 0, b.learned_sessions, t.n + 1))
	UNION
	SELECT l.host FROM budget_login l JOIN budget b ON b.host = l.host
	WHERE l.at > :now - :minute AND l.at <= :now
	GROUP BY l.host
	HAVING (b.logins > 0 AND sum(l.count) >= b.logins)
		OR (b.learned_logins > 0
			AND sum(l.count) >= b.learned_logins)),
ranked(id) AS MATERIALIZED (
	SELECT (SELECT j.account_id FROM job j
		WHERE j.run IS NULL AND j.paused = 0
			AND j.priority = p.column1 AND j.due_at <= :now
			AND j.host NOT IN (SELECT host FROM barred)
			AND j.account_id NOT IN
				(SELECT value FROM json_each(:except))
		ORDER BY j.due_at LIMIT 1)
	FROM (VALUES (9), (8), (7), (6), (5), (4), (3), (2), (1), (0)) AS p)
UPDATE job SET run = :run, owner = :owner, lease_until = :now + :lease,
	fence = fence + 1, cancel = 0, again = 0,
	sessions = (SELECT max(1, min(a.connections,
		iif(b.sessions > 0, b.sessions, :per_host)
			- COALESCE(t.n, 0),
		iif(b.learned_sessions > 0, b.learned_sessions, 1000000)
			- COALESCE(t.n, 0)))
		FROM account a JOIN budget b ON b.host = job.host
		LEFT JOIN taken t ON t.host = job.host
		WHERE a.id = job.account_id)
WHERE account_id = COALESCE(
	(SELECT j.account_id FROM job j
	 WHERE j.run IS NOT NULL AND j.paused = 0
		AND (j.lease_until <= :now OR j.lease_until > :now + 2 * :lease)
		AND j.host NOT IN (SELECT host FROM barred)
		AND j.account_id NOT IN (SELECT value FROM json_each(:except))
	 ORDER BY j.lease_until LIMIT 1),
	(SELECT f.account_id FROM ranked r JOIN job f ON f.account_id = r.id
	 ORDER BY f.due_at - f.priority * 21600 LIMIT 1),
	(SELECT j.account_id FROM job j
	 WHERE j.run IS NULL AND j.paused = 0 AND j.due_at IS NOT NULL
		AND j.sane_from > :now
		AND j.host NOT IN (SELECT host FROM barred)
		AND j.account_id NOT IN (SELECT value FROM json_each(:except))
	 ORDER BY j.sane_from LIMIT 1))
RETURNING account_id, fence, attempts, refusals, retry, revision, task, due_at,
	finish,
	(SELECT a.hours FROM account a WHERE a.id = job.account_id) AS hours;

-- name: job_claim_account
-- A person named it: due or not, paused or not.
-- scan: the list of accounts in :except, which is short; what runs; a minute
WITH taken(host, n) AS (
	SELECT r.host, sum(r.sessions) FROM job r
	WHERE r.run IS NOT NULL AND r.lease_until > :now
		AND r.lease_until <= :now + 2 * :lease
	GROUP BY r.host),
barred(host) AS (
	SELECT t.host FROM taken t JOIN budget b ON b.host = t.host
	WHERE t.n >= min(iif(b.sessions > 0, b.sessions, :per_host),
		iif(b.learned_sessions > 0, b.learned_sessions, t.n + 1))
	UNION
	SELECT l.host FROM budget_login l JOIN budget b ON b.host = l.host
	WHERE l.at > :now - :minute AND l.at <= :now
	GROUP BY l.host
	HAVING (b.logins > 0 AND sum(l.count) >= b.logins)
		OR (b.learned_logins > 0
			AND sum(l.count) >= b.learned_logins))
UPDATE job SET run = :run, owner = :owner, lease_until = :now + :lease,
	fence = fence + 1, cancel = 0, again = 0,
	sessions = (SELECT max(1, min(a.connections,
		iif(b.sessions > 0, b.sessions, :per_host)
			- COALESCE(t.n, 0),
		iif(b.learned_sessions > 0, b.learned_sessions, 1000000)
			- COALESCE(t.n, 0)))
		FROM account a JOIN budget b ON b.host = job.host
		LEFT JOIN taken t ON t.host = job.host
		WHERE a.id = job.account_id)
WHERE account_id = :account_id
	AND (run IS NULL OR lease_until <= :now
		OR lease_until > :now + 2 * :lease)
	AND host NOT IN (SELECT host FROM barred)
	AND account_id NOT IN (SELECT value FROM json_each(:except))
RETURNING account_id, fence, attempts, refusals, retry, revision, task, due_at,
	finish,
	(SELECT a.hours FROM account a WHERE a.id = job.account_id) AS hours;

-- name: job_next_due
SELECT (SELECT min(due_at) FROM job
		WHERE run IS NULL AND paused = 0) AS due_at,
	EXISTS (SELECT 1 FROM job WHERE run IS NULL AND paused = 0
		AND due_at IS NOT NULL AND sane_from > :now) AS clock_set_back,
	(SELECT min(lease_until) FROM job INDEXED BY job_running
		WHERE run IS NOT NULL AND paused = 0) AS lease_until;

-- name: job_heartbeat
-- scan: the partial index of running jobs
UPDATE job SET lease_until = :now + :lease
WHERE run IS NOT NULL AND owner = :owner;

-- name: job_progress
INSERT INTO progress (account_id, fence, phase, mailbox, messages_total,
	messages_done, messages_new, bytes_done, started_ms, moved_at)
SELECT :account_id, :fence, :phase, :mailbox, :messages_total,
	:messages_done, :messages_new, :bytes_done, :started_ms,
	:started_ms / 1000
FROM job WHERE account_id = :account_id AND fence = :fence
	AND run IS NOT NULL
ON CONFLICT (account_id) DO UPDATE SET
	moved_at = CASE WHEN fence <> excluded.fence
			THEN excluded.moved_at
		WHEN bytes_done <> excluded.bytes_done
			OR messages_done <> excluded.messages_done THEN :now
		ELSE moved_at END,
	fence = excluded.fence,
	phase = excluded.phase, mailbox = excluded.mailbox,
	messages_total = excluded.messages_total,
	messages_done = excluded.messages_done,
	messages_new = excluded.messages_new,
	bytes_done = excluded.bytes_done, started_ms = excluded.started_ms;

-- name: job_finish
UPDATE job SET run = NULL, owner = NULL, lease_until = 0, cancel = 0,
	again = 0,
	retry = CASE WHEN again = 1 THEN retry ELSE 0 END,
	due_at = CASE WHEN again = 1 THEN :now ELSE :due_at END,
	sane_from = CASE WHEN again = 1 OR :due_at IS NULL THEN :now
		ELSE :due_at - 2 * max(:due_at - :now, 0) END,
	needs_person = CASE WHEN again = 1 THEN 0 ELSE :needs_person END,
	push = :push,
	attempts = CASE WHEN :ok = 1 THEN 0 WHEN :progress = 1 THEN 1
		ELSE attempts + 1 END,
	refusals = CASE WHEN :ok = 1 OR :progress = 1 THEN 0
		ELSE refusals + (:err_class = 'auth') END,
	runs = runs + 1,
	crashes = crashes + (:err_class = 'crash'),
	last_ok = :ok,
	failing_since = CASE WHEN :ok = 1 THEN 0
		WHEN failing_since = 0 THEN :now ELSE failing_since END,
	moved_at = CASE WHEN :ok = 1 THEN :now ELSE max(moved_at, COALESCE(
		(SELECT p.moved_at FROM progress p
			WHERE p.account_id = job.account_id
				AND p.fence = job.fence
				AND p.messages_done + p.bytes_done > 0), 0)) END,
	stalled_at = CASE WHEN :ok = 1 THEN 0 ELSE stalled_at END,
	task = CASE WHEN again = 1 THEN task ELSE :next_task END,
	task_result = CASE WHEN task = 0 THEN task_result
		WHEN again = 1 THEN '' ELSE :task_result END,
	last_success_at = CASE WHEN :ok = 1 THEN :now
		ELSE last_success_at END,
	err_class = :err_class, err_scope = :err_scope,
	err_retry = :err_retry, err_retry_after_s = :err_retry_after_s,
	err_text = :err_text, err_hint = :err_hint
WHERE account_id = :account_id AND fence = :fence AND run = :run;

-- name: job_finish_cancelled
UPDATE job SET run = NULL, owner = NULL, lease_until = 0, cancel = 0,
	again = 0, push = 0, due_at = :now, sane_from = :now
WHERE account_id = :account_id AND fence = :fence AND run = :run;

-- name: job_counts
UPDATE job SET messages_source = :source, messages_stored = :stored,
	messages_quarantined = :quarantined, messages_skipped = :skipped,
	bytes_stored = :bytes, held = :held, held_fence = fence,
	deletions_waiting = :deletions_waiting,
	deletions_next_at = :deletions_next_at,
	deletions_done = :deletions_done
WHERE account_id = :account_id;

-- name: job_progress_delete
DELETE FROM progress WHERE account_id = :account_id;

-- name: job_mailboxes
SELECT mailbox, folder, uidvalidity, source, stored, quarantined, notice,
	uids_kept, uids_wanted, uidls_missing
FROM mailbox WHERE account_id = :account_id ORDER BY position;

-- name: job_mailboxes_delete
DELETE FROM mailbox WHERE account_id = :account_id;

-- name: job_mailbox_insert
INSERT INTO mailbox (account_id, position, mailbox, folder, uidvalidity,
	source, stored, quarantined, notice, uids_kept, uids_wanted,
	uidls_missing)
VALUES (:account_id, :position, :mailbox, :folder, :uidvalidity, :source,
	:stored, :quarantined, :notice, :uids_kept, :uids_wanted,
	:uidls_missing);

-- name: job_release_all
-- scan: the partial index of running jobs
UPDATE job SET run = NULL, owner = NULL, lease_until = 0, cancel = 0,
	again = 0, due_at = :now, sane_from = :now
WHERE run IS NOT NULL;

-- name: job_progress_delete_all
-- scan: all go
DELETE FROM progress;

-- name: job_due_now
UPDATE job SET due_at = :now, sane_from = :now,
	again = run IS NOT NULL,
	attempts = CASE WHEN needs_person = 1 THEN 0 ELSE attempts END,
	refusals = CASE WHEN needs_person = 1 THEN 0 ELSE refusals END,
	needs_person = 0
WHERE account_id = :account_id;

-- name: job_due_now_all
-- scan: all that are not paused
UPDATE job SET due_at = :now, sane_from = :now,
	again = run IS NOT NULL,
	attempts = CASE WHEN needs_person = 1 THEN 0 ELSE attempts END,
	refusals = CASE WHEN needs_person = 1 THEN 0 ELSE refusals END,
	needs_person = 0
WHERE paused = 0;

-- name: job_confirm_deletions
UPDATE job SET confirmed_fence = held_fence
WHERE account_id = :account_id AND held > 0 RETURNING held;

-- name: job_cancel
UPDATE job SET cancel = 1 WHERE account_id = :account_id AND run IS NOT NULL;

-- name: job_cancelled
-- scan: the partial index of running jobs
SELECT account_id FROM job
WHERE run IS NOT NULL AND owner = :owner AND cancel = 1;

-- name: job_status_all
-- scan: all are wanted, in the order of the names' index
SELECT j.*, p.phase, p.mailbox AS progress_mailbox,
	p.messages_total, p.messages_done, p.messages_new, p.bytes_done, p.started_ms,
	COALESCE(d.day_from, 0) AS day_from, COALESCE(d.day_used, 0) AS day_used,
	CASE WHEN d.learned_until > :now THEN d.learned_bytes
		ELSE 0 END AS learned_bytes,
	CASE
	WHEN j.run IS NOT NULL AND j.lease_until > :now
		AND j.lease_until <= :now + 2 * :lease THEN 'running'
	WHEN j.paused = 1 THEN 'paused'
	WHEN j.needs_person = 1 THEN 'failed'
	WHEN j.run IS NOT NULL OR j.due_at <= :now
		OR (j.due_at IS NOT NULL AND j.sane_from > :now) THEN 'queued'
	WHEN j.last_ok = 0 AND j.due_at IS NOT NULL THEN 'waiting'
	WHEN j.last_ok = 0 THEN 'failed'
	ELSE 'idle' END AS state
FROM account a JOIN job j ON j.account_id = a.id
LEFT JOIN progress p ON p.account_id = j.account_id AND p.fence = j.fence
LEFT JOIN budget_account d ON d.account_id = j.account_id
ORDER BY a.name;

-- name: job_status
SELECT j.*, p.phase, p.mailbox AS progress_mailbox,
	p.messages_total, p.messages_done, p.messages_new, p.bytes_done, p.started_ms,
	COALESCE(d.day_from, 0) AS day_from, COALESCE(d.day_used, 0) AS day_used,
	CASE WHEN d.learned_until > :now THEN d.learned_bytes
		ELSE 0 END AS learned_bytes,
	CASE
	WHEN j.run IS NOT NULL AND j.lease_until > :now
		AND j.lease_until <= :now + 2 * :lease THEN 'running'
	WHEN j.paused = 1 THEN 'paused'
	WHEN j.needs_person = 1 THEN 'failed'
	WHEN j.run IS NOT NULL OR j.due_at <= :now
		OR (j.due_at IS NOT NULL AND j.sane_from > :now) THEN 'queued'
	WHEN j.last_ok = 0 AND j.due_at IS NOT NULL THEN 'waiting'
	WHEN j.last_ok = 0 THEN 'failed'
	ELSE 'idle' END AS state
FROM job j
LEFT JOIN progress p ON p.account_id = j.account_id AND p.fence = j.fence
LEFT JOIN budget_account d ON d.account_id = j.account_id
WHERE j.account_id = :account_id;
