/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * budgets: the rows of the job table that say how much may be asked of each
 * remote host (collector/model/budget.h), and how much was. Claims keep to
 * sessions and logins by themselves (jobs.h); bytes are counted here about
 * once a second and judged by who receives them. All of it joins the
 * caller's transaction, where there is one.
 */
#ifndef MAILHAUL_STORAGE_BUDGETS_H
#define MAILHAUL_STORAGE_BUDGETS_H

#include "../collector/model/budget.h"
#include "jobs.h"

/* At start, and when settings have changed: every host is told its limits
 * again with the next budgets_tell, and hosts without accounts are forgotten.
 */
int budgets_begin(struct state *state, int64_t now_s, struct err *err);
/* Tells those that are new their limits, and forgets old lessons. */
typedef void budgets_limits_fn(
	const void *arg, const char *host, struct budget_limits *ret_limits);
int budgets_tell(struct state *state, int64_t now_s, budgets_limits_fn *fn,
	const void *arg, struct err *err);

/* Fills sessions, logins_limited, budget (without account_bytes but what was
 * learned) of a job that was claimed. */
int budgets_of(
	struct state *state, int64_t now_s, struct job *job, struct err *err);
/* An account has received bytes. */
int budgets_spend(struct state *state, int64_t account_id, uint64_t bytes,
	int64_t now_s, struct err *err);
/* An account wants to log in so often: ret_granted of these may be now, and
 * are counted. forced: they have been already. */
int budgets_log_in(struct state *state, int64_t account_id, int64_t wanted,
	bool forced, int64_t now_s, int64_t *ret_granted, struct err *err);
/* What the result of a run teaches. Before the job is released. */
int budgets_learn(struct state *state, int64_t account_id,
	const struct job_result *result, int64_t now_s, struct err *err);

/* What `status` shows of a host. */
struct budget_row {
	char host[URL_HOST_MAX];
	int64_t running, sessions, learned_sessions;
	int64_t last_minute, logins, learned_logins;
	struct budget_day day;
	uint64_t day_bytes;
	int64_t learned_until; /* 0: nothing is learned */
};
/* By host. Caller frees. */
int budgets_all(struct state *state, int64_t now_s,
	struct budget_row **ret_rows, size_t *ret_count, struct err *err);

#endif
