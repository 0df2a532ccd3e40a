/* SPDX-License-Identifier: BSD-2-Clause */
#include "drop_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void drop_table_add(struct drop_table *t, const struct message_meta *meta)
{
	struct drop *d;

	if (t->arena == NULL)
		t->arena = arena_new();
	if (t->count == t->cap) {
		t->cap = t->cap != 0 ? t->cap * 2 : 64;
		t->drops = mem_grow(t->drops, t->cap, sizeof *t->drops);
	}
	d = &t->drops[t->count++];
	*d = (struct drop){.uidl = "",
		.number = meta->uid,
		.size_bytes = meta->size_bytes};
	if ((meta->has & MESSAGE_HAS_UIDL) != 0 && meta->uidl[0] != '\0')
		d->uidl = arena_strdup(t->arena, meta->uidl);
	else
		t->nameless = true;
}

static int by_uidl(const void *a, const void *b)
{
	const struct drop *x = *(const struct drop *const *)a;
	const struct drop *y = *(const struct drop *const *)b;
	int c = strcmp(x->uidl, y->uidl);

	if (c != 0)
		return c;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* By UIDL, then in order of the listing. Caller frees. */
static struct drop **sort(const struct drop_table *t)
{
	struct drop **order = mem_array(t->count, sizeof(void *));

	for (size_t i = 0; i < t->count; i++)
		order[i] = &t->drops[i];
	qsort(order, t->count, sizeof(void *), by_uidl);
	return order;
}

static bool is_number(const struct drop *d)
{
	char number[16];

	(void)snprintf(number, sizeof number, "%lu", (unsigned long)d->number);
	return strcmp(number, d->uidl) == 0;
}

void drop_table_seal(struct drop_table *t)
{
	struct drop **order = sort(t);

	for (size_t i = 1; i < t->count; i++)
		if (strcmp(order[i]->uidl, order[i - 1]->uidl) == 0) {
			order[i]->occurrence = order[i - 1]->occurrence + 1;
			order[i]->shared = order[i - 1]->shared = true;
		}
	free(order);
	t->numbered = t->count != 0;
	for (size_t i = 0; t->numbered && i < t->count; i++)
		t->numbered = is_number(&t->drops[i]);
}

static int by_key(const struct drop *x, const struct drop *y)
{
	int c = strcmp(x->uidl, y->uidl);

	if (c != 0)
		return c;
	return x->occurrence < y->occurrence ? -1
					     : x->occurrence > y->occurrence;
}

/* Without names a place is believed only where every size in the listing is
 * where it was. */
static bool same_places(
	const struct drop_table *t, const struct drop_table *now)
{
	if (now->count < t->count)
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (t->drops[i].size_bytes != now->drops[i].size_bytes ||
			strcmp(t->drops[i].uidl, now->drops[i].uidl) != 0)
			return false;
	return true;
}

bool drop_table_renumber(struct drop_table *t, const struct drop_table *now)
{
	struct drop **a, **b;
	size_t j = 0;

	if (t->nameless || t->numbered) {
		if (!same_places(t, now))
			return false;
		for (size_t i = 0; i < t->count; i++)
			t->drops[i].number = now->drops[i].number;
		return true;
	}
	a = sort(t);
	b = sort(now);
	for (size_t i = 0; i < t->count; i++) {
		while (j < now->count && by_key(b[j], a[i]) < 0)
			j++;
		a[i]->number = 0;
		if (j < now->count && by_key(b[j], a[i]) == 0)
			a[i]->number = b[j]->number;
	}
	free(a);
	free(b);
	return true;
}

long drop_table_find(const struct drop_table *t, uint32_t number)
{
	/* In the first session, and mostly later, places are in order. */
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (t->drops[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < t->count && t->drops[low].number == number)
		return (long)low;
	for (size_t i = 0; i < t->count; i++)
		if (t->drops[i].number == number)
			return (long)i;
	return -1;
}

bool drop_table_has(
	const struct drop_table *t, const char *uidl, uint32_t occurrence)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->drops[i].kept_as == occurrence &&
			strcmp(t->drops[i].uidl, uidl) == 0)
			return true;
	return false;
}

void drop_table_clear(struct drop_table *t)
{
	arena_free(&t->arena);
	free(t->drops);
	*t = (struct drop_table){0};
}
