/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pop3_transfer: bodies by RETR (RFC 1939 5), headers by TOP (7), streamed from
 * the mailstream's buffer to the sink: every byte but the stuffed dots and the
 * line that ends the answer, in constant memory. Only that line ends a message;
 * a connection that ends first is an error and never a message.
 */
#ifndef MAILHAUL_REMOTE_POP3_TRANSFER_H
#define MAILHAUL_REMOTE_POP3_TRANSFER_H

#include "pop3_list.h"

#define POP3_WINDOW 512			       /* commands in flight */
#define POP3_WINDOW_BYTES ((uint64_t)32 << 20) /* announced, in flight */

/* Where in the answer the next byte stands. */
enum pop3_place {
	POP3_LINE_START,
	POP3_LINE_INSIDE,
	POP3_AFTER_DOT,	   /* "." at the start of a line, kept back */
	POP3_AFTER_DOT_CR, /* ".\r", kept back */
};

/* Zeroed before the first byte of a body. */
struct pop3_body {
	enum pop3_place place;
	uint64_t bytes; /* given to the sink */
};

/*
 * Takes n bytes of an answer: 1 more is to come (all n used), 0 the body has
 * ended (*ret_used ≤ n), -1 the sink failed. A line of a lone dot ends the
 * body, also where lines end with LF only. Pure but for the sink.
 */
int pop3_body_feed(struct pop3_body *body, const char *bytes, size_t n,
	const struct session_sink *sink, size_t *ret_used, struct err *err);
/* Reads one body from the wire. message_bytes: ERR_LIMIT past it; 0 = no
 * limit. */
int pop3_body_read(struct pop3_wire *w, uint64_t message_bytes,
	const struct session_sink *sink, uint64_t *ret_bytes, struct err *err);

/*
 * RETR of the messages in ranges that the listing has. window: commands that
 * may be in flight, 1 … POP3_WINDOW. An -ERR gives the sink a message without
 * body; ten [SYS/TEMP] in a row are ERR_REFUSED/session/later.
 */
int pop3_transfer(struct pop3_wire *w, const struct pop3_listing *l,
	const struct uid_range *ranges, size_t count, unsigned window,
	uint64_t message_bytes, const struct session_sink *sink,
	struct err *err);

/*
 * TOP n 0 of the messages in ranges, in the same way. The first one goes
 * alone; where it is refused there are no others: a server that has no TOP is
 * not asked a thousand times.
 */
int pop3_transfer_headers(struct pop3_wire *w, const struct pop3_listing *l,
	const struct uid_range *ranges, size_t count, unsigned window,
	uint64_t message_bytes, const struct session_sink *sink,
	struct err *err);

#endif
