/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy: what the result of a run means for its account: when to run again,
 * whether a person has to act, and what they could do. Pure: the clock and
 * the dice are arguments.
 */
#ifndef MAILHAUL_SYNC_POLICY_H
#define MAILHAUL_SYNC_POLICY_H

#include "../../storage/jobs.h"

#include <stdbool.h>
#include <stdint.h>

#define POLICY_BACKOFF_FIRST_S 60
#define POLICY_BACKOFF_CAP_S (6 * 3600)

struct policy_facts {
	int64_t now_s;	    /* wall clock */
	int64_t every_s;    /* interval of the account; -1 = import once */
	int64_t attempts;   /* failed runs in a row before this one */
	int64_t refusals;   /* logins refused in a row before this one */
	bool progress;	    /* this run delivered something */
	bool held;	    /* deletions wait for a person; the rest is done */
	int64_t again_at_s; /* something quarantined is due then; 0 = no */
	uint32_t dice;	    /* uniform over all 32 bits */
	const char *host;   /* of the server; NULL = nothing is known */
};

/*
 * Reads ok, cancelled and err of result; fills needs_person, next_due_s and,
 * where err has none, the hint.
 *     done       every_s ± 10 %; import once: never, or when quarantined
 *                messages are to be tried again
 *     cancelled  at once
 *     failed     what the server asked for, exactly; else 1 min · 2^n ± 25 %,
 *                at most 6 h, n = failed runs since the last progress;
 *                RETRY_CHANGE: not before a person has acted
 *     auth/later the login was refused without a reason: 1 h, 6 h, 24 h,
 *                then not before a person has acted
 *     held       like done, and a person has to act
 *     a mailbox  failed, the rest is done: like done, or sooner by backoff
 */
void policy_decide(const struct policy_facts *facts, const char *account,
	struct job_result *result);

/*
 * When an account is due whose session waited for new mail, seconds from now.
 * lost: the session was; so many before it one soon after the other. news:
 * there is some; so many runs before this one were called and found none. */
int64_t policy_push_lost_s(unsigned before, uint32_t dice);
int64_t policy_push_news_s(unsigned before);

/* When a quarantined message is tried again, seconds from now: 1 h, 6 h,
 * 1 day, then weekly; one over limits.* weekly; one at which the connection
 * was lost once, with the next run. tries: before this one. */
int64_t policy_quarantine_s(enum err_class why, int64_t tries);

#endif
