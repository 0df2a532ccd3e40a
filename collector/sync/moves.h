/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * moves: mailboxes that have another name at the source now. One that is new
 * in the list, or that is not what its name meant (as its UIDVALIDITY tells),
 * and one that has gone from it are the same if they have
 * - one MAILBOXID (RFC 8474 4.1), or
 * - one UIDVALIDITY and, of a sample, the same messages under the same UIDs, or
 * - more than half of a sample of messages, whatever their numbers: a server
 *   may give new ones when it renames.
 * Its folder follows it, if no other has that name; its messages are not
 * fetched again. Two that have changed places, or three, are followed like
 * any other. Renaming INBOX moves its messages, and leaves it empty (RFC 9051
 * 6.3.6): where that is what happened, work.inbox says so, and the visit of
 * the new mailbox finds its messages in INBOX's folder (olds.h).
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
