/* SPDX-License-Identifier: BSD-2-Clause */
#include "jobs.h"

#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
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

static int claim(struct stmt *s, struct job *ret_job, struct err *err)
{
	int r = stmt_step(s, err);

	if (r == 1) {
		ret_job->account_id = stmt_int(s, "account_id");
		ret_job->fence = stmt_int(s, "fence");
		ret_job->attempts = stmt_int(s, "attempts");
		ret_job->retry = stmt_int(s, "retry") != 0;
		ret_job->revision = stmt_int(s, "revision");
		ret_job->task = (enum job_task)stmt_int(s, "task");
		/* A RETURNING statement commits when it ends. */
		if (stmt_run(s, err) != 0)
			return -1;
	}
	return r;
}

int jobs_claim(struct state *state, const char *owner, int64_t now_s,
	int64_t per_host, int64_t only_account, const int64_t *except,
	size_t except_count, struct job *ret_job, struct err *err)
{
	struct job job = {0};
	struct buf list;
	struct stmt *s;
	int r;

	jobs_list_accounts(&list, except, except_count);
	if (list.full) {
		buf_free(&list);
		return fail_full(err);
	}
	random_hex(job.run, JOB_RUN_ID_BYTES - 1);
	s = db_stmt(state->db,
		only_account != 0 ? "job_claim_account" : "job_claim");
	if (only_account != 0)
		stmt_bind_int(s, "account_id", only_account);
	stmt_bind_text(s, "run", job.run);
	stmt_bind_text(s, "owner", owner);
	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "lease", JOB_LEASE_S);
	stmt_bind_int(s, "per_host", per_host);
	stmt_bind_text(s, "except", buf_str(&list));
	r = claim(s, &job, err);
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
	if (count == 0)
		return 0;
	if (db_begin(state->db, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (write_progress(state, &progress[i], err) != 0) {
			db_rollback(state->db);
			return -1;
		}
	}
	return db_commit(state->db, err);
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
