/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. names     readable, without the personal prefix, as a folder
 * 2. select    what is left out, and why; it stays in the drafts
 * 3. settle    the ledger's folders, --map, INBOX, special use
 * 4. place     those first, then the rest, which lies below its parent's
 *              folder or else has its own name: --prefix before it, and a
 *              number behind where another mailbox has the directory already
 * 5. order     INBOX, special use, the rest as listed
 */
#include "../base/mem.h"
#include "plan_draft.h"

#include <stdlib.h>
#include <string.h>

#define FOLDED_BYTES (NAME_DIR_MAX * 4)
/* More than limits.mailboxes, so that every mailbox finds a place. */
#define TRIES_MAX 10000

const char *plan_why_text(enum plan_why why)
{
	switch (why) {
	case PLAN_INBOX:
		return "INBOX";
	case PLAN_KNOWN:
		return "already collected there";
	case PLAN_MAP:
		return "--map";
	case PLAN_ATTRIBUTE:
		return "attribute";
	case PLAN_NAME:
		return "name table";
	case PLAN_BELOW:
		return "below its parent";
	case PLAN_OWN:
		return "own name";
	}
	return "";
}

const char *plan_skip_text(enum plan_skip_why why)
{
	switch (why) {
	case PLAN_SKIP_NOSELECT:
		return "cannot be selected";
	case PLAN_SKIP_REPEATED:
		return "listed twice";
	case PLAN_SKIP_VIEW:
		return "a view of mail that is elsewhere";
	case PLAN_SKIP_OTHERS:
		return "another user's (--shared)";
	case PLAN_SKIP_SHARED:
		return "shared (--shared)";
	case PLAN_SKIP_NO_MAIL:
		return "no mail is kept in it";
	case PLAN_SKIP_FOLDER:
		return "no --folder matches";
	case PLAN_SKIP_EXCLUDE:
		return "--exclude";
	}
	return "";
}

/* ---- settle */

static void settle_known(struct drafts *all)
{
	const struct plan_source *source = all->source;

	for (size_t i = 0; i < source->known_count; i++) {
		const struct plan_known *known = &source->known[i];
		bool inbox = name_is_inbox(known->mailbox);
		size_t at;
		if (!dict_get(all->by_name, inbox ? "INBOX" : known->mailbox,
			    &at))
			continue;
		plan_settle(
			&all->rows[at], mem_strdup(known->folder), PLAN_KNOWN);
		all->rows[at].placed = true;
	}
}

/* A maildrop may go to a folder of its own. */
static char *inbox_folder(const struct drafts *all)
{
	const struct account *a = all->account;
	char *folder = NULL;

	if (a->url.protocol == PROTOCOL_POP3 && a->to_folder != NULL &&
		a->to_folder[0] != '\0')
		folder = plan_typed_folder(a->to_folder);
	return folder != NULL ? folder : mem_strdup("INBOX");
}

static void settle_inbox(struct drafts *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->rows[i].folder == NULL &&
			name_is_inbox(all->rows[i].m->name))
			plan_settle(
				&all->rows[i], inbox_folder(all), PLAN_INBOX);
}

/* ---- place */

/* taken: folded directories, each with the number to try next. False where
 * there is no directory to be had; the ledger says so when it is asked. */
static bool find_place(
	struct dict *taken, const char *folder, char *dir, size_t *ret_try)
{
	char folded[FOLDED_BYTES], first[FOLDED_BYTES];
	size_t try = 0;

	if (name_folder_dir(folder, 0, dir) != 0 ||
		name_casefold(dir, first, sizeof first) != 0)
		return false;
	(void)dict_get(taken, first, &try);
	for (; try < TRIES_MAX; try++) {
		if (name_folder_dir(folder, (unsigned)try, dir) != 0 ||
			name_casefold(dir, folded, sizeof folded) != 0)
			return false;
		if (!dict_add(taken, folded, 1))
			continue;
		if (try > 0)
			dict_put(taken, first, try + 1);
		*ret_try = try;
		return true;
	}
	return false;
}

/* Puts the prefix before the folder, and finds it a place. What is skipped
 * takes none. */
static void place(struct drafts *all, struct draft *d)
{
	char dir[NAME_DIR_MAX], shown[NAME_FOLDER_MAX];
	size_t try = 0;

	if (!d->placed && all->prefix != NULL)
		plan_settle(d,
			strcmp(d->folder, "INBOX") == 0
				? mem_strdup(all->prefix)
				: mem_printf("%s/%s", all->prefix, d->folder),
			d->why);
	d->placed = true;
	if (d->skipped || d->why == PLAN_KNOWN ||
		!find_place(all->taken, d->folder, dir, &try))
		return;
	d->numbered = try > 0;
	/* As the ledger would: people see the name that it got. */
	if ((try > 0 || strlen(d->folder) >= NAME_FOLDER_MAX) &&
		name_folder_from_dir(dir, shown, sizeof shown) == 0)
		plan_settle(d, mem_strdup(shown), d->why);
}

static void place_settled(struct drafts *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->rows[i].folder != NULL)
			place(all, &all->rows[i]);
}

/* The nearest parent in the list, and how many levels up it is. */
static struct draft *parent_of(
	struct drafts *all, const struct draft *d, unsigned *ret_up)
{
	char name[NAME_MAILBOX_MAX];
	size_t at;

	for (unsigned up = 1; plan_parent(d, up, name); up++) {
		if (name_is_inbox(name) || !dict_get(all->by_name, name, &at))
			continue;
		*ret_up = up;
		return &all->rows[at];
	}
	return NULL;
}

static bool is_own_name(const struct drafts *all, const struct draft *d)
{
	size_t n = all->prefix != NULL ? strlen(all->prefix) + 1 : 0;

	return strlen(d->folder) > n && strcmp(d->folder + n, d->own) == 0;
}

/* Goes up until a parent has its place: NAME_LEVELS_MAX at most. */
static void place_below(struct drafts *all, struct draft *d)
{
	struct draft *parent;
	unsigned up = 0;

	if (d->placed)
		return;
	parent = parent_of(all, d, &up);
	if (parent == NULL) {
		plan_settle(d, mem_strdup(d->own), PLAN_OWN);
	} else {
		place_below(all, parent);
		plan_settle(d,
			mem_printf(
				"%s/%s", parent->folder, plan_tail(d->own, up)),
			PLAN_BELOW);
		if (is_own_name(all, d))
			d->why = PLAN_OWN;
		d->placed = true;
	}
	place(all, d);
}

static struct dict *taken_places(const struct plan_source *source)
{
	struct dict *taken = dict_new();
	char folded[FOLDED_BYTES];

	for (size_t i = 0; i < source->known_count; i++)
		if (name_casefold(
			    source->known[i].dir, folded, sizeof folded) == 0)
			(void)dict_add(taken, folded, 1);
	return taken;
}

/* ---- order */

static bool is_all(const struct draft *d)
{
	return (d->m->attrs & MAILBOX_ALL) != 0 && !name_is_inbox(d->m->name);
}

static int rank_of(const struct draft *d)
{
	if (is_all(d) && !d->skipped)
		return 3;
	if (name_is_inbox(d->m->name))
		return 0;
	if (d->why == PLAN_KNOWN || d->why == PLAN_MAP)
		return plan_is_special(d->folder) ? 1 : 2;
	return d->special ? 1 : 2;
}

static int by_rank(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;
	int rank_x = rank_of(x), rank_y = rank_of(y);

	if (rank_x != rank_y)
		return rank_x < rank_y ? -1 : 1;
	return x->seen < y->seen ? -1 : x->seen > y->seen;
}

/* ---- the plan */

static void add_pair(
	struct plan *plan, const struct drafts *all, const struct draft *d)
{
	plan->pairs[plan->count++] = (struct plan_pair){
		.mailbox = mem_strdup(d->m->name),
		.name = mem_strdup(d->name),
		.folder = mem_strdup(d->folder),
		.subscribe = d->subscribe,
		.numbered = d->numbered,
		.all = all->source->keep_all && is_all(d),
		.why = d->why,
		.attrs = d->m->attrs,
		.status = d->m->status,
	};
}

static void add_skip(struct plan *plan, const struct draft *d)
{
	plan->skips[plan->skip_count++] = (struct plan_skip){
		.mailbox = mem_strdup(d->m->name),
		.name = mem_strdup(d->name),
		.why = d->skip,
		.attrs = d->m->attrs,
		.status = d->m->status,
	};
	plan->views += d->skip == PLAN_SKIP_VIEW;
	plan->no_mail += d->skip == PLAN_SKIP_NO_MAIL;
	plan->foreign +=
		d->skip == PLAN_SKIP_OTHERS || d->skip == PLAN_SKIP_SHARED;
	plan->excluded +=
		d->skip == PLAN_SKIP_FOLDER || d->skip == PLAN_SKIP_EXCLUDE;
}

static void write_plan(const struct drafts *all, struct plan *plan)
{
	plan->pairs = mem_array(all->count, sizeof *plan->pairs);
	plan->skips = mem_array(all->count, sizeof *plan->skips);
	for (size_t i = 0; i < all->count; i++)
		if (all->rows[i].skipped)
			add_skip(plan, &all->rows[i]);
		else
			add_pair(plan, all, &all->rows[i]);
}

static void drafts_clear(struct drafts *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct draft *d = &all->rows[i];
		free(d->name);
		free(d->bare_name);
		free(d->own);
		free(d->folder);
	}
	free(all->rows);
	free(all->prefix);
	dict_free(&all->by_name);
	dict_free(&all->taken);
}

void plan_make(const struct mailbox_info *mailboxes, size_t count,
	const struct account *account, const struct plan_source *source,
	struct plan *ret_plan)
{
	static const struct plan_source nothing;
	struct drafts all = {
		.rows = mem_alloc((count + 1) * sizeof *all.rows),
		.count = count,
		.by_name = dict_new(),
		.account = account,
		.source = source != NULL ? source : &nothing,
		.prefix = plan_typed_folder(account->prefix),
	};
	struct plan plan = {0};

	plan_names_fill(&all, mailboxes);
	plan_select(&all);
	settle_known(&all);
	plan.unused_maps = plan_maps_apply(&all);
	settle_inbox(&all);
	plan_special_apply(&all);
	all.taken = taken_places(all.source);
	place_settled(&all);
	for (size_t i = 0; i < count; i++)
		place_below(&all, &all.rows[i]);
	qsort(all.rows, count, sizeof *all.rows, by_rank);
	write_plan(&all, &plan);
	drafts_clear(&all);
	*ret_plan = plan;
}

void plan_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->pairs[i].mailbox);
		free(plan->pairs[i].name);
		free(plan->pairs[i].folder);
	}
	for (size_t i = 0; i < plan->skip_count; i++) {
		free(plan->skips[i].mailbox);
		free(plan->skips[i].name);
	}
	free(plan->pairs);
	free(plan->skips);
	free(plan->unused_maps);
	*plan = (struct plan){0};
}
