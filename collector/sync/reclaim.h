/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reclaim: rows for what lies in the store already, after a ledger was lost
 * (storage/salvage.h). Nothing that has a row is fetched again. Where all of
 * state.dir was lost, files are compared by content (rematch), if no other
 * account delivers into the store.
 */
#ifndef MAILHAUL_SYNC_RECLAIM_H
#define MAILHAUL_SYNC_RECLAIM_H

#include "visit.h"

/* Once a run, when the store is open: looks whether there is something. */
int reclaim_begin(struct work *w, struct err *err);
/* whole: every mailbox of the plan was done. */
int reclaim_end(struct work *w, bool whole, struct err *err);
/* Before anything of a mailbox is fetched; what was found is in v->got. */
int reclaim_mailbox(struct visit *v, struct err *err);
/* POP3: the same for one message by its UIDL. 1 found. key: uidl and
 * occurrence. */
int reclaim_uidl(struct visit *v, const char *uidl, uint32_t occurrence,
	uint64_t announced, struct err *err);

#endif
