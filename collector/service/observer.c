/* SPDX-License-Identifier: BSD-2-Clause */
#include "observer.h"

#include "../../storage/secret.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "counters.h"
#include "monitor.h"
#include "pages.h"

#include <stdlib.h>

#define READ_MS 5000   /* between two looks at the job table, at least */
#define READ_SHARE 50  /* and so many times as long as one takes */
#define STUCK_MS 60000 /* one batch: the disk does not answer */

struct observer {
	struct state *state;
	struct monitor *monitor;
	struct counters counters;
	struct pages_facts facts; /* totals stay between two looks */
	int64_t read_next_ms;
	struct monitor_page pages[HERALD_PAGES];
};

struct observer *observer_new(struct state *state)
{
	struct observer *o = mem_alloc(sizeof *o);

	o->state = state;
	o->monitor = monitor_new();
	o->facts.counters = &o->counters;
	o->facts.started_s = clock_wall_s();
	o->facts.committer_most_ms = STUCK_MS;
	for (size_t i = 0; i < HERALD_PAGES; i++)
		buf_init(&o->pages[i].text, HERALD_PAGE_BYTES);
	return o;
}

int observer_listen(struct observer *o, const char *endpoints,
	int64_t patience_ms, struct err *err)
{
	return monitor_listen(o->monitor, endpoints, patience_ms, err);
}

void observer_begin(struct observer *o, uv_loop_t *loop)
{
	monitor_begin(o->monitor, loop);
}

void observer_started(struct observer *o, const struct job *job)
{
	counters_started(&o->counters, job, clock_wall_s());
}

void observer_ended(struct observer *o, enum protocol protocol,
	const struct job_progress *now, const struct job_result *result)
{
	counters_ended(
		&o->counters, protocol, now, result, clock_wall_us() / 1000);
}

/* A table of 50,000 accounts takes a while: not more than a fiftieth of the
 * loop's time. */
static void read_table(struct observer *o)
{
	int64_t began_ms = clock_mono_ms(), took_ms;
	struct err err = {0};

	if (began_ms < o->read_next_ms)
		return;
	if (totals_read(o->state, clock_wall_s(), &o->facts.totals, &err) == 0)
		o->facts.totals_at_s = clock_wall_s();
	else
		log_err(LOG_LEVEL_WARN, NULL, "totals_not_read", &err);
	o->facts.keys_open = secret_need_keys(o->state, &err) == 0;
	took_ms = (clock_mono_ms() - began_ms) * READ_SHARE;
	o->read_next_ms = began_ms + (took_ms > READ_MS ? took_ms : READ_MS);
}

static void fill_facts(struct observer *o, const struct observer_facts *now)
{
	struct pages_facts *f = &o->facts;

	f->runs = pool_count(now->pool);
	f->sessions = pool_sessions(now->pool);
	f->parked = now->parked;
	f->places = now->places;
	f->processes_died = envoys_died(now->envoys);
	f->heralds = monitor_starts(o->monitor);
	f->batches = committer_batches(now->committer);
	f->committer_busy_ms = committer_busy_ms(now->committer);
	f->state_full = now->state_full;
	f->draining = now->draining;
	f->table_open = now->asked;
}

void observer_tick(struct observer *o, const struct observer_facts *now)
{
	if (!monitor_listens(o->monitor))
		return;
	read_table(o);
	counters_look(&o->counters, now->pool);
	fill_facts(o, now);
	for (size_t i = 0; i < HERALD_PAGES; i++)
		buf_reset(&o->pages[i].text);
	o->pages[HERALD_METRICS].status = 200;
	pages_metrics(&o->facts, &o->pages[HERALD_METRICS].text);
	pages_health(&o->facts, &o->pages[HERALD_HEALTH]);
	pages_ready(&o->facts, &o->pages[HERALD_READY]);
	monitor_tick(o->monitor, o->pages);
}

void observer_stop(struct observer *o)
{
	monitor_stop(o->monitor);
}

void observer_free(struct observer **o)
{
	if (*o == NULL)
		return;
	monitor_free(&(*o)->monitor);
	for (size_t i = 0; i < HERALD_PAGES; i++)
		buf_free(&(*o)->pages[i].text);
	free(*o);
	*o = NULL;
}
