/* SPDX-License-Identifier: BSD-2-Clause */
#include "envoy_parked.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/task.h"

#include <malloc.h>
#include <sys/epoll.h>

/* Threads that a look may start: many sessions may have been parked at once. */
#define RENEW_AT_ONCE 50

/* The caller holds the lock. */
static bool watch(struct handed *h)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLRDHUP, .data.ptr = h};
	int epoll_fd = h->envoy->epoll_fd;

	session_serve_waits(
		h->serve, &h->channel_fd, &h->waits_fd, &h->since_ms);
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, h->channel_fd, &event) < 0)
		return false;
	if (h->waits_fd < 0 ||
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, h->waits_fd, &event) == 0)
		return true;
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, h->channel_fd, NULL);
	return false;
}

static void unwatch(struct handed *h)
{
	int epoll_fd = h->envoy->epoll_fd;

	(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, h->channel_fd, NULL);
	if (h->waits_fd >= 0)
		(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, h->waits_fd, NULL);
}

bool envoy_park(struct handed *h)
{
	struct envoy *e = h->envoy;
	bool parked;

	(void)pthread_mutex_lock(&e->lock);
	h->due = h->renew = false;
	parked = h->parked = watch(h);
	if (parked)
		e->untidied = true;
	/* from here on the main thread may give it to another one */
	(void)pthread_mutex_unlock(&e->lock);
	return parked;
}

/* The caller holds the lock. */
static void wake(struct handed *h, bool renew)
{
	struct err err = {0};

	if (h->parked)
		unwatch(h);
	h->parked = false;
	h->renew = renew;
	h->due = task_detach(h->go_on, h, &err) < 0;
	if (h->due)
		log_err(LOG_LEVEL_ERROR, NULL, "envoy", &err);
}

void envoy_wake(struct handed *h, bool renew)
{
	struct envoy *e = h->envoy;

	(void)pthread_mutex_lock(&e->lock);
	wake(h, renew);
	(void)pthread_mutex_unlock(&e->lock);
}

void envoy_look_at_parked(struct envoy *e)
{
	int64_t until_ms = clock_mono_ms() - SESSION_IDLE_RENEW_MS;
	unsigned woken = 0;
	bool untidied;

	(void)pthread_mutex_lock(&e->lock);
	for (struct handed *h = e->sessions; h != NULL; h = h->next) {
		bool renew = h->parked && h->since_ms <= until_ms;
		if (woken == RENEW_AT_ONCE)
			break;
		if (!renew && !h->due)
			continue;
		wake(h, renew || h->renew);
		woken++;
	}
	untidied = e->untidied;
	e->untidied = false;
	(void)pthread_mutex_unlock(&e->lock);
	/* What the threads of those that wait now have left free. */
	if (untidied)
		(void)malloc_trim(0);
}
