/* SPDX-License-Identifier: BSD-2-Clause */
#include "elsewhere.h"

#include <stdlib.h>
#include <string.h>

struct moved {
	struct store_flags *item;
	const char *dir; /* the listing's */
};

static int by_dir(const void *a, const void *b)
{
	const struct moved *x = a, *y = b;

	return strcmp(x->dir, y->dir);
}

/* Those that are in some other folder; how many. */
static size_t find_moved(const struct visit *v, const struct presence *p,
	struct store_flags *items, size_t count, struct moved *moved)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const char *dir = NULL;
		if (items[i].found ||
			presence_find(p, items[i].base, &dir) !=
				PRESENCE_HERE ||
			strcmp(dir, v->m.dir) == 0)
			continue;
		moved[n++] = (struct moved){.item = &items[i], .dir = dir};
	}
	qsort(moved, n, sizeof *moved, by_dir);
	return n;
}

/* count of one folder. */
static int merge_there(struct visit *v, struct moved *moved, size_t count,
	struct arena *arena, struct err *err)
{
	struct store *store = v->work->store;
	struct store_flags *items;
	struct folder *folder;
	int rc;

	if (store_folder(store, moved[0].dir, &folder, err) != 0)
		return -1;
	items = mem_array(count, sizeof *items);
	for (size_t i = 0; i < count; i++)
		items[i] = *moved[i].item;
	rc = store_merge_flags(store, folder, items, count, arena, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		*moved[i].item = items[i];
	free(items);
	if (rc == 0)
		LOG(LOG_LEVEL_DEBUG, &v->log, "flags_of_moved_messages",
			LOG_STR("folder", moved[0].dir),
			LOG_NUM("messages", count));
	return rc;
}

static size_t same_dir(const struct moved *moved, size_t count)
{
	size_t n = 1;

	while (n < count && strcmp(moved[n].dir, moved[0].dir) == 0)
		n++;
	return n;
}

int elsewhere_merge(struct visit *v, struct store_flags *items, size_t count,
	struct arena *arena, struct err *err)
{
	const struct presence *presence;
	struct moved *moved;
	size_t missing = 0, n, part;
	int rc = 0;

	for (size_t i = 0; i < count; i++)
		missing += !items[i].found;
	if (missing == 0)
		return 0;
	if (work_presence(v->work, &presence, err) != 0)
		return -1;
	moved = mem_array(missing, sizeof *moved);
	n = find_moved(v, presence, items, count, moved);
	for (size_t i = 0; rc == 0 && i < n; i += part) {
		part = same_dir(moved + i, n - i);
		rc = merge_there(v, moved + i, part, arena, err);
	}
	free(moved);
	return rc;
}
