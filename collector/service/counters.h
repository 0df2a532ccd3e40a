/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters: what has happened since this process began; nothing in here ever
 * grows less. What runs have received counts while they go on. Loop thread.
 */
#ifndef MAILHAUL_SERVICE_COUNTERS_H
#define MAILHAUL_SERVICE_COUNTERS_H

#include "../../storage/jobs.h"
#include "../model/url.h"
#include "exposition.h"

#include <stddef.h>
#include <stdint.h>

struct pool;

/* How a run ended: a class of err.h, or one of these behind them. */
enum {
	COUNTERS_PROTOCOLS = PROTOCOL_POP3 + 1,
	COUNTERS_OK = ERR_CANCELLED + 1,
	COUNTERS_MADE_WAY, /* goes on behind others */
	COUNTERS_RESULTS,
};

struct counters_bulk {
	uint64_t messages, bytes;
};

struct counters {
	uint64_t started;
	uint64_t ended[COUNTERS_PROTOCOLS][COUNTERS_RESULTS];
	uint64_t deleted; /* at the source */
	struct exposition_histogram wait, duration;
	struct counters_bulk over[COUNTERS_PROTOCOLS]; /* of runs that ended */
	struct counters_bulk told[COUNTERS_PROTOCOLS]; /* and what goes on */
};

/* "ok", "made_way", "cancelled", or the class; "" for none. */
const char *counters_result_name(size_t result);

void counters_started(struct counters *c, const struct job *job, int64_t now_s);
/* now: what the run shows at its end. */
void counters_ended(struct counters *c, enum protocol protocol,
	const struct job_progress *now, const struct job_result *result,
	int64_t now_ms);
/* Makes `told` from what has ended and what goes on. */
void counters_look(struct counters *c, struct pool *pool);

#endif
