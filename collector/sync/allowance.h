/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * allowance: what a run may still ask of its server, and what it has had. The
 * run counts and asks; the loop carries what was counted into the job table
 * about once a second (budgets.h) and brings back how much all others have
 * had. So no run ever waits for the table but for a login, where these are
 * limited. Any thread.
 */
#ifndef MAILHAUL_SYNC_ALLOWANCE_H
#define MAILHAUL_SYNC_ALLOWANCE_H

#include "../model/budget.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct allowance {
	atomic_uint_fast64_t received; /* bytes */
	atomic_bool yield;	       /* others wait for the place */
	atomic_uint logins;	       /* that the run has wanted */
	atomic_uint granted;	       /* of these */
	bool logins_limited;
	pthread_mutex_t lock; /* of what follows */
	struct budget budget;
	uint64_t counted;  /* of received: in budget already */
	int64_t rate;	   /* bytes a second; 0 = as they come */
	int64_t bucket;	   /* bytes that may come at once; below 0: owed */
	int64_t filled_ms; /* monotonic: the bucket was filled up to then */
};

void allowance_init(struct allowance *a);
void allowance_clear(struct allowance *a);

/* ---- the run */

void allowance_receive(struct allowance *a, uint64_t bytes);
/*
 * Waits until so many bytes are in keeping with the rate, for all sessions of
 * the run together; a second's may come at once. Who waits does not read, and
 * so the server does not send: nothing piles up, and since a piece is small no
 * session is kept waiting for long enough to be given up (ALLOWANCE_RATE_MIN).
 * Returns early once *cancel.
 */
#define ALLOWANCE_RATE_MIN ((int64_t)64 << 10)
void allowance_keep_rate(
	struct allowance *a, uint64_t bytes, const atomic_bool *cancel);
void allowance_set_rate(struct allowance *a, int64_t bytes_s);
/* Between two messages: -1 with quota/account/later, and when, once the
 * account's or the host's day is used up. */
int allowance_check(
	struct allowance *a, const char *host, int64_t now_s, struct err *err);
/* One more login is wanted; waits until it is granted, where logins are
 * limited. False: *cancel came first. */
bool allowance_log_in(struct allowance *a, const atomic_bool *cancel);
/* Bytes that the account has had today. ret_ends_s: when that is over. */
uint64_t allowance_used(
	struct allowance *a, int64_t now_s, int64_t *ret_ends_s);

/* ---- the loop */

/* What has been received, and not been counted. */
uint64_t allowance_uncounted(struct allowance *a);
/* So much of it is in the table now; where that stands, without the limit of
 * the account, which stays. */
void allowance_counted(struct allowance *a, uint64_t bytes);
void allowance_refresh(struct allowance *a, const struct budget *budget);

#endif
