/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * survey: the state of the mailboxes of a plan before anybody visits them,
 * where the list did not tell it (RFC 5819): STATUS for those that have a
 * mark, all together. What has not changed is not visited then.
 */
#ifndef MAILHAUL_SYNC_SURVEY_H
#define MAILHAUL_SYNC_SURVEY_H

#include "plan.h"
#include "work.h"

/* Fills status of plan's pairs as far as the server tells. Fails only where
 * the run cannot go on. */
int survey_mailboxes(struct work *w, struct plan *plan, struct err *err);

#endif
