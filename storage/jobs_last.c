/* SPDX-License-Identifier: BSD-2-Clause */
/* The last run of an account: collected once more, compared, and no more. */
#include "../collector/base/clock.h"
#include "db.h"
#include "jobs_internal.h"

int jobs_last_begin(struct state *state, int64_t account_id, struct err *err)
{
	return jobs_due_with(state, "job_last_begin", account_id, err);
}

int jobs_last_forget(struct state *state, int64_t account_id, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_last_forget");

	stmt_bind_int(s, "account_id", account_id);
	return stmt_run(s, err);
}

/* The new value of `finish`; FINISH_NONE: there is no last run. */
static int step(struct state *state, const struct job *job, int64_t now_s,
	const struct job_result *result, enum account_finish *ret_finish,
	struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_last_step");
	int r;

	stmt_bind_int(s, "account_id", job->account_id);
	stmt_bind_int(s, "fence", job->fence);
	stmt_bind_text(s, "run", job->run);
	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "ok", result->ok);
	stmt_bind_int(s, "differences", (int64_t)result->differences);
	*ret_finish = FINISH_NONE;
	r = stmt_step(s, err);
	if (r == 1) {
		*ret_finish = (enum account_finish)stmt_int(s, "finish");
		r = stmt_run(s, err);
	}
	return r;
}

int jobs_last_step(struct state *state, const struct job *job, int64_t now_s,
	const struct job_result *result, struct jobs_last *ret_last,
	struct err *err)
{
	enum account_finish finish = FINISH_NONE;

	*ret_last = (struct jobs_last){
		.next_task = JOB_COLLECT, .next_due_s = result->next_due_s};
	if (job->finish == FINISH_NONE || result->cancelled)
		return 0;
	if (step(state, job, now_s, result, &finish, err) != 0)
		return -1;
	if (finish == FINISH_COMPARES)
		ret_last->next_task = JOB_VERIFY;
	if (finish == FINISH_DONE)
		ret_last->next_due_s = 0;
	else if (finish != FINISH_NONE && result->ok)
		ret_last->next_due_s = now_s;
	return 0;
}

int jobs_purge_mark(struct state *state, int64_t account_id, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_purge_mark");

	stmt_bind_int(s, "account_id", account_id);
	return stmt_run(s, err);
}

int jobs_purge_begin(struct state *state, int64_t account_id,
	int64_t *ret_fence, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_purge_begin");
	int64_t fence = 0;
	int r;

	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "now", clock_wall_s());
	stmt_bind_int(s, "lease", JOB_LEASE_S);
	r = stmt_step(s, err);
	if (r != 1)
		return r;
	fence = stmt_int(s, "fence");
	if (stmt_run(s, err) != 0)
		return -1;
	*ret_fence = fence;
	return 1;
}

int jobs_until(struct state *state, int64_t now_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_until_passed");
	int r;

	stmt_bind_int(s, "now", now_s);
	r = stmt_step(s, err);
	stmt_reset(s);
	if (r != 1)
		return r;
	s = db_stmt(state->db, "job_until_end");
	stmt_bind_int(s, "now", now_s);
	return stmt_run(s, err);
}
