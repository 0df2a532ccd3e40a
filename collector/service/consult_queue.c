/* SPDX-License-Identifier: BSD-2-Clause */
#include "consult_queue.h"

#include "../base/clock.h"
#include "../base/dict.h"
#include "../base/mem.h"
#include "../model/budget.h"

#include <stdlib.h>
#include <string.h>

struct host {
	size_t sessions; /* that may be at once */
	size_t logins;	 /* a minute; 0 = any number */
	size_t talking;
	int64_t *begun_ms; /* of the last `logins` of them, a ring */
	size_t begun;
};

struct item {
	size_t host;
	bool taken; /* or left out */
};

struct consult_queue {
	struct item *items;
	size_t count, first; /* first: all before it are taken */
	struct host *hosts;
	size_t host_count;
};

static void add_host(struct consult_queue *q, const struct settings *settings,
	const char *name, enum protocol protocol)
{
	struct budget_limits limits;
	struct host *h;

	q->hosts = mem_grow(q->hosts, q->host_count + 1, sizeof *q->hosts);
	h = &q->hosts[q->host_count++];
	memset(h, 0, sizeof *h);
	budget_limits_of(settings->limits_hosts, settings->limits_known, name,
		protocol, &limits);
	h->sessions = (size_t)settings->pool_per_host;
	if (limits.sessions > 0)
		h->sessions = (size_t)limits.sessions;
	h->logins = limits.logins > 0 ? (size_t)limits.logins : 0;
	if (h->logins != 0)
		h->begun_ms = mem_array(h->logins, sizeof *h->begun_ms);
}

struct consult_queue *consult_queue_new(
	const struct settings *settings, const struct consult_many *many)
{
	struct consult_queue *q = mem_alloc(sizeof *q);
	struct dict *known = dict_new();

	q->count = many->count;
	q->items = mem_alloc((q->count + 1) * sizeof *q->items);
	for (size_t i = 0; i < q->count; i++) {
		enum protocol protocol = PROTOCOL_IMAP;
		const char *host = many->host(many->arg, i, &protocol);
		q->items[i].taken = host == NULL;
		if (host == NULL || dict_get(known, host, &q->items[i].host))
			continue;
		q->items[i].host = q->host_count;
		dict_put(known, host, q->host_count);
		add_host(q, settings, host, protocol);
	}
	dict_free(&known);
	return q;
}

void consult_queue_free(struct consult_queue **queue)
{
	struct consult_queue *q = *queue;

	if (q == NULL)
		return;
	for (size_t i = 0; i < q->host_count; i++)
		free(q->hosts[i].begun_ms);
	free(q->hosts);
	free(q->items);
	free(q);
	*queue = NULL;
}

static bool may_begin(const struct host *h, int64_t now_ms)
{
	if (h->talking >= h->sessions)
		return false;
	return h->logins == 0 || h->begun < h->logins ||
	       now_ms - h->begun_ms[h->begun % h->logins] >=
		       INT64_C(1000) * BUDGET_MINUTE_S;
}

static void begin(struct host *h, int64_t now_ms)
{
	h->talking++;
	if (h->logins != 0)
		h->begun_ms[h->begun++ % h->logins] = now_ms;
}

enum consult_turn consult_queue_take(struct consult_queue *q, size_t *ret_index)
{
	int64_t now_ms = clock_mono_ms();

	while (q->first < q->count && q->items[q->first].taken)
		q->first++;
	for (size_t i = q->first; i < q->count; i++) {
		struct host *h = &q->hosts[q->items[i].host];
		if (q->items[i].taken || !may_begin(h, now_ms))
			continue;
		q->items[i].taken = true;
		begin(h, now_ms);
		*ret_index = i;
		return CONSULT_GO;
	}
	return q->first < q->count ? CONSULT_WAIT : CONSULT_END;
}

void consult_queue_done(struct consult_queue *q, size_t index)
{
	q->hosts[q->items[index].host].talking--;
}
