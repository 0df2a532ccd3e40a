-- SPDX-License-Identifier: BSD-2-Clause
-- The job table: small, rollback journal, written by the conductor and by
-- the commands. Times are seconds since 1970 unless the name says _ms.

-- Ids are never given twice: runs and staging directories outlive accounts.
CREATE TABLE account (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	uuid TEXT NOT NULL UNIQUE CHECK (length(uuid) = 32),
	name TEXT NOT NULL UNIQUE CHECK (name <> ''),
	protocol TEXT NOT NULL CHECK (protocol IN ('imap', 'pop3')),
	tls TEXT NOT NULL CHECK (tls IN ('implicit', 'starttls', 'none')),
	remote_user TEXT NOT NULL,
	host TEXT NOT NULL,
	port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
	local_user TEXT NOT NULL,
	every_s INTEGER NOT NULL,
	delete_rule TEXT NOT NULL,
	on_expunge TEXT NOT NULL,
	folders TEXT NOT NULL,
	excludes TEXT NOT NULL,
	prefix TEXT NOT NULL,
	ca_file TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	skip_deleted INTEGER NOT NULL CHECK (skip_deleted IN (0, 1)),
	created_at INTEGER NOT NULL
) STRICT;

-- One row an account. Leased while `run` is set and lease_until is ahead.
CREATE TABLE job (
	account_id INTEGER PRIMARY KEY
		REFERENCES account (id) ON DELETE CASCADE,
	host TEXT NOT NULL,           -- copy of account.host, for the limit
	paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
	due_at INTEGER,               -- NULL: not by itself
	-- due_at - 2 × the time that was to pass: a clock that shows less
	-- has been set back, and the job counts as due.
	sane_from INTEGER NOT NULL,
	run TEXT,
	owner TEXT,
	lease_until INTEGER NOT NULL DEFAULT 0,
	fence INTEGER NOT NULL DEFAULT 0,
	cancel INTEGER NOT NULL DEFAULT 0, -- the present run is to end
	again INTEGER NOT NULL DEFAULT 0,  -- due at once after this run
	attempts INTEGER NOT NULL DEFAULT 0,
	runs INTEGER NOT NULL DEFAULT 0,
	crashes INTEGER NOT NULL DEFAULT 0,
	last_ok INTEGER NOT NULL DEFAULT 1,
	needs_person INTEGER NOT NULL DEFAULT 0,
	last_success_at INTEGER NOT NULL DEFAULT 0,
	err_class TEXT NOT NULL DEFAULT '', -- '': none
	err_scope INTEGER NOT NULL DEFAULT 0,
	err_retry INTEGER NOT NULL DEFAULT 0,
	err_retry_after_s INTEGER NOT NULL DEFAULT 0,
	err_text TEXT NOT NULL DEFAULT '',
	err_hint TEXT NOT NULL DEFAULT '',
	messages_source INTEGER NOT NULL DEFAULT 0,
	messages_stored INTEGER NOT NULL DEFAULT 0,
	messages_quarantined INTEGER NOT NULL DEFAULT 0,
	messages_skipped INTEGER NOT NULL DEFAULT 0,
	bytes_stored INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Whole, so that a claim that passes over a busy host's jobs reads no rows.
CREATE INDEX job_waiting ON job (due_at, host, paused, run)
	WHERE run IS NULL AND paused = 0;
CREATE INDEX job_sane ON job (sane_from, host, paused, run, due_at)
	WHERE run IS NULL AND paused = 0 AND due_at IS NOT NULL;
CREATE INDEX job_running ON job (host, lease_until, run, paused)
	WHERE run IS NOT NULL;

CREATE TRIGGER account_host AFTER UPDATE OF host ON account BEGIN
	UPDATE job SET host = new.host WHERE account_id = new.id;
END;

CREATE TABLE progress (
	account_id INTEGER PRIMARY KEY
		REFERENCES job (account_id) ON DELETE CASCADE,
	fence INTEGER NOT NULL,
	phase TEXT NOT NULL,
	mailbox TEXT NOT NULL,
	messages_total INTEGER NOT NULL,
	messages_done INTEGER NOT NULL,
	messages_new INTEGER NOT NULL,
	bytes_done INTEGER NOT NULL,
	started_ms INTEGER NOT NULL
) STRICT;

-- What the ledgers hold, mirrored for whoever asks between runs.
CREATE TABLE mailbox (
	account_id INTEGER NOT NULL
		REFERENCES job (account_id) ON DELETE CASCADE,
	position INTEGER NOT NULL,
	mailbox TEXT NOT NULL,
	folder TEXT NOT NULL,
	uidvalidity INTEGER NOT NULL,
	source INTEGER NOT NULL,
	stored INTEGER NOT NULL,
	quarantined INTEGER NOT NULL,
	PRIMARY KEY (account_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE secret (
	account_uuid TEXT NOT NULL
		REFERENCES account (uuid) ON DELETE CASCADE,
	field TEXT NOT NULL,
	sealed BLOB NOT NULL,
	PRIMARY KEY (account_uuid, field)
) STRICT, WITHOUT ROWID;
