/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * health: what the daemon tells of itself to a service manager, and whether
 * it may be called alive. The watchdog is fed only from the loop's tick, and
 * only while the committer moves: a daemon whose loop turns while its disk has
 * swallowed a sync for minutes collects nothing, and a restart is the one
 * thing that may help. The faults of accounts have no say in it.
 * Loop thread.
 */
#ifndef MAILHAUL_SERVICE_HEALTH_H
#define MAILHAUL_SERVICE_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct health;

/* tells: there is a manager that wants to know, where the environment says
 * so; else only the log does. */
struct health *health_new(bool tells);
void health_free(struct health **h);

void health_ready(struct health *h);
void health_reloading(struct health *h);
void health_stopping(struct health *h);

struct health_facts {
	size_t runs, parked;
	int64_t committer_busy_ms; /* with one thing; 0: it waits for work */
	const char *trouble;	   /* what keeps all from working; "" */
};
/* With every tick. */
void health_tick(struct health *h, const struct health_facts *facts);

#endif
