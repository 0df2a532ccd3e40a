/* SPDX-License-Identifier: BSD-2-Clause */
/* scout_call: the conductor's side of one question to the scout. One thread
 * a call. */
#ifndef MAILHAUL_REMOTE_SCOUT_CALL_H
#define MAILHAUL_REMOTE_SCOUT_CALL_H

#include "channel.h"

struct scout_call {
	struct channel *channel;
	const char *what; /* "looking up imap.example.org" */
	bool visit;	  /* a server is asked, not the DNS */
	int64_t until_ms;
};

/* Sends the channel, and with it fds (up to 2; none: count 0), which stay the
 * caller's. On success the question is to be put into call->channel. what:
 * lives as long as the call. */
int scout_call_begin(struct scout_call *call, int control_fd, const char *what,
	const int *fds, size_t count, int64_t timeout_ms, struct err *err);
/* The next frame of the answer: 1 and its type, 0 DONE, -1 (FAIL: what the
 * scout says; its death: ERR_CRASH; too late: ERR_TIMEOUT). */
int scout_call_next(
	struct scout_call *call, uint8_t *ret_type, struct err *err);
void scout_call_end(struct scout_call *call);
/* The frame is none of those that can be. -1. */
int scout_call_malformed(struct err *err);

#endif
