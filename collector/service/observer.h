/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * observer: counts what the conductor does, reads the job table's totals now
 * and then, and hands finished pages to the monitor. Where nobody may ask
 * (serve.listen = none) it counts and does nothing else. Loop thread.
 */
#ifndef MAILHAUL_SERVICE_OBSERVER_H
#define MAILHAUL_SERVICE_OBSERVER_H

#include "../../storage/committer.h"
#include "../../storage/jobs.h"
#include "../../storage/state.h"
#include "../base/err.h"
#include "../model/url.h"
#include "envoys.h"
#include "pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct observer;

struct observer *observer_new(struct state *state);
/* serve.listen; as monitor_listen. */
int observer_listen(struct observer *o, const char *endpoints,
	int64_t patience_ms, struct err *err);

/* Once, before the loop runs. */
void observer_begin(struct observer *o, uv_loop_t *loop);

void observer_started(struct observer *o, const struct job *job);
void observer_ended(struct observer *o, enum protocol protocol,
	const struct job_progress *now, const struct job_result *result);

struct observer_facts {
	struct pool *pool;
	struct envoys *envoys;
	struct committer *committer;
	size_t parked, places;
	bool asked; /* the job table answered in this turn */
	bool state_full, draining;
};
/* With every tick. */
void observer_tick(struct observer *o, const struct observer_facts *facts);

/* Once; then the loop, then observer_free. */
void observer_stop(struct observer *o);
void observer_free(struct observer **o);

#endif
