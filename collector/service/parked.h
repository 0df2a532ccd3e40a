/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parked: the sessions that wait for new mail between two runs of their
 * accounts. No thread, no lease, no open ledger: a descriptor in the loop. One
 * that has news makes its account due at once; one that was lost makes it due
 * soon, then later and later (sync/policy.h). Loop thread, but for the two
 * that say otherwise.
 */
#ifndef MAILHAUL_SERVICE_PARKED_H
#define MAILHAUL_SERVICE_PARKED_H

#include "../../storage/jobs.h"
#include "dialer.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct parked_needs {
	struct state *state;
	struct envoys *envoys;
	/* Some account is due now. */
	void (*on_due)(void *arg);
	void *arg;
};

struct parked;
/* max: pool.parked. */
struct parked *parked_new(
	uv_loop_t *loop, const struct parked_needs *needs, size_t max);
void parked_set_max(struct parked *p, size_t max);
/* Sessions that wait. */
size_t parked_count(const struct parked *p);
/* Run thread: a place for one more session, if there is one. */
bool parked_reserve(struct parked *p);
/* Any thread: it is not needed. */
void parked_unreserve(struct parked *p);

/* Takes a session into a place that was reserved. news: it has some; moved:
 * its run has found something new. */
void parked_put(struct parked *p, const struct job *job,
	struct parked_session session, bool news, bool moved);
/* The session of the account, waiting no longer, for a run of job; false:
 * there is none. Its place is free. */
bool parked_take(struct parked *p, const struct job *job,
	struct parked_session *ret_session);
/* Once a second: closes those whose accounts a person has paused, changed or
 * removed. */
void parked_check(struct parked *p);
/* For envoys_on_evict. */
void parked_evict(void *parked, const struct envoy *envoy);
/* Closes all, and whatever is put from now on. */
void parked_close(struct parked *p);
/* After parked_close and the last run. The loop has to run once more. */
void parked_free(struct parked **p);

#endif
