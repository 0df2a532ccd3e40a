/* SPDX-License-Identifier: BSD-2-Clause */
/* What a run could not have, for `failures` and `retry`. */
#include "../collector/base/mem.h"
#include "db.h"
#include "jobs_internal.h"

#include <stdlib.h>
#include <string.h>

static void read_failure(struct stmt *s, struct job_failure *f)
{
	f->mailbox = mem_strdup(stmt_text(s, "mailbox"));
	f->uid = (uint32_t)stmt_int(s, "uid");
	f->uidl = mem_strdup(stmt_text(s, "uidl"));
	f->class = err_class_parse(stmt_text(s, "class"));
	f->text = mem_strdup(stmt_text(s, "text"));
	f->first_at = stmt_int(s, "first_at");
	f->tries = stmt_int(s, "tries");
	f->next_try_at = stmt_int(s, "next_try_at");
	f->dialogue = mem_strdup(stmt_text(s, "dialogue"));
}

int jobs_failures(struct state *state, int64_t account_id,
	struct job_failure **ret_failures, size_t *ret_count, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_failures");
	struct job_failure *all = NULL;
	size_t n = 0, cap = 0;
	int r;

	stmt_bind_int(s, "account_id", account_id);
	while ((r = stmt_step(s, err)) == 1) {
		if (n == cap) {
			cap = cap != 0 ? cap * 2 : 8;
			all = mem_grow(all, cap, sizeof *all);
		}
		read_failure(s, &all[n++]);
	}
	if (r < 0) {
		jobs_failures_free(all, n);
		return -1;
	}
	*ret_failures = all;
	*ret_count = n;
	return 0;
}

void jobs_failures_free(struct job_failure *failures, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(failures[i].mailbox);
		free(failures[i].uidl);
		free(failures[i].text);
		free(failures[i].dialogue);
	}
	free(failures);
}

static const char *dialogue_of(const struct job_failure *f)
{
	return f->dialogue != NULL ? f->dialogue : "";
}

static bool same_failure(
	const struct job_failure *a, const struct job_failure *b)
{
	return a->uid == b->uid && a->class == b->class &&
	       a->first_at == b->first_at && a->tries == b->tries &&
	       a->next_try_at == b->next_try_at &&
	       strcmp(a->mailbox, b->mailbox) == 0 &&
	       strcmp(a->uidl, b->uidl) == 0 && strcmp(a->text, b->text) == 0 &&
	       strcmp(dialogue_of(a), dialogue_of(b)) == 0;
}

/* As with mailboxes: most runs change nothing. 1, 0, -1. */
static int is_unchanged(struct state *state, int64_t account_id,
	const struct job_result *result, struct err *err)
{
	struct job_failure *there;
	size_t n;
	bool same;

	if (jobs_failures(state, account_id, &there, &n, err) != 0)
		return -1;
	same = n == result->failure_count;
	for (size_t i = 0; i < n && same; i++)
		same = same_failure(&there[i], &result->failures[i]);
	jobs_failures_free(there, n);
	return same;
}

static int insert(struct state *state, int64_t account_id, size_t position,
	const struct job_failure *f, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_failure_insert");

	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "position", (int64_t)position);
	stmt_bind_text(s, "mailbox", f->mailbox);
	stmt_bind_int(s, "uid", f->uid);
	stmt_bind_text(s, "uidl", f->uidl);
	stmt_bind_text(s, "class", err_class_name(f->class));
	stmt_bind_text(s, "text", f->text);
	stmt_bind_int(s, "first_at", f->first_at);
	stmt_bind_int(s, "tries", f->tries);
	stmt_bind_int(s, "next_try_at", f->next_try_at);
	stmt_bind_text(s, "dialogue", dialogue_of(f));
	return stmt_run(s, err);
}

int jobs_failures_write(struct state *state, int64_t account_id,
	const struct job_result *result, struct err *err)
{
	int unchanged = is_unchanged(state, account_id, result, err);
	struct stmt *s;

	if (unchanged != 0)
		return unchanged == 1 ? 0 : -1;
	s = db_stmt(state->db, "job_failures_delete");
	stmt_bind_int(s, "account_id", account_id);
	if (stmt_run(s, err) != 0)
		return -1;
	for (size_t i = 0; i < result->failure_count; i++)
		if (insert(state, account_id, i, &result->failures[i], err) !=
			0)
			return -1;
	return 0;
}

int jobs_retry(struct state *state, int64_t account_id, struct err *err)
{
	return jobs_due_with(state, "job_retry", account_id, err);
}
