/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "storage/db_internal.h"

#include <fcntl.h>

static char dir[SCRATCH_MAX];
static char path[SCRATCH_MAX + 16];

static int setup(void **state)
{
	(void)state;
	scratch_make(dir);
	(void)snprintf(path, sizeof path, "%s/t.db", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

static int pragma(struct db *db, const char *text)
{
	sqlite3_stmt *s = NULL;
	int v;

	assert_int_equal(sqlite3_prepare_v2(db->sql, text, -1, &s, NULL), 0);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	v = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return v;
}

static void assert_pragma_text(
	struct db *db, const char *text, const char *expected)
{
	sqlite3_stmt *s = NULL;

	assert_int_equal(sqlite3_prepare_v2(db->sql, text, -1, &s, NULL), 0);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(s, 0), expected);
	sqlite3_finalize(s);
}

static void open_ok(enum db_kind kind, bool create, struct db **db)
{
	struct err err = {0};

	if (db_open(path, kind, create, db, &err) != 0)
		fail_msg("%s", err.text);
}

static void test_jobs_settings(void **state)
{
	struct db *db = NULL;
	struct stat st;

	(void)state;
	(void)umask(0);
	open_ok(DB_JOBS, true, &db);
	assert_pragma_text(db, "PRAGMA journal_mode", "delete");
	assert_int_equal(pragma(db, "PRAGMA synchronous"), 2);
	assert_int_equal(pragma(db, "PRAGMA secure_delete"), 1);
	assert_int_equal(pragma(db, "PRAGMA foreign_keys"), 1);
	assert_int_equal(pragma(db, "PRAGMA busy_timeout"), 10000);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	db_close(&db);
	assert_null(db);
}

static void test_ledger_settings(void **state)
{
	struct db *db = NULL;
	struct err err = {0};

	(void)state;
	(void)umask(0777);
	open_ok(DB_LEDGER, true, &db);
	(void)umask(022);
	assert_pragma_text(db, "PRAGMA journal_mode", "wal");
	assert_pragma_text(db, "PRAGMA locking_mode", "exclusive");
	assert_int_equal(pragma(db, "PRAGMA synchronous"), 1);
	assert_int_equal(pragma(db, "PRAGMA cache_size"), -32);
	assert_int_equal(pragma(db, "PRAGMA foreign_keys"), 1);
	assert_int_equal(db_begin(db, &err), 0);
	assert_int_equal(db_commit(db, &err), 0);
	db_close(&db);
}

static void test_missing_and_foreign(void **state)
{
	struct db *db = NULL;
	struct err err = {0};
	FILE *f;

	(void)state;
	assert_int_equal(db_open(path, DB_JOBS, false, &db, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, path));
	/* An empty file is never ours: it must not be filled. */
	f = fopen(path, "w");
	fclose(f);
	assert_int_equal(db_open(path, DB_LEDGER, true, &db, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "damaged"));
	/* Nor is a job table a ledger. */
	assert_int_equal(unlink(path), 0);
	open_ok(DB_JOBS, true, &db);
	db_close(&db);
	assert_int_equal(db_open(path, DB_LEDGER, false, &db, &err), -1);
	assert_non_null(strstr(err.text, "not a ledger"));
	assert_null(db);
}

static void test_damaged(void **state)
{
	struct db *db = NULL;
	struct err err = {0};
	int fd;

	(void)state;
	open_ok(DB_JOBS, true, &db);
	db_close(&db);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "garbage garbage!", 16, 0), 16);
	close(fd);
	assert_int_equal(db_open(path, DB_JOBS, false, &db, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_equal(err.retry, ERR_RETRY_CHANGE);
	assert_non_null(strstr(err.text, "is damaged"));
	assert_non_null(strstr(err.hint, "backup"));
}

static void test_a_directory(void **state)
{
	struct db *db = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(db_open(path, DB_JOBS, true, &db, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "is not a file"));
}

/* ---- migrations */

#define FIRST "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) STRICT;"
static const struct schema_migration one[] = {
	{1, "0001_t.sql", FIRST "INSERT INTO t VALUES (1, 'kept');"},
	{0, NULL, NULL},
};
static const struct schema_migration two[] = {
	{1, "0001_t.sql", FIRST},
	{2, "0002_b.sql", "ALTER TABLE t ADD COLUMN b TEXT;"},
	{3, "0003_c.sql", "UPDATE t SET b = a || '!';"},
	{0, NULL, NULL},
};
static const struct schema_migration bad[] = {
	{1, "0001_t.sql", FIRST},
	{2, "0002_b.sql", "UPDATE t SET a = 'lost'; SELECT * FROM nowhere;"},
	{0, NULL, NULL},
};
static const struct schema_migration orphan[] = {
	{1, "0001_t.sql", FIRST},
	{2, "0002_b.sql",
		"CREATE TABLE child (t_id INTEGER REFERENCES t (id)) STRICT;"
		"INSERT INTO child VALUES (77);"},
	{0, NULL, NULL},
};

static void make_old(enum db_kind kind)
{
	struct db *db = NULL;
	struct err err = {0};

	assert_int_equal(db_open_schema(path, kind, true, one, &db, &err), 0);
	db_close(&db);
}

static void test_migrates_with_a_copy(void **state)
{
	static const enum db_kind kinds[] = {DB_JOBS, DB_LEDGER};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct db *db = NULL;
		struct err err = {0};
		char copy[sizeof path + 16];
		struct stat st;

		make_old(kinds[i]);
		if (db_open_schema(path, kinds[i], false, two, &db, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(pragma(db, "PRAGMA user_version"), 3);
		assert_pragma_text(db, "SELECT b FROM t", "kept!");
		db_close(&db);
		(void)snprintf(copy, sizeof copy, "%s.before-0002", path);
		assert_int_equal(stat(copy, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(unlink(path), 0);
		/* The copy is a whole database of the old schema. */
		assert_int_equal(rename(copy, path), 0);
		assert_int_equal(
			db_open_schema(path, kinds[i], false, one, &db, &err),
			0);
		assert_pragma_text(db, "SELECT a FROM t", "kept");
		db_close(&db);
		assert_int_equal(unlink(path), 0);
	}
}

static void test_failed_migration_changes_nothing(void **state)
{
	static const struct schema_migration *const lists[] = {bad, orphan};
	struct db *db = NULL;
	struct err err = {0};

	(void)state;
	make_old(DB_JOBS);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(db_open_schema(path, DB_JOBS, false, lists[i],
					 &db, &err),
			-1);
		assert_null(db);
		assert_int_equal(err.class, ERR_CONFIG);
		if (i == 0)
			assert_non_null(strstr(err.text, "0002_b.sql"));
		assert_int_equal(
			db_open_schema(path, DB_JOBS, false, one, &db, &err),
			0);
		assert_pragma_text(db, "SELECT a FROM t", "kept");
		db_close(&db);
	}
}

static void test_newer_is_refused(void **state)
{
	struct db *db = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(
		db_open_schema(path, DB_JOBS, true, two, &db, &err), 0);
	db_close(&db);
	assert_int_equal(
		db_open_schema(path, DB_JOBS, false, one, &db, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "newer mailhaul"));
	assert_non_null(strstr(err.hint, "before-0002"));
}

/* ---- statements */

static void check_plan(struct db *db, const struct schema_statement *st)
{
	char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", st->sql);
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db->sql, text, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", st->name, sqlite3_errmsg(db->sql));
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(s, 3);
		/* A constant row and a materialised set are no tables. */
		if (strncmp(line, "SCAN ", 5) == 0 &&
			strncmp(line, "SCAN CONSTANT", 13) != 0 &&
			strstr(st->sql, "-- scan: ") == NULL)
			fail_msg("%s: %s", st->name, line);
		if (strstr(line, "USE TEMP B-TREE FOR ORDER BY") != NULL &&
			strstr(st->sql, "-- scan: ") == NULL)
			fail_msg("%s: sorts: %s", st->name, line);
	}
	sqlite3_finalize(s);
	sqlite3_free(text);
}

static void check_statements(enum db_kind kind)
{
	struct db *db = NULL;

	open_ok(kind, true, &db);
	for (size_t i = 0; i < db->statement_count; i++) {
		const struct schema_statement *st = &db->statements[i];
		struct stmt *s = db_stmt(db, st->name);
		if (s->sql == NULL)
			fail_msg("%s: %s", st->name, sqlite3_errmsg(db->sql));
		if (i > 0)
			assert_true(strcmp(st[-1].name, st->name) < 0);
		check_plan(db, st);
	}
	db_close(&db);
	assert_int_equal(unlink(path), 0);
}

static void test_every_statement(void **state)
{
	(void)state;
	check_statements(DB_JOBS);
	check_statements(DB_LEDGER);
}

static void test_plan_test_sees_a_scan(void **state)
{
	struct db *db = NULL;
	sqlite3_stmt *s = NULL;

	(void)state;
	open_ok(DB_JOBS, true, &db);
	assert_int_equal(
		sqlite3_prepare_v2(db->sql,
			"EXPLAIN QUERY PLAN SELECT 1 FROM job WHERE runs = 3",
			-1, &s, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(s, 3), "SCAN job");
	sqlite3_finalize(s);
	db_close(&db);
}

static void test_bind_and_read(void **state)
{
	struct db *db = NULL;
	struct err err = {0};
	struct stmt *s;

	(void)state;
	open_ok(DB_LEDGER, true, &db);
	s = db_stmt(db, "ledger_note");
	stmt_bind_text(s, "value", "v");
	stmt_bind_text(s, "key", "k");
	assert_int_equal(stmt_run(s, &err), 0);
	assert_int_equal(db_changes(db), 1);
	/* A cleared parameter is NULL, and the column refuses that. */
	s = db_stmt(db, "ledger_note");
	stmt_bind_text(s, "key", "k2");
	assert_int_equal(stmt_run(s, &err), -1);
	assert_non_null(strstr(err.text, "NOT NULL"));
	s = db_stmt(db, "ledger_note_get");
	stmt_bind_text(s, "key", "k");
	assert_int_equal(stmt_step(s, &err), 1);
	assert_string_equal(stmt_text(s, "value"), "v");
	assert_int_equal(stmt_step(s, &err), 0);
	db_close(&db);
}

static void test_rollback(void **state)
{
	struct db *db = NULL;
	struct err err = {0};
	struct stmt *s;

	(void)state;
	open_ok(DB_LEDGER, true, &db);
	assert_int_equal(db_begin(db, &err), 0);
	s = db_stmt(db, "ledger_note");
	stmt_bind_text(s, "key", "k");
	stmt_bind_text(s, "value", "v");
	assert_int_equal(stmt_run(s, &err), 0);
	db_rollback(db);
	s = db_stmt(db, "ledger_note_get");
	stmt_bind_text(s, "key", "k");
	assert_int_equal(stmt_step(s, &err), 0);
	assert_int_equal(db_commit(db, &err), -1);
	db_close(&db);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_jobs_settings),
		T(test_ledger_settings),
		T(test_missing_and_foreign),
		T(test_damaged),
		T(test_a_directory),
		T(test_migrates_with_a_copy),
		T(test_failed_migration_changes_nothing),
		T(test_newer_is_refused),
		T(test_every_statement),
		T(test_plan_test_sees_a_scan),
		T(test_bind_and_read),
		T(test_rollback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
