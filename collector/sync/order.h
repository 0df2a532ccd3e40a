/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * order: in which pieces, one after the other, a list of messages is asked
 * for. Oldest first: the whole list, which keeps the source's UIDs. Newest
 * first (`--order newest`): the newest ones in blocks, the newest block
 * first, so that an inbox is of use at once; then all the rest. Pure.
 */
#ifndef MAILHAUL_SYNC_ORDER_H
#define MAILHAUL_SYNC_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#define ORDER_BLOCK 500	  /* messages */
#define ORDER_NEWEST 5000 /* so many come in blocks */

struct order {
	size_t left;   /* elements before this one have not been named */
	size_t blocks; /* down to this one in blocks */
};

void order_begin(struct order *o, size_t count, bool newest_first);
/* The next piece: its first element and how many; false at the end. Each
 * element is in one piece. */
bool order_next(struct order *o, size_t *ret_first, size_t *ret_count);

#endif
