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
	bool told; /* that it could not be written */
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

static int write_result(
	struct results *r, const struct result_kept *k, struct err *err)
{
	bool ours = false;

	return jobs_finish(
		r->state, &k->job, clock_wall_s(), &k->result, &ours, err);
}

static void add_last(struct results *r, struct result_kept *k)
{
	struct result_kept **last = &r->first;

	while (*last != NULL)
		last = &(*last)->next;
	k->next = NULL;
	*last = k;
	r->count++;
}

void results_put(struct results *r, const struct job *job, const char *account,
	struct job_result *result)
{
	struct result_kept *k = mem_alloc(sizeof *k);

	k->job = *job;
	(void)snprintf(k->account, sizeof k->account, "%s", account);
	k->result = *result;
	result->mailboxes = NULL;
	result->mailbox_count = 0;
	result->failures = NULL;
	result->failure_count = 0;
	add_last(r, k);
}

int results_write(struct results *r, struct err *err)
{
	for (const struct result_kept *k = r->first; k != NULL; k = k->next)
		if (write_result(r, k, err) != 0)
			return -1;
	return 0;
}

/* To the end of the list, so that it keeps no other from being tried. */
static void put_off(struct results *r, const struct err *err)
{
	struct result_kept *k = r->first;

	log_err(k->told ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR,
		&(struct log_ctx){.run = k->job.run, .account = k->account},
		"result_not_written", err);
	k->told = true;
	r->fault = *err;
	r->first = k->next;
	r->count--;
	add_last(r, k);
}

void results_retry(struct results *r)
{
	struct err err = {0};

	while (r->first != NULL) {
		if (write_result(r, r->first, &err) != 0) {
			put_off(r, &err);
			return;
		}
		drop_first(r);
	}
}
