/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * twins: files that lie in the store a second time, in another folder and
 * under the same base name: links that a reader has made (Dovecot's COPY, and
 * the first half of its MOVE). The run thread's.
 */
#ifndef MAILHAUL_STORAGE_TWINS_H
#define MAILHAUL_STORAGE_TWINS_H

#include "store.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct twin {
	const char *base; /* up to the flags; borrowed */
	ino_t inode;
	bool found;   /* out */
	bool pending; /* out: just in tmp/, where it may come to nothing */
};

/*
 * Lists every folder but the two directories named ("" = the root); orders
 * the twins anew. Waits a second at most for what is pending. What cannot be
 * listed counts as empty: a twin that is found lies there for good.
 */
void twins_find(const struct store *store, const char *dir,
	const char *other_dir, struct twin *twins, size_t count);

#endif
