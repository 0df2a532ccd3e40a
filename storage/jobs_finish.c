/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a run, in one transaction: lease, result, counts, mailboxes. */
#include "budgets.h"
#include "db.h"
#include "jobs_internal.h"

#include <stdlib.h>
#include <string.h>

static void bind_job(struct stmt *s, const struct job *job, int64_t now_s)
{
	stmt_bind_int(s, "account_id", job->account_id);
	stmt_bind_int(s, "fence", job->fence);
	stmt_bind_text(s, "run", job->run);
	stmt_bind_int(s, "now", now_s);
}

static void bind_err(struct stmt *s, const struct err *e)
{
	bool any = e->class != ERR_NONE;

	stmt_bind_text(s, "err_class", err_class_name(e->class));
	stmt_bind_int(s, "err_scope", any ? e->scope : 0);
	stmt_bind_int(s, "err_retry", any ? e->retry : 0);
	stmt_bind_int(s, "err_retry_after_s", any ? e->retry_after_s : 0);
	stmt_bind_text(s, "err_text", any ? e->text : "");
	stmt_bind_text(s, "err_hint", any ? e->hint : "");
}

static int write_job(struct state *state, const struct job *job, int64_t now_s,
	const struct job_result *result, struct err *err)
{
	struct jobs_last last;
	struct stmt *s;

	if (jobs_last_step(state, job, now_s, result, &last, err) != 0)
		return -1;
	s = db_stmt(state->db,
		result->cancelled ? "job_finish_cancelled" : "job_finish");
	bind_job(s, job, now_s);
	if (!result->cancelled) {
		bool person = !result->ok && result->needs_person;
		stmt_bind_int(s, "ok", result->ok);
		stmt_bind_int(s, "progress", result->progress);
		stmt_bind_int(s, "needs_person", person);
		stmt_bind_int(s, "push", result->push);
		stmt_bind_text(s, "task_result", result->task_result);
		stmt_bind_int(s, "next_task", last.next_task);
		bind_err(s, &result->err);
		if ((person && !result->goes_on) || last.next_due_s == 0)
			stmt_bind_null(s, "due_at");
		else
			stmt_bind_int(s, "due_at", last.next_due_s);
	}
	return stmt_run(s, err);
}

static int write_counts(struct state *state, int64_t account_id,
	const struct job_result *result, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_counts");

	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "source", result->messages_source);
	stmt_bind_int(s, "stored", result->messages_stored);
	stmt_bind_int(s, "quarantined", result->messages_quarantined);
	stmt_bind_int(s, "skipped", result->messages_skipped);
	stmt_bind_int(s, "bytes", result->bytes_stored);
	stmt_bind_int(s, "held", result->held);
	stmt_bind_int(s, "deletions_waiting", result->deletions_waiting);
	stmt_bind_int(s, "deletions_next_at", result->deletions_next_at);
	stmt_bind_int(s, "deletions_done", result->deletions_done);
	return stmt_run(s, err);
}

static const char *notice_of(const struct job_mailbox *m)
{
	return m->notice != NULL ? m->notice : "";
}

static bool same_mailbox(
	const struct job_mailbox *a, const struct job_mailbox *b)
{
	return a->uidvalidity == b->uidvalidity && a->source == b->source &&
	       a->stored == b->stored && a->quarantined == b->quarantined &&
	       a->uids_kept == b->uids_kept &&
	       a->uids_wanted == b->uids_wanted &&
	       a->uidls_missing == b->uidls_missing &&
	       strcmp(a->mailbox, b->mailbox) == 0 &&
	       strcmp(a->folder, b->folder) == 0 &&
	       strcmp(notice_of(a), notice_of(b)) == 0;
}

/* A resync that found nothing new leaves the table as it is. 1, 0, -1. */
static int is_unchanged(struct state *state, int64_t account_id,
	const struct job_result *result, struct err *err)
{
	struct job_mailbox *there;
	size_t n;
	bool same;

	if (jobs_mailboxes_read(state, account_id, &there, &n, err) != 0)
		return -1;
	same = n == result->mailbox_count;
	for (size_t i = 0; i < n && same; i++)
		same = same_mailbox(&there[i], &result->mailboxes[i]);
	jobs_mailboxes_free(there, n);
	return same;
}

static int insert_mailbox(struct state *state, int64_t account_id,
	size_t position, const struct job_mailbox *m, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_mailbox_insert");

	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "position", (int64_t)position);
	stmt_bind_text(s, "mailbox", m->mailbox);
	stmt_bind_text(s, "folder", m->folder);
	stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	stmt_bind_int(s, "source", m->source);
	stmt_bind_int(s, "stored", m->stored);
	stmt_bind_int(s, "quarantined", m->quarantined);
	stmt_bind_text(s, "notice", notice_of(m));
	stmt_bind_int(s, "uids_kept", m->uids_kept);
	stmt_bind_int(s, "uids_wanted", m->uids_wanted);
	stmt_bind_int(s, "uidls_missing", m->uidls_missing);
	return stmt_run(s, err);
}

static int write_mailboxes(struct state *state, int64_t account_id,
	const struct job_result *result, struct err *err)
{
	int unchanged = is_unchanged(state, account_id, result, err);
	struct stmt *s;

	if (unchanged != 0)
		return unchanged == 1 ? 0 : -1;
	s = db_stmt(state->db, "job_mailboxes_delete");
	stmt_bind_int(s, "account_id", account_id);
	if (stmt_run(s, err) != 0)
		return -1;
	for (size_t i = 0; i < result->mailbox_count; i++)
		if (insert_mailbox(state, account_id, i, &result->mailboxes[i],
			    err) != 0)
			return -1;
	return 0;
}

static int delete_progress(
	struct state *state, int64_t account_id, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_progress_delete");

	stmt_bind_int(s, "account_id", account_id);
	return stmt_run(s, err);
}

static int finish(struct state *state, const struct job *job, int64_t now_s,
	const struct job_result *result, bool *ret_ours, struct err *err)
{
	/* what was received counts, whoever has the account now */
	if (budgets_spend(state, job->account_id, result->spent_bytes, now_s,
		    err) != 0 ||
		budgets_learn(state, job->account_id, result, now_s, err) !=
			0 ||
		write_job(state, job, now_s, result, err) != 0)
		return -1;
	*ret_ours = db_changes(state->db) != 0;
	if (!*ret_ours)
		return 0;
	if (delete_progress(state, job->account_id, err) != 0)
		return -1;
	if (result->mailboxes == NULL)
		return 0;
	if (write_counts(state, job->account_id, result, err) != 0)
		return -1;
	if (write_mailboxes(state, job->account_id, result, err) != 0)
		return -1;
	return jobs_failures_write(state, job->account_id, result, err);
}

int jobs_finish(struct state *state, const struct job *job, int64_t now_s,
	const struct job_result *result, bool *ret_ours, struct err *err)
{
	bool ours = false, own = !db_in_transaction(state->db);

	if (own && db_begin(state->db, err) != 0)
		return -1;
	if (finish(state, job, now_s, result, &ours, err) != 0) {
		if (own)
			db_rollback(state->db);
		return -1;
	}
	if (own && db_commit(state->db, err) != 0)
		return -1;
	*ret_ours = ours;
	return 0;
}
