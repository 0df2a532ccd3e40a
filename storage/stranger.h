/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stranger: messages that are here under another base name. Dovecot gives one
 * where a message is moved back to a folder that it has been in, and so does
 * a client that stores a copy and removes the original. Known by their bytes,
 * among files whose base name no row has. The run thread's.
 */
#ifndef MAILHAUL_STORAGE_STRANGER_H
#define MAILHAUL_STORAGE_STRANGER_H

#include "presence.h"

struct stranger {
	int64_t id;		    /* the caller's */
	uint64_t file_bytes;	    /* in: basename_file_bytes */
	unsigned char sha256[32];   /* in: of the bytes received */
	char base[LEDGER_BASE_MAX]; /* out; "" = not found */
};

/*
 * Looks at every file of the store that has one of these sizes. Orders the
 * items anew. 1; 0: the store has changed since presence was listed, so that
 * what was not found may be here; -1.
 */
int store_find_strangers(struct store *store, const struct presence *presence,
	struct stranger *items, size_t count, struct err *err);

#endif
