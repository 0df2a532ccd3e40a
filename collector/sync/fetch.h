/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fetch: bodies of a list of messages, whatever happens on the way. A list is
 * ascending ids that stay the same over sessions (IMAP: UIDs; POP3: places
 * in the maildrop's table); the owner says which number an id has in the
 * present session. A fault of the server is closed in on until it is known
 * which message it comes from; that one is given up and the others go on.
 */
#ifndef MAILHAUL_SYNC_FETCH_H
#define MAILHAUL_SYNC_FETCH_H

#include "intake.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fetch_owner {
	/* A session has been opened: select, read again what numbers mean. */
	int (*renew)(void *arg, struct err *err);
	/* Number of an id in this session, 0 = it is gone. NULL: the id. */
	uint32_t (*number)(void *arg, uint32_t id);
	/* True once a message has come, been dropped as known, or given up. */
	bool (*settled)(void *arg, uint32_t id);
	/* One message cannot be had: why. */
	int (*give_up)(
		void *arg, uint32_t id, const struct err *why, struct err *err);
	void *arg;
};

/* Sees to it that there is a session that knows the mailbox. */
int fetch_ensure_session(
	struct link *link, const struct fetch_owner *owner, struct err *err);

/*
 * Asks for each id; those that the server leaves out without a word are not
 * settled afterwards, and the caller's matter. Fails only where going on is
 * of no use, or locally. alone: one command for each.
 */
int fetch_messages(struct intake *in, const struct fetch_owner *owner,
	const uint32_t *ids, size_t count, bool alone, struct err *err);

#endif
