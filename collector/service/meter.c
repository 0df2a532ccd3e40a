/* SPDX-License-Identifier: BSD-2-Clause */
#include "meter.h"

#include "../../storage/budgets.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- counting */

struct reading {
	struct pool_run run;
	struct job job; /* a copy */
	uint64_t bytes;
	int64_t granted;
};

struct readings {
	struct reading *all;
	size_t count;
};

static void add_reading(void *arg, const struct pool_run *run)
{
	struct readings *r = arg;
	struct reading *one;

	r->all = mem_grow(r->all, r->count + 1, sizeof *r->all);
	one = &r->all[r->count++];
	*one = (struct reading){.run = *run, .job = run->run->job};
	one->bytes = allowance_uncounted(&run->run->allowance);
}

static int write_reading(
	struct state *state, struct reading *r, int64_t now_s, struct err *err)
{
	struct allowance *a = &r->run.run->allowance;
	int64_t wanted = (int64_t)atomic_load(&a->logins) -
			 (int64_t)atomic_load(&a->granted);

	if (budgets_spend(state, r->job.account_id, r->bytes, now_s, err) != 0)
		return -1;
	/* where they are not limited they have been already */
	if (wanted > 0 &&
		budgets_log_in(state, r->job.account_id, wanted,
			!a->logins_limited, now_s, &r->granted, err) != 0)
		return -1;
	return 0;
}

/* After all of them: each sees the others' bytes. */
static int read_back(struct state *state, struct readings *readings,
	int64_t now_s, struct err *err)
{
	for (size_t i = 0; i < readings->count; i++)
		if (budgets_of(state, now_s, &readings->all[i].job, err) != 0)
			return -1;
	return 0;
}

static int write_all(struct state *state, struct readings *readings,
	const struct job_progress *progress, size_t count, struct err *err)
{
	int64_t now_s = clock_wall_s();

	if (jobs_begin(state, err) != 0)
		return -1;
	if (jobs_progress(state, progress, count, err) != 0)
		goto failed;
	for (size_t i = 0; i < readings->count; i++)
		if (write_reading(state, &readings->all[i], now_s, err) != 0)
			goto failed;
	if (read_back(state, readings, now_s, err) != 0)
		goto failed;
	return jobs_commit(state, err);
failed:
	jobs_rollback(state);
	return -1;
}

static void tell_run(const struct reading *r)
{
	struct allowance *a = &r->run.run->allowance;
	struct budget budget = r->job.budget;

	budget.account_bytes =
		budget_lower(budget.account_bytes, r->run.limits.account_bytes);
	allowance_counted(a, r->bytes);
	allowance_refresh(a, &budget);
	(void)atomic_fetch_add(&a->granted, (unsigned)r->granted);
}

int meter_write(struct state *state, struct pool *pool,
	const struct job_progress *progress, size_t count, struct err *err)
{
	struct readings readings = {0};
	int r;

	if (count == 0)
		return 0;
	pool_each(pool, add_reading, &readings);
	r = write_all(state, &readings, progress, count, err);
	for (size_t i = 0; r == 0 && i < readings.count; i++)
		tell_run(&readings.all[i]);
	free(readings.all);
	return r;
}

/* ---- turns */

struct turns {
	struct pool_run *over; /* have had their slice; longest first */
	size_t over_count;
	const struct settings *settings;
	size_t waiting; /* of all hosts */
};

static bool has_had_slice(const struct settings *s, const struct pool_run *run)
{
	uint64_t received = atomic_load(&run->run->allowance.received);

	return (s->pool_slice_s != 0 &&
		       run->age_ms >= s->pool_slice_s * 1000) ||
	       (s->pool_slice_bytes != 0 && received >= s->pool_slice_bytes);
}

static void add_over(void *arg, const struct pool_run *run)
{
	struct turns *t = arg;

	if (!has_had_slice(t->settings, run))
		return;
	t->over = mem_grow(t->over, t->over_count + 1, sizeof *t->over);
	t->over[t->over_count++] = *run;
}

static int by_age(const void *a, const void *b)
{
	const struct pool_run *x = a, *y = b;

	return x->age_ms > y->age_ms ? -1 : x->age_ms < y->age_ms;
}

/* So many of those that have had their slice make way, the ones that have been
 * asked to included. host NULL: whatever theirs is. */
static void make_way(struct turns *t, const char *host, size_t wanted)
{
	for (size_t i = 0; i < t->over_count && wanted > 0; i++) {
		struct run *run = t->over[i].run;
		if (host != NULL && strcmp(run->account.url.host, host) != 0)
			continue;
		wanted--;
		if (!atomic_exchange(&run->allowance.yield, true))
			LOG(LOG_LEVEL_INFO,
				(&(struct log_ctx){.run = run->job.run,
					.account = run->account.name}),
				"making_way",
				LOG_NUM("after_s", t->over[i].age_ms / 1000));
	}
}

static void on_waiting(void *arg, const char *host, size_t waiting, bool full)
{
	struct turns *t = arg;

	t->waiting += waiting;
	/* a place of another host would not help them */
	if (full && t->over_count != 0)
		make_way(t, host, waiting);
}

static bool ask_waiting(const struct claims *claims,
	const struct settings *settings, struct turns *t)
{
	struct err err = {0};

	if (jobs_waiting(claims->state, clock_wall_s(), settings->pool_per_host,
		    claims->seen, claims->seen_count, on_waiting, t, &err) == 0)
		return true;
	log_err(LOG_LEVEL_WARN, NULL, "waiting_not_read", &err);
	return false;
}

void meter_make_way(const struct claims *claims, struct pool *pool,
	const struct settings *settings, bool no_place)
{
	struct turns t = {.settings = settings};

	pool_each(pool, add_over, &t);
	if (t.over_count != 0) {
		qsort(t.over, t.over_count, sizeof *t.over, by_age);
		if (claims->named)
			make_way(&t, NULL, claims->pending_count);
		else if (ask_waiting(claims, settings, &t) && no_place)
			make_way(&t, NULL, t.waiting);
	}
	free(t.over);
}

bool meter_is_waited_for(
	const struct claims *claims, const struct settings *settings)
{
	struct turns t = {.settings = settings};

	return !claims->named && ask_waiting(claims, settings, &t) &&
	       t.waiting != 0;
}
