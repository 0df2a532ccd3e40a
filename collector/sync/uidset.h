/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uidset: UIDs (or other numbers) in ascending order, each once. Appending
 * at the end is free, which is how servers list; anywhere else it moves the
 * tail. Pure.
 */
#ifndef MAILHAUL_SYNC_UIDSET_H
#define MAILHAUL_SYNC_UIDSET_H

#include "../model/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uidset {
	uint32_t *uids; /* ascending, unique */
	size_t count;
	size_t cap;
};

/* Takes an ascending array from malloc. */
void uidset_take(struct uidset *s, uint32_t *uids, size_t count);
void uidset_clear(struct uidset *s);
/* False if it is there already. */
bool uidset_add(struct uidset *s, uint32_t uid);
bool uidset_has(const struct uidset *s, uint32_t uid);
/* The largest; 0 when empty. */
uint32_t uidset_last(const struct uidset *s);
/* Ascending numbers as compact ranges. Caller frees. */
struct uid_range *uid_ranges(
	const uint32_t *uids, size_t count, size_t *ret_count);

#endif
