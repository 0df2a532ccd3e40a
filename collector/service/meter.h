/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter: once a second, in one transaction, what the runs show and what they
 * have received goes into the job table, logins they wait for are granted, and
 * what all conductors' runs have had comes back to each. And whose turn is
 * over: a run that has had its slice makes way for accounts that wait for its
 * place. Loop thread only.
 */
#ifndef MAILHAUL_SERVICE_METER_H
#define MAILHAUL_SERVICE_METER_H

#include "claims.h"
#include "pool.h"

#include <stdbool.h>
#include <stddef.h>

/* progress: of all runs (pool_progress). -1: nothing was written; what was
 * received is counted the next time. */
int meter_write(struct state *state, struct pool *pool,
	const struct job_progress *progress, size_t count, struct err *err);

/* After a turn. no_place: there was no place left for one that waits. */
void meter_make_way(const struct claims *claims, struct pool *pool,
	const struct settings *settings, bool no_place);

/* Whether jobs are due that could not be claimed: their hosts' logins of this
 * minute are used up. A single pass goes on then. */
bool meter_is_waited_for(
	const struct claims *claims, const struct settings *settings);

#endif
