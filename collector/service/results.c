/* SPDX-License-Identifier: BSD-2-Clause */
#include "results.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "../model/account.h"
#include "../sync/summary.h"

#include <stdio.h>
#include <stdlib.h>

struct result_kept {
	struct result_kept *next;
	struct job job;
	char account[ACCOUNT_NAME_MAX];
	struct job_result result;
};

void results_init(struct results *r, struct state *state)
{
	*r = (struct results){.state = state};
}

static void drop_first(struct results *r)
{
	struct result_kept *k = r->first;

	r->first = k->next;
	r->count--;
	summary_free(&k->result);
	free(k);
}

void results_clear(struct results *r)
{
	while (r->first != NULL)
		drop_first(r);
}

static int write_result(struct results *r, enum log_level level,
	const struct job *job, const char *account,
	const struct job_result *result)
{
	struct err err = {0};
	bool ours = false;

	if (jobs_finish(r->state, job, clock_wall_s(), result, &ours, &err) ==
		0)
		return 0;
	log_err(level, &(struct log_ctx){.run = job->run, .account = account},
		"result_not_written", &err);
	r->fault = err;
	return -1;
}

void results_put(struct results *r, const struct job *job, const char *account,
	struct job_result *result)
{
	struct result_kept **last = &r->first, *k;

	if (write_result(r, LOG_LEVEL_ERROR, job, account, result) == 0) {
		summary_free(result);
		return;
	}
	k = mem_alloc(sizeof *k);
	k->job = *job;
	(void)snprintf(k->account, sizeof k->account, "%s", account);
	k->result = *result;
	result->mailboxes = NULL;
	result->mailbox_count = 0;
	while (*last != NULL)
		last = &(*last)->next;
	*last = k;
	r->count++;
}

void results_retry(struct results *r)
{
	while (r->first != NULL &&
		write_result(r, LOG_LEVEL_DEBUG, &r->first->job,
			r->first->account, &r->first->result) == 0)
		drop_first(r);
}

size_t results_accounts(const struct results *r, int64_t *ids, size_t max)
{
	size_t n = 0;

	for (const struct result_kept *k = r->first; k != NULL && n < max;
		k = k->next)
		ids[n++] = k->job.account_id;
	return n;
}
