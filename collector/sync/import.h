/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: the messages of a selected IMAP mailbox that are not here yet.
 * After it has succeeded each message of the mailbox is delivered,
 * quarantined or left out on purpose: only then may a mark be set.
 */
#ifndef MAILHAUL_SYNC_IMPORT_H
#define MAILHAUL_SYNC_IMPORT_H

#include "visit.h"

/* So many UIDs are asked for without a list of those there are. */
#define IMPORT_DENSE_MAX 20000

int import_mailbox(struct visit *v, struct err *err);
/* By v->m and v->state alone: no message can have come. */
bool import_nothing_new(const struct visit *v);

#endif
