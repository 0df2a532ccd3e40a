/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three passes, each a merge of two sorted lists:
 * 1. both have a server's date: hash, size, date
 * 2. one of them has none:      hash, size
 * 3. the same, with the size that POP3 announced then: some servers count
 *    otherwise than they send
 * A merge in multisets: an old one answers for one new one.
 */
#include "olds.h"

#include <stdlib.h>
#include <string.h>

struct key {
	const unsigned char *hash;
	uint64_t bytes;
	int64_t date_s; /* 0 in passes 2 and 3 */
	struct old *old;
	struct seeker *seeker;
};

enum pass {
	PASS_DATED,
	PASS_UNDATED,
	PASS_LISTED,
};

static int compare(const struct key *a, const struct key *b)
{
	int c = memcmp(a->hash, b->hash, LEDGER_HEADER_HASH);

	if (c != 0)
		return c;
	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	return a->date_s < b->date_s ? -1 : a->date_s > b->date_s;
}

/* Those of the mailbox itself first. */
static int by_key(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int c = compare(x, y);

	if (c != 0 || x->old == NULL)
		return c;
	if ((x->old->dir != NULL) != (y->old->dir != NULL))
		return x->old->dir != NULL ? 1 : -1;
	return x->old->id < y->old->id ? -1 : x->old->id > y->old->id;
}

static struct key *seeker_keys(struct seeker **seekers, size_t count,
	enum pass pass, size_t *ret_count)
{
	struct key *keys = mem_array(count, sizeof *keys);
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct seeker *s = seekers[i];
		if (s->old != NULL || (pass == PASS_DATED && !s->has_date))
			continue;
		keys[n++] = (struct key){.hash = s->hash,
			.bytes = s->bytes,
			.date_s = pass == PASS_DATED ? s->date_s : 0,
			.seeker = s};
	}
	qsort(keys, n, sizeof *keys, by_key);
	*ret_count = n;
	return keys;
}

static bool may_answer(const struct old *o, enum pass pass, bool seekers_dated)
{
	if (o->used || o->state > LEDGER_DONE || !o->has_header)
		return false;
	switch (pass) {
	case PASS_DATED:
		return o->dated;
	case PASS_UNDATED:
		return !o->dated || !seekers_dated;
	case PASS_LISTED:
		return o->listed_bytes > o->dropped &&
		       o->listed_bytes != o->size_bytes;
	}
	return false;
}

static struct key *old_keys(
	struct olds *o, enum pass pass, bool seekers_dated, size_t *ret_count)
{
	struct key *keys = mem_array(o->count, sizeof *keys);
	size_t n = 0;

	for (size_t i = 0; i < o->count; i++) {
		struct old *old = &o->list[i];
		if (!may_answer(old, pass, seekers_dated))
			continue;
		keys[n++] = (struct key){.hash = old->header_hash,
			.bytes = pass == PASS_LISTED
					 ? old->listed_bytes - old->dropped
					 : old->bare_bytes,
			.date_s = pass == PASS_DATED ? old->date_s : 0,
			.old = old};
	}
	qsort(keys, n, sizeof *keys, by_key);
	*ret_count = n;
	return keys;
}

/* Those that equal the first; 0 where they are not all the same bytes. */
static size_t count_equal(const struct key *keys, size_t count)
{
	size_t n = 1;

	while (n < count && compare(&keys[n], &keys[0]) == 0)
		n++;
	for (size_t i = 1; i < n; i++)
		if (memcmp(keys[i].old->bare_sha256, keys[0].old->bare_sha256,
			    sizeof keys[0].old->bare_sha256) != 0)
			return 0;
	return n;
}

static size_t merge(const struct key *new, size_t new_count,
	const struct key *old, size_t old_count)
{
	size_t o = 0, found = 0;

	for (size_t i = 0, end; i < new_count; i = end) {
		for (end = i + 1;
			end < new_count && compare(&new[i], &new[end]) == 0;)
			end++;
		while (o < old_count && compare(&old[o], &new[i]) < 0)
			o++;
		if (o == old_count || compare(&old[o], &new[i]) != 0 ||
			count_equal(old + o, old_count - o) < end - i)
			continue;
		for (size_t k = 0; k < end - i; k++) {
			new[i + k].seeker->old = old[o + k].old;
			old[o + k].old->used = true;
			found++;
		}
	}
	return found;
}

size_t olds_match(struct olds *o, struct seeker **seekers, size_t count)
{
	static const enum pass passes[] = {
		PASS_DATED, PASS_UNDATED, PASS_LISTED};
	bool dated = count != 0 && seekers[0]->has_date;
	size_t found = 0;

	for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
		size_t n, m;
		struct key *new = seeker_keys(seekers, count, passes[i], &n);
		struct key *old = old_keys(o, passes[i], dated, &m);

		found += merge(new, n, old, m);
		free(new);
		free(old);
	}
	return found;
}
