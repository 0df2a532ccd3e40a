/* SPDX-License-Identifier: BSD-2-Clause */
#include "range_list.h"

#include "../base/mem.h"

#include <stdlib.h>

bool range_list_add(
	struct range_list *l, uint32_t first, uint32_t last, size_t max)
{
	if (l->count > 0 && l->ranges[l->count - 1].last < UINT32_MAX &&
		l->ranges[l->count - 1].last + 1 == first) {
		l->ranges[l->count - 1].last = last;
		return true;
	}
	if (l->count >= max)
		return false;
	if (l->count == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 16;
		l->ranges = mem_grow(l->ranges, l->cap, sizeof *l->ranges);
	}
	l->ranges[l->count++] =
		(struct uid_range){.first = first, .last = last};
	return true;
}

static int range_compare(const void *a, const void *b)
{
	const struct uid_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

void range_list_unite(struct range_list *l)
{
	size_t kept = 0;

	if (l->count == 0)
		return;
	qsort(l->ranges, l->count, sizeof *l->ranges, range_compare);
	for (size_t i = 1; i < l->count; i++) {
		const struct uid_range *r = &l->ranges[i];
		struct uid_range *end = &l->ranges[kept];
		if ((uint64_t)r->first > (uint64_t)end->last + 1)
			l->ranges[++kept] = *r;
		else if (r->last > end->last)
			end->last = r->last;
	}
	l->count = kept + 1;
}

uint64_t range_list_total(const struct range_list *l)
{
	uint64_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += (uint64_t)l->ranges[i].last - l->ranges[i].first + 1;
	return n;
}

void range_list_clear(struct range_list *l)
{
	free(l->ranges);
	*l = (struct range_list){0};
}
