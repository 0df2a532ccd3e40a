/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions that nobody wants any more, and entries that nobody remembers. */
#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "envoys.h"
#include "parked_table.h"

#include <stdlib.h>

#define FORGET_MS (INT64_C(7200) * 1000)

static void note_revision(void *arg, int64_t account_id, int64_t revision)
{
	struct entry *e = parked_find(arg, account_id);

	if (e != NULL && e->session.inner != NULL)
		e->stale = e->revision != revision;
	if (e != NULL && e->stale) {
		/* it is to wait again, as the account is now */
		parked_entry_close(arg, e);
		parked_owe(arg, e, OWED_LOST, 0);
		e->stale = false;
	}
}

static void drop_stale(struct parked *p, struct entry *e, const void *arg)
{
	(void)arg;
	if (!e->stale)
		return;
	e->stale = false;
	parked_entry_close(p, e);
	parked_owe(p, e, OWED_END, 0);
}

static void forget_old(struct parked *p)
{
	int64_t until_ms = clock_mono_ms() - FORGET_MS;

	for (size_t i = 0; i < BUCKETS; i++) {
		struct entry **at = &p->entries[i];
		while (*at != NULL) {
			struct entry *e = *at;
			if (e->session.inner != NULL || e->owed != 0 ||
				e->since_ms > until_ms) {
				at = &e->next;
				continue;
			}
			*at = e->next;
			free(e);
		}
	}
}

static size_t list(struct parked *p, int64_t *ids)
{
	size_t n = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry *e = p->entries[i]; e != NULL; e = e->next) {
			e->stale = e->session.inner != NULL;
			if (e->stale)
				ids[n++] = e->account_id;
		}
	return n;
}

static void unmark(struct parked *p, struct entry *e, const void *arg)
{
	(void)p;
	(void)arg;
	e->stale = false;
}

void parked_check(struct parked *p)
{
	int64_t *ids = mem_array(p->count, sizeof *ids);
	size_t n = list(p, ids);
	struct err err = {0};

	if (n != 0 && jobs_revisions(p->needs.state, ids, n, note_revision, p,
			      &err) != 0) {
		log_err(LOG_LEVEL_WARN, NULL, "push_not_read", &err);
		parked_each(p, unmark, NULL);
	}
	parked_each(p, drop_stale, NULL);
	free(ids);
	forget_old(p);
	parked_settle(p);
}

static void evict_one(struct parked *p, struct entry *e, const void *envoy)
{
	if (e->session.inner == NULL ||
		(envoy != NULL && e->session.envoy != envoy))
		return;
	parked_entry_close(p, e);
	parked_owe(p, e, OWED_END, 0);
}

void parked_evict(void *parked, const struct envoy *envoy)
{
	LOG(LOG_LEVEL_WARN, NULL, "parked_sessions_closed",
		LOG_STR("error", "other hosts need a process; raise "
				 "pool.envoys"));
	parked_each(parked, evict_one, envoy);
}

void parked_close(struct parked *p)
{
	struct err err = {0};

	p->closed = true;
	parked_each(p, evict_one, NULL);
	if (jobs_push_end(p->needs.state, 0, &err) != 0)
		log_err(LOG_LEVEL_WARN, NULL, "push_not_written", &err);
}

static void on_freed(uv_handle_t *handle)
{
	struct parked *p = handle->data;

	for (size_t i = 0; i < BUCKETS; i++)
		while (p->entries[i] != NULL) {
			struct entry *e = p->entries[i];
			p->entries[i] = e->next;
			free(e);
		}
	free(p);
}

void parked_free(struct parked **p)
{
	if (*p == NULL)
		return;
	parked_settle(*p);
	uv_close((uv_handle_t *)&(*p)->settle, on_freed);
	*p = NULL;
}
