/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger_uidl: the UIDLs that messages collected by IMAP have over POP3
 * (--uidl-from). A UIDL names one message for good, whatever happens to the
 * message's own key; only its row takes the name with it.
 */
#ifndef MAILHAUL_STORAGE_LEDGER_UIDL_H
#define MAILHAUL_STORAGE_LEDGER_UIDL_H

#include "../collector/model/url.h"
#include "ledger.h"

/* What was last asked of the POP3 server. */
struct ledger_listing {
	char source[URL_TEXT_MAX]; /* "" = nothing yet */
	int64_t upto;		   /* messages up to this id were compared */
	int64_t asked_at;
	char why[LEDGER_NOTICE_MAX]; /* the last one failed; "" = not */
	bool refused;		     /* the password */
};
int ledger_uidl_listing(
	struct ledger *l, struct ledger_listing *ret_listing, struct err *err);
int ledger_uidl_listed(struct ledger *l, const struct ledger_listing *listing,
	struct err *err);

/* Delivered messages of the mailbox's epoch without one, by UID. fn must not
 * call the ledger. */
struct ledger_unnamed {
	int64_t id;
	uint64_t size_bytes;
	unsigned char header_hash[LEDGER_HEADER_HASH];
	unsigned char sha256[32];
};
typedef void ledger_unnamed_fn(void *arg, const struct ledger_unnamed *m);
int ledger_uidl_each_open(struct ledger *l, const struct ledger_mailbox *m,
	ledger_unnamed_fn *fn, void *arg, struct err *err);
/* How many have one. */
int ledger_uidl_count(struct ledger *l, const struct ledger_mailbox *m,
	int64_t *ret_named, struct err *err);
/* 1: some message has this UIDL; 0; -1. */
int ledger_uidl_find(struct ledger *l, const char *uidl, struct err *err);
/* The highest order given; 0 = none. */
int ledger_uidl_last(struct ledger *l, uint32_t *ret_order, struct err *err);
/* Nothing where either has a partner. */
int ledger_uidl_add(struct ledger *l, int64_t id, const char *uidl,
	uint32_t order, struct err *err);
/* All of them: they were another server's. */
int ledger_uidl_forget(struct ledger *l, struct err *err);
/* Those that were not written into the store yet, nor tried too often. */
typedef void ledger_pending_fn(void *arg, int64_t id, const char *base,
	const char *uidl, uint32_t order);
int ledger_uidl_each_pending(struct ledger *l, int64_t mailbox_id,
	ledger_pending_fn *fn, void *arg, struct err *err);
/* It was written, or could not be. */
int ledger_uidl_written(
	struct ledger *l, int64_t id, bool written, struct err *err);

#endif
