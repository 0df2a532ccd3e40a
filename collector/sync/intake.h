/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * intake: a message on its way from the session's sink into the store. The
 * bytes are written before anybody knows whose they are; what turns out not
 * to be wanted is dropped before it is handed over. One mailbox at a time.
 */
#ifndef MAILHAUL_SYNC_INTAKE_H
#define MAILHAUL_SYNC_INTAKE_H

#include "../../storage/content.h"
#include "work.h"

#include <stdbool.h>
#include <stdint.h>

enum intake_verdict {
	INTAKE_DROP, /* not asked for, or known already */
	INTAKE_TAKE,
	INTAKE_FAIL,
};

/* What the owner is asked when a message is complete. */
struct intake_message {
	const struct message_meta *meta;
	uint64_t bytes;		     /* received */
	const struct content_id *id; /* NULL without intake.hash */
	int64_t date_s;		     /* as its header tells it, else now */
};

struct intake {
	struct work *work;
	struct folder *folder;
	bool hash; /* the owner wants to know what each message is */
	bool date; /* … and when it arrived */
	/*
	 * Fills the identity of a message that is to be taken (mailbox_id and
	 * uidvalidity are there already); notes that it has come.
	 */
	enum intake_verdict (*accept)(void *arg,
		const struct intake_message *message,
		struct ledger_message *key, struct err *err);
	/* NULL, or: a message came as what is none (MESSAGE_IS_…). */
	int (*unusable)(
		void *arg, const struct message_meta *meta, struct err *err);
	void *arg;
	int64_t mailbox_id;
	uint32_t uidvalidity;
	uint64_t seen; /* messages with a body, wanted or not */
	bool broken;   /* the sink has refused: the session is gone */
	/* private */
	struct delivery *delivery;
	struct content content;
	bool begun;
	uint64_t bytes;
};

/* Owner fills the public members first. */
void intake_sink(struct intake *in, struct session_sink *ret_sink);
/* Drops a message that was cut off. Call after each fetch that failed. */
void intake_reset(struct intake *in);

#endif
