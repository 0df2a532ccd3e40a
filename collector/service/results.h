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
/* What is left is dropped. What was not written: the leases are released when
 * the next conductor starts. */
void results_clear(struct results *r);

/* Keeps a result until it is written. *Takes* its mailboxes and
 * failures. */
void results_put(struct results *r, const struct job *job, const char *account,
	struct job_result *result);
/* Writes all that are kept, in the caller's transaction; results_clear once
 * that is durable. */
int results_write(struct results *r, struct err *err);
/* Writes each by itself, up to the first that fails; that one comes last the
 * next time. */
void results_retry(struct results *r);

#endif
