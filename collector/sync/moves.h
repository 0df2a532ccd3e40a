/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * moves: mailboxes that have another name at the source now. One that is new
 * in the list and one that has gone from it (or whose name another one has
 * now, where the list tells UIDVALIDITY) are the same if they have one
 * MAILBOXID (RFC 8474 4.1), or one UIDVALIDITY and, of a sample, the same
 * messages under the same UIDs. Its folder follows it, if no other has that
 * name; its messages are not fetched again.
 */
#ifndef MAILHAUL_SYNC_MOVES_H
#define MAILHAUL_SYNC_MOVES_H

#include "plan.h"
#include "work.h"

/* *ret_moved: so many; the plan has to be made anew then. */
int moves_follow(struct work *w, const struct mailbox_info *listed,
	size_t listed_count, const struct plan *plan, size_t *ret_moved,
	struct err *err);

#endif
