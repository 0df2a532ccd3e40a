/* SPDX-License-Identifier: BSD-2-Clause */
/* session_proxy: what the session_channel*.c share of the conductor's end.
 * Nobody else includes it. */
#ifndef MAILHAUL_REMOTE_SESSION_PROXY_H
#define MAILHAUL_REMOTE_SESSION_PROXY_H

#include "session_frames.h"

struct proxy {
	struct session base;
	struct channel *channel;
	struct session_limits limits;
	struct session_info info;
	char dialogue[SESSION_DIALOGUE_MAX];
	bool dead;
	bool idling; /* it waits */
	bool news;   /* and the envoy has said that there is news */
};

/* The call cannot begin: the session has ended. -1. */
int proxy_ended(struct err *err);
/* The envoy broke a rule of this channel: it is not itself any more. -1. */
int proxy_nonsense(struct proxy *p, const char *what, struct err *err);
int proxy_over_limit(
	struct proxy *p, const char *limit, uint64_t value, struct err *err);
/* Begins a question. */
int proxy_begin(struct proxy *p, uint8_t type, struct err *err);
/* Ends the frame under way. */
int proxy_send(struct proxy *p, struct err *err);
/* The next frame of an answer: 1 and its type, 0 at its end, -1. */
int proxy_next(struct proxy *p, uint8_t *ret_type, struct err *err);
/* The same, if each piece of it comes within ms. */
int proxy_next_within(
	struct proxy *p, int64_t ms, uint8_t *ret_type, struct err *err);

int proxy_headers(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err);
int proxy_fetch(struct session *s, const struct uid_range *ranges, size_t count,
	const struct session_sink *sink, struct err *err);
int proxy_fetch_piece(struct session *s, const struct session_piece *piece,
	const struct session_sink *sink, struct err *err);
const char *proxy_dialogue(struct session *s);
int proxy_uids(
	struct session *s, session_range_fn *fn, void *arg, struct err *err);
int proxy_statuses(struct session *s, const char *const *mailboxes,
	size_t count, session_status_fn *fn, void *arg, struct err *err);
int proxy_vanished(struct session *s, uint64_t since_modseq,
	session_range_fn *fn, void *arg, struct err *err);
int proxy_expunge(struct session *s, const struct uid_range *ranges,
	size_t count, session_range_fn *fn, void *arg, struct err *err);
int proxy_commit(struct session *s, struct err *err);
int proxy_idle(struct session *s, struct err *err);
int proxy_idle_end(struct session *s, struct err *err);

#endif
