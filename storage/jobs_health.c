/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon has to say of itself, and of accounts that do not get on. */
#include "../collector/base/mem.h"
#include "db.h"
#include "jobs_internal.h"

#include <stdio.h>
#include <stdlib.h>

int jobs_due_disk(struct state *state, const int64_t *accounts, size_t count,
	int64_t now_s, struct err *err)
{
	struct buf list;
	struct stmt *s;
	int r;

	jobs_list_accounts(&list, accounts, count);
	s = db_stmt(state->db, "job_due_disk");
	stmt_bind_text(s, "ids", list.full ? "[]" : buf_str(&list));
	stmt_bind_int(s, "now", now_s);
	r = stmt_run(s, err);
	buf_free(&list);
	return r;
}

int jobs_notice(struct state *state, const char *key, const char *text,
	int64_t now_s, struct err *err)
{
	bool drop = text[0] == '\0';
	struct stmt *s =
		db_stmt(state->db, drop ? "notice_delete" : "notice_set");

	stmt_bind_text(s, "key", key);
	if (!drop) {
		stmt_bind_text(s, "text", text);
		stmt_bind_int(s, "now", now_s);
	}
	return stmt_run(s, err);
}

int jobs_notices(struct state *state, struct job_notice **ret_notices,
	size_t *ret_count, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "notice_all");
	struct job_notice *all = NULL;
	size_t n = 0;
	int r;

	while ((r = stmt_step(s, err)) == 1) {
		all = mem_grow(all, n + 1, sizeof *all);
		all[n++] = (struct job_notice){
			.text = mem_strdup(stmt_text(s, "text")),
			.since = stmt_int(s, "since")};
	}
	if (r < 0) {
		jobs_notices_free(all, n);
		return -1;
	}
	*ret_notices = all;
	*ret_count = n;
	return 0;
}

void jobs_notices_free(struct job_notice *notices, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(notices[i].text);
	free(notices);
}

int jobs_stalled(struct state *state, int64_t now_s, int64_t after_s,
	void (*fn)(void *arg, const char *account, int64_t moved_at), void *arg,
	struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_stalled");
	int r;

	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "after", after_s);
	while ((r = stmt_step(s, err)) == 1)
		fn(arg, stmt_text(s, "name"), stmt_int(s, "moved_at"));
	return r;
}
