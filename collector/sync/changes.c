/* SPDX-License-Identifier: BSD-2-Clause */
#include "changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most sets of keywords repeat the one before, or are empty. */
static const char *keep_keywords(struct changes *c, const char *keywords)
{
	if (keywords[0] == '\0')
		return "";
	if (c->count != 0 &&
		strcmp(c->list[c->count - 1].keywords, keywords) == 0)
		return c->list[c->count - 1].keywords;
	if (c->arena == NULL)
		c->arena = arena_new();
	c->bytes += strlen(keywords) + 1;
	return arena_strdup(c->arena, keywords);
}

void changes_add(struct changes *c, uint32_t uid, const struct flags *flags)
{
	if (c->bytes >= CHANGES_MAX_BYTES) {
		c->left = true;
		return;
	}
	if (c->count == c->cap) {
		c->cap = c->cap != 0 ? c->cap * 2 : 64;
		c->list = mem_grow(c->list, c->cap, sizeof *c->list);
	}
	c->list[c->count] = (struct change){.uid = uid,
		.system = flags->system,
		.keywords = keep_keywords(c, flags->keywords)};
	c->count++;
	c->bytes += sizeof *c->list;
}

void changes_flags(const struct change *c, struct flags *ret_flags)
{
	ret_flags->system = c->system;
	(void)snprintf(ret_flags->keywords, sizeof ret_flags->keywords, "%s",
		c->keywords);
}

void changes_clear(struct changes *c)
{
	arena_free(&c->arena);
	free(c->list);
	*c = (struct changes){0};
}
