/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample: whether a selected mailbox still is the one whose messages a ledger
 * row knows: some of them, by number, against what the server has under the
 * same numbers now. Fetches headers, no bodies.
 */
#ifndef MAILHAUL_SYNC_SAMPLE_H
#define MAILHAUL_SYNC_SAMPLE_H

#include "../../storage/header.h"
#include "work.h"

enum sample_verdict {
	SAMPLE_NOTHING, /* none of them is there, or none can be compared */
	SAMPLE_SAME,
	SAMPLE_OTHER, /* at least one is another message */
};

/* m: which mailbox's rows, of the epoch in it. */
int sample_compare(struct work *w, const struct ledger_mailbox *m,
	enum sample_verdict *ret_verdict, struct err *err);

/* One of them: its EMAILID, else its header, is that of another message. False
 * where neither is known. */
bool sample_is_other(const struct ledger_message *row,
	const struct message_meta *meta, const struct header_bare *head);

#endif
