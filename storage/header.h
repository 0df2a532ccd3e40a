/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header: what a message that streams by begins with, its empty line
 * included, 64 KiB at most. One thread.
 */
#ifndef MAILHAUL_STORAGE_HEADER_H
#define MAILHAUL_STORAGE_HEADER_H

#include "ledger.h"

#include <stdbool.h>
#include <stddef.h>

struct header {
	char *bytes;
	size_t n;
	bool over;	 /* its empty line has come */
	bool line_empty; /* so far, the line under way */
};

/* Of the next message; memory of the last one is used again. */
void header_begin(struct header *h);
/* The next bytes of the message. */
void header_add(struct header *h, const char *bytes, size_t n);
/* The hash that a ledger keeps (ledger.h); all zero where the header is not
 * whole, or longer than what is kept. */
void header_hash(const struct header *h, unsigned char out[LEDGER_HEADER_HASH]);
void header_clear(struct header *h);

#endif
