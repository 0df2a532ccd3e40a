/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hidden: labels that are no mailboxes. Gmail's users choose for each label
 * whether IMAP shows it; of one that is not shown, the messages come from All
 * Mail, and its name stands in their X-GM-LABELS alone. A person is told which
 * these are, and what to do. They are counted when All Mail is visited for the
 * first time, and once a week from then on; the ledger's note "hidden":
 *     AT            when they were counted
 *     MAILBOX       which row of the ledger \All is
 *     COUNT NAME    a line each, the most frequent first
 */
#ifndef MAILHAUL_SYNC_HIDDEN_H
#define MAILHAUL_SYNC_HIDDEN_H

#include "visit.h"

/* In a selected mailbox; where it is not \All of Gmail, or it is not time
 * yet, nothing. A list that cannot be had is no failure. */
int hidden_count(struct visit *v, struct err *err);
/* A sentence for people, of those that are still hidden; NULL: there is
 * nothing to say of this mailbox. Caller frees. */
char *hidden_tell(struct work *w, const struct ledger_mailbox *m);

#endif
