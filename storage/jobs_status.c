/* SPDX-License-Identifier: BSD-2-Clause */
/* What `status` shows: read in one transaction that is closed before anything
 * is printed. */
#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
#include "db.h"
#include "jobs_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_text(struct stmt *s, const char *column, char *out, size_t n)
{
	(void)snprintf(out, n, "%s", stmt_text(s, column));
}

static void read_mailbox(struct stmt *s, struct job_mailbox *m)
{
	m->mailbox = mem_strdup(stmt_text(s, "mailbox"));
	m->folder = mem_strdup(stmt_text(s, "folder"));
	m->uidvalidity = stmt_int(s, "uidvalidity");
	m->source = stmt_int(s, "source");
	m->stored = stmt_int(s, "stored");
	m->quarantined = stmt_int(s, "quarantined");
	m->notice = mem_strdup(stmt_text(s, "notice"));
	m->uids_kept = stmt_int(s, "uids_kept");
	m->uids_wanted = stmt_int(s, "uids_wanted");
	m->uidls_missing = stmt_int(s, "uidls_missing");
}

int jobs_mailboxes_read(struct state *state, int64_t account_id,
	struct job_mailbox **ret_mailboxes, size_t *ret_count, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_mailboxes");
	struct job_mailbox *all = NULL;
	size_t n = 0, cap = 0;
	int r;

	stmt_bind_int(s, "account_id", account_id);
	while ((r = stmt_step(s, err)) == 1) {
		if (n == cap) {
			cap = cap != 0 ? cap * 2 : 8;
			all = mem_grow(all, cap, sizeof *all);
		}
		read_mailbox(s, &all[n++]);
	}
	if (r < 0) {
		jobs_mailboxes_free(all, n);
		return -1;
	}
	*ret_mailboxes = all;
	*ret_count = n;
	return 0;
}

void jobs_mailboxes_free(struct job_mailbox *mailboxes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(mailboxes[i].mailbox);
		free(mailboxes[i].folder);
		free(mailboxes[i].notice);
	}
	free(mailboxes);
}

static void read_err(struct stmt *s, struct job_status *st)
{
	struct err *e = &st->err;

	e->class = err_class_parse(stmt_text(s, "err_class"));
	st->has_error = e->class != ERR_NONE;
	if (!st->has_error)
		return;
	e->scope = (enum err_scope)stmt_int(s, "err_scope");
	e->retry = (enum err_retry)stmt_int(s, "err_retry");
	e->retry_after_s = (uint32_t)stmt_int(s, "err_retry_after_s");
	copy_text(s, "err_text", e->text, sizeof e->text);
	copy_text(s, "err_hint", e->hint, sizeof e->hint);
	st->retry_at = st->next_due_at;
}

static void read_progress(struct stmt *s, struct job_progress *p)
{
	p->account_id = stmt_int(s, "account_id");
	p->fence = stmt_int(s, "fence");
	copy_text(s, "phase", p->phase, sizeof p->phase);
	copy_text(s, "progress_mailbox", p->mailbox, sizeof p->mailbox);
	p->messages_total = (uint64_t)stmt_int(s, "messages_total");
	p->messages_done = (uint64_t)stmt_int(s, "messages_done");
	p->messages_new = (uint64_t)stmt_int(s, "messages_new");
	p->bytes_done = (uint64_t)stmt_int(s, "bytes_done");
	p->started_ms = stmt_int(s, "started_ms");
}

static void read_status(struct stmt *s, struct job_status *st)
{
	memset(st, 0, sizeof *st);
	st->account_id = stmt_int(s, "account_id");
	st->revision = stmt_int(s, "revision");
	copy_text(s, "state", st->state, sizeof st->state);
	st->last_success_at = stmt_int(s, "last_success_at");
	st->next_due_at = stmt_int(s, "due_at");
	st->runs = stmt_int(s, "runs");
	st->crashes = stmt_int(s, "crashes");
	st->failing_since = stmt_int(s, "failing_since");
	st->moved_at = stmt_int(s, "moved_at");
	st->stalled = stmt_int(s, "stalled_at") != 0;
	st->messages_source = stmt_int(s, "messages_source");
	st->messages_stored = stmt_int(s, "messages_stored");
	st->messages_quarantined = stmt_int(s, "messages_quarantined");
	st->messages_skipped = stmt_int(s, "messages_skipped");
	st->bytes_stored = stmt_int(s, "bytes_stored");
	st->held = stmt_int(s, "held");
	st->deletions_waiting = stmt_int(s, "deletions_waiting");
	st->deletions_next_at = stmt_int(s, "deletions_next_at");
	st->deletions_done = stmt_int(s, "deletions_done");
	st->finish = (enum account_finish)stmt_int(s, "finish");
	st->finished_at = stmt_int(s, "finished_at");
	st->differences = stmt_int(s, "differences");
	st->push = (enum job_push)stmt_int(s, "push");
	st->day.from_s = stmt_int(s, "day_from");
	st->day.used = (uint64_t)stmt_int(s, "day_used");
	st->learned_bytes = (uint64_t)stmt_int(s, "learned_bytes");
	read_err(s, st);
	if (strcmp(st->state, "running") != 0)
		return;
	copy_text(s, "run", st->run, sizeof st->run);
	read_progress(s, &st->progress);
}

static int read_rows(struct state *state, int64_t account_id,
	struct job_status **all, size_t *n, struct err *err)
{
	struct stmt *s = db_stmt(
		state->db, account_id != 0 ? "job_status" : "job_status_all");
	size_t cap = 0;
	int r;

	stmt_bind_int(s, "now", clock_wall_s());
	stmt_bind_int(s, "lease", JOB_LEASE_S);
	if (account_id != 0)
		stmt_bind_int(s, "account_id", account_id);
	while ((r = stmt_step(s, err)) == 1) {
		if (*n == cap) {
			cap = cap != 0 ? cap * 2 : 4;
			*all = mem_grow(*all, cap, sizeof **all);
		}
		read_status(s, &(*all)[(*n)++]);
	}
	return r;
}

static int read_mailboxes(
	struct state *state, struct job_status *all, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (jobs_mailboxes_read(state, all[i].account_id,
			    &all[i].mailboxes, &all[i].mailbox_count, err) != 0)
			return -1;
	return 0;
}

int jobs_status(struct state *state, int64_t account_id,
	struct job_status **ret_status, size_t *ret_count, struct err *err)
{
	struct job_status *all = NULL;
	size_t n = 0;
	int r;

	if (db_begin_read(state->db, err) != 0)
		return -1;
	r = read_rows(state, account_id, &all, &n, err);
	if (r == 0)
		r = read_mailboxes(state, all, n, err);
	db_rollback(state->db);
	if (r != 0) {
		jobs_status_free(&all, n);
		return -1;
	}
	*ret_status = all;
	*ret_count = n;
	return 0;
}

int jobs_overview(struct state *state, struct job_status **ret_status,
	size_t *ret_count, struct err *err)
{
	struct job_status *all = NULL;
	size_t n = 0;

	if (read_rows(state, 0, &all, &n, err) != 0) {
		jobs_status_free(&all, n);
		return -1;
	}
	*ret_status = all;
	*ret_count = n;
	return 0;
}

void jobs_status_free(struct job_status **status, size_t count)
{
	for (size_t i = 0; i < count; i++)
		jobs_mailboxes_free(
			(*status)[i].mailboxes, (*status)[i].mailbox_count);
	free(*status);
	*status = NULL;
}
