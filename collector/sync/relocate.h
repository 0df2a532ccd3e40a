/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relocate: folders follow mailboxes that are called otherwise now. A rename
 * here is two steps, in the store and in the ledger; a note of the first one
 * is in the ledger before it is made, so that a run that was killed between
 * them is followed by one that finds the folder.
 */
#ifndef MAILHAUL_SYNC_RELOCATE_H
#define MAILHAUL_SYNC_RELOCATE_H

#include "plan.h"
#include "work.h"

/* A row of the ledger, and the mailbox that it is now. */
struct relocation {
	size_t row;
	const struct plan_pair *to;
};

/* A rename that was broken off is finished: then *ret_changed, and the rows
 * have to be read again. */
int relocate_finish(struct work *w, const struct ledger_mailbox *rows,
	size_t count, bool *ret_changed, struct err *err);
/*
 * Follows those that can be: a name that another row keeps stays with it. A
 * name that becomes free may be another's (Old.1 → Old.2 → Old.3), and they
 * may go round in a circle. rows are kept up to date. How many followed.
 */
int relocate(struct work *w, struct ledger_mailbox *rows, size_t row_count,
	struct relocation *list, size_t count, size_t *ret_followed,
	struct err *err);

#endif
