/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * removal: deletes at the source what the account's rule says (--delete), at
 * the end of a run, when all that it brought is durable here, in sessions of
 * its own. A message is at the source or in the store, never in neither:
 * only rows that are done are wanted, the session that deletes compares each
 * message with what was imported, and what cannot be compared stays.
 */
#ifndef MAILHAUL_SYNC_REMOVAL_H
#define MAILHAUL_SYNC_REMOVAL_H

#include "plan.h"
#include "work.h"

/* When the store is open, before anything arrives: leaves this run's mark in
 * it (storage/store_mark.h). */
int removal_begin(struct work *w, struct err *err);
/* After the last mailbox. What goes wrong with one mailbox, or with the
 * sessions, is a failed mailbox; -1 where the run is over. */
int removal_run(struct work *w, const struct plan *plan, struct err *err);

/* ---- what removal*.c share */

/* Turns every row of m that --delete with-local may want (removal_local.c). */
int removal_local(
	struct work *w, const struct ledger_mailbox *m, struct err *err);
/* What is absent now, in any mailbox, was not deleted by its reader, and is
 * kept at the source. 1; 0: a reader was at work, nothing is known; -1. */
int removal_baseline(struct work *w, struct err *err);
/* Deletes what is wanted of a mailbox in the work's session, opening it. m
 * follows: exists, gone, removal_notice. */
int removal_imap(struct work *w, struct ledger_mailbox *m, struct err *err);
int removal_pop3(struct work *w, struct ledger_mailbox *m, struct err *err);

/* What a ledger knows of a message to be deleted. */
struct removal_item {
	int64_t id;
	uint32_t uid; /* IMAP */
	uint32_t occurrence;
	const char *uidl;    /* POP3; in the arena */
	const char *emailid; /* in the arena; "" = none */
	uint64_t size_bytes;
	int64_t date_s;
	uint64_t listed_bytes;	  /* POP3, at the import; 0 = not known */
	unsigned char sha256[32]; /* and bare_sha256: content.h */
	unsigned char bare_sha256[32];
	unsigned char header_hash[LEDGER_HEADER_HASH];
	bool has_header;
	bool sent; /* asked for before, and not known to be done */
	enum {
		REMOVAL_UNSEEN, /* not listed, so far */
		REMOVAL_SAME,
		REMOVAL_OTHER,	/* not what was imported */
		REMOVAL_DONE,	/* says the server */
		REMOVAL_UNSAID, /* asked for, and not confirmed */
	} fate;
	uint32_t number; /* POP3: in this session; 0 = not known */
	bool there;	 /* IMAP: its UID was listed */
};
struct removal_list {
	struct removal_item *items;
	size_t count, cap;
	struct arena *arena;
};
/* Wanted rows of m above uid, `most` at most. Caller clears. */
int removal_load(struct work *w, const struct ledger_mailbox *m, int64_t after,
	int64_t most, struct removal_list *ret_list, struct err *err);
void removal_clear(struct removal_list *l);
/* Writes down, in one transaction, what is known before anything is asked
 * (unseen: gone; other: kept; same: sent) … */
int removal_write_intent(
	struct work *w, const struct removal_list *l, struct err *err);
/* … and after (done: gone; same: wanted again). */
int removal_write_done(
	struct work *w, const struct removal_list *l, struct err *err);

#endif
