/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left out: what cannot be selected; views, whose mail is in other
 * mailboxes as well; what belongs to others; what is known to hold no mail;
 * and what the account does not want. A --folder that names a view, or what
 * holds no mail, itself, without "*" and "?", is an order and brings it.
 */
#include "../base/mem.h"
#include "../model/quirk.h"
#include "plan_draft.h"

#include <stdlib.h>
#include <string.h>

/* True if one of the globs, one a line, matches one of the two names.
 * literal: only those that match nothing else. */
static bool any_glob(const char *globs, const struct draft *d, bool literal)
{
	const char *line = globs;
	bool found = false;

	while (line != NULL && *line != '\0' && !found) {
		size_t n = strcspn(line, "\n");
		char *glob = mem_strndup(line, n);
		found = n != 0 && (!literal || strpbrk(glob, "*?") == NULL) &&
			(name_glob(glob, d->name) ||
				name_glob(glob, d->bare_name));
		free(glob);
		line += n + (line[n] == '\n');
	}
	return found;
}

/* \All comes where messages can be told apart across mailboxes. */
static bool is_unwanted_view(const struct drafts *all, const struct draft *d)
{
	uint32_t views = d->m->attrs & PLAN_VIEWS;

	if (views == 0 || name_is_inbox(d->m->name))
		return false;
	if (all->source->keep_all && views == (uint32_t)MAILBOX_ALL)
		return false;
	return !any_glob(all->account->folders, d, true);
}

static bool is_no_mail(const struct drafts *all, const struct draft *d)
{
	char delimiter = d->m->delimiter != '\0' ? '/' : '\0';

	return !name_is_inbox(d->m->name) &&
	       quirk_is_no_mail(all->source->quirks, d->bare_name, delimiter) &&
	       !any_glob(all->account->folders, d, true);
}

static bool has_folders(const struct account *a)
{
	return a->folders != NULL && a->folders[0] != '\0';
}

/* True if it is left out, and why. */
static bool is_left_out(const struct drafts *all, const struct draft *d,
	enum plan_skip_why *ret_why)
{
	const struct account *a = all->account;
	uint32_t attrs = d->m->attrs;

	if ((attrs & MAILBOX_NOSELECT) != 0)
		*ret_why = PLAN_SKIP_NOSELECT;
	else if ((attrs & MAILBOX_OTHERS) != 0 && !a->shared)
		*ret_why = PLAN_SKIP_OTHERS;
	else if ((attrs & MAILBOX_SHARED) != 0 && !a->shared)
		*ret_why = PLAN_SKIP_SHARED;
	else if (is_unwanted_view(all, d))
		*ret_why = PLAN_SKIP_VIEW;
	else if (is_no_mail(all, d))
		*ret_why = PLAN_SKIP_NO_MAIL;
	else if (has_folders(a) && !any_glob(a->folders, d, false))
		*ret_why = PLAN_SKIP_FOLDER;
	else if (any_glob(a->excludes, d, false))
		*ret_why = PLAN_SKIP_EXCLUDE;
	else
		return false;
	return true;
}

void plan_select(struct drafts *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct draft *d = &all->rows[i];
		if (!d->skipped)
			d->skipped = is_left_out(all, d, &d->skip);
	}
}
