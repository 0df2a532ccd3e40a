/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. leave out what cannot be selected, virtual views, repeated names
 * 2. find out whether all lies below INBOX (Courier, Cyrus): then that level
 *    is dropped, but never so that something becomes INBOX itself
 * 3. globs
 * 4. folders: special use, else the mailbox's own name; the prefix before
 * 5. order
 */
#include "plan.h"

#include "../base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VIEWS (MAILBOX_ALL | MAILBOX_FLAGGED | MAILBOX_IMPORTANT)
#define FOLDER_BYTES (NAME_FOLDER_MAX * 3 + 64)
#define INBOX_LEN 5

static const struct {
	uint32_t attr;
	const char *folder;
} special_uses[] = {
	{MAILBOX_SENT, "Sent"},
	{MAILBOX_DRAFTS, "Drafts"},
	{MAILBOX_TRASH, "Trash"},
	{MAILBOX_JUNK, "Junk"},
	{MAILBOX_ARCHIVE, "Archive"},
};
#define SPECIAL_COUNT (sizeof special_uses / sizeof special_uses[0])

/* "INBOX" + separator + something, in any spelling of INBOX. */
static bool is_below_inbox(const struct mailbox_info *m)
{
	return m->delimiter != '\0' &&
	       strncasecmp(m->name, "INBOX", INBOX_LEN) == 0 &&
	       m->name[INBOX_LEN] == m->delimiter &&
	       m->name[INBOX_LEN + 1] != '\0';
}

static bool all_below_inbox(const struct mailbox_info *mailboxes, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if (name_is_inbox(mailboxes[i].name))
			continue;
		if (!is_below_inbox(&mailboxes[i]))
			return false;
		any = true;
	}
	return any;
}

/* The name without the level INBOX, where it may be left out. */
static const char *stripped(const struct mailbox_info *m, bool strip)
{
	const char *rest = m->name + INBOX_LEN + 1;

	if (!strip || !is_below_inbox(m))
		return m->name;
	if (strncasecmp(rest, "INBOX", INBOX_LEN) == 0 &&
		(rest[INBOX_LEN] == '\0' || rest[INBOX_LEN] == m->delimiter))
		return m->name;
	return rest;
}

/* UTF-8 with '/' between levels, unescaped: what a person would type. */
static char *readable(const char *name, char delimiter)
{
	char *out = mem_alloc(FOLDER_BYTES);

	if (name_from_mutf7(name, out, FOLDER_BYTES) != 0) {
		free(out);
		out = mem_strdup(name);
	}
	for (char *p = out; *p != '\0'; p++)
		if (delimiter != '\0' && *p == delimiter)
			*p = '/';
	return out;
}

/* True if one of the globs, one a line, matches one of the two names. */
static bool any_glob(const char *globs, const char *name, const char *other)
{
	const char *line = globs;
	bool found = false;

	while (line != NULL && *line != '\0' && !found) {
		size_t n = strcspn(line, "\n");
		char *glob = mem_strndup(line, n);
		found = n != 0 &&
			(name_glob(glob, name) || name_glob(glob, other));
		free(glob);
		line += n + (line[n] == '\n');
	}
	return found;
}

static bool is_chosen(const struct account *a, const struct mailbox_info *m,
	const char *name, bool strip)
{
	char *other = readable(stripped(m, strip), m->delimiter);
	bool chosen = a->folders == NULL || a->folders[0] == '\0' ||
		      any_glob(a->folders, name, other);

	if (chosen && a->excludes != NULL)
		chosen = !any_glob(a->excludes, name, other);
	free(other);
	return chosen;
}

static char *own_folder(const struct mailbox_info *m, bool strip)
{
	char *out = mem_alloc(FOLDER_BYTES);

	if (name_folder_of(
		    stripped(m, strip), m->delimiter, out, FOLDER_BYTES) != 0) {
		free(out);
		return mem_strdup("%");
	}
	return out;
}

/* The prefix as a folder name: escaped like any other. */
static char *prefix_folder(const char *prefix)
{
	struct mailbox_info m = {.delimiter = '/'};

	if (prefix == NULL || prefix[0] == '\0')
		return NULL;
	if (name_to_mutf7(prefix, m.name, sizeof m.name) != 0)
		return NULL;
	return own_folder(&m, false);
}

static void put_under(char **folder, const char *prefix)
{
	char *out;

	if (prefix == NULL)
		return;
	if (strcmp(*folder, "INBOX") == 0)
		out = mem_strdup(prefix);
	else
		out = mem_printf("%s/%s", prefix, *folder);
	free(*folder);
	*folder = out;
}

/* Which mailbox a special use belongs to: the one that is called so anyway,
 * else the first that has it. -1: none. */
static long holder_of(size_t use, const struct mailbox_info *const *kept,
	size_t count, bool strip)
{
	long first = -1;

	for (size_t i = 0; i < count; i++) {
		if ((kept[i]->attrs & special_uses[use].attr) == 0 ||
			name_is_inbox(kept[i]->name))
			continue;
		if (strcasecmp(stripped(kept[i], strip),
			    special_uses[use].folder) == 0)
			return (long)i;
		if (first < 0)
			first = (long)i;
	}
	return first;
}

static bool is_repeated(const struct mailbox_info *const *kept, size_t count,
	const struct mailbox_info *m)
{
	/* limits.mailboxes bounds what pairwise comparison costs. */
	for (size_t i = 0; i < count; i++)
		if (strcmp(kept[i]->name, m->name) == 0 ||
			(name_is_inbox(kept[i]->name) &&
				name_is_inbox(m->name)))
			return true;
	return false;
}

/* Step 1. */
static size_t keep(const struct mailbox_info *mailboxes, size_t count,
	const struct mailbox_info **kept, struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct mailbox_info *m = &mailboxes[i];
		if ((m->attrs & MAILBOX_NOSELECT) != 0 ||
			is_repeated(kept, n, m))
			continue;
		if ((m->attrs & VIEWS) != 0 && !name_is_inbox(m->name))
			plan->views++;
		else
			kept[n++] = m;
	}
	return n;
}

static bool any_subscribed(const struct mailbox_info *const *kept, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((kept[i]->attrs & MAILBOX_SUBSCRIBED) != 0)
			return true;
	return false;
}

/* The order of work. */
enum rank { RANK_INBOX, RANK_SPECIAL, RANK_OTHER, RANK_EXCLUDED };

struct draft {
	struct plan_pair pair;
	enum rank rank;
	size_t seen;
};

static int by_rank(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->seen < y->seen ? -1 : x->seen > y->seen;
}

static struct draft draft_of(const struct mailbox_info *m, bool strip)
{
	struct draft d = {.rank = RANK_OTHER};

	d.pair.mailbox = mem_strdup(m->name);
	d.pair.name = readable(m->name, m->delimiter);
	d.pair.status = m->status;
	if (name_is_inbox(m->name)) {
		d.rank = RANK_INBOX;
		d.pair.folder = mem_strdup("INBOX");
	} else {
		d.pair.folder = own_folder(m, strip);
	}
	return d;
}

static void clear_pair(struct plan_pair *p)
{
	free(p->mailbox);
	free(p->name);
	free(p->folder);
}

static void give_special_uses(struct draft *drafts,
	const struct mailbox_info *const *kept, size_t count, bool strip)
{
	for (size_t use = 0; use < SPECIAL_COUNT; use++) {
		long i = holder_of(use, kept, count, strip);
		if (i < 0 || drafts[i].rank != RANK_OTHER)
			continue;
		free(drafts[i].pair.folder);
		drafts[i].pair.folder = mem_strdup(special_uses[use].folder);
		drafts[i].rank = RANK_SPECIAL;
	}
}

static struct draft *make_drafts(
	const struct mailbox_info *const *kept, size_t count, bool strip)
{
	struct draft *drafts = mem_array(count, sizeof *drafts);
	bool all = !any_subscribed(kept, count);

	for (size_t i = 0; i < count; i++) {
		drafts[i] = draft_of(kept[i], strip);
		drafts[i].seen = i;
		drafts[i].pair.subscribe =
			all || (kept[i]->attrs & MAILBOX_SUBSCRIBED) != 0;
	}
	give_special_uses(drafts, kept, count, strip);
	return drafts;
}

void plan_make(const struct mailbox_info *mailboxes, size_t count,
	const struct account *account, struct plan *ret_plan)
{
	struct plan plan = {0};
	const struct mailbox_info **kept = mem_array(count, sizeof(void *));
	size_t n = keep(mailboxes, count, kept, &plan);
	/* What has been left out counts as well: a name that hides a level
	 * may not depend on somebody's excludes. */
	bool strip = all_below_inbox(mailboxes, count);
	struct draft *drafts = make_drafts(kept, n, strip);
	char *prefix = prefix_folder(account->prefix);

	for (size_t i = 0; i < n; i++)
		if (!is_chosen(account, kept[i], drafts[i].pair.name, strip)) {
			clear_pair(&drafts[i].pair);
			drafts[i].rank = RANK_EXCLUDED;
		}
	qsort(drafts, n, sizeof *drafts, by_rank);
	plan.pairs = mem_array(n, sizeof *plan.pairs);
	for (size_t i = 0; i < n && drafts[i].rank != RANK_EXCLUDED; i++) {
		put_under(&drafts[i].pair.folder, prefix);
		plan.pairs[plan.count++] = drafts[i].pair;
	}
	plan.excluded = n - plan.count;
	free(prefix);
	free(drafts);
	free(kept);
	*ret_plan = plan;
}

void plan_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		clear_pair(&plan->pairs[i]);
	free(plan->pairs);
	*plan = (struct plan){0};
}
