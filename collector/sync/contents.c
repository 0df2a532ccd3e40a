/* SPDX-License-Identifier: BSD-2-Clause */
#include "contents.h"

#include "../base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The digest is as good a hash as any; an attacker would have to find many
 * messages whose digests begin alike. */
static struct content_count *place_of(
	const struct contents *c, const unsigned char sha256[32])
{
	size_t at;

	memcpy(&at, sha256, sizeof at);
	for (;; at++) {
		struct content_count *p = &c->places[at & (c->size - 1)];
		if (p->count == 0 || memcmp(p->sha256, sha256, 32) == 0)
			return p;
	}
}

static void grow(struct contents *c)
{
	struct contents bigger = {
		.used = c->used, .size = c->size != 0 ? c->size * 2 : 256};

	bigger.places = mem_alloc(bigger.size * sizeof *bigger.places);
	for (size_t i = 0; i < c->size; i++)
		if (c->places[i].count != 0)
			*place_of(&bigger, c->places[i].sha256) = c->places[i];
	free(c->places);
	*c = bigger;
}

static struct content_count *put(
	struct contents *c, const unsigned char sha256[32])
{
	struct content_count *p;

	if (c->used * 4 >= c->size * 3)
		grow(c);
	p = place_of(c, sha256);
	if (p->count == 0) {
		memcpy(p->sha256, sha256, sizeof p->sha256);
		c->used++;
	}
	return p;
}

uint32_t contents_count(struct contents *c, const unsigned char sha256[32])
{
	return put(c, sha256)->count++;
}

void contents_raise(
	struct contents *c, const unsigned char sha256[32], uint32_t count)
{
	struct content_count *p;

	if (count == 0)
		return;
	p = put(c, sha256);
	if (p->count < count)
		p->count = count;
}

void contents_clear(struct contents *c)
{
	free(c->places);
	*c = (struct contents){0};
}
