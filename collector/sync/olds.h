/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * olds: messages of a mailbox's older epochs, which may be among those it has
 * now under other numbers. Each answers for one new message at most.
 */
#ifndef MAILHAUL_SYNC_OLDS_H
#define MAILHAUL_SYNC_OLDS_H

#include "visit.h"

struct old {
	const char *emailid; /* NULL = none; in the arena */
	uint64_t size_bytes;
	int64_t date_s;
	int64_t id;
	unsigned char sha256[32];
	unsigned char header_hash[LEDGER_HEADER_HASH];
	bool has_header;
	bool used;
};

struct olds {
	struct old *list; /* by sha256, then date */
	size_t count, cap;
	struct arena *arena;
	bool named;  /* some have an emailid */
	bool headed; /* some have a header hash */
};

int olds_load(struct visit *v, struct olds *ret_olds, struct err *err);
void olds_clear(struct olds *o);
/* The old ones that are left, by the order given. Caller frees. */
struct old **olds_sorted(struct olds *o,
	int (*compare)(const void *, const void *), size_t *ret_count);

#endif
