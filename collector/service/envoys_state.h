/* SPDX-License-Identifier: BSD-2-Clause */
/* envoys_state: what envoys.c (the loop's half) and envoys_acquire.c (the run
 * threads') share. Nobody else includes it. */
#ifndef MAILHAUL_SERVICE_ENVOYS_STATE_H
#define MAILHAUL_SERVICE_ENVOYS_STATE_H

#include "envoys.h"

#include <pthread.h>
#include <stdint.h>

#define KEY_MAX 128

extern const char envoys_scout_key[];
extern const char envoys_spare_key[]; /* it has served nobody yet */

enum envoy_state { WANTED, READY, CLOSING, DEAD };

struct envoy {
	struct envoy *next;
	struct envoys *owner;
	enum envoy_state state;
	char key[KEY_MAX];
	bool alone;
	bool process_open; /* the uv handle is not closed yet */
	unsigned sessions;
	unsigned parked; /* of them */
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
	uint64_t died;
	struct envoy *evict; /* all it has is parked, and others wait */
	void (*on_evict)(void *arg, const struct envoy *envoy);
	void *evict_arg;
};

/* The caller holds the lock. A row that waits for its process. */
struct envoy *envoys_want(struct envoys *e, const char *key, bool alone);
void envoys_free_if_over(struct envoys *e, struct envoy *envoy);
void envoys_close_control(struct envoy *envoy);

#endif
