/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uidl_source: --uidl-from. Mail, folders and flags come by IMAP, the UIDLs of
 * the INBOX by POP3, so that clients that leave mail on the server find the
 * same ones here. It holds up no mail: what fails is told and done later.
 */
#ifndef MAILHAUL_SYNC_UIDL_SOURCE_H
#define MAILHAUL_SYNC_UIDL_SOURCE_H

#include "work.h"

bool uidl_source_wanted(const struct account *a);
/* All that was delivered is durable. -1: the ledger failed, or cancelled. */
int uidl_source_run(struct work *w, struct err *err);
/*
 * For status: how many messages of m have no UIDL, -1 = none are wanted; and
 * what to say of that: NULL = nothing. Caller frees.
 */
char *uidl_source_tell(
	struct work *w, const struct ledger_mailbox *m, int64_t *ret_missing);

#endif
