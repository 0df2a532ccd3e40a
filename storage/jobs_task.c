/* SPDX-License-Identifier: BSD-2-Clause */
/* What a run is to do instead of collecting. */
#include "db.h"
#include "jobs.h"

#include <stdio.h>

int jobs_task(struct state *state, int64_t account_id, enum job_task task,
	struct err *err)
{
	bool own = !db_in_transaction(state->db);
	struct stmt *s;

	if (own && db_begin(state->db, err) != 0)
		return -1;
	s = db_stmt(state->db, "job_task_set");
	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "task", task);
	if (stmt_run(s, err) != 0 ||
		jobs_due_now(state, account_id, err) != 0) {
		if (own)
			db_rollback(state->db);
		return -1;
	}
	return own ? db_commit(state->db, err) : 0;
}

int jobs_task_result(struct state *state, int64_t account_id, bool *ret_over,
	char out[JOB_TASK_RESULT_BYTES], struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_task_result");
	int r;

	stmt_bind_int(s, "account_id", account_id);
	r = stmt_step(s, err);
	if (r == 1) {
		*ret_over = stmt_int(s, "task") == JOB_COLLECT;
		(void)snprintf(out, JOB_TASK_RESULT_BYTES, "%s",
			stmt_text(s, "task_result"));
	}
	stmt_reset(s);
	if (r == 0)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "the account was removed");
	return r < 0 ? -1 : 0;
}
