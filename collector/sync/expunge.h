/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expunge: what has vanished at the source, with --on-expunge trash or
 * remove. A visit finds and records it; when all mailboxes have been visited
 * it is done, so that what was only moved at the source is met at its new
 * place first. More than the brake (model/brake.h) allows is held until a
 * person confirms exactly that. A new UIDVALIDITY, and a mailbox that is not
 * listed any more, say nothing about any message.
 */
#ifndef MAILHAUL_SYNC_EXPUNGE_H
#define MAILHAUL_SYNC_EXPUNGE_H

#include "visit.h"

/* Nothing goes here when it has gone there: no rule says so, or the source is
 * emptied by ourselves (--delete). */
bool expunge_is_kept(const struct work *w);
/* There are more rows than messages, or something waits: worth a visit. */
bool expunge_is_due(const struct work *w, const struct ledger_mailbox *m,
	const struct mailbox_state *state);
/* Of the mailbox visited, after its import. What the server cannot prove
 * stays as it is, with a warning. */
int expunge_find(struct visit *v, struct err *err);
/* At the end of a run: trashes or removes what this run has proved. Needs no
 * session. */
int expunge_apply(struct work *w, struct err *err);
/* How many messages of planned mailboxes are held; where there are any,
 * ret_why says so, for `status`. -1. */
int expunge_held(struct work *w, const struct plan *plan, int64_t *ret_held,
	struct err *ret_why, struct err *err);

#endif
