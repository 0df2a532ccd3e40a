/* SPDX-License-Identifier: BSD-2-Clause */
/* outline: a run's plan: the list of mailboxes, their state as far as the
 * server tells it of all together, and what the ledger knows. */
#ifndef MAILHAUL_SYNC_OUTLINE_H
#define MAILHAUL_SYNC_OUTLINE_H

#include "plan.h"
#include "work.h"

/* Lists, with one more try where the connection was lost, and plans. */
int outline_make(struct work *w, struct plan *ret_plan, struct err *err);

#endif
