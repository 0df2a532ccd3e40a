/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening: a new file is made whole (migrate_image, then durable_create), so
 * an empty or half-made one is never ours and is refused as damaged rather
 * than filled: an empty ledger would fetch all mail a second time.
 */
#include "db.h"

#include "../collector/base/mem.h"
#include "db_internal.h"
#include "durable.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 10000
#define PAGE_BYTES 4096 /* SQLite's own choice */
#define POOL_PAGES 128
#define CHECK_BYTES 200 /* of what is wrong with a database */

/* A new database, as the bytes of its file. */
struct image {
	unsigned char *bytes;
	size_t n;
};

/* What lies beside a database that is gone belongs to the old one; SQLite
 * would play an old WAL into the new file. */
static void remove_leftovers(const char *path)
{
	static const char *const ends[] = {"-wal", "-shm", "-journal"};

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		char *p = mem_printf("%s%s", path, ends[i]);
		(void)unlink(p);
		free(p);
	}
}

static int create_from(
	const char *path, const struct image *image, struct err *err)
{
	bool created;

	remove_leftovers(path);
	return durable_create(
		path, 0600, image->bytes, image->n, &created, err);
}

/* The ledger's is made once a process: it costs 8 ms of CPU, and thousands
 * of accounts may be new. Never changed, never freed. */
static int ledger_image(const struct image **ret_image, struct err *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct image image;
	int r = 0;

	(void)pthread_mutex_lock(&lock);
	if (image.bytes == NULL)
		r = migrate_image(DB_LEDGER, schema_ledger_migrations,
			&image.bytes, &image.n, err);
	(void)pthread_mutex_unlock(&lock);
	*ret_image = &image;
	return r;
}

static int create_file(const char *path, enum db_kind kind,
	const struct schema_migration *migrations, struct err *err)
{
	const struct image *ledger;
	struct image own = {.bytes = NULL};
	int r;

	if (migrations == schema_ledger_migrations)
		return ledger_image(&ledger, err) != 0
			       ? -1
			       : create_from(path, ledger, err);
	if (migrate_image(kind, migrations, &own.bytes, &own.n, err) != 0)
		return -1;
	r = create_from(path, &own, err);
	sqlite3_free(own.bytes);
	return r;
}

static const char *const pragmas_jobs =
	"PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;"
	"PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;"
	"PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;";
/* EXCLUSIVE before the first access: then WAL needs no shared memory. */
static const char *const pragmas_ledger =
	"PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
	"PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32;"
	"PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;"
	"PRAGMA trusted_schema=OFF;";

/* And no page is written before the commit: from the first one on readers
 * would have to wait. */
void db_set_cache(struct db *db, int kib)
{
	char pragma[96];

	(void)snprintf(pragma, sizeof pragma,
		"PRAGMA cache_size=-%d; PRAGMA cache_spill=OFF", kib);
	(void)sqlite3_exec(db->sql, pragma, NULL, NULL, NULL);
}

void db_set_patience(struct db *db, int ms)
{
	(void)sqlite3_busy_timeout(db->sql, ms);
}

static int configure(struct db *db, struct err *err)
{
	int rc;

	(void)sqlite3_extended_result_codes(db->sql, 1);
	(void)sqlite3_busy_timeout(db->sql, BUSY_MS);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	/* Plans never look at bound values: else a parameter that meets the
	 * condition of a partial index has the statement parsed again with
	 * each new value. */
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
	if (db->kind == DB_LEDGER)
		(void)sqlite3_db_config(
			db->sql, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
	rc = sqlite3_exec(db->sql,
		db->kind == DB_JOBS ? pragmas_jobs : pragmas_ledger, NULL, NULL,
		NULL);
	if (rc != SQLITE_OK)
		return db_fail(db->path, db->kind, db->sql, rc, err);
	return 0;
}

static struct db *db_new(const char *path, enum db_kind kind)
{
	struct db *db = mem_alloc(sizeof *db);

	db->kind = kind;
	db->path = mem_strdup(path);
	switch (kind) {
	case DB_JOBS:
		db->statements = schema_jobs_statements;
		db->statement_count = schema_jobs_statement_count;
		break;
	case DB_LEDGER:
		db->statements = schema_ledger_statements;
		db->statement_count = schema_ledger_statement_count;
		break;
	}
	db->stmts = mem_alloc(db->statement_count * sizeof *db->stmts);
	for (size_t i = 0; i < db->statement_count; i++)
		db->stmts[i].db = db;
	return db;
}

static int open_file(struct db *db, const struct schema_migration *migrations,
	struct err *err)
{
	int rc;

	if (db_check_access(db->path, db->kind, err) != 0)
		return -1;
	rc = sqlite3_open_v2(db->path, &db->sql,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
			SQLITE_OPEN_PRIVATECACHE,
		NULL);
	if (rc != SQLITE_OK)
		return db_fail(db->path, db->kind, db->sql, rc, err);
	if (configure(db, err) != 0 ||
		migrate_file(db->sql, db->path, db->kind, migrations, err) != 0)
		return -1;
	rc = sqlite3_exec(db->sql, "PRAGMA foreign_keys=ON", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return db_fail(db->path, db->kind, db->sql, rc, err);
	return 0;
}

/*
 * For the whole process, before its first connection: pages come from a pool
 * that all share, and from malloc only where that is used up. Otherwise each
 * of a thousand ledgers takes 20 of its own at once. And no lock is taken to
 * count allocations.
 */
static void configure_process(void)
{
	int head = 0;

	if (sqlite3_config(SQLITE_CONFIG_PCACHE_HDRSZ, &head) == SQLITE_OK) {
		int page = (PAGE_BYTES + head + 7) / 8 * 8;
		(void)sqlite3_config(SQLITE_CONFIG_PAGECACHE,
			mem_array(POOL_PAGES, (size_t)page), page, POOL_PAGES);
	}
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int db_open_schema(const char *path, enum db_kind kind, bool create,
	const struct schema_migration *migrations, struct db **ret_db,
	struct err *err)
{
	static pthread_once_t configured = PTHREAD_ONCE_INIT;
	struct db *db;
	struct stat st;

	(void)pthread_once(&configured, configure_process);
	if (create && stat(path, &st) != 0 && errno == ENOENT &&
		create_file(path, kind, migrations, err) != 0)
		return -1;
	db = db_new(path, kind);
	if (open_file(db, migrations, err) != 0) {
		db_close(&db);
		return -1;
	}
	*ret_db = db;
	return 0;
}

int db_open(const char *path, enum db_kind kind, bool create,
	struct db **ret_db, struct err *err)
{
	return db_open_schema(path, kind, create,
		kind == DB_JOBS ? schema_jobs_migrations
				: schema_ledger_migrations,
		ret_db, err);
}

int db_open_to_look(const char *path, enum db_kind kind, struct db **ret_db,
	struct err *err)
{
	struct db *db = db_new(path, kind);
	int rc = sqlite3_open_v2(db->path, &db->sql,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
			SQLITE_OPEN_PRIVATECACHE,
		NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(
			db->sql, "PRAGMA trusted_schema=OFF", NULL, NULL, NULL);
	if (rc == SQLITE_OK) {
		*ret_db = db;
		return 0;
	}
	(void)db_fail(db->path, kind, db->sql, rc, err);
	db_close(&db);
	return -1;
}

void db_close(struct db **db)
{
	if (*db == NULL)
		return;
	stmt_finalize_all(*db);
	(void)sqlite3_close((*db)->sql);
	free((*db)->stmts);
	free((*db)->path);
	free(*db);
	*db = NULL;
}

int db_copy(struct db *db, const char *to, struct err *err)
{
	bool created = false;

	if (durable_create(to, 0600, "", 0, &created, err) != 0)
		return -1;
	if (!created)
		return err_set(err, ERR_CONFIG, db_scope(db->kind),
			ERR_RETRY_CHANGE, "%s is there already", to);
	return db_copy_into(db->sql, db->kind, to, err);
}

/* The first thing that is wrong, or "ok". */
static int on_check(void *arg, int count, char **values, char **names)
{
	char *said = arg;

	(void)names;
	if (count == 1 && values[0] != NULL)
		(void)snprintf(said, CHECK_BYTES, "%s", values[0]);
	return 0;
}

int db_check(struct db *db, struct err *err)
{
	char said[CHECK_BYTES] = "";
	int rc = sqlite3_exec(
		db->sql, "PRAGMA quick_check(1)", on_check, said, NULL);

	if (rc != SQLITE_OK)
		return db_fail(db->path, db->kind, db->sql, rc, err);
	if (strcmp(said, "ok") == 0)
		return 0;
	return db_fail_damaged(db->path, db->kind, said, err);
}

int64_t db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->sql);
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes64(db->sql);
}

static int exec(struct db *db, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return db_fail(db->path, db->kind, db->sql, rc, err);
	return 0;
}

int db_begin(struct db *db, struct err *err)
{
	return exec(db, "BEGIN IMMEDIATE", err);
}

int db_begin_read(struct db *db, struct err *err)
{
	return exec(db, "BEGIN", err);
}

int db_commit(struct db *db, struct err *err)
{
	if (exec(db, "COMMIT", err) == 0)
		return 0;
	db_rollback(db);
	return -1;
}

void db_rollback(struct db *db)
{
	if (sqlite3_get_autocommit(db->sql) == 0)
		(void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
}

bool db_in_transaction(struct db *db)
{
	return sqlite3_get_autocommit(db->sql) == 0;
}

void db_shrink(struct db *db)
{
	(void)sqlite3_db_release_memory(db->sql);
}
