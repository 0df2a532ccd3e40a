/* SPDX-License-Identifier: BSD-2-Clause */
#include "accounts_internal.h"

#include "../collector/base/clock.h"
#include "durable.h"
#include "jobs.h"
#include "secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENROL_CACHE_KIB (64 * 1024) /* 50,000 accounts are 28 MB */

static int fail_exists(struct err *err, const char *name)
{
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"an account named %s exists", name);
	return err_hint(err,
		"choose another name, or change it: `mailhaul set %s …`", name);
}

static int fail_gone(struct err *err)
{
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the account has been removed meanwhile");
	return err_hint(err, "`mailhaul list` shows those that are there");
}

static int insert_job(struct state *state, const struct account *a,
	int64_t now_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "account_insert_job");

	stmt_bind_int(s, "id", a->id);
	stmt_bind_text(s, "host", a->url.host);
	stmt_bind_int(s, "paused", a->paused);
	stmt_bind_int(s, "priority", a->priority);
	stmt_bind_int(s, "until_at", a->until_at);
	stmt_bind_int(s, "now", now_s);
	return stmt_run(s, err);
}

static int insert(struct state *state, struct account *a,
	const struct secret *password, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "account_insert");

	account_bind(s, a);
	stmt_bind_text(s, "uuid", a->uuid);
	stmt_bind_int(s, "created_at", a->created_at);
	if (stmt_run(s, err) != 0)
		return -1;
	if (db_changes(state->db) == 0)
		return fail_exists(err, a->name);
	a->id = db_last_id(state->db);
	if (insert_job(state, a, a->created_at, err) != 0)
		return -1;
	return password != NULL ? secret_store(state, a->uuid, password, err)
				: 0;
}

static int add(struct state *state, struct account *a,
	const struct secret *password, struct err *err)
{
	random_hex(a->uuid, ACCOUNT_UUID_BYTES - 1);
	a->created_at = clock_wall_s();
	return insert(state, a, password, err);
}

int accounts_add(struct state *state, struct account *a,
	const struct secret *password, struct err *err)
{
	if (db_begin(state->db, err) != 0)
		return -1;
	if (add(state, a, password, err) != 0) {
		db_rollback(state->db);
		a->id = 0;
		return -1;
	}
	return db_commit(state->db, err);
}

/* One row or none. */
static int read_one(
	struct stmt *s, struct account *ret_account, struct err *err)
{
	int r = stmt_step(s, err);

	if (r == 1) {
		account_read(s, ret_account);
		stmt_reset(s);
	}
	return r;
}

int accounts_find(struct state *state, const char *name,
	struct account *ret_account, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "account_by_name");

	stmt_bind_text(s, "name", name);
	return read_one(s, ret_account, err);
}

int accounts_by_id(struct state *state, int64_t id, struct account *ret_account,
	struct err *err)
{
	struct stmt *s = db_stmt(state->db, "account_by_id");
	int r;

	stmt_bind_int(s, "id", id);
	r = stmt_step(s, err);
	if (r == 1) {
		account_read(s, ret_account);
		ret_account->shares_store = stmt_int(s, "shares_store") != 0;
		stmt_reset(s);
	}
	return r;
}

static int read_all(struct stmt *s, struct account **ret_accounts,
	size_t *ret_count, struct err *err)
{
	struct account *all = NULL;
	size_t n = 0, cap = 0;
	int r;

	while ((r = stmt_step(s, err)) == 1) {
		if (n == cap) {
			cap = cap != 0 ? cap * 2 : 16;
			all = mem_grow(all, cap, sizeof *all);
		}
		account_read(s, &all[n++]);
	}
	if (r < 0) {
		while (n > 0)
			account_clear(&all[--n]);
		free(all);
		return -1;
	}
	*ret_accounts = all;
	*ret_count = n;
	return 0;
}

int accounts_all(struct state *state, struct account **ret_accounts,
	size_t *ret_count, struct err *err)
{
	return read_all(db_stmt(state->db, "account_all"), ret_accounts,
		ret_count, err);
}

int accounts_in_group(struct state *state, const char *group,
	struct account **ret_accounts, size_t *ret_count, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "account_in_group");

	stmt_bind_text(s, "group_name", group);
	return read_all(s, ret_accounts, ret_count, err);
}

/* 1: a row, 0: none, -1. */
static int has_row(struct stmt *s, struct err *err)
{
	int r = stmt_step(s, err);

	stmt_reset(s);
	return r;
}

static int name_taken(
	struct state *state, const struct account *a, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "account_name_taken");

	stmt_bind_text(s, "name", a->name);
	stmt_bind_int(s, "id", a->id);
	return has_row(s, err);
}

static int needs_person(struct state *state, int64_t id, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "account_needs_person");
	int r;

	stmt_bind_int(s, "id", id);
	r = stmt_step(s, err);
	if (r == 1)
		r = stmt_int(s, "needs_person") != 0;
	stmt_reset(s);
	return r;
}

static bool same_url(const struct url *a, const struct url *b)
{
	return a->protocol == b->protocol && a->tls == b->tls &&
	       a->port == b->port && strcmp(a->user, b->user) == 0 &&
	       strcmp(a->host, b->host) == 0;
}

static int set_paused(
	struct state *state, int64_t id, bool paused, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "account_pause");

	stmt_bind_int(s, "id", id);
	stmt_bind_int(s, "paused", paused);
	stmt_bind_int(s, "now", clock_wall_s());
	return stmt_run(s, err);
}

static int write_row(
	struct state *state, const struct account *a, struct err *err)
{
	struct stmt *s;
	int taken = name_taken(state, a, err);

	if (taken != 0)
		return taken == 1 ? fail_exists(err, a->name) : -1;
	s = db_stmt(state->db, "account_update");
	account_bind(s, a);
	stmt_bind_int(s, "id", a->id);
	return stmt_run(s, err);
}

/* A new interval, or other hours, need a new due time as well. */
static int update(struct state *state, const struct account *a,
	const struct secret *password, struct err *err)
{
	struct account old;
	int found = accounts_by_id(state, a->id, &old, err);
	int failed;
	bool due;

	if (found != 1)
		return found == 0 ? fail_gone(err) : -1;
	due = password != NULL || old.every_s != a->every_s ||
	      strcmp(old.hours, a->hours != NULL ? a->hours : "") != 0 ||
	      !same_url(&old.url, &a->url);
	account_clear(&old);
	failed = needs_person(state, a->id, err);
	if (failed < 0 || write_row(state, a, err) != 0 ||
		set_paused(state, a->id, a->paused, err) != 0)
		return -1;
	if (password != NULL &&
		secret_store(state, a->uuid, password, err) != 0)
		return -1;
	return due || failed == 1 ? jobs_due_now(state, a->id, err) : 0;
}

int accounts_update(struct state *state, const struct account *a,
	const struct secret *password, struct err *err)
{
	if (db_begin(state->db, err) != 0)
		return -1;
	if (update(state, a, password, err) != 0) {
		db_rollback(state->db);
		return -1;
	}
	return db_commit(state->db, err);
}

static int enrol_all(
	struct state *state, accounts_next_fn *next, void *arg, struct err *err)
{
	int r;

	do {
		struct account a = {0};
		struct secret secret = {0};
		r = next(arg, &a, &secret, err);
		if (r == 1) {
			const struct secret *password =
				secret.bytes != NULL ? &secret : NULL;
			int done = a.id == 0 ? add(state, &a, password, err)
					     : update(state, &a, password, err);
			r = done != 0 ? -1 : 1;
		}
		account_clear(&a);
		secret_clear(&secret);
	} while (r == 1);
	return r;
}

int accounts_enrol(
	struct state *state, accounts_next_fn *next, void *arg, struct err *err)
{
	if (db_begin(state->db, err) != 0)
		return -1;
	if (enrol_all(state, next, arg, err) != 0) {
		db_rollback(state->db);
		return -1;
	}
	return db_commit(state->db, err);
}

int accounts_look(struct state *state, int (*fn)(void *arg, struct err *err),
	void *arg, struct err *err)
{
	if (db_begin_read(state->db, err) != 0)
		return -1;
	if (fn(arg, err) != 0) {
		db_rollback(state->db);
		return -1;
	}
	return db_commit(state->db, err);
}

int accounts_set_paused(
	struct state *state, int64_t id, bool paused, struct err *err)
{
	return set_paused(state, id, paused, err);
}

/* In a transaction: gone, unless a run holds it. */
static int remove_row(
	struct state *state, const struct account *a, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "account_running");
	int r;

	stmt_bind_int(s, "id", a->id);
	stmt_bind_int(s, "now", clock_wall_s());
	stmt_bind_int(s, "lease", JOB_LEASE_S);
	r = has_row(s, err);
	if (r == 1) {
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER, "a run of %s is under way", a->name);
		return err_hint(err,
			"`mailhaul pause %s` ends it; then try again", a->name);
	}
	if (r < 0)
		return -1;
	s = db_stmt(state->db, "account_delete");
	stmt_bind_int(s, "id", a->id);
	return stmt_run(s, err);
}

/* After the rows: a ledger without an account is litter, an account without
 * its ledger would fetch everything again. */
static void remove_ledger(const struct state *state, const char *uuid)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char *path = state_ledger_path(state, uuid);

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		char *p = mem_printf("%s%s", path, ends[i]);
		(void)unlink(p);
		free(p);
	}
	free(path);
}

int accounts_remove(struct state *state, int64_t id, struct err *err)
{
	struct account a;
	int r;

	if (db_begin(state->db, err) != 0)
		return -1;
	r = accounts_by_id(state, id, &a, err);
	if (r != 1) {
		db_rollback(state->db);
		return r == 0 ? fail_gone(err) : -1;
	}
	r = remove_row(state, &a, err);
	if (r != 0)
		db_rollback(state->db);
	else
		r = db_commit(state->db, err);
	if (r == 0)
		remove_ledger(state, a.uuid);
	account_clear(&a);
	return r;
}
