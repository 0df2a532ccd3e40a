/* SPDX-License-Identifier: BSD-2-Clause */
#include "totals.h"

#include "db.h"
#include "jobs.h"

#include <string.h>

const char *const totals_states[TOTALS_STATES] = {
	[TOTALS_PAUSED] = "paused",
	[TOTALS_QUEUED] = "queued",
	[TOTALS_RUNNING] = "running",
	[TOTALS_WAITING] = "waiting",
	[TOTALS_IDLE] = "idle",
	[TOTALS_FAILED] = "failed",
};

static void keep_earlier(struct stmt *s, const char *column, int64_t *at)
{
	int64_t t = stmt_int(s, column);

	if (!stmt_is_null(s, column) && (*at == 0 || t < *at))
		*at = t;
}

static uint64_t count_of(struct stmt *s, const char *column)
{
	int64_t n = stmt_int(s, column);

	return n > 0 ? (uint64_t)n : 0;
}

static void add_row(struct stmt *s, struct totals *t)
{
	uint64_t n = count_of(s, "accounts");
	bool pop3 = strcmp(stmt_text(s, "protocol"),
			    protocol_name(PROTOCOL_POP3)) == 0;
	enum err_class class = err_class_parse(stmt_text(s, "err_class"));

	for (size_t i = 0; i < TOTALS_STATES; i++)
		if (strcmp(stmt_text(s, "state"), totals_states[i]) == 0)
			t->accounts[pop3 ? PROTOCOL_POP3 : PROTOCOL_IMAP][i] +=
				n;
	if (class != ERR_NONE)
		t->errors[class] += n;
	t->stalled += count_of(s, "stalled");
	t->source += count_of(s, "source");
	t->stored += count_of(s, "stored");
	t->quarantined += count_of(s, "quarantined");
	t->skipped += count_of(s, "skipped");
	t->bytes += count_of(s, "bytes");
	t->held += count_of(s, "held");
	t->deletions += count_of(s, "deletions");
	keep_earlier(s, "due_from", &t->due_from_s);
	keep_earlier(s, "success_from", &t->success_from_s);
}

static int read_accounts(
	struct state *state, int64_t now_s, struct totals *t, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "job_totals");
	int r;

	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "lease", JOB_LEASE_S);
	while ((r = stmt_step(s, err)) == 1)
		add_row(s, t);
	return r;
}

static int read_hosts(
	struct state *state, int64_t now_s, struct totals *t, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "budget_totals");

	stmt_bind_int(s, "now", now_s);
	if (stmt_step(s, err) != 1)
		return -1;
	t->hosts = count_of(s, "hosts");
	t->hosts_learned = count_of(s, "learned");
	t->hosts_used_up = count_of(s, "used_up");
	stmt_reset(s);
	return 0;
}

int totals_read(struct state *state, int64_t now_s, struct totals *ret_totals,
	struct err *err)
{
	struct totals t = {0};
	int r;

	if (db_begin_read(state->db, err) != 0)
		return -1;
	r = read_accounts(state, now_s, &t, err);
	if (r == 0)
		r = read_hosts(state, now_s, &t, err);
	db_rollback(state->db);
	if (r == 0)
		*ret_totals = t;
	return r;
}
