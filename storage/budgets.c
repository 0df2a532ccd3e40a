/* SPDX-License-Identifier: BSD-2-Clause */
#include "budgets.h"

#include "../collector/base/mem.h"
#include "db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's integers have a sign. */
static int64_t bytes_of(uint64_t n)
{
	return n > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)n;
}

static struct budget_day read_day(
	struct stmt *s, const char *from, const char *used)
{
	return (struct budget_day){.from_s = stmt_int(s, from),
		.used = (uint64_t)stmt_int(s, used)};
}

/* ---- limits */

int budgets_begin(struct state *state, int64_t now_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "budget_forget_hosts");

	stmt_bind_int(s, "now", now_s);
	if (stmt_run(s, err) != 0)
		return -1;
	return stmt_run(db_stmt(state->db, "budget_untell_all"), err);
}

static int read_untold(struct state *state, char ***ret_hosts,
	size_t *ret_count, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "budget_untold");
	int r;

	while ((r = stmt_step(s, err)) == 1) {
		*ret_hosts = mem_grow(
			*ret_hosts, *ret_count + 1, sizeof **ret_hosts);
		(*ret_hosts)[(*ret_count)++] = mem_strdup(stmt_text(s, "host"));
	}
	return r;
}

static int tell(struct state *state, const char *host,
	const struct budget_limits *limits, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "budget_tell");

	stmt_bind_text(s, "host", host);
	stmt_bind_int(s, "sessions", limits->sessions);
	stmt_bind_int(s, "logins", limits->logins);
	stmt_bind_int(s, "day_bytes", bytes_of(limits->day_bytes));
	return stmt_run(s, err);
}

static int end_lessons(struct state *state, int64_t now_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "budget_lessons_end");

	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "lesson", BUDGET_LESSON_S);
	return stmt_run(s, err);
}

int budgets_tell(struct state *state, int64_t now_s, budgets_limits_fn *fn,
	const void *arg, struct err *err)
{
	char **hosts = NULL;
	size_t count = 0;
	int r = read_untold(state, &hosts, &count, err);

	for (size_t i = 0; i < count; i++) {
		struct budget_limits limits = {0};
		if (r == 0) {
			fn(arg, hosts[i], &limits);
			r = tell(state, hosts[i], &limits, err);
		}
		free(hosts[i]);
	}
	free(hosts);
	return r != 0 ? -1 : end_lessons(state, now_s, err);
}

/* ---- use */

int budgets_of(
	struct state *state, int64_t now_s, struct job *job, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "budget_of");
	int r;

	stmt_bind_int(s, "account_id", job->account_id);
	stmt_bind_int(s, "now", now_s);
	r = stmt_step(s, err);
	if (r != 1)
		return r;
	job->sessions = stmt_int(s, "run_sessions");
	job->logins_limited = stmt_int(s, "logins_limited") != 0;
	job->budget = (struct budget){
		.day_bytes = (uint64_t)stmt_int(s, "day_bytes"),
		.account_bytes = (uint64_t)stmt_int(s, "learned_bytes"),
		.host = read_day(s, "day_from", "day_used"),
		.account = read_day(s, "account_from", "account_used"),
		.accounts = stmt_int(s, "accounts"),
	};
	stmt_reset(s);
	return 0;
}

static int spend(struct state *state, const char *statement, int64_t account_id,
	uint64_t bytes, int64_t now_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, statement);

	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "bytes", bytes_of(bytes));
	stmt_bind_int(s, "now", now_s);
	return stmt_run(s, err);
}

int budgets_spend(struct state *state, int64_t account_id, uint64_t bytes,
	int64_t now_s, struct err *err)
{
	if (bytes == 0)
		return 0;
	if (spend(state, "budget_spend_host", account_id, bytes, now_s, err) !=
		0)
		return -1;
	return spend(
		state, "budget_spend_account", account_id, bytes, now_s, err);
}

static int logins_left(struct state *state, int64_t account_id, int64_t now_s,
	int64_t *ret_left, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "budget_logins_left");
	int64_t allowed;
	int r;

	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "minute", BUDGET_MINUTE_S);
	*ret_left = INT64_MAX;
	r = stmt_step(s, err);
	if (r != 1)
		return r;
	allowed = stmt_int(s, "allowed");
	if (allowed > 0)
		*ret_left = allowed - stmt_int(s, "used");
	stmt_reset(s);
	return 0;
}

static int forget_logins(
	struct state *state, int64_t account_id, int64_t now_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "budget_logins_forget");

	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "minute", BUDGET_MINUTE_S);
	return stmt_run(s, err);
}

int budgets_log_in(struct state *state, int64_t account_id, int64_t wanted,
	bool forced, int64_t now_s, int64_t *ret_granted, struct err *err)
{
	int64_t left = wanted;
	struct stmt *s;

	if (!forced && logins_left(state, account_id, now_s, &left, err) != 0)
		return -1;
	if (left > wanted)
		left = wanted;
	*ret_granted = left > 0 ? left : 0;
	if (left <= 0)
		return 0;
	if (forget_logins(state, account_id, now_s, err) != 0)
		return -1;
	s = db_stmt(state->db, "budget_login");
	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "count", left);
	return stmt_run(s, err);
}

/* ---- lessons */

static int complain(struct state *state, int64_t account_id,
	const struct err *told, int64_t now_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "budget_complain");

	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(
		s, "kind", told->complaint == ERR_TOO_MANY_SESSIONS ? 1 : 2);
	stmt_bind_int(s, "host_wide", told->host_wide);
	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "minute", BUDGET_MINUTE_S);
	stmt_bind_int(s, "lesson", BUDGET_LESSON_S);
	return stmt_run(s, err);
}

int budgets_learn(struct state *state, int64_t account_id,
	const struct job_result *result, int64_t now_s, struct err *err)
{
	struct stmt *s;

	if (!result->learn)
		return 0;
	if ((result->err.complaint == ERR_TOO_MANY_SESSIONS ||
		    result->err.complaint == ERR_TOO_MANY_LOGINS) &&
		complain(state, account_id, &result->err, now_s, err) != 0)
		return -1;
	if (result->lesson_bytes == 0)
		return 0;
	s = db_stmt(state->db, "budget_learn_bytes");
	stmt_bind_int(s, "account_id", account_id);
	stmt_bind_int(s, "bytes", bytes_of(result->lesson_bytes));
	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "lesson", BUDGET_LESSON_S);
	return stmt_run(s, err);
}

/* ---- status */

static void read_row(struct stmt *s, struct budget_row *row)
{
	memset(row, 0, sizeof *row);
	(void)snprintf(row->host, sizeof row->host, "%s", stmt_text(s, "host"));
	row->running = stmt_int(s, "running");
	row->sessions = stmt_int(s, "sessions");
	row->learned_sessions = stmt_int(s, "learned_sessions");
	row->last_minute = stmt_int(s, "last_minute");
	row->logins = stmt_int(s, "logins");
	row->learned_logins = stmt_int(s, "learned_logins");
	row->day = read_day(s, "day_from", "day_used");
	row->day_bytes = (uint64_t)stmt_int(s, "day_bytes");
	row->learned_until = stmt_int(s, "learned_until");
}

int budgets_all(struct state *state, int64_t now_s,
	struct budget_row **ret_rows, size_t *ret_count, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "budget_all");
	struct budget_row *rows = NULL;
	size_t n = 0;
	int r;

	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "lease", JOB_LEASE_S);
	stmt_bind_int(s, "minute", BUDGET_MINUTE_S);
	while ((r = stmt_step(s, err)) == 1) {
		rows = mem_grow(rows, n + 1, sizeof *rows);
		read_row(s, &rows[n++]);
	}
	if (r < 0) {
		free(rows);
		return -1;
	}
	*ret_rows = rows;
	*ret_count = n;
	return 0;
}
