/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PRAGMA user_version is the number of the last migration, application_id
 * says whose file it is. An older file is locked for good, copied to
 * PATH.before-NNNN (NNNN: the first migration to come), then migrated in one
 * transaction: after a failure or a power cut it is as it was.
 */
#include "../collector/base/mem.h"
#include "db_internal.h"
#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_JOBS 0x4d484a42   /* "MHJB" */
#define APPLICATION_LEDGER 0x4d484c47 /* "MHLG" */

static int application_of(enum db_kind kind)
{
	return kind == DB_JOBS ? APPLICATION_JOBS : APPLICATION_LEDGER;
}

static int exec(sqlite3 *sql, const char *path, enum db_kind kind,
	const char *text, struct err *err)
{
	int rc = sqlite3_exec(sql, text, NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return db_fail(path, kind, sql, rc, err);
	return 0;
}

/* First column of the first row; 1 where there is one, 0, -1. */
static int read_int(sqlite3 *sql, const char *path, enum db_kind kind,
	const char *text, int *ret_value, struct err *err)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(sql, text, -1, &s, NULL);
	int r = -1;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		*ret_value = sqlite3_column_int(s, 0);
		r = 1;
	} else if (rc == SQLITE_DONE) {
		r = 0;
	} else {
		(void)db_fail(path, kind, sql, rc, err);
	}
	(void)sqlite3_finalize(s);
	return r;
}

static int last_version(const struct schema_migration *m)
{
	int last = 0;

	for (; m->version != 0; m++)
		last = m->version;
	return last;
}

static int set_pragma(sqlite3 *sql, const char *path, enum db_kind kind,
	const char *pragma, int value, struct err *err)
{
	char text[64];

	(void)snprintf(text, sizeof text, "PRAGMA %s=%d", pragma, value);
	return exec(sql, path, kind, text, err);
}

/* Inside a transaction. */
static int apply(sqlite3 *sql, const char *path, enum db_kind kind, int from,
	const struct schema_migration *m, struct err *err)
{
	int broken = 0, r;

	for (; m->version != 0; m++) {
		if (m->version <= from)
			continue;
		if (exec(sql, path, kind, m->sql, err) != 0)
			return err_where(err, "migration %s", m->file);
		if (set_pragma(sql, path, kind, "user_version", m->version,
			    err) != 0)
			return -1;
	}
	r = read_int(sql, path, kind, "PRAGMA foreign_key_check", &broken, err);
	if (r == 1)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE,
			"%s: rows would lose what they refer to; nothing was "
			"changed",
			path);
	return r;
}

int db_copy_into(
	sqlite3 *sql, enum db_kind kind, const char *copy, struct err *err)
{
	sqlite3 *to = NULL;
	sqlite3_backup *b = NULL;
	int rc = sqlite3_open_v2(
		copy, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(
			to, "PRAGMA synchronous=FULL", NULL, NULL, NULL);
	if (rc == SQLITE_OK) {
		b = sqlite3_backup_init(to, "main", sql, "main");
		if (b != NULL)
			(void)sqlite3_backup_step(b, -1);
		rc = b != NULL ? sqlite3_backup_finish(b) : sqlite3_errcode(to);
	}
	if (rc != SQLITE_OK)
		(void)db_fail(copy, kind, to, rc, err);
	(void)sqlite3_close(to);
	return rc == SQLITE_OK ? 0 : -1;
}

/* The copy appears whole or not at all; an older one of the same version is
 * replaced, since a failed migration has changed nothing. */
static int copy_before(sqlite3 *sql, const char *path, enum db_kind kind,
	int next, struct err *err)
{
	char *copy = mem_printf("%s.before-%04d", path, next);
	char *tmp = mem_printf("%s.tmp", copy);
	char *dir = durable_dir_of(path);
	bool created = false;
	int r = -1;

	(void)unlink(tmp);
	if (durable_create(tmp, 0600, "", 0, &created, err) != 0)
		goto out;
	if (db_copy_into(sql, kind, tmp, err) != 0) {
		(void)err_where(err, "copy of %s before migrating it", path);
		goto out;
	}
	if (rename(tmp, copy) != 0) {
		(void)err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, errno, "cannot create %s", copy);
		goto out;
	}
	r = durable_sync_dir(dir, err);
out:
	(void)unlink(tmp);
	free(copy);
	free(tmp);
	free(dir);
	return r;
}

static int migrate(sqlite3 *sql, const char *path, enum db_kind kind,
	const struct schema_migration *migrations, struct err *err)
{
	int version = 0;

	/* A transaction in exclusive mode leaves the lock behind: nobody
	 * writes between the copy and the migration. */
	if (exec(sql, path, kind,
		    "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT",
		    err) != 0 ||
		read_int(sql, path, kind, "PRAGMA user_version", &version,
			err) < 0)
		return -1;
	if (version >= last_version(migrations))
		return 0; /* somebody else has just done it */
	if (copy_before(sql, path, kind, version + 1, err) != 0 ||
		exec(sql, path, kind, "BEGIN IMMEDIATE", err) != 0)
		return -1;
	if (apply(sql, path, kind, version, migrations, err) != 0 ||
		exec(sql, path, kind, "COMMIT", err) != 0) {
		(void)sqlite3_exec(sql, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	return 0;
}

/* The lock goes with the next read. */
static int unlock(
	sqlite3 *sql, const char *path, enum db_kind kind, struct err *err)
{
	int ignored;

	if (kind == DB_LEDGER)
		return 0;
	if (exec(sql, path, kind, "PRAGMA locking_mode=NORMAL", err) != 0)
		return -1;
	return read_int(sql, path, kind, "SELECT count(*) FROM sqlite_schema",
		       &ignored, err) < 0
		       ? -1
		       : 0;
}

static int check_ours(sqlite3 *sql, const char *path, enum db_kind kind,
	int version, struct err *err)
{
	int application = 0;

	if (read_int(sql, path, kind, "PRAGMA application_id", &application,
		    err) < 0)
		return -1;
	if (version > 0 && application == application_of(kind))
		return 0;
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		"%s is not %s of mailhaul, or is damaged", path,
		kind == DB_JOBS ? "the job table" : "a ledger");
	return db_hint_damaged(kind, err);
}

int migrate_file(sqlite3 *sql, const char *path, enum db_kind kind,
	const struct schema_migration *migrations, struct err *err)
{
	int last = last_version(migrations), version = 0, r;

	if (read_int(sql, path, kind, "PRAGMA user_version", &version, err) <
			0 ||
		check_ours(sql, path, kind, version, err) != 0)
		return -1;
	if (version == last)
		return 0;
	if (version > last) {
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE,
			"%s was written by a newer mailhaul (schema %d; this "
			"program knows %d)",
			path, version, last);
		return err_hint(err,
			"install that version again, or restore the copy that "
			"it made: %s.before-%04d",
			path, last + 1);
	}
	r = migrate(sql, path, kind, migrations, err);
	if (unlock(sql, path, kind, r == 0 ? err : NULL) != 0)
		return -1;
	return r;
}

int migrate_image(enum db_kind kind, const struct schema_migration *migrations,
	unsigned char **ret_bytes, size_t *ret_n, struct err *err)
{
	static const char path[] = ":memory:";
	sqlite3 *sql = NULL;
	sqlite3_int64 n = 0;
	unsigned char *bytes = NULL;
	int rc = sqlite3_open_v2(path, &sql,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY |
			SQLITE_OPEN_NOMUTEX,
		NULL);

	if (rc != SQLITE_OK) {
		(void)db_fail(path, kind, sql, rc, err);
		goto out;
	}
	if (set_pragma(sql, path, kind, "application_id", application_of(kind),
		    err) != 0 ||
		exec(sql, path, kind, "BEGIN", err) != 0 ||
		apply(sql, path, kind, 0, migrations, err) != 0 ||
		exec(sql, path, kind, "COMMIT", err) != 0)
		goto out;
	bytes = sqlite3_serialize(sql, "main", &n, 0);
	if (bytes == NULL) {
		(void)db_fail(path, kind, NULL, SQLITE_NOMEM, err);
		goto out;
	}
	/* SQLite's file format 1.3: 2 in both bytes says WAL, so that the
	 * first opening has nothing to rewrite. */
	if (kind == DB_LEDGER)
		bytes[18] = bytes[19] = 2;
	*ret_bytes = bytes;
	*ret_n = (size_t)n;
out:
	(void)sqlite3_close(sql);
	return bytes != NULL ? 0 : -1;
}
