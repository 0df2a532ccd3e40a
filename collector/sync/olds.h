/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * olds: messages that are here already and may be among those that a mailbox
 * has now under other numbers: of its older epochs, and of the same source
 * over another protocol, and of INBOX where that was renamed. Each answers for
 * one new message at most.
 */
#ifndef MAILHAUL_SYNC_OLDS_H
#define MAILHAUL_SYNC_OLDS_H

#include "visit.h"

struct old {
	const char *emailid; /* NULL = none; in the arena */
	const char *uidl;    /* NULL = an IMAP message; in the arena */
	uint32_t occurrence;
	enum ledger_state state;
	/* what lies in another mailbox's folder: where; else NULL */
	const char *dir, *base;
	uint8_t local_system;
	uint64_t size_bytes;   /* received */
	uint64_t bare_bytes;   /* without what servers write (header.h) */
	uint64_t listed_bytes; /* as POP3 announced it; 0 = not known */
	uint32_t dropped;
	int64_t date_s;
	int64_t id;
	int64_t tries, next_try_at;
	uint32_t order;
	unsigned char sha256[32];
	unsigned char bare_sha256[32];
	unsigned char header_hash[LEDGER_HEADER_HASH];
	bool has_header;
	bool dated; /* date_s is the server's, and not a header's */
	bool used;
};

struct olds {
	struct old *list; /* by bare_sha256, then date */
	size_t count, cap;
	struct arena *arena;
	bool named;  /* some have an emailid */
	bool headed; /* some have a header hash */
	bool undated;
};

int olds_load(struct visit *v, struct olds *ret_olds, struct err *err);
/* Of a maildrop: all that the ledger has, in any state. */
int olds_load_maildrop(struct visit *v, struct olds *ret_olds, struct err *err);
void olds_clear(struct olds *o);
/* The old ones that are left, by the order given. Caller frees. */
struct old **olds_sorted(struct olds *o,
	int (*compare)(const void *, const void *), size_t *ret_count);
/* Unused, delivered, with these bytes; of several one with this date. NULL
 * where there is none. */
struct old *olds_find(const struct olds *o, const unsigned char bare_sha256[32],
	const int64_t *date_s);

/* A new message, as far as a listing and its header tell. */
struct seeker {
	unsigned char hash[LEDGER_HEADER_HASH];
	uint64_t bytes; /* as listed, without what servers write */
	int64_t date_s;
	bool has_date;
	struct old *old; /* who it is; NULL: not known */
};

/*
 * Finds who they are: by header hash, size and, where both have one, date.
 * Only where the old ones that share all three have the same bytes, and there
 * are no more new ones than old ones. Two messages may differ in nothing but
 * their bodies (a daily report); then the bodies are fetched. How many
 * were found.
 */
size_t olds_match(struct olds *o, struct seeker **seekers, size_t count);

#endif
