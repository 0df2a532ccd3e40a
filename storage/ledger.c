/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file, its fence and its transactions. The fence is written when a run
 * opens the ledger and checked in every transaction: a run that outlived its
 * lease finds a higher number and can change nothing any more.
 */
#include "ledger.h"

#include "../collector/base/mem.h"
#include "durable.h"
#include "ledger_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct identity {
	char account[40];
	int64_t fence;
	char store_id[64];
};

void ledger_enter(struct ledger *l)
{
	(void)pthread_mutex_lock(&l->lock);
}

void ledger_leave(struct ledger *l)
{
	(void)pthread_mutex_unlock(&l->lock);
}

int ledger_fail_damaged(
	const struct ledger *l, const char *what, struct err *err)
{
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"%s is damaged: %s", l->path, what);
	return db_hint_damaged(DB_LEDGER, err);
}

static int read_identity(
	struct ledger *l, struct identity *ret_identity, struct err *err)
{
	struct stmt *s = db_stmt(l->db, "ledger_identity");
	int r = stmt_step(s, err);

	if (r < 0)
		return -1;
	if (r == 0)
		return ledger_fail_damaged(l, "its first row is missing", err);
	(void)snprintf(ret_identity->account, sizeof ret_identity->account,
		"%s", stmt_text(s, "account_uuid"));
	ret_identity->fence = stmt_int(s, "fence");
	(void)snprintf(ret_identity->store_id, sizeof ret_identity->store_id,
		"%s", stmt_text(s, "store_id"));
	stmt_reset(s);
	return 0;
}

static int fail_fence(const struct ledger *l, int64_t there, struct err *err)
{
	return err_set(err, ERR_CANCELLED, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
		"a newer run owns the account (run %lld, the ledger is at "
		"%lld)",
		(long long)l->fence, (long long)there);
}

/* In a transaction: makes the ledger this run's. */
static int take(struct ledger *l, struct err *err)
{
	struct identity there = {.fence = 0};
	struct stmt *s;

	if (read_identity(l, &there, err) != 0)
		return -1;
	if (there.account[0] != '\0' && strcmp(there.account, l->account) != 0)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "%s belongs to another account",
			l->path);
	if (there.fence > l->fence)
		return fail_fence(l, there.fence, err);
	if (there.fence == l->fence && there.account[0] != '\0')
		return 0;
	s = db_stmt(l->db, "ledger_take");
	stmt_bind_text(s, "account_uuid", l->account);
	stmt_bind_int(s, "fence", l->fence);
	return stmt_run(s, err);
}

static void init_lock(struct ledger *l)
{
	pthread_mutexattr_t attr;

	(void)pthread_mutexattr_init(&attr);
	(void)pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	(void)pthread_mutex_init(&l->lock, &attr);
	(void)pthread_mutexattr_destroy(&attr);
}

int ledger_open(const char *path, const char *account_uuid, int64_t fence,
	struct ledger **ret_ledger, struct err *err)
{
	struct ledger *l = mem_alloc(sizeof *l);
	int r = -1;

	init_lock(l);
	l->path = mem_strdup(path);
	l->fence = fence;
	(void)snprintf(l->account, sizeof l->account, "%s", account_uuid);
	if (db_open(path, DB_LEDGER, true, &l->db, err) != 0 ||
		db_begin(l->db, err) != 0)
		goto out;
	if (take(l, err) == 0)
		r = db_commit(l->db, err);
	else
		db_rollback(l->db);
out:
	if (r != 0) {
		ledger_close(&l);
		return -1;
	}
	db_shrink(l->db);
	*ret_ledger = l;
	return 0;
}

void ledger_close(struct ledger **l)
{
	if (*l == NULL)
		return;
	assert(!(*l)->in_transaction);
	db_close(&(*l)->db);
	(void)pthread_mutex_destroy(&(*l)->lock);
	free((*l)->path);
	free(*l);
	*l = NULL;
}

int ledger_read_fence(const char *path, int64_t *ret_fence, struct err *err)
{
	struct ledger l = {.path = mem_strdup(path)};
	struct identity there = {.fence = 0};
	int r = db_open(path, DB_LEDGER, false, &l.db, err);

	if (r == 0)
		r = read_identity(&l, &there, err);
	db_close(&l.db);
	free(l.path);
	if (r == 0)
		*ret_fence = there.fence;
	return r;
}

/* The -wal file first: without its database nobody plays it in. */
int ledger_set_aside(const char *path, int64_t fence, struct err *err)
{
	static const char *const ends[] = {"-wal", "-shm", ""};
	char *dir = durable_dir_of(path);
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof ends / sizeof ends[0]; i++) {
		char *from = mem_printf("%s%s", path, ends[i]);
		char *to = mem_printf(
			"%s.replaced-%lld%s", path, (long long)fence, ends[i]);
		if (rename(from, to) != 0 && errno != ENOENT)
			r = err_set_file(err, errno, "cannot move %s", from);
		free(from);
		free(to);
	}
	if (r == 0)
		r = durable_sync_dir(dir, err);
	free(dir);
	return r;
}

int64_t ledger_fence(const struct ledger *l)
{
	return l->fence;
}

const char *ledger_account(const struct ledger *l)
{
	return l->account;
}

/* ---- transactions */

static int fail_unsure(const struct ledger *l, struct err *err)
{
	return err_set(err, ERR_DISK, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
		"%s: a commit failed; the next run reads what it left",
		l->path);
}

static int begin(struct ledger *l, struct err *err)
{
	struct identity there = {.fence = 0};
	int r;

	if (l->unsure)
		return fail_unsure(l, err);
	if (db_begin(l->db, err) != 0)
		return -1;
	r = read_identity(l, &there, err);
	if (r == 0 && there.fence != l->fence)
		r = fail_fence(l, there.fence, err);
	if (r != 0)
		db_rollback(l->db);
	return r;
}

int ledger_begin(struct ledger *l, struct err *err)
{
	ledger_enter(l);
	assert(!l->in_transaction);
	if (begin(l, err) != 0) {
		ledger_leave(l);
		return -1;
	}
	l->in_transaction = true;
	return 0;
}

/* After a failed commit nobody knows whether a crash would bring it back, so
 * this connection writes no more (faults: "error at COMMIT"). */
int ledger_commit(struct ledger *l, struct err *err)
{
	int r = db_commit(l->db, err);

	if (r != 0)
		l->unsure = true;
	db_shrink(l->db);
	l->in_transaction = false;
	ledger_leave(l);
	return r;
}

void ledger_rollback(struct ledger *l)
{
	db_rollback(l->db);
	l->in_transaction = false;
	ledger_leave(l);
}

int ledger_write_begin(struct ledger *l, bool *ret_own, struct err *err)
{
	ledger_enter(l);
	*ret_own = !l->in_transaction;
	if (*ret_own && ledger_begin(l, err) != 0) {
		ledger_leave(l);
		return -1;
	}
	return 0;
}

int ledger_write_end(struct ledger *l, bool own, int r, struct err *err)
{
	if (own && r == 0)
		r = ledger_commit(l, err);
	else if (own)
		ledger_rollback(l);
	ledger_leave(l);
	return r;
}

/* ---- the first row, notes */

int ledger_store_id(struct ledger *l, char out[64], struct err *err)
{
	struct identity there = {.fence = 0};
	int r;

	ledger_enter(l);
	r = read_identity(l, &there, err);
	ledger_leave(l);
	if (r == 0)
		(void)snprintf(out, 64, "%s", there.store_id);
	return r;
}

int ledger_set_store_id(struct ledger *l, const char *id, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_set_store_id");
	stmt_bind_text(s, "store_id", id);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_note(
	struct ledger *l, const char *key, const char *value, struct err *err)
{
	bool drop = value == NULL || value[0] == '\0';
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, drop ? "ledger_note_delete" : "ledger_note");
	stmt_bind_text(s, "key", key);
	if (!drop)
		stmt_bind_text(s, "value", value);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

char *ledger_note_get(struct ledger *l, const char *key, struct err *err)
{
	char *value = NULL;
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_note_get");
	stmt_bind_text(s, "key", key);
	r = stmt_step(s, err);
	if (r >= 0)
		value = mem_strdup(r == 1 ? stmt_text(s, "value") : "");
	stmt_reset(s);
	ledger_leave(l);
	return value;
}
