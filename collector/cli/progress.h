/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress: what runs are doing, for a person: on a terminal a block of
 * lines, one a running account, redrawn in place; elsewhere plain lines.
 */
#ifndef MAILHAUL_CLI_PROGRESS_H
#define MAILHAUL_CLI_PROGRESS_H

#include "../../storage/jobs.h"

#include <stdbool.h>
#include <stdio.h>

struct progress;
/* live: redraw in place (out is a terminal). quiet: failures only. */
struct progress *progress_new(FILE *out, bool live, bool quiet);
void progress_free(struct progress **p);
void progress_update(struct progress *p, const char *account,
	const struct job_progress *now);
/* now may be NULL. */
void progress_finish(struct progress *p, const char *account,
	const struct job_progress *now, const struct job_result *result);
/* Draws the block anew; called once a second. */
void progress_draw(struct progress *p);

#endif
