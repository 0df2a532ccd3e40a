-- SPDX-License-Identifier: BSD-2-Clause
-- name: budget_untell_all
-- scan: all, at start and when the settings have changed
UPDATE budget SET told = 0;

-- name: budget_forget_hosts
-- scan: at start; those that no account has any more
DELETE FROM budget WHERE host NOT IN (SELECT host FROM job)
	AND day_from + 86400 <= :now;

-- name: budget_untold
-- scan: the partial index of hosts that are new
SELECT host FROM budget WHERE told = 0;

-- name: budget_tell
UPDATE budget SET told = 1, sessions = :sessions, logins = :logins,
	day_bytes = :day_bytes
WHERE host = :host;

-- name: budget_lessons_end
-- A lesson from a time to come: the clock was set back.
UPDATE budget SET learned_sessions = 0, learned_logins = 0, learned_until = 0
WHERE learned_until > 0
	AND (learned_until <= :now OR learned_until > :now + 2 * :lesson);

-- name: budget_of
SELECT b.host, b.sessions, b.learned_sessions, b.day_bytes, b.day_from,
	b.day_used, j.sessions AS run_sessions,
	b.logins > 0 OR b.learned_logins > 0 AS logins_limited,
	CASE WHEN b.day_bytes > 0 THEN
		(SELECT count(*) FROM job o
		 WHERE o.host = j.host AND o.paused = 0)
		ELSE 1 END AS accounts,
	COALESCE(a.day_from, 0) AS account_from,
	COALESCE(a.day_used, 0) AS account_used,
	CASE WHEN a.learned_until > :now THEN a.learned_bytes
		ELSE 0 END AS learned_bytes
FROM job j JOIN budget b ON b.host = j.host
LEFT JOIN budget_account a ON a.account_id = j.account_id
WHERE j.account_id = :account_id;

-- name: budget_spend_host
-- A day that is over, or of a clock that was set back, makes place for a new
-- one.
UPDATE budget SET
	day_used = CASE WHEN :now >= day_from AND :now < day_from + 86400
		THEN day_used ELSE 0 END + :bytes,
	day_from = CASE WHEN :now >= day_from AND :now < day_from + 86400
		THEN day_from ELSE :now END
WHERE host = (SELECT host FROM job WHERE account_id = :account_id);

-- name: budget_spend_account
INSERT INTO budget_account (account_id, day_from, day_used)
SELECT id, :now, :bytes FROM account WHERE id = :account_id
ON CONFLICT (account_id) DO UPDATE SET
	day_used = CASE WHEN :now >= day_from AND :now < day_from + 86400
		THEN day_used ELSE 0 END + :bytes,
	day_from = CASE WHEN :now >= day_from AND :now < day_from + 86400
		THEN day_from ELSE :now END;

-- name: budget_logins_left
-- scan: one row for each second of the last minute
SELECT CASE WHEN min(b.logins, b.learned_logins) > 0
		THEN min(b.logins, b.learned_logins)
		ELSE max(b.logins, b.learned_logins) END AS allowed,
	(SELECT COALESCE(sum(l.count), 0) FROM budget_login l
	 WHERE l.host = b.host AND l.at > :now - :minute AND l.at <= :now)
	 AS used
FROM budget b
WHERE b.host = (SELECT host FROM job WHERE account_id = :account_id);

-- name: budget_login
INSERT INTO budget_login (host, at, count)
SELECT host, :now, :count FROM job WHERE account_id = :account_id
ON CONFLICT (host, at) DO UPDATE SET count = count + excluded.count;

-- name: budget_logins_forget
-- scan: one row for each second of the last minute
DELETE FROM budget_login
WHERE host = (SELECT host FROM job WHERE account_id = :account_id)
	AND (at <= :now - :minute OR at > :now);

-- name: budget_complain
-- What one account is told may be its own matter; what two are told one soon
-- after the other is meant for the host. kind: 1 sessions, 2 logins.
-- scan: those of the host that run; the logins of its last minute
UPDATE budget SET
	learned_sessions = CASE
		WHEN :kind = 1 AND (:host_wide = 1
			OR (complained_by <> :account_id
				AND complained_at > :now - 600))
		THEN max(1, (SELECT COALESCE(sum(r.sessions), 1) - 1
			FROM job r WHERE r.host = budget.host
			AND r.run IS NOT NULL AND r.lease_until > :now))
		ELSE learned_sessions END,
	learned_logins = CASE
		WHEN :kind = 2 AND (:host_wide = 1
			OR (complained_by <> :account_id
				AND complained_at > :now - 600))
		THEN max(1, (SELECT COALESCE(sum(l.count), 2) / 2
			FROM budget_login l WHERE l.host = budget.host
			AND l.at > :now - :minute))
		ELSE learned_logins END,
	learned_until = CASE
		WHEN :host_wide = 1 OR (complained_by <> :account_id
			AND complained_at > :now - 600)
		THEN :now + :lesson ELSE learned_until END,
	complained_at = :now, complained_by = :account_id
WHERE host = (SELECT host FROM job WHERE account_id = :account_id);

-- name: budget_learn_bytes
UPDATE budget_account SET learned_bytes = :bytes,
	learned_until = :now + :lesson
WHERE account_id = :account_id;

-- name: budget_all
-- scan: all are wanted
SELECT b.*,
	(SELECT COALESCE(sum(r.sessions), 0) FROM job r
	 WHERE r.host = b.host AND r.run IS NOT NULL
		AND r.lease_until > :now
		AND r.lease_until <= :now + 2 * :lease) AS running,
	(SELECT COALESCE(sum(l.count), 0) FROM budget_login l
	 WHERE l.host = b.host AND l.at > :now - :minute AND l.at <= :now)
	 AS last_minute
FROM budget b WHERE b.host IN (SELECT host FROM job) ORDER BY b.host;

-- name: job_waiting
-- Due, and not because their owners are named in :except. full: their host has
-- all the sessions that it may have.
-- scan: the partial index of waiting jobs, as far as they are due
SELECT j.host, count(*) AS waiting,
	(SELECT COALESCE(sum(r.sessions), 0) FROM job r
	 WHERE r.host = j.host AND r.run IS NOT NULL
		AND r.lease_until > :now
		AND r.lease_until <= :now + 2 * :lease)
	>= (SELECT min(iif(b.sessions > 0, b.sessions, :per_host),
		iif(b.learned_sessions > 0, b.learned_sessions, 1000000))
	    FROM budget b WHERE b.host = j.host) AS full
FROM job j
WHERE j.run IS NULL AND j.paused = 0 AND j.due_at <= :now
	AND j.account_id NOT IN (SELECT value FROM json_each(:except))
GROUP BY j.host;
