/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pages: what may be asked for over HTTP, out of facts. Nobody's name is in
 * the facts: a label's value is a word of a table of ours (state, protocol,
 * class), so that there are a few hundred series whatever the accounts are.
 * Pure.
 */
#ifndef MAILHAUL_SERVICE_PAGES_H
#define MAILHAUL_SERVICE_PAGES_H

#include "../../storage/totals.h"
#include "counters.h"
#include "monitor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pages_facts {
	const struct counters *counters;
	struct totals totals;
	int64_t totals_at_s; /* when they were read; 0: not yet */
	int64_t started_s;
	size_t runs, sessions, parked, places;
	uint64_t processes_died, heralds, batches;
	int64_t committer_busy_ms, committer_most_ms;
	bool state_full, draining;
	bool table_open, keys_open; /* they could be asked just now */
};

void pages_metrics(const struct pages_facts *f, struct buf *out);
/* Whether it lives: 200 or 503, and a line. */
void pages_health(const struct pages_facts *f, struct monitor_page *page);
/* Whether it collects what falls due. */
void pages_ready(const struct pages_facts *f, struct monitor_page *page);

#endif
