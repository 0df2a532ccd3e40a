/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run thread that needs a process puts a row in the list in state WANTED,
 * pokes the loop and waits; the loop spawns and the row becomes READY. A row
 * whose process has ended is DEAD and is freed when its last session lets go.
 */
#include "envoys.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_MS 30000
#define WAIT_STEP_MS 500
#define STOP_MS 2000 /* a process that has not ended by then is killed */
#define KEY_MAX 128
static const char scout_key[] = "scout";
static const char spare_key[] = ""; /* it has served nobody yet */

enum envoy_state { WANTED, READY, CLOSING, DEAD };

struct envoy {
	struct envoy *next;
	struct envoys *owner;
	enum envoy_state state;
	char key[KEY_MAX];
	bool alone;
	bool process_open; /* the uv handle is not closed yet */
	unsigned sessions;
	int control_fd;
	int64_t idle_since_ms;
	uv_process_t process;
	struct err err; /* why it could not be spawned */
};

struct envoys {
	uv_loop_t *loop;
	uv_async_t poke;
	uv_timer_t killer;
	size_t max;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct envoy *list;
	bool stopping;
};

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

static void free_if_over(struct envoys *e, struct envoy *envoy)
{
	if (envoy->state == DEAD && envoy->sessions == 0 &&
		!envoy->process_open)
		forget(e, envoy);
}

/* A row that waits for its process; the caller holds the lock. */
static struct envoy *want(struct envoys *e, const char *key, bool alone)
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
	free_if_over(e, envoy);
	if (e->stopping && e->list == NULL)
		uv_close((uv_handle_t *)&e->killer, NULL);
	(void)pthread_mutex_unlock(&e->lock);
}

static void close_control(struct envoy *envoy)
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
	if ((status != 0 || signal_number != 0) && !e->stopping)
		LOG(LOG_LEVEL_WARN, NULL, "process_died",
			LOG_STR("host", envoy->key), LOG_NUM("status", status),
			LOG_NUM("signal", signal_number),
			LOG_NUM("sessions", envoy->sessions));
	envoy->state = DEAD;
	if (envoy->sessions == 0)
		close_control(envoy);
	(void)pthread_cond_broadcast(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
	uv_close((uv_handle_t *)process, on_closed);
}

static void spawn(struct envoy *envoy)
{
	const char *role =
		strcmp(envoy->key, scout_key) == 0 ? "scout" : "envoy";

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
		if (strcmp(v->key, scout_key) == 0)
			scout = true;
		else
			envoy = true;
	}
	if (!scout && !e->stopping)
		spawn(want(e, scout_key, false));
	if (!envoy && !e->stopping)
		spawn(want(e, spare_key, false));
	(void)pthread_mutex_unlock(&e->lock);
}

static void on_poke(uv_async_t *poke)
{
	struct envoys *e = poke->data;

	(void)pthread_mutex_lock(&e->lock);
	for (struct envoy *v = e->list; v != NULL; v = v->next) {
		if (v->state == WANTED)
			spawn(v);
		else if (v->state == CLOSING)
			close_control(v);
	}
	(void)pthread_cond_broadcast(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
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
		close_control(v);
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
		close_control(v);
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

/* ---- run threads */

static struct envoy *find(struct envoys *e, const char *key)
{
	for (struct envoy *v = e->list; v != NULL; v = v->next)
		if ((v->state == READY || v->state == WANTED) && !v->alone &&
			strcmp(v->key, key) == 0)
			return v;
	return NULL;
}

/* True if another process may be started; else one that idles is told to
 * end, so that there will be room. The scout is not counted. */
static bool has_room(struct envoys *e)
{
	struct envoy *idle = NULL;
	size_t n = 0;

	for (struct envoy *v = e->list; v != NULL; v = v->next) {
		if (strcmp(v->key, scout_key) == 0 || v->state == DEAD)
			continue;
		n++;
		if (v->state == READY && v->sessions == 0)
			idle = v;
	}
	if (n < e->max)
		return true;
	if (idle != NULL) {
		idle->state = CLOSING;
		(void)uv_async_send(&e->poke);
	}
	return false;
}

static void wait_for_change(struct envoys *e)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WAIT_STEP_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	(void)pthread_cond_timedwait(&e->changed, &e->lock, &until);
}

/* An envoy that was started before anybody knew for whom. */
static struct envoy *find_spare(struct envoys *e, const char *key, bool alone)
{
	struct envoy *v = find(e, spare_key);

	if (v == NULL || strcmp(key, scout_key) == 0)
		return NULL;
	(void)snprintf(v->key, sizeof v->key, "%s", key);
	v->alone = alone;
	return v;
}

/* A row for key with one more session, READY; the caller holds the lock. */
static int take(struct envoys *e, const char *key, bool alone,
	const atomic_bool *cancel, struct envoy **ret_envoy, struct err *err)
{
	struct envoy *v = NULL;

	for (;;) {
		if (e->stopping || atomic_load(cancel))
			return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION,
				ERR_RETRY_NOW, "cancelled");
		v = alone ? NULL : find(e, key);
		if (v == NULL)
			v = find_spare(e, key, alone);
		if (v == NULL && (strcmp(key, scout_key) == 0 || has_room(e))) {
			v = want(e, key, alone);
			(void)uv_async_send(&e->poke);
		}
		if (v != NULL)
			break;
		wait_for_change(e);
	}
	v->sessions++;
	while (v->state == WANTED && !e->stopping)
		wait_for_change(e);
	if (v->state == READY) {
		*ret_envoy = v;
		return 0;
	}
	v->sessions--;
	if (v->err.class != ERR_NONE)
		*err = v->err;
	else
		(void)err_set(err, ERR_CRASH, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
			"the process for %s ended as soon as it had started",
			key);
	if (v->state == WANTED)
		v->state = DEAD;
	free_if_over(e, v);
	return -1;
}

int envoys_acquire(struct envoys *e, const char *host_key, bool alone,
	const atomic_bool *cancel, struct envoy **ret_envoy, struct err *err)
{
	int r;

	(void)pthread_mutex_lock(&e->lock);
	r = take(e, host_key, alone, cancel, ret_envoy, err);
	(void)pthread_mutex_unlock(&e->lock);
	return r;
}

int envoy_control_fd(const struct envoy *envoy)
{
	return envoy->control_fd;
}

void envoys_release(struct envoys *e, struct envoy **envoy)
{
	struct envoy *v = *envoy;

	if (v == NULL)
		return;
	*envoy = NULL;
	(void)pthread_mutex_lock(&e->lock);
	v->sessions--;
	v->idle_since_ms = clock_mono_ms();
	if (v->sessions == 0 && v->state == DEAD)
		close_control(v);
	if (v->sessions == 0 && v->state == READY && v->alone) {
		v->state = CLOSING;
		if (!e->stopping)
			(void)uv_async_send(&e->poke);
	}
	free_if_over(e, v);
	(void)pthread_cond_broadcast(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
}

int envoys_scout(struct envoys *e, const atomic_bool *cancel, int *ret_fd,
	struct err *err)
{
	struct envoy *v = NULL;
	int fd;

	if (envoys_acquire(e, scout_key, false, cancel, &v, err) < 0 ||
		v == NULL)
		return -1;
	fd = fcntl(v->control_fd, F_DUPFD_CLOEXEC, 3);
	envoys_release(e, &v);
	if (fd < 0)
		return err_set_sys(err, ERR_DISK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, errno, "cannot duplicate a socket");
	*ret_fd = fd;
	return 0;
}

void envoys_wake(struct envoys *e)
{
	(void)pthread_mutex_lock(&e->lock);
	(void)pthread_cond_broadcast(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
}
