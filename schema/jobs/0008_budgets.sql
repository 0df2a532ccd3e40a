-- SPDX-License-Identifier: BSD-2-Clause
-- How much may be asked of a remote host, and how much was. A limit of 0: there
-- is none.

-- One row a host, from its first account on.
CREATE TABLE budget (
	host TEXT PRIMARY KEY,
	told INTEGER NOT NULL DEFAULT 0, -- 1: a conductor has said its limits
	sessions INTEGER NOT NULL DEFAULT 0, -- 0: pool.per_host
	logins INTEGER NOT NULL DEFAULT 0,   -- a minute
	day_bytes INTEGER NOT NULL DEFAULT 0,
	-- What its complaints have taught; the last one, and whose it was.
	learned_sessions INTEGER NOT NULL DEFAULT 0,
	learned_logins INTEGER NOT NULL DEFAULT 0,
	learned_until INTEGER NOT NULL DEFAULT 0,
	complained_at INTEGER NOT NULL DEFAULT 0,
	complained_by INTEGER NOT NULL DEFAULT 0,
	-- The day that goes on, or the last one.
	day_from INTEGER NOT NULL DEFAULT 0,
	day_used INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX budget_untold ON budget (told) WHERE told = 0;
CREATE INDEX budget_learned ON budget (learned_until)
	WHERE learned_until > 0;

-- Logins of the last minute.
CREATE TABLE budget_login (
	host TEXT NOT NULL,
	at INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (host, at)
) STRICT, WITHOUT ROWID;

-- The same of an account, at the host that it has now.
CREATE TABLE budget_account (
	account_id INTEGER PRIMARY KEY
		REFERENCES account (id) ON DELETE CASCADE,
	day_from INTEGER NOT NULL DEFAULT 0,
	day_used INTEGER NOT NULL DEFAULT 0,
	learned_bytes INTEGER NOT NULL DEFAULT 0, -- a day
	learned_until INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Sessions that the present run may have at once.
ALTER TABLE job ADD COLUMN sessions INTEGER NOT NULL DEFAULT 1;
CREATE INDEX job_host ON job (host, paused);

INSERT INTO budget (host) SELECT DISTINCT host FROM job;
CREATE TRIGGER job_host_new AFTER INSERT ON job BEGIN
	INSERT INTO budget (host) SELECT new.host
		WHERE new.host NOT IN (SELECT host FROM budget);
END;
CREATE TRIGGER job_host_changed AFTER UPDATE OF host ON job
	WHEN new.host <> old.host
BEGIN
	INSERT INTO budget (host) SELECT new.host
		WHERE new.host NOT IN (SELECT host FROM budget);
	DELETE FROM budget_account WHERE account_id = new.account_id;
END;

-- Logins that were refused, since one was not, or a person has changed
-- something of the account.
ALTER TABLE job ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER job_revised AFTER UPDATE OF revision ON job
	WHEN new.refusals > 0
BEGIN
	UPDATE job SET refusals = 0 WHERE account_id = new.account_id;
END;
