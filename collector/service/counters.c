/* SPDX-License-Identifier: BSD-2-Clause */
#include "counters.h"

#include "pool.h"

#include <pthread.h>

const char *counters_result_name(size_t result)
{
	if (result == COUNTERS_OK)
		return "ok";
	if (result == COUNTERS_MADE_WAY)
		return "made_way";
	return err_class_name((enum err_class)result);
}

static size_t result_of(const struct job_result *r)
{
	if (r->yielded)
		return COUNTERS_MADE_WAY;
	if (r->cancelled)
		return ERR_CANCELLED;
	return r->ok ? COUNTERS_OK : (size_t)r->err.class;
}

void counters_started(struct counters *c, const struct job *job, int64_t now_s)
{
	c->started++;
	/* one that a person has named waits for nothing */
	if (job->due_at_s != 0)
		exposition_observe(&c->wait, (now_s - job->due_at_s) * 1000);
}

void counters_ended(struct counters *c, enum protocol protocol,
	const struct job_progress *now, const struct job_result *result,
	int64_t now_ms)
{
	struct counters_bulk *over = &c->over[protocol];

	c->ended[protocol][result_of(result)]++;
	c->deleted += result->deleted_at_source;
	over->messages += now->messages_done;
	over->bytes += now->bytes_done;
	if (now->started_ms != 0)
		exposition_observe(&c->duration, now_ms - now->started_ms);
}

static void add_live(void *arg, const struct pool_run *run)
{
	struct counters_bulk *sum = arg;
	struct run_progress *p = &run->run->progress;

	sum += run->run->account.url.protocol;
	(void)pthread_mutex_lock(&p->lock);
	sum->messages += p->now.messages_done;
	sum->bytes += p->now.bytes_done;
	(void)pthread_mutex_unlock(&p->lock);
}

/* A run's own numbers may be put right downwards; what was told stays. */
void counters_look(struct counters *c, struct pool *pool)
{
	struct counters_bulk sum[COUNTERS_PROTOCOLS];

	for (size_t i = 0; i < COUNTERS_PROTOCOLS; i++)
		sum[i] = c->over[i];
	pool_each(pool, add_live, sum);
	for (size_t i = 0; i < COUNTERS_PROTOCOLS; i++) {
		struct counters_bulk *told = &c->told[i];
		if (sum[i].messages > told->messages)
			told->messages = sum[i].messages;
		if (sum[i].bytes > told->bytes)
			told->bytes = sum[i].bytes;
	}
}
