/* SPDX-License-Identifier: BSD-2-Clause */
#include "effort.h"

#include <pthread.h>
#include <time.h>

static int64_t now_ms(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		return -1; /* the thread has gone */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void effort_begin(struct effort *e)
{
	clockid_t clock;

	if (pthread_getcpuclockid(pthread_self(), &clock) != 0)
		return;
	atomic_store(&e->clock, clock);
	atomic_store(&e->since, now_ms(clock));
	atomic_store(&e->on, 1);
}

void effort_mark(struct effort *e)
{
	if (e != NULL && atomic_load(&e->on) != 0)
		atomic_store(&e->since, now_ms(atomic_load(&e->clock)));
}

void effort_end(struct effort *e)
{
	atomic_store(&e->on, 0);
}

int64_t effort_ms(const struct effort *e)
{
	int64_t now;

	if (atomic_load(&e->on) == 0)
		return 0;
	now = now_ms(atomic_load(&e->clock));
	return now < 0 ? 0 : now - atomic_load(&e->since);
}
