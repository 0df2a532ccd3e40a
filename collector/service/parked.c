/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An entry outlives its session, so that an account whose session is lost
 * again and again, or has news that are none, is remembered.
 */
#include "parked_table.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "../remote/session_channel.h"
#include "../sync/policy.h"

#include <stdlib.h>
#include <sys/random.h>

#define STEADY_MS (INT64_C(600) * 1000) /* waited so long: all was well */

/* ---- entries */

static struct entry **bucket(struct parked *p, int64_t account_id)
{
	return &p->entries[(uint64_t)account_id % BUCKETS];
}

struct entry *parked_find(struct parked *p, int64_t account_id)
{
	struct entry *e = *bucket(p, account_id);

	while (e != NULL && e->account_id != account_id)
		e = e->next;
	return e;
}

static struct entry *find_or_add(struct parked *p, int64_t account_id)
{
	struct entry *e = parked_find(p, account_id);

	if (e != NULL)
		return e;
	e = mem_alloc(sizeof *e);
	e->account_id = account_id;
	e->next = *bucket(p, account_id);
	*bucket(p, account_id) = e;
	return e;
}

void parked_each(struct parked *p,
	void (*fn)(struct parked *p, struct entry *e, const void *arg),
	const void *arg)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry *e = p->entries[i]; e != NULL; e = e->next)
			fn(p, e, arg);
}

/* ---- watching */

static void on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void unwatch(struct entry *e)
{
	if (e->watch == NULL)
		return;
	(void)uv_poll_stop(&e->watch->poll);
	uv_close((uv_handle_t *)&e->watch->poll, on_watch_closed);
	e->watch = NULL;
}

/* The session is somebody else's from here on, and its place is free. */
static struct parked_session let_go(struct parked *p, struct entry *e)
{
	struct parked_session s = e->session;

	unwatch(e);
	e->session = (struct parked_session){.inner = NULL};
	e->since_ms = clock_mono_ms();
	envoys_note_parked(p->needs.envoys, s.envoy, false);
	p->count--;
	parked_unreserve(p);
	return s;
}

void parked_entry_close(struct parked *p, struct entry *e)
{
	struct parked_session s = let_go(p, e);

	parked_session_close(p->needs.envoys, &s);
}

/* ---- news */

static uint32_t dice(void)
{
	uint32_t n;

	if (getrandom(&n, sizeof n, 0) < 0)
		n = (uint32_t)clock_wall_us();
	return n;
}

/* The session stays where it is: the run that it calls will take it. */
static void has_news(struct parked *p, struct entry *e)
{
	unwatch(e);
	e->called = true;
	parked_owe(p, e, OWED_NEWS, policy_push_news_s(e->fruitless));
}

static void was_lost(struct parked *p, struct entry *e, const struct err *err)
{
	int64_t waited_ms = clock_mono_ms() - e->since_ms, in_s;

	if (waited_ms > STEADY_MS)
		e->lost = 0;
	in_s = policy_push_lost_s(e->lost, dice());
	LOG(LOG_LEVEL_INFO, NULL, "parked_session_lost",
		LOG_NUM("account", e->account_id),
		LOG_NUM("waited_s", waited_ms / 1000),
		LOG_NUM("again_in_s", in_s), LOG_STR("error", err->text));
	e->lost++;
	parked_entry_close(p, e);
	parked_owe(p, e, OWED_LOST, in_s);
}

static void look(struct parked *p, struct entry *e)
{
	struct err err = {0};
	int r = session_channel_news(e->session.inner, &err);

	if (r > 0)
		has_news(p, e);
	else if (r < 0)
		was_lost(p, e, &err);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;

	(void)status;
	(void)events;
	look(w->parked, w->entry);
}

static int watch(struct parked *p, struct entry *e)
{
	struct watch *w = mem_alloc(sizeof *w);

	w->parked = p;
	w->entry = e;
	w->poll.data = w;
	if (uv_poll_init(p->loop, &w->poll,
		    session_channel_fd(e->session.inner)) != 0) {
		free(w);
		return -1;
	}
	e->watch = w;
	return uv_poll_start(
		&w->poll, UV_READABLE | UV_DISCONNECT, on_readable);
}

/* ---- the table */

struct parked *parked_new(
	uv_loop_t *loop, const struct parked_needs *needs, size_t max)
{
	struct parked *p = mem_alloc(sizeof *p);

	p->loop = loop;
	p->needs = *needs;
	atomic_init(&p->max, max);
	atomic_init(&p->reserved, 0);
	(void)uv_timer_init(loop, &p->settle);
	p->settle.data = p;
	return p;
}

void parked_set_max(struct parked *p, size_t max)
{
	atomic_store(&p->max, max);
}

size_t parked_count(const struct parked *p)
{
	return p->count;
}

bool parked_reserve(struct parked *p)
{
	if (atomic_fetch_add(&p->reserved, 1) < atomic_load(&p->max))
		return true;
	parked_unreserve(p);
	return false;
}

void parked_unreserve(struct parked *p)
{
	(void)atomic_fetch_sub(&p->reserved, 1);
}

void parked_put(struct parked *p, const struct job *job,
	struct parked_session session, bool news, bool moved)
{
	struct entry *e = find_or_add(p, job->account_id);

	if (e->called)
		e->fruitless = moved ? 0 : e->fruitless + 1;
	else if (moved)
		e->fruitless = 0;
	e->called = false;
	e->revision = job->revision;
	e->session = session;
	e->since_ms = clock_mono_ms();
	p->count++;
	envoys_note_parked(p->needs.envoys, session.envoy, true);
	if (p->closed || watch(p, e) != 0) {
		parked_entry_close(p, e);
		parked_owe(p, e, OWED_END, 0);
	} else if (news) {
		has_news(p, e);
	} else {
		look(p, e); /* it may have come with the answer to IDLE */
	}
}

bool parked_take(struct parked *p, const struct job *job,
	struct parked_session *ret_session)
{
	struct entry *e = parked_find(p, job->account_id);

	if (e == NULL || e->session.inner == NULL)
		return false;
	if (e->revision != job->revision) {
		parked_entry_close(p, e);
		return false;
	}
	*ret_session = let_go(p, e);
	return true;
}
