/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * failures: what a run could not have, for `failures`: mailboxes, noted as
 * they fail, and quarantined messages, as the ledger has them at the end.
 */
#ifndef MAILHAUL_SYNC_FAILURES_H
#define MAILHAUL_SYNC_FAILURES_H

#include "work.h"

/* name: as people see it. */
void failures_note_mailbox(
	struct work *w, const char *name, const struct err *why);
/* Moves all into the result, at most JOB_FAILURES_MAX; mailboxes: all of the
 * ledger's. */
void failures_collect(struct work *w, const struct ledger_mailbox *mailboxes,
	size_t count, struct job_result *result);
/* Of a run that came to no summary. */
void failures_clear(struct work *w);
void failures_free(struct job_result *result);

#endif
