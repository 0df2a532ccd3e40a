/* SPDX-License-Identifier: BSD-2-Clause */
#include "limits.h"

#include "../base/log.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/resource.h>

/*
 * A run holds its ledger and the -wal file, two or three directories of its
 * store, the message being written, channel, socket while it is handed over,
 * and an eventfd; a few more for a moment. Besides: the job table, envoys.
 */
#define FILES_EACH 12
#define ARENAS 2 /* of malloc: what one thread leaves behind serves others */
#define FILES_BESIDES 128

static rlim_t raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return RLIM_INFINITY;
	if (limit.rlim_cur < limit.rlim_max) {
		struct rlimit most = {limit.rlim_max, limit.rlim_max};
		if (setrlimit(RLIMIT_NOFILE, &most) == 0)
			limit = most;
	}
	return limit.rlim_cur;
}

size_t limits_raise(size_t wanted)
{
	rlim_t files = raise_files();
	size_t fit = 1;

	(void)mallopt(M_ARENA_MAX, ARENAS);
	if (files == RLIM_INFINITY)
		return wanted;
	if (files > FILES_BESIDES + FILES_EACH)
		fit = (size_t)((files - FILES_BESIDES) / FILES_EACH);
	if (fit >= wanted)
		return wanted;
	LOG(LOG_LEVEL_WARN, NULL, "too_few_files",
		LOG_NUM("pool.sessions", wanted), LOG_NUM("possible", fit),
		LOG_NUM("limit", files),
		LOG_STR("error", "not all sessions find descriptors; raise "
				 "the limit on open files (ulimit -n, "
				 "LimitNOFILE=)"));
	return fit;
}

size_t limits_parked(size_t wanted, size_t runs)
{
	struct rlimit limit;
	size_t taken = runs * FILES_EACH + FILES_BESIDES, fit = 0;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
		limit.rlim_cur == RLIM_INFINITY)
		return wanted;
	if (limit.rlim_cur > taken)
		fit = limit.rlim_cur - taken;
	return fit < wanted ? fit : wanted;
}
