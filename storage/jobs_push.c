/* SPDX-License-Identifier: BSD-2-Clause */
/* What the job table knows of sessions that wait for new mail. */
#include "../collector/base/buf.h"
#include "db.h"
#include "jobs.h"

#include <inttypes.h>

#define ASK_MAX ((size_t)2000) /* accounts in a question */
#define ASK_BYTES ((size_t)64 << 10)

int jobs_due_by(struct state *state, int64_t account_id, int64_t now_s,
	int64_t at_s, bool waits, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_due_by");

	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "at", at_s);
	stmt_bind_int(s, "waits", waits);
	return stmt_run(s, err);
}

int jobs_push_end(struct state *state, int64_t account_id, struct err *err)
{
	struct stmt *s = db_stmt(state->db,
		account_id != 0 ? "job_push_end" : "job_push_end_all");

	if (account_id != 0)
		stmt_bind_int(s, "account_id", account_id);
	return stmt_run(s, err);
}

static int ask(struct state *state, const int64_t *accounts, size_t count,
	jobs_revision_fn *fn, void *arg, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_revisions");
	struct buf ids;
	int r;

	buf_init(&ids, ASK_BYTES);
	(void)buf_add_str(&ids, "[");
	for (size_t i = 0; i < count; i++)
		(void)buf_printf(
			&ids, "%s%" PRId64, i > 0 ? "," : "", accounts[i]);
	(void)buf_add_str(&ids, "]");
	stmt_bind_text(s, "ids", buf_str(&ids));
	while ((r = stmt_step(s, err)) == 1)
		fn(arg, stmt_int(s, "account_id"), stmt_int(s, "revision"));
	buf_free(&ids);
	return r;
}

int jobs_revisions(struct state *state, const int64_t *accounts, size_t count,
	jobs_revision_fn *fn, void *arg, struct err *err)
{
	for (size_t at = 0; at < count; at += ASK_MAX) {
		size_t n = count - at < ASK_MAX ? count - at : ASK_MAX;
		if (ask(state, accounts + at, n, fn, arg, err) != 0)
			return -1;
	}
	return 0;
}
