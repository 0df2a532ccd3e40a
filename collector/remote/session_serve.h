/* SPDX-License-Identifier: BSD-2-Clause */
/* session_serve: what the session_serve*.c share of the envoy's end. Nobody
 * else includes it. */
#ifndef MAILHAUL_REMOTE_SESSION_SERVE_H
#define MAILHAUL_REMOTE_SESSION_SERVE_H

#include "session_channel.h"
#include "session_frames.h"

struct serve {
	session_serve_open_fn *open;
	void *open_arg;
	int socket_fd; /* until open has taken it; -1 then */
	bool begun;
	bool idling;	       /* the session waits in IDLE */
	bool told;	       /* and the conductor knows that there is news */
	int64_t idle_since_ms; /* IDLE was sent */
	struct channel *channel;
	struct session *session;
	struct uid_range *ranges;
	size_t range_count;
	char **names;
	size_t name_count;
	int64_t flushed_ms;
	bool over;  /* the channel, or the session, has ended */
	bool leave; /* the conductor has said so */
};

/* Sends the frame under way. */
int serve_say(struct serve *v, struct err *err);
/* DONE or FAIL; r and err are what the call ended with. */
void serve_answer(struct serve *v, int r, const struct err *err);

/* What a session says of messages goes to the conductor. */
void serve_sink(struct serve *v, struct session_sink *ret_sink);
/* What was said with the server, where it is known. */
void serve_dialogue(struct serve *v);
/* PIECE. */
void serve_piece(struct serve *v);

/* Frames IDLE and WAKE. */
void serve_idle(struct serve *v);
void serve_wake(struct serve *v);
/* While it waits in IDLE: looks at what the server says, or renews, and tells
 * the conductor; true if there is nothing else to be done. */
bool serve_rests(struct serve *v, bool renew);

/* A frame NAME; then STATUSES. */
void serve_take_name(struct serve *v);
void serve_statuses(struct serve *v);
void serve_names_free(struct serve *v);
/* EXPUNGE of v->ranges; COMMIT. */
void serve_expunge(struct serve *v);
void serve_commit(struct serve *v);

#endif
