/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * merge: flags of one message, three ways: what the source and this side had
 * when they were last compared, and what both have now. Each flag and each
 * keyword is decided alone. The invariant: what a reader has changed here is
 * never undone. Pure.
 */
#ifndef MAILHAUL_MODEL_MERGE_H
#define MAILHAUL_MODEL_MERGE_H

#include "flags.h"

#include <stdbool.h>

struct merge_input {
	const struct flags *source_then;
	const struct flags *source_now;
	/* What we wrote here, not what was here: a flag that differs from it
	 * has been changed here, and stays so whatever the source does. */
	const struct flags *local_then;
	const struct flags *local_now;
	/* A run that was killed may have written this merge already: then a
	 * flag that changed on both sides alike is ours, not a reader's. */
	bool again;
};

/* What the local side should have now: a change at the source is applied
 * unless the same flag was changed here. ret_merged may be any of the
 * inputs' storage. */
void merge_flags(const struct merge_input *in, struct flags *ret_merged);

/* What the ledger has to note as local_then of the next merge, where the
 * local side has taken `after` (the merged flags, or fewer keywords where it
 * had no room). ret_note may not be an input's storage. */
void merge_note(const struct merge_input *in, const struct flags *after,
	struct flags *ret_note);

/* True where a flag that was put on here says that a reader means to keep the
 * message, whatever becomes of it at the source. System flags; then: as last
 * written by us. */
static inline bool merge_is_taken_over(uint8_t then, uint8_t now)
{
	return (now & ~(unsigned)then &
		       (FLAG_FLAGGED | FLAG_ANSWERED | FLAG_DRAFT)) != 0;
}

#endif
