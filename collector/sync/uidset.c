/* SPDX-License-Identifier: BSD-2-Clause */
#include "uidset.h"

#include "../base/mem.h"

#include <stdlib.h>
#include <string.h>

void uidset_take(struct uidset *s, uint32_t *uids, size_t count)
{
	free(s->uids);
	s->uids = uids;
	s->count = count;
	s->cap = count;
}

void uidset_clear(struct uidset *s)
{
	free(s->uids);
	*s = (struct uidset){0};
}

/* The place of the first one not below uid. */
static size_t find(const struct uidset *s, uint32_t uid)
{
	size_t low = 0, high = s->count;

	if (s->count != 0 && s->uids[s->count - 1] < uid)
		return s->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (s->uids[mid] < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool uidset_add(struct uidset *s, uint32_t uid)
{
	size_t at = find(s, uid);

	if (at < s->count && s->uids[at] == uid)
		return false;
	if (s->count == s->cap) {
		s->cap = s->cap != 0 ? s->cap * 2 : 64;
		s->uids = mem_grow(s->uids, s->cap, sizeof *s->uids);
	}
	memmove(s->uids + at + 1, s->uids + at,
		(s->count - at) * sizeof *s->uids);
	s->uids[at] = uid;
	s->count++;
	return true;
}

bool uidset_has(const struct uidset *s, uint32_t uid)
{
	size_t at = find(s, uid);

	return at < s->count && s->uids[at] == uid;
}

uint32_t uidset_last(const struct uidset *s)
{
	return s->count != 0 ? s->uids[s->count - 1] : 0;
}

struct uid_range *uid_ranges(
	const uint32_t *uids, size_t count, size_t *ret_count)
{
	struct uid_range *ranges = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < count; i++) {
		if (n != 0 && ranges[n - 1].last + 1 == uids[i]) {
			ranges[n - 1].last = uids[i];
			continue;
		}
		if (n == cap) {
			cap = cap != 0 ? cap * 2 : 16;
			ranges = mem_grow(ranges, cap, sizeof *ranges);
		}
		ranges[n++] = (struct uid_range){uids[i], uids[i]};
	}
	*ret_count = n;
	return ranges;
}
