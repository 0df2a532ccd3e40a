/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivery_file: the staged file of a delivery, and the bytes on their way
 * into it. What delivery.c and delivery_file.c share; nobody else includes
 * it. A delivery belongs to one thread at a time.
 */
#ifndef MAILHAUL_STORAGE_DELIVERY_FILE_H
#define MAILHAUL_STORAGE_DELIVERY_FILE_H

#include "../collector/model/eol.h"
#include "content.h"
#include "maildir.h"
#include "part_internal.h"

#define DELIVERY_GATHER_BYTES ((size_t)8 * 1024)

struct delivery {
	struct store *store;
	int fd;
	uint64_t seq;
	struct eol eol;
	bool to_lf;
	uint64_t received;
	uint64_t written; /* bytes in the file, without what is gathered */
	size_t gathered;
	char *gather; /* small, or large */
	size_t gather_bytes;
	char *small; /* DELIVERY_GATHER_BYTES */
	char *large; /* lent, for a message that is larger; NULL: none */
	struct content content;
	/* part.h */
	bool kept;
	struct part_key key;
	uint64_t total;
	uint64_t noted, noted_seq; /* received then, and the file; 0: never */
};

/* Makes the next staged file. */
int delivery_file_create(
	struct store *store, uint64_t *ret_seq, int *ret_fd, struct err *err);
void delivery_file_remove(const struct store *store, uint64_t seq);
/* What is gathered goes into the file. */
int delivery_file_flush(struct delivery *d, struct err *err);
/* The last bytes; owner, mode and times; closes. */
int delivery_file_finish(struct delivery *d, int64_t date_s, struct err *err);

/* ---- delivery.c, for part.c */
/* Closes and frees; the file stays. */
void delivery_end_use(struct delivery *d);

/* ---- delivery.c, for links */
struct staged;
/* Which keywords find a letter in the folder. */
int delivery_plan_keywords(struct folder *folder, const struct flags *source,
	struct flags *kept, struct err *err);
/* Key and flags; the caller fills the rest. */
struct staged *delivery_staged(
	const struct ledger_message *key, const struct flags *kept);
/* Grows with every message, so that Dovecot numbers them as they came. */
int64_t delivery_time_us(struct store *store);

#endif
