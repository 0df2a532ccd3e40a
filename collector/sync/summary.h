/* SPDX-License-Identifier: BSD-2-Clause */
/* summary: the counts of a result, as the ledger has them at the end. */
#ifndef MAILHAUL_SYNC_SUMMARY_H
#define MAILHAUL_SYNC_SUMMARY_H

#include "plan.h"
#include "work.h"

/* Bytes stored for the account, all mailboxes. */
int summary_bytes(struct ledger *l, uint64_t *ret_bytes, struct err *err);
/* Fills counts and mailboxes; a ledger that cannot be read leaves them as
 * they are. Mailboxes that the plan does not name any more, where there is
 * one, have nothing at the source. */
void summary_make(
	struct work *w, const struct plan *plan, struct job_result *result);
/* A mailbox as people see it in `status`. Caller frees. */
char *summary_printable(const char *name);
/* Frees mailboxes and failures. */
void summary_free(struct job_result *result);

#endif
