/* SPDX-License-Identifier: BSD-2-Clause */
#include "rounds.h"

#include "../../storage/restored.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "meter.h"

#include <stdlib.h>

void rounds_tell(const struct conductor_options *options,
	const struct conductor_event *event)
{
	if (options->on_event != NULL)
		options->on_event(options->arg, event);
}

int rounds_restored(struct state *state, struct err *err)
{
	size_t accounts;

	if (restored_settle(state, &accounts, err) < 0)
		return -1;
	if (accounts != 0)
		LOG(LOG_LEVEL_WARN, NULL, "state_restored",
			LOG_NUM("accounts", accounts),
			LOG_STR("text", "the job table is from a backup: each "
					"store is looked through before "
					"anything is fetched"));
	return 0;
}

void rounds_failed(const struct run *run, struct room *room,
	const struct settings *settings)
{
	const struct job_result *r = &run->result;
	const struct log_ctx log = {
		.run = run->job.run, .account = run->account.name};

	room_note(room, settings, run->account.to, &r->err);
	if (r->err.class == ERR_AUTH && r->needs_person &&
		(run->job.attempts == 0 || run->job.refusals > 0))
		log_err(LOG_LEVEL_ERROR, &log, "credentials_died", &r->err);
}

void rounds_progress(const struct rounds *r)
{
	struct job_progress *progress;
	const char **names;
	struct err err = {0};
	size_t n = pool_progress(r->pool, &progress, &names);

	if (meter_write(r->state, r->pool, progress, n, &err) < 0)
		log_err(LOG_LEVEL_WARN, NULL, "progress_not_written", &err);
	for (size_t i = 0; i < n; i++)
		rounds_tell(r->options,
			&(struct conductor_event){.kind = CONDUCTOR_PROGRESS,
				.account = names[i],
				.progress = &progress[i]});
	free(progress);
	free(names);
}

void rounds_until(const struct rounds *r)
{
	struct err err = {0};

	if (jobs_until(r->state, clock_wall_s(), &err) < 0)
		log_err(LOG_LEVEL_WARN, NULL, "until_not_read", &err);
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

static void on_stalled(void *arg, const char *account, int64_t moved_at)
{
	const struct log_ctx log = {.account = account};
	char when[CLOCK_RFC3339_BYTES] = "never";

	(void)arg;
	if (moved_at != 0)
		(void)clock_rfc3339(moved_at, when);
	LOG(LOG_LEVEL_WARN, &log, "account_stalled", LOG_STR("moved", when),
		LOG_STR("text", "it is tried, and nothing has come of it; see "
				"mailhaul status"));
}

void rounds_stalled(const struct rounds *r)
{
	struct err err = {0};

	if (jobs_stalled(r->state, clock_wall_s(), ROUNDS_STALLED_S, on_stalled,
		    NULL, &err) < 0)
		log_err(LOG_LEVEL_WARN, NULL, "stalled_not_read", &err);
}

void rounds_heartbeat(const struct rounds *r)
{
	struct err err = {0};

	if (pool_count(r->pool) != 0 &&
		jobs_heartbeat(r->state, r->owner, clock_wall_s(), &err) < 0)
		log_err(LOG_LEVEL_ERROR, NULL, "heartbeat_failed", &err);
}
