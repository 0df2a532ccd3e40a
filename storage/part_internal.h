/* SPDX-License-Identifier: BSD-2-Clause */
/* part_internal: what part.c and the rooms of the store share. Nobody else
 * includes it. */
#ifndef MAILHAUL_STORAGE_PART_INTERNAL_H
#define MAILHAUL_STORAGE_PART_INTERNAL_H

#include "maildir.h"
#include "part.h"

/* At store_open: drops what is too old or without its file; the rest is not to
 * be cleared away. Caller frees. */
int part_sweep(struct store *store, struct ledger_part **ret_parts,
	size_t *ret_count, struct err *err);
/* Whether name, in the staging directory of fence, is a part. */
bool part_is_kept(const struct ledger_part *parts, size_t count, int64_t fence,
	const char *name);
/* Notes how much of a kept delivery is there. */
int part_note(struct delivery *d, struct err *err);
/* The same, where enough has come since the last time. */
int part_note_step(struct delivery *d, struct err *err);

#endif
