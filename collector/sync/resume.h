/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resume: a large message goes on at the byte where its connection was lost
 * (IMAP only: POP3 gives messages whole). What is kept (storage/part.h) is
 * believed to be the beginning of the message that the server has now only if
 *     its first bytes, asked for once more, are the same,
 *     its last bytes, asked for with the rest, are the same,
 *     the rest is exactly as long as it was said to be, and no longer.
 * Else it is dropped, and the message is fetched as a whole.
 */
#ifndef MAILHAUL_SYNC_RESUME_H
#define MAILHAUL_SYNC_RESUME_H

#include "intake.h"
#include "visit.h"

/* A connection that brought less before it was lost has brought nothing. */
#define RESUME_WORTH_BYTES ((uint64_t)64 * 1024)

enum resume_result {
	RESUME_NOTHING = 0, /* to be asked for as a whole */
	RESUME_DONE = 1,    /* it has come; accept has had its say */
	RESUME_AGAIN = 2,   /* the same, in a new session: err says why */
};

/* Which messages of the mailbox have a part: fills in->kept. */
int resume_load(struct intake *in, struct err *err);
/* Whether resume_message may know something. */
bool resume_knows(const struct intake *in, uint32_t uid);
/* Goes on with what is kept of a message of the selected mailbox. An enum
 * resume_result, or -1: what has come until then is kept. */
int resume_message(struct intake *in, uint32_t uid, struct err *err);
/* Once the import of the mailbox is complete: what no message needs goes. */
int resume_sweep(struct visit *v, struct err *err);

#endif
