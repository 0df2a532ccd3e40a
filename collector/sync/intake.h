/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * intake: a message on its way from the session's sink into the store. The
 * bytes are written before anybody knows whose they are; what turns out not
 * to be wanted is dropped before it is handed over. One mailbox at a time.
 * Where the session tells beforehand that a large one comes, its beginning
 * outlives the connection, and the run (storage/part.h); resume.h goes on.
 */
#ifndef MAILHAUL_SYNC_INTAKE_H
#define MAILHAUL_SYNC_INTAKE_H

#include "../../storage/content.h"
#include "uidset.h"
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

/* A large message, for the time it takes to come. */
#define PART_SAMPLE_BYTES ((size_t)4096)
struct part {
	uint32_t uid;
	uint64_t total; /* bytes, as the server has said */
	uint64_t from;	/* there before the call under way */
	bool broken;	/* its connection was lost; the delivery is open */
	unsigned failures;
	size_t head_bytes, tail_bytes;
	char head[PART_SAMPLE_BYTES]; /* the first received, and the last */
	char tail[PART_SAMPLE_BYTES];
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
	uint64_t seen;	    /* messages with a body, wanted or not */
	bool broken;	    /* the sink has refused: the session is gone */
	bool keeps;	    /* what is large, for resume.h; ids are UIDs then */
	struct uidset kept; /* UIDs of which there may be a part */
	struct part *part;  /* NULL: the message under way is not large */
	uint32_t told_of;   /* the id that was asked for alone */
	char told[SESSION_DIALOGUE_MAX]; /* and how that went */
	/* private */
	struct delivery *delivery;
	struct content content;
	bool begun;
	uint64_t bytes;
};

/* Owner fills the public members first. */
void intake_sink(struct intake *in, struct session_sink *ret_sink);
/* Drops what is under way. */
void intake_reset(struct intake *in);
/* A call has ended: what was cut off is kept where it is large, else dropped.
 * True if it is kept, and has grown by enough to be worth another
 * connection. */
bool intake_break_off(struct intake *in);
/* A message that was cut off and waits for its rest is kept on disk from now
 * on, so that another may come. */
void intake_put_by(struct intake *in);
/* It is this one. */
bool intake_broken_off(const struct intake *in, uint32_t uid);
/* Goes on with what is kept of this message, from disk unless it waits: 1;
 * 0: there is nothing; -1. */
int intake_take_up(struct intake *in, uint32_t uid, struct err *err);
/* The session was asked for this one alone: keeps its dialogue, which
 * intake_told gives; "" where another one was asked for since. */
void intake_ask(struct intake *in, uint32_t id);
const char *intake_told(const struct intake *in, uint32_t id);
/* At the end; what waits stays on disk. */
void intake_clear(struct intake *in);

#endif
