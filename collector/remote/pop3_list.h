/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pop3_list: what is in the maildrop, by LIST and UIDL (RFC 1939 5, 7). Every
 * number in a listing is a claim: it is bounded before it is used, and a
 * listing that names fewer messages than STAT did is an error, never a
 * shorter list. Kept for the fetch are 16 bytes a message and, up to
 * POP3_UIDLS_KEPT bytes in all, the UIDLs.
 */
#ifndef MAILHAUL_REMOTE_POP3_LIST_H
#define MAILHAUL_REMOTE_POP3_LIST_H

#include "pop3_capa.h"
#include "session.h"

#define POP3_UIDLS_KEPT ((size_t)16 << 20)
#define POP3_LINE_GUESS_BYTES 100 /* of LIST and UIDL, for the deadline */

struct pop3_claim {
	uint64_t size;	  /* see pop3_list.c */
	uint32_t uidl_at; /* in uidls, plus 1; 0 = none */
};

/* Answers that are still to come to what pop3_listing_ahead has asked. */
enum pop3_awaited {
	POP3_AWAITS_NOTHING,
	POP3_AWAITS_LISTS, /* LIST and UIDL */
	POP3_AWAITS_ALL,   /* STAT before them */
};

struct pop3_listing {
	bool loaded;
	enum pop3_awaited awaited;
	uint32_t expected;	   /* by STAT */
	uint32_t max;		   /* limits.messages */
	uint32_t count;		   /* messages listed */
	uint32_t rejected;	   /* lines that could not be used */
	uint32_t top;		   /* highest number listed */
	struct pop3_claim *claims; /* by number */
	size_t claims_cap;
	struct buf uidls; /* each with its NUL */
};

void pop3_listing_init(struct pop3_listing *l, uint64_t messages_max);
void pop3_listing_clear(struct pop3_listing *l);

/* Puts STAT, LIST and UIDL behind what is waiting to be sent; only where
 * PIPELINING is offered. The calls below then read the answers. */
int pop3_listing_ahead(
	struct pop3_wire *w, struct pop3_listing *l, struct err *err);
/* STAT; fills expected. ERR_LIMIT/mailbox past limits.messages. */
int pop3_listing_count(struct pop3_wire *w, const struct pop3_capa *capa,
	struct pop3_listing *l, struct err *err);
/* LIST alone, for the sizes. */
int pop3_listing_load(struct pop3_wire *w, const struct pop3_capa *capa,
	struct pop3_listing *l, struct err *err);
/* LIST and UIDL, together where capa says PIPELINING; fn for each message,
 * ascending. */
int pop3_listing_scan(struct pop3_wire *w, const struct pop3_capa *capa,
	struct pop3_listing *l, session_message_fn *fn, void *arg,
	struct err *err);

/* Whether LIST named the message; its size if it gave one. */
bool pop3_listing_has(const struct pop3_listing *l, uint32_t number);
bool pop3_listing_size(
	const struct pop3_listing *l, uint32_t number, uint64_t *ret_bytes);
/* UID, and what is known of SIZE and UIDL. */
void pop3_listing_meta(const struct pop3_listing *l, uint32_t number,
	struct message_meta *ret_meta);

/* The two readers, behind their +OK. */
int pop3_list_read(
	struct pop3_wire *w, struct pop3_listing *l, struct err *err);
int pop3_uidl_read(struct pop3_wire *w, struct pop3_listing *l,
	session_message_fn *fn, void *arg, struct err *err);
/* Nothing is listed. */
void pop3_listing_reset(struct pop3_listing *l);
int pop3_listing_too_many(const struct pop3_listing *l, struct err *err);

#endif
