/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envoy_parked: the sessions of an envoy that wait in IDLE, without a thread:
 * the main thread polls their descriptors. Shared by envoy.c and
 * envoy_parked.c; nobody else includes it.
 */
#ifndef MAILHAUL_REMOTE_ENVOY_PARKED_H
#define MAILHAUL_REMOTE_ENVOY_PARKED_H

#include "../base/effort.h"
#include "session_channel.h"

#include <pthread.h>

struct ca_cache;
struct handed;

struct envoy {
	pthread_mutex_t lock; /* the list, and who is parked */
	struct handed *sessions;
	struct ca_cache *anchors;
	int epoll_fd;
	int over_fd;   /* eventfd: the last session has ended */
	bool untidied; /* somebody was parked since malloc_trim */
};

/* A session: its thread's, or, while parked, the main thread's. */
struct handed {
	struct handed *next;
	struct envoy *envoy;
	struct serve *serve;
	void *(*go_on)(void *arg); /* the thread, again; arg: this */
	int channel_fd;		   /* the serving thread's; only looked at */
	int anchors_fd;		   /* -1 = none */
	int64_t hung_up_ms;	   /* 0 = the conductor is still there */
	struct effort effort;	   /* its thread's, while it has one */
	bool parked;
	bool due;   /* to get a thread, for which there was no room */
	bool renew; /* and to renew IDLE then */
	int waits_fd;
	int64_t since_ms; /* waiting in IDLE */
};

/* Session thread: hands h to the main thread, and is to end: true. False: it
 * cannot be watched. */
bool envoy_park(struct handed *h);
/* Main thread: something has come for a parked session: it gets a thread. */
void envoy_wake(struct handed *h, bool renew);
/* Main thread, now and then: renews what has waited for long. */
void envoy_look_at_parked(struct envoy *e);

#endif
