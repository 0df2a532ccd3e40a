/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue and the thread; batch.c does the work. While a batch is under
 * way its stores point to their parts, and nobody frees such a store.
 */
#include "committer.h"

#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
#include "../collector/base/task.h"
#include "batch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_MESSAGES 2000
#define QUEUE_BYTES ((uint64_t)64 * 1024 * 1024)
/* A batch costs the same flushes however small it is: it waits this long for
 * company unless it is large enough, or somebody waits for it. */
#define LINGER_MS 200
#define BATCH_MESSAGES 500
#define BATCH_BYTES ((uint64_t)16 * 1024 * 1024)

struct committer {
	struct lender lender;
	int state_fd;
	bool fsync_each;
	struct task task;
	pthread_mutex_t lock; /* guards all below, and store->shared */
	pthread_cond_t work;  /* something to do for the thread */
	pthread_cond_t moved; /* room in the queue, or a batch has ended */
	bool stop;
	struct staged *first, **last;
	size_t messages;
	uint64_t bytes;
	int64_t first_ms;	/* when the first one in the queue came */
	uint64_t batches;	/* that are over */
	int64_t batch_ms;	/* when the present batch was begun; 0: none */
	bool hurry;		/* somebody waits for what is in the queue */
	struct store *flushers; /* whose rows are to become done */
};

static struct batch_part *part_of(
	struct store *store, struct batch_part **parts)
{
	struct batch_part *p = store->shared.part;

	if (p != NULL)
		return p;
	p = mem_alloc(sizeof *p);
	p->store = store;
	p->last = &p->first;
	p->done = store->shared.done;
	p->done_count = store->shared.done_count;
	store->shared.done = NULL;
	store->shared.done_count = store->shared.done_cap = 0;
	store->shared.part = p;
	p->next = *parts;
	*parts = p;
	return p;
}

/* All that is queued, over all stores. Under the lock. */
static struct batch_part *take_batch(struct committer *c)
{
	struct batch_part *parts = NULL, *p;
	struct store *store;
	struct staged *s;

	while ((s = c->first) != NULL) {
		c->first = s->next;
		s->next = NULL;
		p = part_of(s->store, &parts);
		*p->last = s;
		p->last = &s->next;
		p->count++;
	}
	c->last = &c->first;
	c->messages = 0;
	c->bytes = 0;
	c->hurry = false;
	while ((store = c->flushers) != NULL) {
		c->flushers = store->shared.next_flush;
		store->shared.flush = false;
		(void)part_of(store, &parts);
	}
	return parts;
}

static void add_done(struct store *store, int64_t row)
{
	if (store->shared.done_count == store->shared.done_cap) {
		store->shared.done_cap = store->shared.done_cap == 0
						 ? 64
						 : store->shared.done_cap * 2;
		store->shared.done = mem_grow(store->shared.done,
			store->shared.done_cap, sizeof *store->shared.done);
	}
	store->shared.done[store->shared.done_count++] = row;
}

/* Tells the store how its part went. Under the lock. */
static void settle(struct batch_part *p)
{
	struct store *store = p->store;
	struct staged *s;

	store->shared.part = NULL;
	store->shared.pending -= p->count;
	if (p->failed && !store->shared.failed) {
		store->shared.failed = true;
		store->shared.fault = p->err;
	}
	if (!p->failed)
		(void)atomic_fetch_add(&store->settled, p->count);
	(void)atomic_fetch_add(&store->messages, p->messages);
	(void)atomic_fetch_add(&store->bytes, p->bytes);
	while ((s = p->first) != NULL) {
		p->first = s->next;
		if (!p->failed && s->row != 0)
			add_done(store, s->row);
		free(s);
	}
	free(p->done);
	free(p);
}

static bool is_large(const struct committer *c)
{
	return c->messages >= BATCH_MESSAGES || c->bytes >= BATCH_BYTES;
}

/* Waits until there is something worth a batch. Under the lock. */
static void gather(struct committer *c)
{
	struct timespec until;
	int64_t until_ms;

	while (!c->stop && c->first == NULL && c->flushers == NULL)
		(void)pthread_cond_wait(&c->work, &c->lock);
	until_ms = c->first_ms + LINGER_MS;
	until.tv_sec = until_ms / 1000;
	until.tv_nsec = until_ms % 1000 * 1000000;
	while (!c->stop && !c->hurry && c->flushers == NULL && !is_large(c))
		if (pthread_cond_timedwait(&c->work, &c->lock, &until) != 0)
			break;
}

static void *run(void *arg)
{
	struct committer *c = arg;
	struct batch_part *parts, *next;

	(void)pthread_mutex_lock(&c->lock);
	for (;;) {
		gather(c);
		if (c->first == NULL && c->flushers == NULL) {
			if (c->stop)
				break;
			continue; /* withdrawn while it lingered */
		}
		parts = take_batch(c);
		c->batch_ms = clock_mono_ms();
		(void)pthread_cond_broadcast(&c->moved);
		(void)pthread_mutex_unlock(&c->lock);
		batch_run(parts, c->state_fd, c->fsync_each);
		(void)pthread_mutex_lock(&c->lock);
		for (; parts != NULL; parts = next) {
			next = parts->next;
			settle(parts);
		}
		c->batch_ms = 0;
		c->batches++;
		(void)pthread_cond_broadcast(&c->moved);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void free_committer(struct committer *c)
{
	(void)pthread_cond_destroy(&c->moved);
	(void)pthread_cond_destroy(&c->work);
	(void)pthread_mutex_destroy(&c->lock);
	(void)close(c->state_fd);
	lender_clear(&c->lender);
	free(c);
}

int committer_start(const char *state_dir, bool fsync_each,
	struct committer **ret_committer, struct err *err)
{
	int fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pthread_condattr_t attr;
	struct committer *c;

	if (fd < 0)
		return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, errno, "cannot open state.dir %s",
			state_dir);
	c = mem_alloc(sizeof *c);
	c->state_fd = fd;
	c->fsync_each = fsync_each;
	c->last = &c->first;
	lender_init(&c->lender);
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&c->work, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)pthread_cond_init(&c->moved, NULL);
	if (task_start(&c->task, run, c, err) != 0) {
		free_committer(c);
		return -1;
	}
	*ret_committer = c;
	return 0;
}

void committer_stop(struct committer **committer)
{
	struct committer *c = *committer;

	if (c == NULL)
		return;
	*committer = NULL;
	(void)pthread_mutex_lock(&c->lock);
	c->stop = true;
	(void)pthread_cond_signal(&c->work);
	(void)pthread_mutex_unlock(&c->lock);
	task_join(&c->task);
	free_committer(c);
}

uint64_t committer_batches(struct committer *c)
{
	uint64_t n;

	(void)pthread_mutex_lock(&c->lock);
	n = c->batches;
	(void)pthread_mutex_unlock(&c->lock);
	return n;
}

int64_t committer_busy_ms(struct committer *c)
{
	int64_t since_ms = 0;

	(void)pthread_mutex_lock(&c->lock);
	if (c->batch_ms != 0)
		since_ms = c->batch_ms;
	else if (c->first != NULL)
		since_ms = c->first_ms + LINGER_MS;
	(void)pthread_mutex_unlock(&c->lock);
	if (since_ms == 0 || clock_mono_ms() <= since_ms)
		return 0;
	return clock_mono_ms() - since_ms;
}

struct lender *committer_lender(struct committer *c)
{
	return &c->lender;
}

bool committer_fsync_each(const struct committer *c)
{
	return c->fsync_each;
}

int committer_sync_state(struct committer *c, struct err *err)
{
	if (syncfs(c->state_fd) == 0)
		return 0;
	return err_set_sys(err, ERR_DISK, ERR_SCOPE_SERVICE, ERR_RETRY_LATER,
		errno, "cannot sync state.dir");
}

static void drop(struct staged *s)
{
	char seq[MAILDIR_SEQ_BYTES];

	(void)snprintf(seq, sizeof seq, "%" PRIu64, s->seq);
	if (!s->part) /* else the next run takes it up */
		(void)unlinkat(s->store->stage_fd, seq, 0);
	free(s);
}

static int tell_fault(const struct store *store, struct err *err)
{
	if (err != NULL)
		*err = store->shared.fault;
	return -1;
}

int committer_hand_over(struct committer *c, struct staged *s, struct err *err)
{
	struct store *store = s->store;
	int rc = 0;

	(void)pthread_mutex_lock(&c->lock);
	while (!store->shared.failed &&
		(c->messages >= QUEUE_MESSAGES || c->bytes >= QUEUE_BYTES))
		(void)pthread_cond_wait(&c->moved, &c->lock);
	if (store->shared.failed) {
		rc = tell_fault(store, err);
	} else {
		bool first = c->first == NULL;

		if (first)
			c->first_ms = clock_mono_ms();
		s->next = NULL;
		*c->last = s;
		c->last = &s->next;
		c->messages++;
		c->bytes += s->file_bytes;
		store->shared.pending++;
		store->handed++;
		if (first || is_large(c))
			(void)pthread_cond_signal(&c->work);
	}
	(void)pthread_mutex_unlock(&c->lock);
	if (rc != 0)
		drop(s);
	return rc;
}

static void ask_flush(struct committer *c, struct store *store)
{
	const struct batch_part *part = store->shared.part;
	size_t queued =
		store->shared.pending - (part != NULL ? part->count : 0);

	if (queued > 0 && !c->hurry) {
		c->hurry = true;
		(void)pthread_cond_signal(&c->work);
	}
	if (store->shared.flush || store->shared.part != NULL ||
		store->shared.pending > 0)
		return;
	store->shared.flush = true;
	store->shared.next_flush = c->flushers;
	c->flushers = store;
	(void)pthread_cond_signal(&c->work);
}

int committer_flush(struct committer *c, struct store *store, struct err *err)
{
	int rc = 0;

	(void)pthread_mutex_lock(&c->lock);
	while (!store->shared.failed &&
		(store->shared.pending > 0 || store->shared.part != NULL ||
			store->shared.done_count > 0)) {
		ask_flush(c, store);
		(void)pthread_cond_wait(&c->moved, &c->lock);
	}
	if (store->shared.failed)
		rc = tell_fault(store, err);
	(void)pthread_mutex_unlock(&c->lock);
	return rc;
}

/* Takes the store's messages out of the queue. Under the lock. */
static struct staged *withdraw(struct committer *c, struct store *store)
{
	struct staged *dropped = NULL, **p = &c->first, *s;

	while ((s = *p) != NULL) {
		if (s->store != store) {
			p = &s->next;
			continue;
		}
		*p = s->next;
		s->next = dropped;
		dropped = s;
		c->messages--;
		c->bytes -= s->file_bytes;
		store->shared.pending--;
	}
	c->last = p;
	return dropped;
}

void committer_leave(struct committer *c, struct store *store)
{
	struct staged *dropped, *next;
	struct store **p;

	(void)pthread_mutex_lock(&c->lock);
	dropped = withdraw(c, store);
	for (p = &c->flushers; *p != NULL; p = &(*p)->shared.next_flush)
		if (*p == store) {
			*p = store->shared.next_flush;
			break;
		}
	while (store->shared.part != NULL)
		(void)pthread_cond_wait(&c->moved, &c->lock);
	(void)pthread_cond_broadcast(&c->moved);
	(void)pthread_mutex_unlock(&c->lock);
	for (; dropped != NULL; dropped = next) {
		next = dropped->next;
		drop(dropped);
	}
}

int store_flush(struct store *store, struct err *err)
{
	return committer_flush(store->committer, store, err);
}

void store_hurry(struct store *store)
{
	struct committer *c = store->committer;

	(void)pthread_mutex_lock(&c->lock);
	if (store->shared.pending > 0)
		ask_flush(c, store);
	(void)pthread_mutex_unlock(&c->lock);
}

uint64_t store_handed(const struct store *store)
{
	return store->handed;
}

uint64_t store_settled(const struct store *store)
{
	return atomic_load(&store->settled);
}
