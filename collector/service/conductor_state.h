/* SPDX-License-Identifier: BSD-2-Clause */
/* conductor_state: what conductor.c (the loop) and conductor_ending.c (its
 * end) share. Nobody else includes it. */
#ifndef MAILHAUL_SERVICE_CONDUCTOR_STATE_H
#define MAILHAUL_SERVICE_CONDUCTOR_STATE_H

#include "claims.h"
#include "conductor.h"
#include "results.h"
#include "rounds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define CONDUCTOR_TICK_MS 1000

enum drain { RUNNING, SOFT, HARD };

struct conductor {
	uv_loop_t loop;
	uv_timer_t tick;
	uv_signal_t term, interrupt, hangup;
	struct state *state;
	const struct conductor_options *options;
	struct generation *settings;
	struct envoys *envoys;
	struct anchors *anchors;
	struct committer *committer;
	struct pool *pool;
	struct parked *parked; /* NULL: a single pass */
	struct observer *observer;
	struct results results;
	struct claims claims;
	struct rounds rounds;
	struct health *health;
	struct room *room; /* what is known only of a daemon's */
	size_t places;	   /* runs at once: pool.sessions, or what fits */
	unsigned ticks, stuck_ticks; /* the latter: the table failed us */
	size_t failed;
	enum drain drain;
	int64_t drain_since_ms;
};

/* Whether something is left that has to come to an end here. */
bool conductor_is_busy(const struct conductor *c);
/* Never back: how less than before changes nothing. */
void conductor_drain(struct conductor *c, enum drain how);
/* With every tick from then on. */
void conductor_drain_tick(struct conductor *c);
/* Closes all handles; the loop ends when the processes have. */
void conductor_end_loop(struct conductor *c);

#endif
