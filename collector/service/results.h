/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results: how runs ended, on their way into the job table. A result that
 * cannot be written (somebody holds the table, the disk is full) is kept and
 * tried again with every tick: without it the account would stay leased for
 * as long as the conductor lives. Loop thread only.
 */
#ifndef MAILHAUL_SERVICE_RESULTS_H
#define MAILHAUL_SERVICE_RESULTS_H

#include "../../storage/jobs.h"

#include <stddef.h>
#include <stdint.h>

struct result_kept;
struct results {
	struct state *state;
	struct result_kept *first;
	size_t count;	  /* not yet written */
	struct err fault; /* why */
};

void results_init(struct results *r, struct state *state);
/* What is left is dropped: the leases are released when the next conductor
 * starts. */
void results_clear(struct results *r);

/* Writes the result, or keeps it. *Takes* result->mailboxes. */
void results_put(struct results *r, const struct job *job, const char *account,
	struct job_result *result);
/* Tries those again that were kept, up to the first that fails again. */
void results_retry(struct results *r);
/* Their accounts, at most max. Returns how many. */
size_t results_accounts(const struct results *r, int64_t *ids, size_t max);

#endif
