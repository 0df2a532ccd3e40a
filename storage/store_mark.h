/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_mark: a number that a run leaves in the store, and in its ledger, so
 * that a store which was turned back (restored from a copy, rolled back to a
 * snapshot) is known for what it is: its number is lower than the ledger's.
 * What is absent from such a store was not deleted by anybody. One file an
 * account, ROOT/mailhaul.mark.UUID. The run thread's.
 */
#ifndef MAILHAUL_STORAGE_STORE_MARK_H
#define MAILHAUL_STORAGE_STORE_MARK_H

#include "store.h"

#include <stdbool.h>

/* Whether the store is older than the ledger. */
int store_mark_check(
	struct store *store, bool *ret_turned_back, struct err *err);
/* mark: higher than any before. Durable in the store, then noted in the
 * ledger. */
int store_mark_write(struct store *store, int64_t mark, struct err *err);

#endif
