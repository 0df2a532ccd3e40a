/* SPDX-License-Identifier: BSD-2-Clause */
#include "health.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "notify.h"

#include <stdlib.h>

#define FEEDS 4		     /* in the time after which we are killed */
#define STUCK_MS (60 * 1000) /* where no watchdog says what is too long */

struct health {
	struct notify *notify;
	int64_t fed_ms;
	bool stuck; /* and the log has it */
};

struct health *health_new(bool tells)
{
	struct health *h = mem_alloc(sizeof *h);

	h->notify = notify_open(tells);
	return h;
}

void health_free(struct health **h)
{
	if (*h == NULL)
		return;
	notify_close(&(*h)->notify);
	free(*h);
	*h = NULL;
}

void health_ready(struct health *h)
{
	notify_ready(h->notify);
}

void health_reloading(struct health *h)
{
	notify_reloading(h->notify);
}

void health_stopping(struct health *h)
{
	notify_stopping(h->notify);
}

/* One thing takes the committer longer than the watchdog's time. */
static bool is_stuck(struct health *h, int64_t busy_ms)
{
	int64_t most_ms = notify_watchdog_ms(h->notify);
	bool stuck = busy_ms > (most_ms != 0 ? most_ms : STUCK_MS);

	if (stuck && !h->stuck)
		LOG(LOG_LEVEL_ERROR, NULL, "committer_stuck",
			LOG_NUM("seconds", busy_ms / 1000),
			LOG_STR("error", "the disk does not answer; look at "
					 "the file systems of state.dir and "
					 "of the stores"));
	else if (!stuck && h->stuck)
		LOG(LOG_LEVEL_INFO, NULL, "committer_moves_again", LOG_END);
	h->stuck = stuck;
	return stuck;
}

static void feed(struct health *h)
{
	int64_t now_ms = clock_mono_ms();

	if (notify_watchdog_ms(h->notify) == 0 ||
		now_ms - h->fed_ms < notify_watchdog_ms(h->notify) / FEEDS)
		return;
	h->fed_ms = now_ms;
	notify_alive(h->notify);
}

void health_tick(struct health *h, const struct health_facts *f)
{
	if (is_stuck(h, f->committer_busy_ms)) {
		notify_status(h->notify, "the disk does not answer");
		return;
	}
	if (f->trouble[0] != '\0')
		notify_status(h->notify, "%s", f->trouble);
	else
		notify_status(h->notify,
			"%zu accounts being collected, %zu waiting for news",
			f->runs, f->parked);
	feed(h);
}
