/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flags of messages that are here already: list new/ and cur/, find each
 * message by its base name, merge, rename. A reader may rename at the same
 * time, and a listing misses what is renamed during it: whatever was not
 * found, or was gone when its turn came, is looked for once more, and then
 * left for the next run. Letters that are not ours stay as they are.
 */
#include "../collector/base/mem.h"
#include "../collector/model/merge.h"
#include "flag_name.h"
#include "publish.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTINGS 2

struct seen {
	struct store_flags *item;
	char *name; /* as listed; NULL = not (yet) found */
	bool in_new;
	bool settled;
};

struct merge {
	struct folder *folder;
	struct publish_dirs dirs;
	struct seen *seen; /* by base */
	size_t count;
	bool renamed;
	struct arena *arena; /* for what comes out */
};

static int by_base(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return strcmp(x->item->base, y->item->base);
}

static int base_against(const void *key, const void *element)
{
	const char *name = key;
	const struct seen *s = element;
	size_t n = strcspn(name, ":");
	int c = strncmp(name, s->item->base, n);

	return c != 0 ? c : -(int)(unsigned char)s->item->base[n];
}

static int list_sub(struct merge *m, int sub_fd, bool in_new, struct err *err)
{
	struct dirent *e;
	struct seen *s;
	DIR *d;
	int fd = openat(sub_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	d = fd < 0 ? NULL : fdopendir(fd);
	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return err_set_file(
			err, errno, "cannot list %s/", in_new ? "new" : "cur");
	}
	errno = 0;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		s = bsearch(e->d_name, m->seen, m->count, sizeof *m->seen,
			base_against);
		if (s == NULL || s->settled)
			continue;
		free(s->name);
		s->name = mem_strdup(e->d_name);
		s->in_new = in_new;
	}
	fd = errno;
	(void)closedir(d);
	return fd == 0 ? 0
		       : err_set_file(err, fd, "cannot list %s/",
				 in_new ? "new" : "cur");
}

/* 0 done, 1 gone meanwhile, -1. */
static int rename_it(struct merge *m, const struct seen *s, const char *name,
	bool any, struct err *err)
{
	int from_fd = s->in_new ? m->dirs.new_fd : m->dirs.cur_fd;

	if (s->in_new ? !any : strcmp(name, s->name) == 0)
		return 0;
	if (renameat(from_fd, s->name, m->dirs.cur_fd, name) == 0) {
		m->renamed = true;
		return 0;
	}
	return errno == ENOENT
		       ? 1
		       : err_set_file(err, errno, "cannot rename %s", s->name);
}

/* What a merge is made of, taken out of an item. */
struct sides {
	struct flags source_then, source_now, local_then, local_now;
	struct merge_input in;
};

static void open_sides(struct sides *s, const struct store_flags *item)
{
	flags_get(&item->source_then, &s->source_then);
	flags_get(&item->source_now, &s->source_now);
	flags_get(&item->local_then, &s->local_then);
	s->local_now = (struct flags){.system = 0};
	s->in = (struct merge_input){.source_then = &s->source_then,
		.source_now = &s->source_now,
		.local_then = &s->local_then,
		.local_now = &s->local_now,
		.again = item->again};
}

/* 0 done, 1 look again, -1. */
static int merge_one(struct merge *m, struct seen *s, struct err *err)
{
	struct store_flags *item = s->item;
	struct flags merged, after, note;
	struct sides sides;
	char letters[KEYWORDS_LETTERS + 1], unknown[KEYWORDS_LETTERS + 1];
	char old[NAME_MAX + 1];
	char name[NAME_MAX + 1];
	int rc;

	(void)snprintf(old, sizeof old, "%s", flag_name_letters(s->name));
	old[strcspn(old, ",")] = '\0';
	open_sides(&sides, item);
	sides.local_now.system = flags_from_maildir(old);
	keywords_names(&m->folder->keywords, old, &sides.local_now, unknown);
	merge_flags(&sides.in, &merged);
	after.system = merged.system;
	if (keywords_letters(&m->folder->keywords, m->dirs.dir_fd,
		    merged.keywords, letters, &after, err) != 0)
		return -1;
	merge_note(&sides.in, &after, &note);
	item->local_note = flags_keep(m->arena, &note);
	if (flags_equal(&sides.local_now, &after)) {
		item->found = s->settled = true;
		return 0;
	}
	if (flag_name_make(s->name, merged.system, letters, unknown, name) != 0)
		return err_set(err, ERR_STORE, ERR_SCOPE_MESSAGE,
			ERR_RETRY_CHANGE, "no room for flags in the name %s",
			s->name);
	rc = rename_it(
		m, s, name, merged.system != 0 || letters[0] != '\0', err);
	if (rc == 0)
		item->found = s->settled = true;
	return rc;
}

/* 0 all settled, 1 some were not seen, -1. */
static int merge_listing(struct merge *m, struct err *err)
{
	int rc, missing = 0;

	/* new/ first: what a reader moves to cur/ meanwhile is seen there */
	if (list_sub(m, m->dirs.new_fd, true, err) != 0 ||
		list_sub(m, m->dirs.cur_fd, false, err) != 0)
		return -1;
	for (size_t i = 0; i < m->count; i++) {
		struct seen *s = &m->seen[i];
		if (s->settled)
			continue;
		rc = s->name == NULL ? 1 : merge_one(m, s, err);
		if (rc < 0)
			return -1;
		free(s->name);
		s->name = NULL;
		missing |= rc;
	}
	return missing;
}

static int merge_all(struct merge *m, struct err *err)
{
	int rc = 1;

	if (keywords_load(&m->folder->keywords, m->dirs.dir_fd, err) != 0)
		return -1;
	for (int i = 0; rc == 1 && i < LISTINGS; i++)
		rc = merge_listing(m, err);
	/* the ledger must not know flags that a power cut takes back here */
	if (m->renamed && publish_sync(&m->dirs, rc < 0 ? NULL : err) != 0)
		rc = -1;
	return rc < 0 ? -1 : 0;
}

int store_merge_flags(struct store *store, struct folder *folder,
	struct store_flags *items, size_t count, struct arena *arena,
	struct err *err)
{
	struct merge m = {.folder = folder, .count = count, .arena = arena};
	int rc;

	if (count == 0)
		return 0;
	if (publish_open(store, folder->dir, &m.dirs, err) != 0)
		return -1;
	m.seen = mem_array(count, sizeof *m.seen);
	for (size_t i = 0; i < count; i++) {
		items[i].found = false;
		m.seen[i] = (struct seen){.item = &items[i]};
	}
	qsort(m.seen, count, sizeof *m.seen, by_base);
	rc = merge_all(&m, err);
	for (size_t i = 0; i < count; i++)
		free(m.seen[i].name);
	free(m.seen);
	publish_close(&m.dirs);
	if (rc != 0)
		return err_where(err, "store %s folder \"%s\"", store->root,
			folder->dir);
	return 0;
}
