/* SPDX-License-Identifier: BSD-2-Clause */
#include "jobs.h"

#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
#include "../collector/model/hours.h"
#include "budgets.h"
#include "durable.h"
#include "jobs_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXCEPT_BYTES_MAX ((size_t)1 << 20)

void jobs_list_accounts(struct buf *b, const int64_t *accounts, size_t count)
{
	buf_init(b, EXCEPT_BYTES_MAX);
	(void)buf_add_str(b, "[");
	for (size_t i = 0; i < count; i++)
		(void)buf_printf(
			b, "%s%" PRId64, i > 0 ? "," : "", accounts[i]);
	(void)buf_add_str(b, "]");
}

static int fail_full(struct err *err)
{
	return err_set(err, ERR_LIMIT, ERR_SCOPE_SERVICE, ERR_RETRY_LATER,
		"too many runs are under way");
}

static int step(struct stmt *s, struct job *job, struct hours *ret_hours,
	struct err *err)
{
	int r = stmt_step(s, err);

	if (r == 1) {
		job->account_id = stmt_int(s, "account_id");
		job->fence = stmt_int(s, "fence");
		job->attempts = stmt_int(s, "attempts");
		job->refusals = stmt_int(s, "refusals");
		job->retry = stmt_int(s, "retry") != 0;
		job->revision = stmt_int(s, "revision");
		job->task = (enum job_task)stmt_int(s, "task");
		job->due_at_s = stmt_int(s, "due_at");
		job->finish = (enum account_finish)stmt_int(s, "finish");
		if (!hours_parse(stmt_text(s, "hours"), ret_hours))
			*ret_hours = (struct hours){0};
		/* A RETURNING statement is done when it ends. */
		if (stmt_run(s, err) != 0)
			return -1;
	}
	return r;
}

struct claim {
	const char *owner, *except;
	int64_t now_s, per_host, only_account;
};

static int put_back(struct state *state, const struct job *job, int64_t due_s,
	int64_t now_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_put_back");

	stmt_bind_int(s, "account_id", job->account_id);
	stmt_bind_int(s, "fence", job->fence);
	stmt_bind_text(s, "run", job->run);
	stmt_bind_int(s, "due_at", due_s);
	stmt_bind_int(s, "now", now_s);
	return stmt_run(s, err);
}

/* Whatever its hours. */
static int claim_any(struct state *state, const struct claim *c,
	struct job *job, struct hours *ret_hours, struct err *err)
{
	struct stmt *s = db_stmt(state->db,
		c->only_account != 0 ? "job_claim_account" : "job_claim");

	if (c->only_account != 0)
		stmt_bind_int(s, "account_id", c->only_account);
	stmt_bind_text(s, "run", job->run);
	stmt_bind_text(s, "owner", c->owner);
	stmt_bind_int(s, "now", c->now_s);
	stmt_bind_int(s, "lease", JOB_LEASE_S);
	stmt_bind_int(s, "minute", BUDGET_MINUTE_S);
	stmt_bind_int(s, "per_host", c->per_host);
	stmt_bind_text(s, "except", c->except);
	return step(s, job, ret_hours, err);
}

/* 1: it may run, till its hours end; 0: it was put back; -1. */
static int keep_hours(struct state *state, const struct claim *c,
	struct job *job, const struct hours *hours, struct err *err)
{
	int64_t change_s;

	job->closes_at = 0;
	if (c->only_account != 0 || hours->count == 0)
		return 1; /* a person named it */
	change_s = hours_change(hours, c->now_s);
	if (change_s != 0 && !hours_are_open(hours, c->now_s))
		return put_back(state, job, change_s, c->now_s, err);
	job->closes_at = change_s;
	return 1;
}

/* The job, and its login: both or none. */
static int claim(struct state *state, const struct claim *c, struct job *job,
	struct err *err)
{
	struct hours hours = {0};
	int64_t granted;
	int r, kept = 0;

	do {
		r = claim_any(state, c, job, &hours, err);
		if (r == 1)
			kept = keep_hours(state, c, job, &hours, err);
	} while (r == 1 && kept == 0);
	if (r != 1 || kept < 0)
		return r != 1 ? r : -1;
	if (c->only_account != 0)
		job->due_at_s = 0;
	if (budgets_log_in(state, job->account_id, 1, true, c->now_s, &granted,
		    err) != 0 ||
		budgets_of(state, c->now_s, job, err) != 0)
		return -1;
	return 1;
}

static int claim_alone(struct state *state, const struct claim *c,
	struct job *job, struct err *err)
{
	int r;

	if (db_in_transaction(state->db))
		return claim(state, c, job, err);
	if (db_begin(state->db, err) != 0)
		return -1;
	r = claim(state, c, job, err);
	if (r < 0) {
		db_rollback(state->db);
		return -1;
	}
	/* also where all that was found has been put back */
	return db_commit(state->db, err) != 0 ? -1 : r;
}

int jobs_claim(struct state *state, const char *owner, int64_t now_s,
	int64_t per_host, int64_t only_account, const int64_t *except,
	size_t except_count, struct job *ret_job, struct err *err)
{
	struct claim c = {.owner = owner,
		.now_s = now_s,
		.per_host = per_host,
		.only_account = only_account};
	struct job job = {0};
	struct buf list;
	int r;

	jobs_list_accounts(&list, except, except_count);
	if (list.full) {
		buf_free(&list);
		return fail_full(err);
	}
	random_hex(job.run, JOB_RUN_ID_BYTES - 1);
	c.except = buf_str(&list);
	r = claim_alone(state, &c, &job, err);
	buf_free(&list);
	if (r == 1)
		*ret_job = job;
	return r;
}

int jobs_begin(struct state *state, struct err *err)
{
	return db_begin(state->db, err);
}

int jobs_commit(struct state *state, struct err *err)
{
	return db_commit(state->db, err);
}

void jobs_rollback(struct state *state)
{
	db_rollback(state->db);
}

/* The earlier of two times where -1 is never. */
static int64_t earlier(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

int jobs_next_due(
	struct state *state, int64_t now_s, int64_t *ret_in_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_next_due");
	int64_t in = -1;

	stmt_bind_int(s, "now", now_s);
	if (stmt_step(s, err) != 1)
		return -1;
	if (!stmt_is_null(s, "due_at")) {
		in = stmt_int(s, "due_at") - now_s;
		if (in < 0 || stmt_int(s, "clock_set_back") != 0)
			in = 0;
	}
	if (!stmt_is_null(s, "lease_until")) {
		int64_t end = stmt_int(s, "lease_until") - now_s;
		if (end < 0 || end > 2 * (int64_t)JOB_LEASE_S)
			end = 0;
		in = earlier(in, end);
	}
	stmt_reset(s);
	*ret_in_s = in;
	return 0;
}

int jobs_heartbeat(
	struct state *state, const char *owner, int64_t now_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_heartbeat");

	stmt_bind_text(s, "owner", owner);
	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "lease", JOB_LEASE_S);
	return stmt_run(s, err);
}

/* SQLite's integers have a sign. */
static int64_t count_of(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static int write_progress(
	struct state *state, const struct job_progress *p, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_progress");

	stmt_bind_int(s, "account_id", p->account_id);
	stmt_bind_int(s, "fence", p->fence);
	stmt_bind_text(s, "phase", p->phase);
	stmt_bind_text(s, "mailbox", p->mailbox);
	stmt_bind_int(s, "messages_total", count_of(p->messages_total));
	stmt_bind_int(s, "messages_done", count_of(p->messages_done));
	stmt_bind_int(s, "messages_new", count_of(p->messages_new));
	stmt_bind_int(s, "bytes_done", count_of(p->bytes_done));
	stmt_bind_int(s, "started_ms", p->started_ms);
	stmt_bind_int(s, "now", clock_wall_s());
	return stmt_run(s, err);
}

int jobs_progress(struct state *state, const struct job_progress *progress,
	size_t count, struct err *err)
{
	bool own = !db_in_transaction(state->db);

	if (count == 0)
		return 0;
	if (own && db_begin(state->db, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (write_progress(state, &progress[i], err) != 0) {
			if (own)
				db_rollback(state->db);
			return -1;
		}
	}
	return own ? db_commit(state->db, err) : 0;
}

int jobs_waiting(struct state *state, int64_t now_s, int64_t per_host,
	const int64_t *except, size_t except_count, jobs_waiting_fn *fn,
	void *arg, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_waiting");
	struct buf list;
	int r;

	buf_init(&list, EXCEPT_BYTES_MAX);
	jobs_list_accounts(&list, except, except_count);
	if (list.full) {
		buf_free(&list);
		return fail_full(err);
	}
	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "lease", JOB_LEASE_S);
	stmt_bind_int(s, "per_host", per_host);
	stmt_bind_text(s, "except", buf_str(&list));
	while ((r = stmt_step(s, err)) == 1)
		fn(arg, stmt_text(s, "host"), (size_t)stmt_int(s, "waiting"),
			stmt_int(s, "full") != 0);
	buf_free(&list);
	return r;
}

static int release_all(struct state *state, int64_t now_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_release_all");

	stmt_bind_int(s, "now", now_s);
	if (stmt_run(s, err) != 0)
		return -1;
	if (jobs_push_end(state, 0, err) != 0)
		return -1;
	return stmt_run(db_stmt(state->db, "job_progress_delete_all"), err);
}

int jobs_release_all(struct state *state, int64_t now_s, struct err *err)
{
	if (db_begin(state->db, err) != 0)
		return -1;
	if (release_all(state, now_s, err) != 0) {
		db_rollback(state->db);
		return -1;
	}
	return db_commit(state->db, err);
}

int jobs_due_now(struct state *state, int64_t account_id, struct err *err)
{
	struct stmt *s = db_stmt(
		state->db, account_id != 0 ? "job_due_now" : "job_due_now_all");

	if (account_id != 0)
		stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "now", clock_wall_s());
	return stmt_run(s, err);
}

int jobs_due_with(struct state *state, const char *statement,
	int64_t account_id, struct err *err)
{
	struct stmt *s;

	if (db_begin(state->db, err) != 0)
		return -1;
	s = db_stmt(state->db, statement);
	stmt_bind_int(s, "account_id", account_id);
	if (stmt_run(s, err) != 0 ||
		jobs_due_now(state, account_id, err) != 0) {
		db_rollback(state->db);
		return -1;
	}
	return db_commit(state->db, err);
}

static int confirm(struct state *state, int64_t account_id, int64_t *ret_held,
	struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_confirm_deletions");
	int64_t held = 0;
	int r;

	stmt_bind_int(s, "account_id", account_id);
	r = stmt_step(s, err);
	if (r == 1) {
		held = stmt_int(s, "held");
		r = stmt_run(s, err);
	}
	if (r != 0)
		return -1;
	if (held != 0 && jobs_due_now(state, account_id, err) != 0)
		return -1;
	*ret_held = held;
	return 0;
}

int jobs_confirm_deletions(struct state *state, int64_t account_id,
	int64_t *ret_held, struct err *err)
{
	if (db_begin(state->db, err) != 0)
		return -1;
	if (confirm(state, account_id, ret_held, err) == 0)
		return db_commit(state->db, err);
	db_rollback(state->db);
	return -1;
}

int jobs_cancel(struct state *state, int64_t account_id, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_cancel");

	stmt_bind_int(s, "account_id", account_id);
	return stmt_run(s, err);
}

int jobs_cancelled(struct state *state, const char *owner,
	int64_t **ret_accounts, size_t *ret_count, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_cancelled");
	int64_t *accounts = NULL;
	size_t n = 0;
	int r;

	stmt_bind_text(s, "owner", owner);
	while ((r = stmt_step(s, err)) == 1) {
		accounts = mem_grow(accounts, n + 1, sizeof *accounts);
		accounts[n++] = stmt_int(s, "account_id");
	}
	if (r < 0) {
		free(accounts);
		return -1;
	}
	*ret_accounts = accounts;
	*ret_count = n;
	return 0;
}
