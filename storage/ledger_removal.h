/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger_removal: messages that are to be deleted at the source (--delete).
 * Only rows that are done can be wanted: their messages are durable here. A
 * row goes from none to wanted (or held first: the brake), sent and gone; it
 * stays a row for ever, so that what is listed again is not fetched again.
 */
#ifndef MAILHAUL_STORAGE_LEDGER_REMOVAL_H
#define MAILHAUL_STORAGE_LEDGER_REMOVAL_H

#include "ledger.h"

enum removal {
	REMOVAL_NONE = 0,
	REMOVAL_HELD = 1,
	REMOVAL_WANTED = 2,
	REMOVAL_SENT = 3, /* asked for, not known to be done */
	REMOVAL_GONE = 4,
	REMOVAL_KEPT = 5, /* stays at the source for good */
};

/* The rule is another one: forgets what was wanted or held, and dates from
 * now on what has no date of arrival. */
int removal_begin_rule(struct ledger *l, int64_t now_s, struct err *err);

/* Wants what came no later than before_s. POP3: uidvalidity 0. */
int removal_want_older(struct ledger *l, const struct ledger_mailbox *m,
	int64_t before_s, int64_t now_s, struct err *err);

/* What is not sent yet, in any order. Borrowed base. */
struct removal_row {
	int64_t id;
	const char *base;
	const unsigned char *sha256; /* 32 bytes; borrowed */
	enum removal removal;	     /* none, held, wanted */
	bool confirmed;		     /* wanted, or held by a confirmed run */
	int64_t absences;
};
typedef int removal_row_fn(
	void *arg, const struct removal_row *row, struct err *err);
/* m NULL: of all mailboxes and epochs. fn must not call the ledger. */
int removal_each_here(struct ledger *l, const struct ledger_mailbox *m,
	int64_t confirmed_fence, removal_row_fn *fn, void *arg,
	struct err *err);
/* Turns a row that is not gone. why: for REMOVAL_KEPT, else "". */
int removal_set(struct ledger *l, int64_t id, enum removal to, int64_t absences,
	const char *why, int64_t now_s, struct err *err);

/* Whether any row has this base name: 1, 0, -1. */
int removal_knows_base(struct ledger *l, const char *base, struct err *err);
/* The message is here under another name, and not wanted. */
int removal_rebase(
	struct ledger *l, int64_t id, const char *base, struct err *err);

/* Wanted and sent rows of the present epoch above a UID, ascending by UID,
 * `most` at most. POP3: after -1, all. fn must not call the ledger. */
int removal_each_wanted(struct ledger *l, const struct ledger_mailbox *m,
	int64_t after, int64_t most, ledger_message_fn *fn, void *arg,
	struct err *err);
int removal_sent(struct ledger *l, int64_t id, int64_t now_s, struct err *err);
/* The server has said that it has not done it. */
int removal_unsent(struct ledger *l, int64_t id, struct err *err);
int removal_gone(struct ledger *l, int64_t id, int64_t now_s, struct err *err);

struct removal_counts {
	int64_t none, held, wanted; /* sent ones, too */
	int64_t done;		    /* gone, and by us */
	int64_t changed, lost;	    /* kept: REMOVAL_WHY_… */
	int64_t first_at;	    /* earliest arrival among none; 0 */
};
#define REMOVAL_WHY_CHANGED "changed" /* not what was imported */
#define REMOVAL_WHY_LOST "lost" /* absent when the store was turned back */
int removal_count(struct ledger *l, const struct ledger_mailbox *m,
	struct removal_counts *ret_counts, struct err *err);
/* Writes exists, gone, removal_notice. */
int removal_mailbox(
	struct ledger *l, const struct ledger_mailbox *m, struct err *err);

#endif
