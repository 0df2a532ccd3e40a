/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * db: SQLite as a mechanism. Opens, migrates, prepares named statements once
 * and keeps them, binds and reads by name. Knows no table. All SQL stands in
 * schema/ and is embedded at build. One thread at a time per connection.
 */
#ifndef MAILHAUL_STORAGE_DB_H
#define MAILHAUL_STORAGE_DB_H

#include "../collector/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct stmt;

enum db_kind {
	DB_JOBS,   /* job table: rollback journal, synchronous FULL */
	DB_LEDGER, /* WAL, synchronous NORMAL (the committer syncs), EXCLUSIVE,
		      cache 64 KiB, no lookaside */
};

/*
 * Opens an existing file and brings it to the schema that this program
 * knows: a newer one is refused (ERR_CONFIG: "… was written by a newer
 * mailhaul"), an older one is copied to PATH.before-NNNN and then migrated in
 * one transaction. create: make it if it is not there. A damaged file is
 * ERR_CONFIG with what to do. Busy time-out 10 s.
 */
int db_open(const char *path, enum db_kind kind, bool create,
	struct db **ret_db, struct err *err);
/* Opens an existing file for somebody who only looks, and gives up rather than
 * to wait: read-only, of whatever schema it is, neither made nor migrated. A
 * statement that needs what is not there fails when it is stepped. */
int db_open_to_look(const char *path, enum db_kind kind, struct db **ret_db,
	struct err *err);
void db_close(struct db **db);
/* What to do about a file that is not what it should be. Returns -1. */
int db_hint_damaged(enum db_kind kind, struct err *err);
/* All of it into a new file (0600; refused where there is one), as it is at
 * one moment, also while other processes write. */
int db_copy(struct db *db, const char *to, struct err *err);
/* Reads all of it: is every page what it has to be? ERR_CONFIG where not. */
int db_check(struct db *db, struct err *err);
/* How long to wait for another process's transaction, instead of 10 s. For
 * those who ask again by themselves. */
void db_set_patience(struct db *db, int ms);
/* How much of the file may be kept in memory: for a large transaction, which
 * would else write before its end and lock readers out. */
void db_set_cache(struct db *db, int kib);

/* name: "-- name:" of a statement in schema/queries. Unknown: abort, as with
 * parameters and columns. The statement belongs to db and has been reset and
 * cleared; what fails here or in binding comes out of stmt_step. A ledger
 * keeps the three asked for last, and those that are being stepped through.
 * param and column below: string literals, since they are known again by their
 * address. */
struct stmt *db_stmt(struct db *db, const char *name);
void stmt_bind_int(struct stmt *s, const char *param, int64_t v);
void stmt_bind_text(
	struct stmt *s, const char *param, const char *v); /* NULL ok */
void stmt_bind_blob(struct stmt *s, const char *param, const void *v, size_t n);
void stmt_bind_null(struct stmt *s, const char *param);
/* Next row: 1, 0 at the end, -1. After 0 or -1 the statement is reset. */
int stmt_step(struct stmt *s, struct err *err);
/* Runs to the end, ignores rows. */
int stmt_run(struct stmt *s, struct err *err);
void stmt_reset(struct stmt *s);
int64_t stmt_int(struct stmt *s, const char *column);
const char *stmt_text(struct stmt *s, const char *column); /* "" for NULL */
bool stmt_is_null(struct stmt *s, const char *column);
const void *stmt_blob(struct stmt *s, const char *column, size_t *ret_n);
int64_t db_last_id(struct db *db);
int64_t db_changes(struct db *db);

/* BEGIN IMMEDIATE / COMMIT / ROLLBACK. A failed commit has been rolled back.*/
int db_begin(struct db *db, struct err *err);
/* A transaction that only reads: one picture over several statements. */
int db_begin_read(struct db *db, struct err *err);
int db_commit(struct db *db, struct err *err);
/* Gives back the memory of pages that are not in use: they are read again
 * from the system's cache. After each step of a run, since a thousand may be
 * between steps. */
void db_shrink(struct db *db);
void db_rollback(struct db *db);
bool db_in_transaction(struct db *db);

#endif
