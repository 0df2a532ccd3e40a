/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctime_pair.h"

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>

bool ctime_is_settled(const struct timespec *t)
{
	int64_t limit_ms = t->tv_nsec == 0 ? CTIME_COARSE_MS : CTIME_TICK_MS;
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)(now.tv_sec - t->tv_sec) * 1000 +
		       (now.tv_nsec - t->tv_nsec) / 1000000 >=
	       limit_ms;
}

void ctime_wait_tick(void)
{
	const struct timespec tick = {.tv_nsec = CTIME_TICK_MS * 1000000L};

	(void)nanosleep(&tick, NULL);
}

bool ctime_is_same(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int ctime_pair_read(
	int new_fd, int cur_fd, struct ctime_pair *ret_pair, struct err *err)
{
	struct stat st[2];

	if (fstat(new_fd, &st[0]) != 0 || fstat(cur_fd, &st[1]) != 0)
		return err_set_file(err, errno, "cannot look at new/ and cur/");
	ret_pair->settled = true;
	for (int i = 0; i < 2; i++) {
		ret_pair->t[i] = st[i].st_ctim;
		ret_pair->settled &= ctime_is_settled(&ret_pair->t[i]);
	}
	return 0;
}

bool ctime_pair_is_steady(
	const struct ctime_pair *before, const struct ctime_pair *after)
{
	return before->settled && ctime_is_same(&before->t[0], &after->t[0]) &&
	       ctime_is_same(&before->t[1], &after->t[1]);
}
