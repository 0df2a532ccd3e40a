/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each hand of the crew is a thread with a session of its own, and takes the
 * next mailbox when it is done with one. All else of a run (ledger, store,
 * counters, marks) is shared, and belongs to whoever has the baton: a hand has
 * it always but while it waits for its server (session_wait). So all of sync/
 * stays what it is, straight-line code of one thread at a time; what goes on
 * at the same time are the servers, the lines, the envoys and the disk.
 * work.link is the link of whoever has the baton.
 *
 * A hand whose connection fails puts its mailbox back and leaves; the last one
 * fails as a run with one session does. A session that is refused to begin
 * with is no failure: the others go on.
 */
#include "walk_crew.h"

#include "../base/task.h"
#include "baton.h"

#include <assert.h>
#include <stdlib.h>

struct crew;

struct hand {
	struct crew *crew;
	struct walk walk;
	struct link link; /* while others have the baton */
	struct session_wait wait;
	unsigned outside; /* begins without their ends */
	struct task task;
	bool started;
};

struct crew {
	struct work *w;
	const struct plan *plan;
	struct baton baton;
	size_t next;   /* pairs before it are taken */
	size_t end;    /* those from here on are not for the crew */
	size_t *again; /* those that came back */
	size_t again_count;
	size_t alive; /* hands in their loops */
	bool over;
	struct err err; /* why */
};

static void enter(struct hand *h)
{
	baton_take(&h->crew->baton);
	h->crew->w->link = h->link;
}

static void leave(struct hand *h)
{
	h->link = h->crew->w->link;
	baton_drop(&h->crew->baton);
}

static void wait_begins(void *arg)
{
	struct hand *h = arg;

	if (h->outside++ == 0)
		leave(h);
}

static void wait_ends(void *arg)
{
	struct hand *h = arg;

	assert(h->outside > 0);
	if (--h->outside == 0)
		enter(h);
}

static void hand_init(struct hand *h, struct crew *c, struct marks *marks)
{
	h->crew = c;
	h->walk = (struct walk){.w = c->w, .marks = marks};
	h->wait = (struct session_wait){
		.begin = wait_begins, .end = wait_ends, .arg = h};
	link_init(&h->link, c->w->run);
	h->link.wait = &h->wait;
}

static bool take_pair(struct crew *c, size_t *ret_pair)
{
	if (c->over)
		return false;
	if (c->again_count > 0) {
		*ret_pair = c->again[--c->again_count];
		return true;
	}
	if (c->next == c->end)
		return false;
	*ret_pair = c->next++;
	return true;
}

/* True if the others can do what this one could not. */
static bool put_back(struct crew *c, size_t pair, const struct err *err)
{
	struct log_ctx log = c->w->log;

	if (c->alive < 2 || err->scope > ERR_SCOPE_SESSION ||
		err->class == ERR_CANCELLED || err->class == ERR_DISK ||
		err->class == ERR_STORE || work_cancelled(c->w))
		return false;
	log.mailbox = c->plan->pairs[pair].name;
	log_err(LOG_LEVEL_WARN, &log, "connection_given_up", err);
	c->again[c->again_count++] = pair;
	return true;
}

/* With the baton. */
static void work_through(struct hand *h)
{
	struct crew *c = h->crew;
	struct err err;
	size_t i;

	while (take_pair(c, &i)) {
		/* a pair that came back is asked for without any haste */
		walk_foretell(&h->walk, c->plan, i, 1);
		if (walk_pair(&h->walk, &c->plan->pairs[i], &err) == 0)
			continue;
		if (!put_back(c, i, &err) && !c->over) {
			c->over = true;
			c->err = err;
		}
		break;
	}
	c->alive--;
}

static void join_in(struct hand *h)
{
	struct crew *c = h->crew;
	struct err err;

	if (c->over || c->next == c->end)
		return;
	if (link_open(&c->w->link, &err) != 0) {
		if (!work_cancelled(c->w))
			log_err(LOG_LEVEL_WARN, &c->w->log,
				"connection_refused", &err);
		return;
	}
	c->alive++;
	work_through(h);
	link_close(&c->w->link);
}

static void *hand_thread(void *arg)
{
	struct hand *h = arg;

	enter(h);
	join_in(h);
	leave(h);
	return NULL;
}

/* \All, which comes last, is judged by what all the others have brought. */
static size_t end_of_crew(const struct plan *plan)
{
	size_t i = 0;

	while (i < plan->count && !plan->pairs[i].all)
		i++;
	return i;
}

/* How many more hands there can be. */
static size_t most_hands(const struct work *w, const struct plan *plan)
{
	size_t pairs = end_of_crew(plan);

	size_t n = w->run->account.connections > 1
			   ? (size_t)w->run->account.connections - 1
			   : 0;

	if (n > w->run->more.count)
		n = w->run->more.count;
	return n < pairs ? n : pairs;
}

/* Recognising what moved between mailboxes looks at all of them in turn. */
bool walk_crew_wanted(const struct work *w, const struct plan *plan)
{
	return w->run->account.url.protocol == PROTOCOL_IMAP &&
	       end_of_crew(plan) > 1 && w->salvage == NULL &&
	       most_hands(w, plan) > 0;
}

static void start_hands(
	struct hand *hands, size_t count, struct crew *c, struct marks *marks)
{
	const struct run_more *more = &c->w->run->more;
	struct err err;

	for (size_t i = 0; i < count; i++) {
		struct hand *h = &hands[i];
		if (!more->take(more->arg))
			return;
		hand_init(h, c, marks);
		h->link.dialer = &more->dialers[i];
		h->link.bulk = c->w->link.bulk;
		h->started = task_start(&h->task, hand_thread, h, &err) == 0;
		if (!h->started) {
			more->give(more->arg);
			return;
		}
	}
}

static void join_hands(struct hand *hands, size_t count, struct crew *c)
{
	const struct run_more *more = &c->w->run->more;

	for (size_t i = 0; i < count; i++)
		if (hands[i].started) {
			task_join(&hands[i].task);
			more->give(more->arg);
		}
}

int walk_crew(struct walk *k, const struct plan *plan, struct err *err)
{
	size_t count = most_hands(k->w, plan);
	struct hand *hands = mem_alloc((count + 1) * sizeof *hands);
	struct crew c = {
		.w = k->w, .plan = plan, .end = end_of_crew(plan), .alive = 1};
	struct hand *own = &hands[count];
	int rc;

	baton_init(&c.baton);
	c.again = mem_array(count + 1, sizeof *c.again);
	hand_init(own, &c, k->marks);
	baton_take(&c.baton);
	k->w->wait = own->wait; /* its session was opened before */
	start_hands(hands, count, &c, k->marks);
	work_through(own);
	leave(own);
	k->w->wait.begin = NULL;
	join_hands(hands, count, &c);
	k->w->link = own->link;
	baton_clear(&c.baton);
	rc = c.over ? -1 : 0;
	if (c.over && err != NULL)
		*err = c.err;
	for (size_t i = c.end; rc == 0 && i < plan->count; i++)
		rc = walk_pair(k, &plan->pairs[i], err);
	free(c.again);
	free(hands);
	return rc;
}
