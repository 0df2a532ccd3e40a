/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * labels: one message in several mailboxes (Gmail's labels; any server that
 * names messages, RFC 8474). It is fetched from the first one it is met in;
 * for each other one its file is linked. Of \All, which comes last, only
 * what no other mailbox has is kept.
 */
#ifndef MAILHAUL_SYNC_LABELS_H
#define MAILHAUL_SYNC_LABELS_H

#include "visit.h"

/* Before it is known what is new: of \All, what is left in it alone. */
int labels_want_again(struct visit *v, struct err *err);
/* Before anything of a mailbox is fetched; what was settled is in v->got. */
int labels_settle(struct visit *v, struct err *err);
/* Even an unchanged \All has to be visited: what goes from other folders in
 * this run may be left in it alone. */
bool labels_are_due(struct work *w, const struct plan_pair *pair);

#endif
