/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claims: what the conductor writes into the job table when runs end and
 * begin. A commit costs the same flushes however much is in it, so all that
 * has ended is written, and all free places are filled, in one transaction.
 * Loop thread only.
 */
#ifndef MAILHAUL_SERVICE_CLAIMS_H
#define MAILHAUL_SERVICE_CLAIMS_H

#include "../model/settings.h"
#include "results.h"

#include <stdbool.h>

struct claims {
	struct state *state;
	char owner[64];
	/* single pass: accounts not to be claimed again */
	int64_t *seen;
	size_t seen_count;
	bool named; /* only those in pending, due or not */
	int64_t *pending;
	size_t pending_count;
	struct err fault; /* why the table could not be asked, the last time */
};

/* accounts: the only ones that are wanted; count 0 = whatever is due. */
void claims_init(struct claims *c, struct state *state, const int64_t *accounts,
	size_t count);
void claims_clear(struct claims *c);
void claims_note_seen(struct claims *c, int64_t account_id);
/* It has made way for others and may be claimed once more. */
void claims_again(struct claims *c, int64_t account_id);
/* Nobody who was named is wanted any more. */
void claims_give_up(struct claims *c);

struct claims_turn {
	int64_t per_host;
	/* for hosts that nobody has told their limits; NULL: none are told */
	const struct settings *settings;
	/* accounts whose runs go on here, or that wait for room */
	const int64_t *running;
	size_t running_count;
	size_t room;	  /* jobs that may be claimed */
	struct job *jobs; /* of that size */
};
/*
 * Writes the results and claims jobs for the room there is. Where that fails
 * as a whole each result is tried by itself, and nothing is claimed: false,
 * if the table could not be asked. ret_count: jobs claimed.
 */
bool claims_turn(struct claims *c, struct results *results,
	const struct claims_turn *turn, size_t *ret_count);

#endif
