/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor: the herald (remote/herald.h) and its sockets, watched. A herald
 * that has ended, or takes no pages any more, is replaced, at once the first
 * time and later and later when that goes on. Nothing here ever waits for it.
 * Loop thread.
 */
#ifndef MAILHAUL_SERVICE_MONITOR_H
#define MAILHAUL_SERVICE_MONITOR_H

#include "../base/buf.h"
#include "../base/err.h"
#include "../remote/herald.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct monitor;

struct monitor *monitor_new(void);
/* As listeners_open, before the loop or within it; a herald is there from the
 * next tick on, where anything is open, and none where nothing is. */
int monitor_listen(struct monitor *m, const char *endpoints,
	int64_t patience_ms, struct err *err);
/* Once, before the loop runs. */
void monitor_begin(struct monitor *m, uv_loop_t *loop);
bool monitor_listens(const struct monitor *m);
/* How many heralds there have been. */
uint64_t monitor_starts(const struct monitor *m);

struct monitor_page {
	unsigned status; /* of HTTP, three digits */
	struct buf text; /* at most HERALD_PAGE_BYTES count */
};
/* With every tick, where monitor_listens. */
void monitor_tick(
	struct monitor *m, const struct monitor_page pages[HERALD_PAGES]);

/* Once: closes the sockets and lets the herald end; the loop ends when it
 * has. */
void monitor_stop(struct monitor *m);
/* After the loop. */
void monitor_free(struct monitor **m);

#endif
