-- SPDX-License-Identifier: BSD-2-Clause
-- name: account_insert
INSERT INTO account (uuid, name, protocol, tls, remote_user, host, port,
	local_user, every_s, delete_rule, on_expunge, folders, excludes,
	prefix, ca_file, fingerprint, skip_deleted, maps, quirks, connections,
	new_uids, newest_first, push, shared, uidl_from, auth, token_file,
	pop3_seen, to_folder, group_name, priority, until_at, hours,
	max_rate, created_at)
VALUES (:uuid, :name, :protocol, :tls, :remote_user, :host, :port,
	:local_user, :every_s, :delete_rule, :on_expunge, :folders, :excludes,
	:prefix, :ca_file, :fingerprint, :skip_deleted, :maps, :quirks,
	:connections, :new_uids, :newest_first, :push, :shared, :uidl_from,
	:auth, :token_file, :pop3_seen, :to_folder, :group_name, :priority,
	:until_at, :hours, :max_rate, :created_at)
ON CONFLICT (name) DO NOTHING;

-- name: account_insert_job
INSERT INTO job (account_id, host, paused, due_at, sane_from, priority,
	until_at)
VALUES (:id, :host, :paused, :now, :now, :priority, :until_at);

-- name: account_by_name
SELECT a.*, j.paused AS paused, j.finish AS finish,
	j.confirmed_fence AS confirmed_fence
FROM account a JOIN job j ON j.account_id = a.id
WHERE a.name = :name;

-- name: account_by_id
SELECT a.*, j.paused AS paused, j.finish AS finish,
	j.confirmed_fence AS confirmed_fence,
	EXISTS (SELECT 1 FROM account o
	WHERE o.local_user = a.local_user AND o.id <> a.id) AS shares_store
FROM account a JOIN job j ON j.account_id = a.id
WHERE a.id = :id;

-- name: account_all
-- scan: all of them are wanted, in the order of the names' index
SELECT a.*, j.paused AS paused, j.finish AS finish,
	j.confirmed_fence AS confirmed_fence
FROM account a JOIN job j ON j.account_id = a.id
ORDER BY a.name;

-- name: account_names
-- scan: of the names' index alone
SELECT name FROM account ORDER BY name;

-- name: account_in_group
SELECT a.*, j.paused AS paused, j.finish AS finish,
	j.confirmed_fence AS confirmed_fence
FROM account a JOIN job j ON j.account_id = a.id
WHERE a.group_name = :group_name ORDER BY a.name;

-- name: account_update
UPDATE account SET name = :name, protocol = :protocol, tls = :tls,
	remote_user = :remote_user, host = :host, port = :port,
	local_user = :local_user, every_s = :every_s,
	delete_rule = :delete_rule, on_expunge = :on_expunge,
	folders = :folders, excludes = :excludes, prefix = :prefix,
	ca_file = :ca_file, fingerprint = :fingerprint,
	skip_deleted = :skip_deleted, maps = :maps, quirks = :quirks,
	connections = :connections, new_uids = :new_uids,
	newest_first = :newest_first, push = :push, shared = :shared,
	uidl_from = :uidl_from, auth = :auth, token_file = :token_file,
	pop3_seen = :pop3_seen, to_folder = :to_folder,
	group_name = :group_name, priority = :priority, until_at = :until_at,
	hours = :hours, max_rate = :max_rate
WHERE id = :id;

-- name: account_name_taken
SELECT 1 AS found FROM account WHERE name = :name AND id <> :id;

-- name: account_pause
-- A pause ends the run that is under way; a run that a person started by
-- hand on a paused account goes on. What was finished is open again.
UPDATE job SET paused = CASE WHEN finish = 5 THEN 1 ELSE :paused END,
	finish = CASE WHEN :paused = 0 AND finish IN (3, 4) THEN 0 ELSE finish END,
	due_at = CASE WHEN :paused = 0 AND finish IN (3, 4) THEN :now
		ELSE due_at END,
	sane_from = CASE WHEN :paused = 0 AND finish IN (3, 4) THEN :now
		ELSE sane_from END,
	cancel = CASE WHEN run IS NOT NULL AND :paused = 1 AND paused = 0
		THEN 1 ELSE cancel END
WHERE account_id = :id;

-- name: account_needs_person
SELECT needs_person FROM job WHERE account_id = :id;

-- name: account_running
SELECT 1 AS found FROM job
WHERE account_id = :id AND run IS NOT NULL AND lease_until > :now
	AND lease_until <= :now + 2 * :lease;

-- name: account_delete
DELETE FROM account WHERE id = :id;
