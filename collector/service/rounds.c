/* SPDX-License-Identifier: BSD-2-Clause */
#include "rounds.h"

#include "../base/clock.h"
#include "../base/log.h"

#include <stdlib.h>

void rounds_tell(const struct conductor_options *options,
	const struct conductor_event *event)
{
	if (options->on_event != NULL)
		options->on_event(options->arg, event);
}

void rounds_progress(const struct rounds *r)
{
	struct job_progress *progress;
	const char **names;
	struct err err = {0};
	size_t n = pool_progress(r->pool, &progress, &names);

	if (n != 0 && jobs_progress(r->state, progress, n, &err) < 0)
		log_err(LOG_LEVEL_WARN, NULL, "progress_not_written", &err);
	for (size_t i = 0; i < n; i++)
		rounds_tell(r->options,
			&(struct conductor_event){.kind = CONDUCTOR_PROGRESS,
				.account = names[i],
				.progress = &progress[i]});
	free(progress);
	free(names);
}

void rounds_cancelled(const struct rounds *r)
{
	struct err err = {0};
	int64_t *ids = NULL;
	size_t n = 0;

	if (pool_count(r->pool) == 0)
		return;
	if (jobs_cancelled(r->state, r->owner, &ids, &n, &err) < 0)
		log_err(LOG_LEVEL_WARN, NULL, "cancel_not_read", &err);
	for (size_t i = 0; i < n; i++)
		pool_cancel(r->pool, ids[i], true);
	free(ids);
}

void rounds_heartbeat(const struct rounds *r)
{
	struct err err = {0};

	if (pool_count(r->pool) != 0 &&
		jobs_heartbeat(r->state, r->owner, clock_wall_s(), &err) < 0)
		log_err(LOG_LEVEL_ERROR, NULL, "heartbeat_failed", &err);
}
