/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * witness: whether known UIDs still mean the messages that we know. A server
 * must not give a UID out twice under one UIDVALIDITY (RFC 9051 2.3.1.1), and
 * some do: a mailbox that is deleted and made again within a second, or comes
 * from a backup. In two steps, since the first costs nothing and proves little:
 *     1. size and date as a listing has them, of all where all are listed
 *        anyway, else of a few: both differ → v->suspects
 *     2. headers of a few of those: other ones → v->reused
 * A message that is gone proves nothing. Where the headers say that the
 * messages are the same, sizes and dates are not to be relied on in this
 * mailbox, which is noted in the ledger:
 *     sizes N   a scan compares dates as well
 *     both N    nobody is suspected for a week from N on
 */
#ifndef MAILHAUL_SYNC_WITNESS_H
#define MAILHAUL_SYNC_WITNESS_H

#include "visit.h"

struct witness_fact {
	uint32_t uid;
	uint64_t size_bytes, listed_bytes;
	int64_t date_s;
};

/* Messages that are known from before this visit, and what is known. */
struct witness {
	struct visit *visit;
	struct session_peek peek; /* their UIDs */
	struct witness_fact facts[SESSION_PEEK_MAX];
};

/* The lowest, the highest, and evenly spread between them. None where it is
 * of no use. */
int witness_call(struct visit *v, struct witness *ret_witness, struct err *err);
/* What the server says of one of them; anything else is ignored. */
void witness_hear(struct witness *w, const struct message_meta *meta);

/* A scan has to bring dates for its sizes to say something. */
int witness_needs_dates(struct visit *v, bool *ret_dates, struct err *err);
/* Step 2, if there are suspects, in the selected mailbox. -1 with v->reused
 * set: these are other messages. */
int witness_judge(struct visit *v, struct err *err);

#endif
