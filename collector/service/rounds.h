/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rounds: what the loop does with the job table while runs go on, whether or
 * not one ends. A failure is logged and done again with the next tick. Loop
 * thread only.
 */
#ifndef MAILHAUL_SERVICE_ROUNDS_H
#define MAILHAUL_SERVICE_ROUNDS_H

#include "conductor.h"
#include "pool.h"
#include "room.h"

struct rounds {
	struct state *state;
	struct pool *pool;
	const char *owner; /* of the leases */
	const struct conductor_options *options;
};

void rounds_tell(const struct conductor_options *options,
	const struct conductor_event *event);
/* Before the first one: a job table that came out of a backup (restored.h). */
int rounds_restored(struct state *state, struct err *err);
/* What a failed run tells of more than itself: no room, and that a password
 * that was good is refused, which the log tells once. */
void rounds_failed(const struct run *run, struct room *room,
	const struct settings *settings);
/* What all runs are doing, into the table and to whoever watches. */
void rounds_progress(const struct rounds *r);
/* Ends the runs of accounts that a person has paused or removed. */
/* Accounts whose --until has passed are not collected any more. */
void rounds_until(const struct rounds *r);
void rounds_cancelled(const struct rounds *r);
/* Logs, once each, accounts of which nothing has come for ROUNDS_STALLED_S. */
#define ROUNDS_STALLED_S (24 * 3600)
void rounds_stalled(const struct rounds *r);
/* Extends the leases. */
void rounds_heartbeat(const struct rounds *r);

#endif
