/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run thread that needs a process puts a row in the list in state WANTED,
 * pokes the loop and waits; the loop spawns and the row becomes READY. A row
 * whose process has ended is DEAD and is freed when its last session lets go.
 */
#include "envoys_state.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_MS 30000
#define STOP_MS 2000 /* a process that has not ended by then is killed */
const char envoys_scout_key[] = "scout";
const char envoys_spare_key[] = "";

static void on_poke(uv_async_t *poke);

struct envoys *envoys_new(uv_loop_t *loop, size_t max)
{
	struct envoys *e = mem_alloc(sizeof *e);
	pthread_condattr_t attr;

	e->loop = loop;
	e->max = max;
	(void)pthread_mutex_init(&e->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&e->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)uv_async_init(loop, &e->poke, on_poke);
	(void)uv_timer_init(loop, &e->killer);
	e->poke.data = e->killer.data = e;
	return e;
}

uint64_t envoys_died(const struct envoys *e)
{
	return e->died;
}

void envoys_set_max(struct envoys *e, size_t max)
{
	(void)pthread_mutex_lock(&e->lock);
	e->max = max;
	(void)pthread_cond_broadcast(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
}

/* Takes a row out of the list; the caller holds the lock. */
static void forget(struct envoys *e, struct envoy *envoy)
{
	for (struct envoy **p = &e->list; *p != NULL; p = &(*p)->next) {
		if (*p != envoy)
			continue;
		*p = envoy->next;
		break;
	}
	free(envoy);
	(void)pthread_cond_broadcast(&e->changed);
}

void envoys_free_if_over(struct envoys *e, struct envoy *envoy)
{
	if (envoy->state == DEAD && envoy->sessions == 0 &&
		!envoy->process_open)
		forget(e, envoy);
}

struct envoy *envoys_want(struct envoys *e, const char *key, bool alone)
{
	struct envoy *v = mem_alloc(sizeof *v);

	v->owner = e;
	v->state = WANTED;
	v->alone = alone;
	v->control_fd = -1;
	(void)snprintf(v->key, sizeof v->key, "%s", key);
	v->next = e->list;
	e->list = v;
	return v;
}

/* ---- loop thread */

static void on_closed(uv_handle_t *handle)
{
	struct envoy *envoy = handle->data;
	struct envoys *e = envoy->owner;

	(void)pthread_mutex_lock(&e->lock);
	envoy->process_open = false;
	envoys_free_if_over(e, envoy);
	if (e->stopping && e->list == NULL)
		uv_close((uv_handle_t *)&e->killer, NULL);
	(void)pthread_mutex_unlock(&e->lock);
}

void envoys_close_control(struct envoy *envoy)
{
	if (envoy->control_fd >= 0)
		(void)close(envoy->control_fd);
	envoy->control_fd = -1;
}

static void on_process_exit(
	uv_process_t *process, int64_t status, int signal_number)
{
	struct envoy *envoy = process->data;
	struct envoys *e = envoy->owner;

	(void)pthread_mutex_lock(&e->lock);
	if ((status != 0 || signal_number != 0) && !e->stopping) {
		e->died++;
		LOG(LOG_LEVEL_WARN, NULL, "process_died",
			LOG_STR("host", envoy->key), LOG_NUM("status", status),
			LOG_NUM("signal", signal_number),
			LOG_NUM("sessions", envoy->sessions));
	}
	envoy->state = DEAD;
	if (envoy->sessions == 0)
		envoys_close_control(envoy);
	(void)pthread_cond_broadcast(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
	uv_close((uv_handle_t *)process, on_closed);
}

static void spawn(struct envoy *envoy)
{
	const char *role =
		strcmp(envoy->key, envoys_scout_key) == 0 ? "scout" : "envoy";

	envoy->process.data = envoy;
	if (process_spawn(envoy->owner->loop, &envoy->process, role,
		    on_process_exit, &envoy->process_open, &envoy->control_fd,
		    &envoy->err) == 0) {
		envoy->state = READY;
		envoy->idle_since_ms = clock_mono_ms();
		return;
	}
	envoy->state = DEAD;
	if (envoy->process_open)
		uv_close((uv_handle_t *)&envoy->process, on_closed);
}

void envoys_expect(struct envoys *e)
{
	bool scout = false, envoy = false;

	(void)pthread_mutex_lock(&e->lock);
	for (struct envoy *v = e->list; v != NULL; v = v->next) {
		if (v->state != WANTED && v->state != READY)
			continue;
		if (strcmp(v->key, envoys_scout_key) == 0)
			scout = true;
		else
			envoy = true;
	}
	if (!scout && !e->stopping)
		spawn(envoys_want(e, envoys_scout_key, false));
	if (!envoy && !e->stopping)
		spawn(envoys_want(e, envoys_spare_key, false));
	(void)pthread_mutex_unlock(&e->lock);
}

static void on_poke(uv_async_t *poke)
{
	struct envoys *e = poke->data;
	struct envoy *evict;

	(void)pthread_mutex_lock(&e->lock);
	for (struct envoy *v = e->list; v != NULL; v = v->next) {
		if (v->state == WANTED)
			spawn(v);
		else if (v->state == CLOSING)
			envoys_close_control(v);
	}
	evict = e->evict;
	e->evict = NULL;
	(void)pthread_cond_broadcast(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
	/* its sessions, which keep the row, are given back on this thread */
	if (evict != NULL && e->on_evict != NULL)
		e->on_evict(e->evict_arg, evict);
}

void envoys_on_evict(struct envoys *e,
	void (*fn)(void *arg, const struct envoy *envoy), void *arg)
{
	e->on_evict = fn;
	e->evict_arg = arg;
}

void envoys_reap_idle(struct envoys *e)
{
	int64_t now_ms = clock_mono_ms();

	(void)pthread_mutex_lock(&e->lock);
	for (struct envoy *v = e->list; v != NULL; v = v->next) {
		if (v->state != READY || v->sessions != 0 ||
			now_ms - v->idle_since_ms < IDLE_MS)
			continue;
		v->state = CLOSING;
		envoys_close_control(v);
	}
	(void)pthread_mutex_unlock(&e->lock);
}

static void on_killer(uv_timer_t *killer)
{
	struct envoys *e = killer->data;

	for (struct envoy *v = e->list; v != NULL; v = v->next)
		if (v->process_open)
			(void)uv_process_kill(&v->process, SIGKILL);
}

void envoys_stop(struct envoys *e)
{
	(void)pthread_mutex_lock(&e->lock);
	e->stopping = true;
	for (struct envoy *v = e->list; v != NULL; v = v->next) {
		if (v->state == READY)
			v->state = CLOSING;
		envoys_close_control(v);
	}
	(void)pthread_cond_broadcast(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
	uv_close((uv_handle_t *)&e->poke, NULL);
	if (e->list == NULL)
		uv_close((uv_handle_t *)&e->killer, NULL);
	else
		(void)uv_timer_start(&e->killer, on_killer, STOP_MS, 0);
}

void envoys_free(struct envoys **e)
{
	if (*e == NULL)
		return;
	(void)pthread_cond_destroy(&(*e)->changed);
	(void)pthread_mutex_destroy(&(*e)->lock);
	free(*e);
	*e = NULL;
}
