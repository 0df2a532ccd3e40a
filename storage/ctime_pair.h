/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctime_pair: whether new/ and cur/ of a folder stayed as they were while
 * they were listed. A listing misses what is renamed during it, so only one
 * that was not disturbed says that a message is absent.
 */
#ifndef MAILHAUL_STORAGE_CTIME_PAIR_H
#define MAILHAUL_STORAGE_CTIME_PAIR_H

#include "../collector/base/err.h"

#include <stdbool.h>
#include <time.h>

/* So long ago a change must lie, or the next one may bear the same time:
 * several ticks of the kernel's clock; for file systems that keep seconds. */
#define CTIME_TICK_MS 30
#define CTIME_COARSE_MS 2100

struct ctime_pair {
	struct timespec t[2]; /* new/, cur/ */
	bool settled;	      /* both old enough when they were read */
};

/* Old enough, now, that another change would show. */
bool ctime_is_settled(const struct timespec *t);
/* Until what was changed just now is old enough. */
void ctime_wait_tick(void);
bool ctime_is_same(const struct timespec *a, const struct timespec *b);
int ctime_pair_read(
	int new_fd, int cur_fd, struct ctime_pair *ret_pair, struct err *err);
/* before: read before the listing, after: after it. */
bool ctime_pair_is_steady(
	const struct ctime_pair *before, const struct ctime_pair *after);

#endif
