/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link: the one session of a run, and when it is worth opening another one.
 * It counts failures since the last message that arrived: a run ends only
 * when nothing moves any more. A refused password is never sent again.
 */
#ifndef MAILHAUL_SYNC_LINK_H
#define MAILHAUL_SYNC_LINK_H

#include "run.h"
#include "token.h"

#include <stdbool.h>

/* Failures without any progress between them after which a run gives up:
 * of the network; of what may be the fault of one message (halving a list of
 * 2,000,000 takes 21). */
#define LINK_NETWORK_TRIES 3
#define LINK_SUSPECT_TRIES 30

/* A server that asks for a pause no longer than this is waited for within the
 * run, to the millisecond, so often without any progress. */
#define LINK_PAUSE_MAX_MS 60000
#define LINK_PAUSES 5
/* Connections lost with several commands in flight, after which there is one
 * at a time for the rest of the run. */
#define LINK_PIPELINES_LOST 2

struct link {
	struct run *run;
	const struct run_dialer *dialer;
	const struct session_wait *wait; /* NULL: the run has one thread */
	const struct url *url;		 /* NULL: the account's */
	struct session *session;	 /* NULL: none open */
	struct session_info info;
	bool bulk;		  /* much is to come: compression may pay */
	unsigned rescues_in_vain; /* on end: rescue.h */
	bool no_pieces; /* of messages: the server does not give them right */
	/* of the token that was refused just now; "" = none */
	char token_mark[TOKEN_MARK_BYTES];
	unsigned opened;
	unsigned network; /* failures since the last progress */
	unsigned suspect;
	unsigned pauses;
	unsigned pipelines_lost; /* in this run */
};

void link_init(struct link *l, struct run *run);
/* Opens a session where none is open. The first one is tried once, later
 * ones until the network has failed too often. */
int link_open(struct link *l, struct err *err);
/* Closes politely. */
void link_close(struct link *l);
/* Closes without a word: what was read there is not safe here. */
void link_drop(struct link *l);
/* A message arrived, or a mailbox was done. */
void link_progress(struct link *l);
/*
 * A call on the session has failed with err: true if the work can go on,
 * with a new session (dropped here) or, for scope message and mailbox, with
 * the same one.
 */
bool link_survives(struct link *l, const struct err *err);
/* True for a fault that one message or mailbox can be the cause of, and not
 * just the network or the state of the account. */
bool link_is_suspect(const struct err *err);

#endif
