/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * likeness: whether the selected mailbox holds what rows of the ledger know,
 * under whatever numbers: of some messages of each, EMAILID, or size, date and
 * header. One listing, and headers of those that look alike; no bodies.
 */
#ifndef MAILHAUL_SYNC_LIKENESS_H
#define MAILHAUL_SYNC_LIKENESS_H

#include "work.h"

struct likeness {
	const struct ledger_mailbox *m;
	size_t asked, same; /* messages of the sample; of these, found */
};

/* Fills asked and same. What is gone here counts as not found there. */
int likeness_find(
	struct work *w, struct likeness *list, size_t count, struct err *err);
/* More than half of them are there. */
bool likeness_is_same(const struct likeness *l);

#endif
