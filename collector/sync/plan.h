/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan: which mailboxes are collected, and which folder each would like. The
 * order is the order of work: INBOX, mailboxes of special use, the rest as
 * listed; where two want the same folder the earlier one gets it, and the
 * ledger finds a directory for the other. A mapping that the ledger knows
 * already stays, whatever a later plan says. Pure.
 */
#ifndef MAILHAUL_SYNC_PLAN_H
#define MAILHAUL_SYNC_PLAN_H

#include "../model/account.h"
#include "../model/mailbox.h"

#include <stdbool.h>
#include <stddef.h>

struct plan_pair {
	char *mailbox; /* octets as the server sent them */
	char *name;    /* UTF-8, '/' between levels; for globs, logs */
	char *folder;  /* UTF-8 */
	bool subscribe;
	struct mailbox_state status; /* uidvalidity 0: not known */
};

struct plan {
	struct plan_pair *pairs;
	size_t count;
	size_t views;	 /* \All, \Flagged, \Important: mail seen twice */
	size_t excluded; /* by --folder and --exclude */
};

void plan_make(const struct mailbox_info *mailboxes, size_t count,
	const struct account *account, struct plan *ret_plan);
void plan_clear(struct plan *plan);

#endif
