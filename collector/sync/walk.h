/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk: from one mailbox of the plan to the next. A mailbox that fails is
 * named and left for the next run; marks are written once what they vouch
 * for is durable.
 */
#ifndef MAILHAUL_SYNC_WALK_H
#define MAILHAUL_SYNC_WALK_H

#include "plan.h"
#include "work.h"

/* Visits each pair. Fails only with what ends the run; what was complete by
 * then is flushed and marked all the same, unless the store has failed. */
int walk_plan(struct work *w, const struct plan *plan, struct err *err);

#endif
