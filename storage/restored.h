/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restored: a job table that came out of a backup is older than the world.
 * Ledgers may have been taken by runs that it does not know of, stores hold
 * mail that it, or the ledger restored with it, has never heard of, and the
 * staging directories of forgotten runs are still there.
 */
#ifndef MAILHAUL_STORAGE_RESTORED_H
#define MAILHAUL_STORAGE_RESTORED_H

#include "../collector/base/err.h"
#include "state.h"

#include <stddef.h>

/*
 * With the state's lock, before anything is claimed. Where the job table is a
 * copy: every account's fencing number goes beyond what any forgotten run can
 * have had, every ledger is told to look through its store before anything is
 * fetched (salvage.h), and what a person has confirmed counts no longer; then
 * it is the original. Killed in between it is done again. A ledger that
 * cannot be opened is left to its account's run. ret_accounts: how many there
 * are; 0: it was no copy.
 */
int restored_settle(struct state *state, size_t *ret_accounts, struct err *err);

#endif
