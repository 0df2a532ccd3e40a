/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open addressing, at most half full, nothing is ever taken out. Keys come
 * from foreign servers: the hash is seeded, so that no server can make all
 * its names meet in one place.
 */
#include "dict.h"

#include "mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_ROOM 64

struct entry {
	char *key; /* NULL: free */
	size_t value;
};

struct dict {
	struct entry *entries;
	size_t count, room; /* room is a power of two */
	uint64_t seed;
};

struct dict *dict_new(void)
{
	struct dict *d = mem_alloc(sizeof *d);

	d->room = FIRST_ROOM;
	d->entries = mem_alloc(d->room * sizeof *d->entries);
	if (getrandom(&d->seed, sizeof d->seed, GRND_NONBLOCK) < 0)
		d->seed = (uint64_t)(uintptr_t)d->entries;
	return d;
}

void dict_free(struct dict **dict)
{
	struct dict *d = *dict;

	if (d == NULL)
		return;
	for (size_t i = 0; i < d->room; i++)
		free(d->entries[i].key);
	free(d->entries);
	free(d);
	*dict = NULL;
}

/* Mixed after each byte: unlike FNV, two names that meet under one seed do
 * not meet under another. */
static uint64_t hash(const struct dict *d, const char *key)
{
	uint64_t h = d->seed;

	for (; *key != '\0'; key++) {
		h = (h ^ (unsigned char)*key) * 0x9e3779b97f4a7c15U;
		h ^= h >> 29;
	}
	h *= 0xbf58476d1ce4e5b9U;
	return h ^ h >> 32;
}

/* Where key is, or the free place it would take. */
static struct entry *place(const struct dict *d, const char *key)
{
	size_t i = (size_t)hash(d, key) & (d->room - 1);

	while (d->entries[i].key != NULL && strcmp(d->entries[i].key, key) != 0)
		i = (i + 1) & (d->room - 1);
	return &d->entries[i];
}

bool dict_get(const struct dict *d, const char *key, size_t *ret_value)
{
	const struct entry *e = place(d, key);

	if (e->key == NULL)
		return false;
	if (ret_value != NULL)
		*ret_value = e->value;
	return true;
}

static void grow(struct dict *d)
{
	struct entry *old = d->entries;
	size_t old_room = d->room;

	d->room *= 2;
	d->entries = mem_alloc(d->room * sizeof *d->entries);
	for (size_t i = 0; i < old_room; i++)
		if (old[i].key != NULL)
			*place(d, old[i].key) = old[i];
	free(old);
}

bool dict_add(struct dict *d, const char *key, size_t value)
{
	struct entry *e = place(d, key);

	if (e->key != NULL)
		return false;
	*e = (struct entry){.key = mem_strdup(key), .value = value};
	if (++d->count * 2 > d->room)
		grow(d);
	return true;
}

void dict_put(struct dict *d, const char *key, size_t value)
{
	if (!dict_add(d, key, value))
		place(d, key)->value = value;
}
