/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numbers: whether a visit's messages keep the UIDs of the source (the first
 * import of a mailbox, IMAP) or its UIDLs (POP3, always), and what became of
 * that. What comes later over IMAP gets its UID like any delivery, beyond
 * those that the source gives out.
 */
#ifndef MAILHAUL_SYNC_NUMBERS_H
#define MAILHAUL_SYNC_NUMBERS_H

#include "visit.h"

/* The mailbox is selected, nothing has been delivered yet. */
int numbers_enter(struct visit *v, struct err *err);
/* What has been delivered into m's folder is durable; before the mark. */
int numbers_settle(struct work *w, struct folder *folder,
	struct ledger_mailbox *m, struct err *err);

#endif
