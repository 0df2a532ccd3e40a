/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * park: the end of a run whose account wants to know of new mail at once
 * (--push): the session does not take its leave but waits in IDLE on INBOX,
 * and the dialer keeps it. Nothing that goes wrong here is a fault of the run.
 */
#ifndef MAILHAUL_SYNC_PARK_H
#define MAILHAUL_SYNC_PARK_H

#include "plan.h"
#include "work.h"

/* Whether the session is to be kept until park_session. */
bool park_is_wanted(const struct work *w);
/* All else has been done. */
void park_session(struct work *w, const struct plan *plan);

#endif
