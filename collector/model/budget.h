/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * budget: how much may be asked of a remote host: sessions at once and logins
 * a minute, bytes a day of all its accounts together and of each. What is
 * known of the large providers (provider.h) holds where the operator
 * (limits.hosts) says nothing else. Pure.
 */
#ifndef MAILHAUL_MODEL_BUDGET_H
#define MAILHAUL_MODEL_BUDGET_H

#include "../base/err.h"
#include "url.h"

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_DAY_S 86400
/* Logins are counted by whole seconds: so many of them hold any minute. */
#define BUDGET_MINUTE_S 61
/* What a complaint has taught is forgotten after so long. */
#define BUDGET_LESSON_S (7 * BUDGET_DAY_S)
/* Who complains before so many bytes of a day does not mean the day. */
#define BUDGET_LESSON_BYTES ((uint64_t)64000000)

/* 0: no limit. */
struct budget_limits {
	int64_t sessions;	  /* at once; 0: pool.per_host */
	int64_t logins;		  /* a minute */
	uint64_t day_bytes;	  /* of all its accounts */
	uint64_t account_bytes;	  /* a day, of each account */
	int64_t account_sessions; /* at once, of each account */
};

/*
 * Of limits.hosts: "HOST:NAME=VALUE[,NAME=VALUE]…", rules separated by
 * spaces. HOST: a domain, for itself and all below, or *. NAME: sessions,
 * logins, day, account_day. VALUE: a number, a size, or none. The longest
 * domain decides; * is for what neither another rule nor the table of
 * providers speaks of.
 */
bool budget_rules_are_good(const char *rules);
/* known: whether the table of providers counts. */
void budget_limits_of(const char *rules, bool known, const char *host,
	enum protocol protocol, struct budget_limits *ret_limits);

/* A day begins with the first byte after the last one was over. */
struct budget_day {
	int64_t from_s; /* wall clock */
	uint64_t used;
};
/* Bytes of the day that goes on; 0 if it is over, or the clock set back. */
uint64_t budget_used(const struct budget_day *day, int64_t now_s);
/* When that day is over; now_s if none goes on. */
int64_t budget_ends_s(const struct budget_day *day, int64_t now_s);

/* Where an account stands. */
struct budget {
	uint64_t day_bytes, account_bytes; /* limits; 0 = none */
	struct budget_day host, account;
	int64_t accounts; /* that share the host's day */
};

enum budget_verdict {
	BUDGET_GOES_ON,
	BUDGET_ACCOUNT_DAY, /* the account's day is used up */
	BUDGET_HOST_DAY,    /* the host's is */
	BUDGET_HOST_SHARE,  /* what is left of it is for the other accounts */
};
/*
 * Whether an account may receive more, `more` bytes after b was read. The
 * last quarter of a host's day is for accounts that have had less than an
 * equal share, so that none waits for another's 50 GB. ret_until_s: when it
 * may again; not written on BUDGET_GOES_ON.
 */
enum budget_verdict budget_judge(const struct budget *b, uint64_t more,
	int64_t now_s, int64_t *ret_until_s);
/* Fills err with what a verdict other than BUDGET_GOES_ON means: quota,
 * account, later, and when. -1. */
int budget_err(enum budget_verdict verdict, const struct budget *b,
	const char *host, int64_t wait_s, struct err *err);

/* The lower one of two limits where 0 is none. */
static inline uint64_t budget_lower(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

#endif
