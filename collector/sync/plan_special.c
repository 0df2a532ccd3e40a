/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who gets Sent, Drafts, Trash, Junk and Archive. For each, the first of
 *   1. a mailbox with the attribute; of several, the one that is called so
 *   2. a mailbox that is called so, or by one of the names in the table:
 *      the folder's own name before others, the top before what lies below
 *      INBOX or [Gmail]; never one that has an attribute for another use
 *   3. the same among those that cannot be selected: for their children
 * and nobody where the ledger or --map has given the folder away.
 */
#include "../base/mem.h"
#include "../model/special_names.h"
#include "../model/text.h"
#include "plan_draft.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	uint32_t attr;
	const char *folder;
} uses[] = {
	{MAILBOX_SENT, "Sent"},
	{MAILBOX_DRAFTS, "Drafts"},
	{MAILBOX_TRASH, "Trash"},
	{MAILBOX_JUNK, "Junk"},
	{MAILBOX_ARCHIVE, "Archive"},
};
#define USES (sizeof uses / sizeof *uses)

/* Levels that hide the mailboxes of a person rather than sort them. */
static const char *const containers[] = {
	"INBOX", "[Gmail]", "[Google Mail]", "[GoogleMail]"};

bool plan_is_special(const char *folder)
{
	for (size_t i = 0; i < USES; i++)
		if (strcmp(folder, uses[i].folder) == 0)
			return true;
	return false;
}

static bool is_contained(const struct draft *d)
{
	size_t n = strcspn(d->bare_name, "/");

	for (size_t i = 0; i < sizeof containers / sizeof *containers; i++)
		if (strlen(containers[i]) == n &&
			text_equal_n(d->bare_name, containers[i], n))
			return true;
	return false;
}

/* The one level of its name that tells a use, NULL where there is none. */
static const char *telling_level(const struct draft *d)
{
	if (d->levels == 1)
		return d->bare_name;
	if (d->levels == 2 && is_contained(d))
		return d->bare_name + strcspn(d->bare_name, "/") + 1;
	return NULL;
}

static bool may_hold(const struct draft *d, bool selectable)
{
	bool can = (d->m->attrs & MAILBOX_NOSELECT) == 0;

	if (d->folder != NULL || can != selectable ||
		(d->m->attrs & PLAN_FOREIGN) != 0)
		return false;
	return !d->skipped ||
	       (d->skip != PLAN_SKIP_REPEATED && d->skip != PLAN_SKIP_VIEW);
}

/* 0: no; more is better. */
static unsigned rank_by_attribute(const struct draft *d, size_t use)
{
	if ((d->m->attrs & uses[use].attr) == 0)
		return 0;
	return text_equal(d->bare, uses[use].folder) ? 2 : 1;
}

static unsigned rank_by_name(const struct draft *d, size_t use)
{
	const char *level = telling_level(d);
	unsigned rank = d->levels == 1 ? 3 : 1;

	if (level == NULL || (d->m->attrs & (PLAN_SPECIALS | PLAN_VIEWS)) != 0)
		return 0;
	if (d->skipped && d->skip != PLAN_SKIP_NOSELECT)
		return 0;
	if (text_equal(level, uses[use].folder))
		return rank + 1;
	return special_name_attr(level) == uses[use].attr ? rank : 0;
}

static struct draft *best(struct drafts *all, size_t use, bool selectable,
	unsigned (*rank_of)(const struct draft *d, size_t use))
{
	struct draft *found = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < all->count; i++) {
		struct draft *d = &all->rows[i];
		unsigned rank = may_hold(d, selectable) ? rank_of(d, use) : 0;
		if (rank <= most)
			continue;
		most = rank;
		found = d;
	}
	return found;
}

/* Whether the ledger or --map has given it to somebody. */
static bool is_given(const struct drafts *all, const char *folder)
{
	char *known = all->prefix != NULL
			      ? mem_printf("%s/%s", all->prefix, folder)
			      : mem_strdup(folder);
	bool given = false;

	for (size_t i = 0; i < all->count && !given; i++) {
		const struct draft *d = &all->rows[i];
		if (d->folder != NULL)
			given = text_equal(
				d->folder, d->placed ? known : folder);
	}
	free(known);
	return given;
}

static void give(struct drafts *all, size_t use)
{
	struct draft *d = NULL;
	enum plan_why why = PLAN_ATTRIBUTE;

	for (int selectable = 1; d == NULL && selectable >= 0; selectable--) {
		why = PLAN_ATTRIBUTE;
		d = best(all, use, selectable != 0, rank_by_attribute);
		if (d != NULL)
			break;
		why = PLAN_NAME;
		d = best(all, use, selectable != 0, rank_by_name);
	}
	if (d == NULL)
		return;
	plan_settle(d, mem_strdup(uses[use].folder), why);
	d->special = true;
}

/* What \All alone has is archived mail. */
static void give_all(struct drafts *all)
{
	if (!all->source->keep_all || is_given(all, "Archive"))
		return;
	for (size_t i = 0; i < all->count; i++) {
		struct draft *d = &all->rows[i];
		if (d->folder != NULL || d->skipped ||
			(d->m->attrs & PLAN_VIEWS) != (uint32_t)MAILBOX_ALL)
			continue;
		plan_settle(d, mem_strdup("Archive"), PLAN_ATTRIBUTE);
		return;
	}
}

void plan_special_apply(struct drafts *all)
{
	for (size_t use = 0; use < USES; use++)
		if (!is_given(all, uses[use].folder))
			give(all, use);
	give_all(all);
}
