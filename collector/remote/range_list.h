/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * range_list: numbers as ranges, gathered in any order, then put into order.
 * Bounded. Pure.
 */
#ifndef MAILHAUL_REMOTE_RANGE_LIST_H
#define MAILHAUL_REMOTE_RANGE_LIST_H

#include "../model/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range_list {
	struct uid_range *ranges;
	size_t count, cap;
};

/* first ≤ last. What continues the last range lengthens it. False where there
 * would be more than max ranges. */
bool range_list_add(
	struct range_list *l, uint32_t first, uint32_t last, size_t max);
/* Ascending, and none touches another. */
void range_list_unite(struct range_list *l);
/* Numbers in it. */
uint64_t range_list_total(const struct range_list *l);
void range_list_clear(struct range_list *l);

#endif
