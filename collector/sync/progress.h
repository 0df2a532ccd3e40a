/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress: what the loop may look at while a run goes on. The run thread
 * counts in its own copy, which is shown under the lock at most every 100 ms.
 */
#ifndef MAILHAUL_SYNC_PROGRESS_H
#define MAILHAUL_SYNC_PROGRESS_H

#include "run.h"

#include <stdint.h>

struct progress {
	struct run_progress *shown;
	struct job_progress now;
	int64_t shown_ms; /* monotonic */
};

void progress_begin(struct progress *p, struct run *run);
/* A new phase; mailbox: UTF-8, made printable; NULL = none. Shown at once. */
void progress_phase(struct progress *p, const char *phase, const char *mailbox);
/* Shows the counts if that is 100 ms ago, or at once. */
void progress_tick(struct progress *p);
void progress_show(struct progress *p);

#endif
