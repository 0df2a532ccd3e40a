/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop belongs to the main thread, which keeps the processes; workers talk.
 * What a worker may begin next is asked of consult_queue, under the lock.
 */
#include "consult.h"

#include "../base/mem.h"
#include "../base/task.h"
#include "consult_queue.h"
#include "dialer.h"
#include "envoys.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#define WAIT_STEP_MS 200

struct consultation;
struct worker {
	struct consultation *c;
	struct task task;
	struct dialer dialer;
};

struct consultation {
	uv_loop_t loop;
	uv_async_t ended;
	uv_signal_t interrupt, term;
	struct envoys *envoys;
	atomic_bool cancel;
	const struct consult_many *many;
	struct worker *workers;
	size_t ready;	/* dialers */
	size_t started; /* threads */
	/* under the lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct consult_queue *queue;
	size_t talking;
};

/* The next one; false: there is none left. Waits while hosts have to. */
static bool next(struct consultation *c, size_t *ret_index)
{
	enum consult_turn turn;

	(void)pthread_mutex_lock(&c->lock);
	for (;;) {
		struct timespec until;
		turn = atomic_load(&c->cancel)
			       ? CONSULT_END
			       : consult_queue_take(c->queue, ret_index);
		if (turn != CONSULT_WAIT)
			break;
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += WAIT_STEP_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		(void)pthread_cond_timedwait(&c->changed, &c->lock, &until);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return turn == CONSULT_GO;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct consultation *c = w->c;
	size_t index;
	bool last;

	while (next(c, &index)) {
		w->dialer.suspect = false;
		c->many->one(c->many->arg, index, &w->dialer);
		(void)pthread_mutex_lock(&c->lock);
		consult_queue_done(c->queue, index);
		(void)pthread_cond_broadcast(&c->changed);
		(void)pthread_mutex_unlock(&c->lock);
	}
	(void)pthread_mutex_lock(&c->lock);
	last = --c->talking == 0;
	(void)pthread_mutex_unlock(&c->lock);
	if (last)
		(void)uv_async_send(&c->ended);
	return NULL;
}

/* All handles; the loop ends when the processes have. */
static void end(struct consultation *c)
{
	uv_close((uv_handle_t *)&c->ended, NULL);
	uv_close((uv_handle_t *)&c->interrupt, NULL);
	uv_close((uv_handle_t *)&c->term, NULL);
	envoys_stop(c->envoys);
}

static void on_ended(uv_async_t *ended)
{
	struct consultation *c = ended->data;

	for (size_t i = 0; i < c->started; i++)
		task_join(&c->workers[i].task);
	end(c);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct consultation *c = handle->data;

	(void)number;
	atomic_store(&c->cancel, true);
	for (size_t i = 0; i < c->ready; i++)
		dialer_cancel(&c->workers[i].dialer);
}

/* Fewer threads than wanted do the same work. */
static int start_workers(struct consultation *c, struct err *err)
{
	size_t wanted = c->ready;

	c->talking = wanted;
	while (c->started < wanted &&
		task_start(&c->workers[c->started].task, work,
			&c->workers[c->started], err) == 0)
		c->started++;
	(void)pthread_mutex_lock(&c->lock);
	c->talking -= wanted - c->started;
	if (c->started != 0 && c->talking == 0) /* they were faster */
		(void)uv_async_send(&c->ended);
	(void)pthread_mutex_unlock(&c->lock);
	return c->started != 0 ? 0 : -1;
}

static int start(struct consultation *c, struct err *err)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)uv_async_init(&c->loop, &c->ended, on_ended);
	(void)uv_signal_init(&c->loop, &c->interrupt);
	(void)uv_signal_init(&c->loop, &c->term);
	c->ended.data = c->interrupt.data = c->term.data = c;
	(void)uv_signal_start(&c->interrupt, on_signal, SIGINT);
	(void)uv_signal_start(&c->term, on_signal, SIGTERM);
	if (!c->many->scout_only)
		envoys_expect(c->envoys);
	if (start_workers(c, err) == 0)
		return 0;
	end(c);
	return -1;
}

static int init_workers(struct consultation *c, const struct settings *settings,
	struct anchors *anchors, struct err *err)
{
	size_t jobs =
		c->many->jobs < c->many->count ? c->many->jobs : c->many->count;

	c->workers = mem_alloc(jobs * sizeof *c->workers);
	while (c->ready < jobs) {
		struct worker *w = &c->workers[c->ready];
		w->c = c;
		w->dialer.envoys = c->envoys;
		w->dialer.anchors = anchors;
		w->dialer.settings = settings;
		w->dialer.cancel = &c->cancel;
		if (dialer_init(&w->dialer, err) != 0)
			return -1;
		c->ready++;
	}
	return 0;
}

int consult_many(const struct settings *settings,
	const struct consult_many *many, struct err *err)
{
	struct anchors *anchors = anchors_new();
	struct consultation c = {.many = many};
	size_t envoys =
		settings->pool_envoys > 0 ? (size_t)settings->pool_envoys : 1;
	int r;

	atomic_init(&c.cancel, false);
	(void)pthread_mutex_init(&c.lock, NULL);
	(void)pthread_cond_init(&c.changed, NULL);
	c.queue = consult_queue_new(settings, many);
	(void)uv_loop_init(&c.loop);
	c.envoys =
		envoys_new(&c.loop, many->jobs < envoys ? many->jobs : envoys);
	r = init_workers(&c, settings, anchors, err);
	if (r != 0)
		envoys_stop(c.envoys);
	else
		r = start(&c, err);
	(void)uv_run(&c.loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&c.loop);
	for (size_t i = 0; i < c.ready; i++)
		dialer_clear(&c.workers[i].dialer);
	free(c.workers);
	envoys_free(&c.envoys);
	anchors_free(&anchors);
	consult_queue_free(&c.queue);
	(void)pthread_cond_destroy(&c.changed);
	(void)pthread_mutex_destroy(&c.lock);
	return r;
}

int consult_open(struct dialer *dialer, const struct session_config *config,
	const char *ca_file, struct session **ret_session, struct err *err)
{
	return dialer_open(dialer, config, ca_file, ret_session, err);
}

/* ---- one */

struct single {
	const struct session_config *config;
	const char *ca_file;
	int (*talk)(void *arg, struct session *s, struct err *err);
	void *arg;
	struct err err;
	int result;
};

static const char *single_host(
	void *arg, size_t index, enum protocol *ret_protocol)
{
	const struct single *s = arg;

	(void)index;
	*ret_protocol = s->config->url.protocol;
	return s->config->url.host;
}

static void single_one(void *arg, size_t index, struct dialer *dialer)
{
	struct single *c = arg;
	struct session *s = NULL;

	(void)index;
	c->result = consult_open(dialer, c->config, c->ca_file, &s, &c->err);
	if (c->result == 0) {
		c->result = c->talk(c->arg, s, &c->err);
		session_close(&s);
	}
}

int consult(const struct settings *settings,
	const struct session_config *config, const char *ca_file,
	int (*talk)(void *arg, struct session *s, struct err *err), void *arg,
	struct err *err)
{
	struct single one = {.config = config,
		.ca_file = ca_file,
		.talk = talk,
		.arg = arg,
		.result = -1};
	const struct consult_many many = {.count = 1,
		.jobs = 1,
		.host = single_host,
		.one = single_one,
		.arg = &one};

	(void)err_set(&one.err, ERR_CANCELLED, ERR_SCOPE_ACCOUNT,
		ERR_RETRY_CHANGE, "interrupted");
	if (consult_many(settings, &many, err) != 0)
		return -1;
	if (one.result != 0)
		*err = one.err;
	return one.result;
}

/* ---- the scout alone */

struct question {
	int (*ask)(void *arg, struct dialer *d, struct err *err);
	void *arg;
	struct err err;
	int result;
};

/* Whom the scout asks is not known yet: no host's limits count. */
static const char *no_host(void *arg, size_t index, enum protocol *ret_protocol)
{
	(void)arg;
	(void)index;
	*ret_protocol = PROTOCOL_IMAP;
	return "";
}

static void ask_one(void *arg, size_t index, struct dialer *dialer)
{
	struct question *q = arg;

	(void)index;
	q->result = q->ask(q->arg, dialer, &q->err);
}

int consult_scout(const struct settings *settings,
	int (*ask)(void *arg, struct dialer *d, struct err *err), void *arg,
	struct err *err)
{
	struct question one = {.ask = ask, .arg = arg, .result = -1};
	const struct consult_many many = {.count = 1,
		.jobs = 1,
		.host = no_host,
		.one = ask_one,
		.arg = &one,
		.scout_only = true};

	(void)err_set(&one.err, ERR_CANCELLED, ERR_SCOPE_ACCOUNT,
		ERR_RETRY_CHANGE, "interrupted");
	if (consult_many(settings, &many, err) != 0)
		return -1;
	if (one.result != 0)
		*err = one.err;
	return one.result;
}
