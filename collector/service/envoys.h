/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envoys: supervision of the sandboxed processes. One envoy serves one remote
 * host (address and port) at a time; it starts on demand, ends when idle, and
 * is replaced when it dies. Also the scout. Processes are spawned and reaped
 * on the loop thread only; run threads ask here and wait.
 */
#ifndef MAILHAUL_SERVICE_ENVOYS_H
#define MAILHAUL_SERVICE_ENVOYS_H

#include "../base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct envoys;
struct envoy;

/* Loop thread. max: pool.envoys. log_args: what the children log like. */
struct envoys *envoys_new(uv_loop_t *loop, size_t max);
void envoys_set_max(struct envoys *e, size_t max);
/* Loop thread, once: closes every control socket, so that the processes
 * end. No session may be left. The loop ends when they have. */
void envoys_stop(struct envoys *e);
/* Loop thread, when runs are about to begin: starts the scout and an envoy
 * for whoever comes first, if there are none. */
void envoys_expect(struct envoys *e);
/* Loop thread, once a second: ends processes that were idle for 30 s. */
void envoys_reap_idle(struct envoys *e);
void envoys_free(struct envoys **e);
/* Loop thread: how many have ended of something else than our wish. */
uint64_t envoys_died(const struct envoys *e);

/*
 * Run thread: an envoy for this host, started if need be, for one session.
 * alone: one that serves nobody else (a suspect's). Waits while pool.envoys
 * are all busy with other hosts; *cancel ends the wait (ERR_CANCELLED).
 */
int envoys_acquire(struct envoys *e, const char *host_key, bool alone,
	const atomic_bool *cancel, struct envoy **ret_envoy, struct err *err);
/* The control socket; valid until envoys_release. */
int envoy_control_fd(const struct envoy *envoy);
void envoys_release(struct envoys *e, struct envoy **envoy);
/* Run thread: a duplicate of the scout's control socket. Caller closes. */
int envoys_scout(struct envoys *e, const atomic_bool *cancel, int *ret_fd,
	struct err *err);
/* Any thread: one of its sessions is parked, or no longer; while it is, the
 * session counts as one that is served. */
void envoys_note_parked(struct envoys *e, struct envoy *envoy, bool parked);
/* Loop thread, before the loop runs. fn, on that thread: others wait for a
 * process; the sessions of this one, all of them parked, are to be closed. */
void envoys_on_evict(struct envoys *e,
	void (*fn)(void *arg, const struct envoy *envoy), void *arg);
/* Run threads that wait look at their cancel flag again. */
void envoys_wake(struct envoys *e);

#endif
