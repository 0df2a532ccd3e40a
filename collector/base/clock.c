/* SPDX-License-Identifier: BSD-2-Clause */
#include "clock.h"

#include <stdio.h>
#include <time.h>

int64_t clock_mono_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall_s(void)
{
	return clock_wall_us() / 1000000;
}

const char *clock_rfc3339(int64_t wall_s, char out[CLOCK_RFC3339_BYTES])
{
	struct tm tm;
	time_t t = (time_t)wall_s;

	out[0] = '\0';
	if (wall_s != 0 && gmtime_r(&t, &tm) != NULL)
		(void)strftime(
			out, CLOCK_RFC3339_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}
