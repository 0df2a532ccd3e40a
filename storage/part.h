/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * part: the beginning of a large message, kept in the staging directory while
 * the connection is lost, over runs and crashes, until the rest comes. Never
 * a message: it gets a name in the store by delivery_end, as a whole, and by
 * nothing else.
 *
 *     delivery_begin → delivery_keep → delivery_write …   noted every MiB
 *         → delivery_end     whole: the note goes in the transaction that
 *                            makes the message's row
 *         → delivery_leave   broken off: file and note stay
 *         → delivery_abort   not wanted: both go
 *     delivery_resume        what is kept is read, proved by its hash, and
 *                            written once more into a file of this run: hash,
 *                            line ends and the date come out as if it had
 *                            just been received, and a stuck thread of the
 *                            run before may write to its own file as it likes
 *
 * The file lies in the staging directory of the run that wrote it, under the
 * rules of that directory: recovery touches lower fences only, and spares
 * what a note names.
 */
#ifndef MAILHAUL_STORAGE_PART_H
#define MAILHAUL_STORAGE_PART_H

#include "ledger_part.h"
#include "store.h"

/* What a crash may cost of it. */
#define PART_STEP_BYTES ((uint64_t)1024 * 1024)
/* Kept for one account at most; and so long. */
#define PARTS_MAX 8
#define PART_DAYS 30

/* From now on what is written to d is kept as the beginning of the message of
 * key, which has total bytes. 1; 0: there are too many parts already; -1. */
int delivery_keep(struct delivery *d, const struct part_key *key,
	uint64_t total, struct err *err);
/* Takes *d: what was written stays for delivery_resume, where d is kept; else
 * as delivery_abort. */
void delivery_leave(struct delivery **d);
/* Bytes received so far. */
uint64_t delivery_received(const struct delivery *d);

/*
 * What is kept of the message: 1 and a delivery that is kept and goes on
 * behind it, ret_total as it was said; fn has been given all bytes received.
 * 0: nothing is kept, or it was damaged and has been dropped; then what fn was
 * given is void. -1.
 */
typedef int part_bytes_fn(
	void *arg, const void *bytes, size_t n, struct err *err);
int delivery_resume(struct store *store, const struct part_key *key,
	part_bytes_fn *fn, void *arg, struct delivery **ret_delivery,
	uint64_t *ret_total, struct err *err);

/* All that is kept for this account. Caller frees. */
int store_parts(struct store *store, struct ledger_part **ret_parts,
	size_t *ret_count, struct err *err);
/* File and note go. The delivery of it must not be open. */
int store_drop_part(
	struct store *store, const struct ledger_part *p, struct err *err);

#endif
