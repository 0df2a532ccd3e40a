/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * db_internal: what db.c, stmt.c and migrate.c share, and what the tests of
 * the mechanism reach into. Nobody else includes it.
 */
#ifndef MAILHAUL_STORAGE_DB_INTERNAL_H
#define MAILHAUL_STORAGE_DB_INTERNAL_H

#include "../schema/schema.h"
#include "db.h"

#include <sqlite3.h>

/* Parameters, or columns: the literal that each was last found by. */
struct stmt_names {
	const char **names;
	int count;
	int next; /* where a search begins: callers ask in order */
};

struct stmt {
	sqlite3_stmt *sql; /* NULL until used, or where preparing failed */
	struct db *db;
	int rc; /* first failure of preparing or binding */
	struct stmt_names params, columns;
	uint64_t used; /* by db->clock, when asked for last */
};

struct db {
	sqlite3 *sql;
	enum db_kind kind;
	char *path;
	const struct schema_statement *statements;
	size_t statement_count;
	struct stmt *stmts; /* parallel to statements */
	size_t prepared;    /* of stmts */
	uint64_t clock;
};

/* db_open with a list of migrations of the caller's. */
int db_open_schema(const char *path, enum db_kind kind, bool create,
	const struct schema_migration *migrations, struct db **ret_db,
	struct err *err);

/* SQLite's result as a sentence: what failed, path, remedy. Returns -1. */
int db_fail(const char *path, enum db_kind kind, sqlite3 *sql, int rc,
	struct err *err);
/* ERR_CONFIG with why, and what to do. Returns -1. */
int db_fail_damaged(
	const char *path, enum db_kind kind, const char *why, struct err *err);
/* What is lost with such a file. */
enum err_scope db_scope(enum db_kind kind);
/* Whether it is a file that we may read and write; says who may. */
int db_check_access(const char *path, enum db_kind kind, struct err *err);
void stmt_finalize_all(struct db *db);

/* All of an open database into the empty file `copy`, as it is at one moment;
 * other processes may write meanwhile. */
int db_copy_into(
	sqlite3 *sql, enum db_kind kind, const char *copy, struct err *err);

/* Brings an open file to the last migration, as db_open says. */
int migrate_file(sqlite3 *sql, const char *path, enum db_kind kind,
	const struct schema_migration *migrations, struct err *err);
/* An empty database of the last migration, as the bytes of its file. Free
 * with sqlite3_free. */
int migrate_image(enum db_kind kind, const struct schema_migration *migrations,
	unsigned char **ret_bytes, size_t *ret_n, struct err *err);

#endif
