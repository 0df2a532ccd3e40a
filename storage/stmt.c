/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Named statements of a connection. Preparing and binding cannot fail for
 * the caller: the first failure is kept and comes out of the next step.
 *
 * A statement costs 5 to 15 KB, and a ledger is open for each session: it
 * keeps those it used last, which are as many as a loop over messages needs.
 */
#include "../collector/base/mem.h"
#include "db_internal.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEDGER_KEEPS 3

/* A name that schema/ does not have is a fault of the program. */
__attribute__((noreturn)) static void unknown(
	const char *what, const char *name)
{
	(void)fprintf(stderr, "mailhaul: no SQL %s called %s\n", what, name);
	abort();
}

static int by_name(const void *key, const void *element)
{
	return strcmp(key, ((const struct schema_statement *)element)->name);
}

static void finalize(struct stmt *s)
{
	if (s->sql == NULL)
		return;
	(void)sqlite3_finalize(s->sql);
	s->sql = NULL;
	free(s->params.names);
	free(s->columns.names);
	s->params = s->columns = (struct stmt_names){.count = 0};
	s->db->prepared--;
}

/* Those that are being stepped through stay. */
static void make_room(struct db *db)
{
	struct stmt *oldest = NULL;

	if (db->kind != DB_LEDGER || db->prepared < LEDGER_KEEPS)
		return;
	for (size_t i = 0; i < db->statement_count; i++) {
		struct stmt *s = &db->stmts[i];
		if (s->sql != NULL && !sqlite3_stmt_busy(s->sql) &&
			(oldest == NULL || s->used < oldest->used))
			oldest = s;
	}
	if (oldest != NULL)
		finalize(oldest);
}

static void name_all(struct stmt_names *n, int count)
{
	n->names =
		count > 0 ? mem_array((size_t)count, sizeof *n->names) : NULL;
	for (int i = 0; i < count; i++)
		n->names[i] = NULL;
	n->count = count;
}

static void prepare(struct stmt *s, const char *text)
{
	make_room(s->db);
	s->rc = sqlite3_prepare_v3(
		s->db->sql, text, -1, SQLITE_PREPARE_PERSISTENT, &s->sql, NULL);
	if (s->sql == NULL)
		return;
	s->db->prepared++;
	name_all(&s->params, sqlite3_bind_parameter_count(s->sql));
	name_all(&s->columns, sqlite3_column_count(s->sql));
}

struct stmt *db_stmt(struct db *db, const char *name)
{
	const struct schema_statement *found = bsearch(name, db->statements,
		db->statement_count, sizeof *found, by_name);
	struct stmt *s;

	if (found == NULL)
		unknown("statement", name);
	s = &db->stmts[found - db->statements];
	s->params.next = 0;
	s->columns.next = 0;
	s->rc = SQLITE_OK;
	s->used = ++db->clock;
	if (s->sql == NULL) {
		prepare(s, found->sql);
		return s;
	}
	(void)sqlite3_reset(s->sql);
	(void)sqlite3_clear_bindings(s->sql);
	return s;
}

void stmt_finalize_all(struct db *db)
{
	for (size_t i = 0; i < db->statement_count; i++)
		finalize(&db->stmts[i]);
}

static const char *param_name(sqlite3_stmt *sql, int i)
{
	const char *name = sqlite3_bind_parameter_name(sql, i + 1);

	return name != NULL ? name + 1 : NULL;
}

static int found(struct stmt_names *n, int i, const char *wanted)
{
	n->names[i] = wanted;
	n->next = i + 1 < n->count ? i + 1 : 0;
	return i;
}

/*
 * Where it stands, from 0. Callers name what they want with literals: what
 * was found the last time is known by its address, without asking SQLite,
 * which would count. Most come in the order of the statement.
 */
static int find_name(struct stmt *s, struct stmt_names *n, const char *what,
	const char *wanted, const char *(*name_of)(sqlite3_stmt *sql, int i))
{
	int i = n->next;

	for (int tried = 0; tried < n->count; tried++) {
		if (n->names[i] == wanted)
			return found(n, i, wanted);
		i = i + 1 < n->count ? i + 1 : 0;
	}
	for (i = 0; i < n->count; i++) {
		const char *name = name_of(s->sql, i);
		if (name != NULL && strcmp(name, wanted) == 0)
			return found(n, i, wanted);
	}
	unknown(what, wanted);
}

/* 0 where preparing failed: then there is nothing to bind to. */
static int param_index(struct stmt *s, const char *param)
{
	if (s->sql == NULL)
		return 0;
	return find_name(s, &s->params, "parameter", param, param_name) + 1;
}

static void keep(struct stmt *s, int rc)
{
	if (s->rc == SQLITE_OK)
		s->rc = rc;
}

void stmt_bind_int(struct stmt *s, const char *param, int64_t v)
{
	int k = param_index(s, param);

	if (k != 0)
		keep(s, sqlite3_bind_int64(s->sql, k, v));
}

void stmt_bind_text(struct stmt *s, const char *param, const char *v)
{
	int k = param_index(s, param);

	if (k != 0)
		keep(s, sqlite3_bind_text(s->sql, k, v, -1, SQLITE_TRANSIENT));
}

void stmt_bind_blob(struct stmt *s, const char *param, const void *v, size_t n)
{
	int k = param_index(s, param);

	if (k != 0)
		keep(s, sqlite3_bind_blob64(s->sql, k, v != NULL ? v : "", n,
				SQLITE_TRANSIENT));
}

void stmt_bind_null(struct stmt *s, const char *param)
{
	int k = param_index(s, param);

	if (k != 0)
		keep(s, sqlite3_bind_null(s->sql, k));
}

int stmt_step(struct stmt *s, struct err *err)
{
	struct db *db = s->db;
	int rc = s->rc;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s->sql);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE) {
		(void)sqlite3_reset(s->sql);
		return 0;
	}
	(void)db_fail(db->path, db->kind, db->sql, rc, err);
	(void)sqlite3_reset(s->sql);
	return -1;
}

int stmt_run(struct stmt *s, struct err *err)
{
	int r;

	while ((r = stmt_step(s, err)) == 1)
		;
	return r;
}

void stmt_reset(struct stmt *s)
{
	(void)sqlite3_reset(s->sql);
}

static int column_index(struct stmt *s, const char *column)
{
	return find_name(s, &s->columns, "column", column, sqlite3_column_name);
}

int64_t stmt_int(struct stmt *s, const char *column)
{
	return sqlite3_column_int64(s->sql, column_index(s, column));
}

const char *stmt_text(struct stmt *s, const char *column)
{
	const unsigned char *t =
		sqlite3_column_text(s->sql, column_index(s, column));

	return t != NULL ? (const char *)t : "";
}

bool stmt_is_null(struct stmt *s, const char *column)
{
	return sqlite3_column_type(s->sql, column_index(s, column)) ==
	       SQLITE_NULL;
}

const void *stmt_blob(struct stmt *s, const char *column, size_t *ret_n)
{
	int k = column_index(s, column);
	const void *p = sqlite3_column_blob(s->sql, k);

	*ret_n = (size_t)sqlite3_column_bytes(s->sql, k);
	return p != NULL ? p : "";
}
