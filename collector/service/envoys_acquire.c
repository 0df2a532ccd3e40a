/* SPDX-License-Identifier: BSD-2-Clause */
/* The run threads' half: who gets which process, and who waits for one. */
#include "../base/clock.h"
#include "envoys_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_STEP_MS 500

static struct envoy *find(struct envoys *e, const char *key)
{
	for (struct envoy *v = e->list; v != NULL; v = v->next)
		if ((v->state == READY || v->state == WANTED) && !v->alone &&
			strcmp(v->key, key) == 0)
			return v;
	return NULL;
}

/* True if another process may be started; else one that idles is told to
 * end, or one whose sessions only wait for news is cleared, so that there will
 * be room. The scout is not counted. */
static bool has_room(struct envoys *e)
{
	struct envoy *idle = NULL, *parked = NULL;
	size_t n = 0;

	for (struct envoy *v = e->list; v != NULL; v = v->next) {
		if (strcmp(v->key, envoys_scout_key) == 0 || v->state == DEAD)
			continue;
		n++;
		if (v->state == READY && v->sessions == 0)
			idle = v;
		if (v->state == READY && v->sessions != 0 &&
			v->sessions == v->parked)
			parked = v;
	}
	if (n < e->max)
		return true;
	if (idle != NULL) {
		idle->state = CLOSING;
		(void)uv_async_send(&e->poke);
	} else if (parked != NULL) {
		e->evict = parked;
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
	struct envoy *v = find(e, envoys_spare_key);

	if (v == NULL || strcmp(key, envoys_scout_key) == 0)
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
		if (v == NULL &&
			(strcmp(key, envoys_scout_key) == 0 || has_room(e))) {
			v = envoys_want(e, key, alone);
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
	envoys_free_if_over(e, v);
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
		envoys_close_control(v);
	if (v->sessions == 0 && v->state == READY && v->alone) {
		v->state = CLOSING;
		if (!e->stopping)
			(void)uv_async_send(&e->poke);
	}
	envoys_free_if_over(e, v);
	(void)pthread_cond_broadcast(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
}

int envoys_scout(struct envoys *e, const atomic_bool *cancel, int *ret_fd,
	struct err *err)
{
	struct envoy *v = NULL;
	int fd;

	if (envoys_acquire(e, envoys_scout_key, false, cancel, &v, err) < 0 ||
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

void envoys_note_parked(struct envoys *e, struct envoy *envoy, bool parked)
{
	(void)pthread_mutex_lock(&e->lock);
	if (parked)
		envoy->parked++;
	else
		envoy->parked--;
	if (e->evict == envoy)
		e->evict = NULL;
	(void)pthread_mutex_unlock(&e->lock);
}
