/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of mailboxes and what they come to: readable, without the personal
 * prefix, as a folder, and by levels.
 *
 * The personal prefix is what NAMESPACE says it is. Where nothing was said,
 * and all lies below INBOX (Courier, Cyrus), it is that level. It is dropped,
 * but never so that something becomes INBOX itself.
 */
#include "../base/mem.h"
#include "plan_draft.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INBOX_LEN 5

/* "INBOX" + separator + something, in any spelling of INBOX. */
static bool is_below_inbox(const char *name, char delimiter)
{
	return delimiter != '\0' &&
	       strncasecmp(name, "INBOX", INBOX_LEN) == 0 &&
	       name[INBOX_LEN] == delimiter && name[INBOX_LEN + 1] != '\0';
}

static bool all_below_inbox(const struct mailbox_info *mailboxes, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const struct mailbox_info *m = &mailboxes[i];
		if (name_is_inbox(m->name) || (m->attrs & PLAN_FOREIGN) != 0)
			continue;
		if (!is_below_inbox(m->name, m->delimiter))
			return false;
		any = true;
	}
	return any;
}

static const char *bare(const struct mailbox_info *m, bool below_inbox)
{
	size_t n = m->prefix_bytes;
	const char *rest;

	if (n == 0 && below_inbox && is_below_inbox(m->name, m->delimiter))
		n = INBOX_LEN + 1;
	if (n == 0 || n >= strlen(m->name) || (m->attrs & PLAN_FOREIGN) != 0)
		return m->name;
	rest = m->name + n;
	if (strncasecmp(rest, "INBOX", INBOX_LEN) == 0 &&
		(rest[INBOX_LEN] == '\0' ||
			(m->delimiter != '\0' &&
				rest[INBOX_LEN] == m->delimiter)))
		return m->name;
	return rest;
}

char *plan_readable(const char *name, char delimiter)
{
	char *out = mem_alloc(PLAN_FOLDER_BYTES), *copy;

	if (name_from_mutf7(name, out, PLAN_FOLDER_BYTES) != 0) {
		free(out);
		out = mem_strdup(name);
	}
	for (char *p = out; *p != '\0'; p++)
		if (delimiter != '\0' && *p == delimiter)
			*p = '/';
	copy = mem_strdup(out); /* a good deal shorter */
	free(out);
	return copy;
}

static char *folder_of(const char *name, char delimiter)
{
	char out[PLAN_FOLDER_BYTES];

	if (name_folder_of(name, delimiter, out, sizeof out) != 0)
		return mem_strdup("%");
	return mem_strdup(out);
}

char *plan_typed_folder(const char *typed)
{
	char name[NAME_MAILBOX_MAX];

	if (typed == NULL || typed[0] == '\0' ||
		name_to_mutf7(typed, name, sizeof name) != 0)
		return NULL;
	return folder_of(name, '/');
}

static unsigned count_levels(const char *name, char delimiter)
{
	unsigned n = 1;

	for (; *name != '\0'; name++)
		n += delimiter != '\0' && *name == delimiter;
	return n;
}

const char *plan_tail(const char *folder, unsigned levels)
{
	const char *p = folder + strlen(folder);

	for (; p > folder; p--)
		if (p[-1] == '/' && --levels == 0)
			return p;
	return folder;
}

bool plan_parent(const struct draft *d, unsigned up, char *out)
{
	const char *end = d->m->name + strlen(d->m->name);
	size_t n;

	/* Deeper ones are joined in the last level: nothing is below. */
	if (up >= d->levels || d->levels > NAME_LEVELS_MAX)
		return false;
	while (up > 0 && end > d->bare)
		up -= *--end == d->m->delimiter;
	n = (size_t)(end - d->m->name);
	if (up > 0 || end <= d->bare)
		return false;
	memcpy(out, d->m->name, n);
	out[n] = '\0';
	return true;
}

void plan_settle(struct draft *d, char *folder, enum plan_why why)
{
	free(d->folder);
	d->folder = folder;
	d->why = why;
}

static void fill_one(struct draft *d, const struct mailbox_info *m, bool below)
{
	d->m = m;
	d->bare = bare(m, below);
	d->levels = count_levels(d->bare, m->delimiter);
	d->name = plan_readable(m->name, m->delimiter);
	d->bare_name = plan_readable(d->bare, m->delimiter);
	d->own = folder_of(d->bare, m->delimiter);
}

static bool any_subscribed(const struct mailbox_info *mailboxes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((mailboxes[i].attrs & MAILBOX_SUBSCRIBED) != 0)
			return true;
	return false;
}

void plan_names_fill(struct drafts *all, const struct mailbox_info *mailboxes)
{
	/* What is left out counts as well: whether a name hides a level may
	 * not depend on somebody's excludes. */
	bool below = all_below_inbox(mailboxes, all->count);
	bool subscribe_all = !any_subscribed(mailboxes, all->count);

	for (size_t i = 0; i < all->count; i++) {
		const struct mailbox_info *m = &mailboxes[i];
		struct draft *d = &all->rows[i];
		fill_one(d, m, below);
		d->seen = i;
		d->subscribe =
			subscribe_all || (m->attrs & MAILBOX_SUBSCRIBED) != 0;
		d->skip = PLAN_SKIP_REPEATED;
		d->skipped = !dict_add(all->by_name,
			name_is_inbox(m->name) ? "INBOX" : m->name, i);
	}
}
