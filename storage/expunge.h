/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expunge: what happens here to messages that have vanished at the source:
 * into Trash or away. Only ever the file with this base name in its own
 * folder: what a reader has moved is the reader's, and so is what a reader
 * has flagged or answered. The run thread's; writes no ledger.
 */
#ifndef MAILHAUL_STORAGE_EXPUNGE_H
#define MAILHAUL_STORAGE_EXPUNGE_H

#include "store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum expunge_outcome {
	EXPUNGE_UNSEEN, /* not seen while a reader was at work: ask again */
	EXPUNGE_DONE,
	EXPUNGE_TAKEN,	/* flagged or answered here: it stays */
	EXPUNGE_ABSENT, /* not in this folder */
};

struct expunge_item {
	const char *base;
	uint8_t local_then; /* system flags as last written here */
	int64_t id;	    /* the caller's */
	enum expunge_outcome outcome;
};

/* Some of the items are settled: what was done to them is durable. */
typedef int expunge_slice_fn(void *arg, const struct expunge_item *items,
	size_t count, struct err *err);

struct expunge_order {
	struct folder *folder;
	struct folder *trash; /* NULL: remove */
	/* What a reader has copied elsewhere is removed: nothing is to be here
	 * twice that was here once. */
	bool spare_copies;
	expunge_slice_fn *settled;
	void *arg;
};

/*
 * Lists the folder once, and once more where something was not seen. Orders
 * the items anew. After a crash the same call finds what was done absent.
 */
int store_expunge(struct store *store, const struct expunge_order *order,
	struct expunge_item *items, size_t count, struct err *err);

#endif
