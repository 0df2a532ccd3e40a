/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list → for each slice: rename or unlink, sync the directories, tell the
 * caller → what was not seen, or was gone when its turn came: once more
 * A message moved to Trash keeps its base name and flags, as with Dovecot's
 * MOVE; its keywords get the letters they have there.
 * Dovecot's MOVE is a link, and then an unlink. When ours comes between them
 * the message lies in both places; who is asked for that (spare_copies) finds
 * the other link afterwards, when no new one can be made from here any more,
 * and takes the one in Trash away.
 */
#include "expunge.h"

#include "../collector/base/mem.h"
#include "../collector/model/merge.h"
#include "ctime_pair.h"
#include "flag_name.h"
#include "maildirsize.h"
#include "publish.h"
#include "twins.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLICE 512

struct found {
	char *name; /* NULL: not in the listing */
	char *put;  /* what it is called in the Trash; NULL: not moved */
	bool in_new;
};

struct expunge {
	struct store *store;
	const struct expunge_order *order;
	struct publish_dirs from, to; /* to: of the Trash */
	struct expunge_item *items;   /* by base */
	struct found *found;
	size_t count;
	bool steady; /* no reader was at work while it was listed */
	uint64_t bytes, removed;
};

static int by_base(const void *a, const void *b)
{
	const struct expunge_item *x = a, *y = b;

	return strcmp(x->base, y->base);
}

static int base_against(const void *key, const void *element)
{
	const char *name = key;
	const struct expunge_item *item = element;
	size_t n = strcspn(name, ":");
	int c = strncmp(name, item->base, n);

	return c != 0 ? c : -(int)(unsigned char)item->base[n];
}

static void note_name(struct expunge *x, const char *name, bool in_new)
{
	const struct expunge_item *item = bsearch(
		name, x->items, x->count, sizeof *x->items, base_against);
	struct found *f;

	if (item == NULL || item->outcome != EXPUNGE_UNSEEN)
		return;
	f = &x->found[item - x->items];
	free(f->name);
	f->name = mem_strdup(name);
	f->in_new = in_new;
}

static int list_sub(struct expunge *x, int sub_fd, bool in_new, struct err *err)
{
	int fd = openat(sub_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int errnum;

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return err_set_file(err, errno, "cannot list a folder");
	}
	errno = 0;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			note_name(x, e->d_name, in_new);
	errnum = errno;
	(void)closedir(d);
	return errnum == 0 ? 0
			   : err_set_file(err, errnum, "cannot list a folder");
}

static int list(struct expunge *x, struct err *err)
{
	struct ctime_pair before, after;

	if (ctime_pair_read(x->from.new_fd, x->from.cur_fd, &before, err) !=
			0 ||
		list_sub(x, x->from.new_fd, true, err) != 0 ||
		list_sub(x, x->from.cur_fd, false, err) != 0 ||
		ctime_pair_read(x->from.new_fd, x->from.cur_fd, &after, err) !=
			0)
		return -1;
	x->steady = ctime_pair_is_steady(&before, &after);
	return 0;
}

static bool same_file(int a_fd, const char *a, int b_fd, const char *b)
{
	struct stat sa, sb;

	return fstatat(a_fd, a, &sa, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(b_fd, b, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static int fail_move(const char *name, struct err *err)
{
	return errno == ENOENT
		       ? 1
		       : err_set_file(err, errno, "cannot move %s", name);
}

/* 0 done, 1 gone meanwhile, 2 the Trash has another file of that name, which
 * is not ours to replace, -1. */
static int move(struct expunge *x, struct found *f, int fd, const char *name,
	struct err *err)
{
	int to_fd = f->in_new ? x->to.new_fd : x->to.cur_fd;

	free(f->put);
	f->put = mem_strdup(name);
	if (renameat2(fd, f->name, to_fd, name, RENAME_NOREPLACE) == 0)
		return 0;
	/* a reader has linked it there before, or the file system knows no
	 * such rename */
	if (errno != EINVAL && errno != ENOSYS && errno != EEXIST)
		return fail_move(f->name, err);
	if (linkat(fd, f->name, to_fd, name, 0) != 0 && errno != EEXIST)
		return fail_move(f->name, err);
	if (!same_file(fd, f->name, to_fd, name))
		return 2;
	return unlinkat(fd, f->name, 0) == 0 ? 0 : fail_move(f->name, err);
}

static int move_to_trash(
	struct expunge *x, struct found *f, int fd, struct err *err)
{
	char letters[KEYWORDS_LETTERS + 1], unknown[KEYWORDS_LETTERS + 1];
	char old[NAME_MAX + 1], name[NAME_MAX + 1];
	struct flags now = {.system = 0};

	if (f->in_new || strchr(f->name, ':') == NULL)
		return move(x, f, fd, f->name, err);
	(void)snprintf(old, sizeof old, "%s", flag_name_letters(f->name));
	old[strcspn(old, ",")] = '\0';
	now.system = flags_from_maildir(old);
	keywords_names(&x->order->folder->keywords, old, &now, unknown);
	if (keywords_letters(&x->order->trash->keywords, x->to.dir_fd,
		    now.keywords, letters, NULL, err) != 0)
		return -1;
	if (flag_name_make(f->name, now.system, letters, "", name) != 0)
		return move(x, f, fd, f->name, err);
	return move(x, f, fd, name, err);
}

static int remove_it(
	struct expunge *x, const struct found *f, int fd, struct err *err)
{
	struct stat st = {.st_size = 0};

	(void)fstatat(fd, f->name, &st, AT_SYMLINK_NOFOLLOW);
	if (unlinkat(fd, f->name, 0) != 0)
		return errno == ENOENT ? 1
				       : err_set_file(err, errno,
						 "cannot remove %s", f->name);
	x->bytes += (uint64_t)st.st_size;
	x->removed++;
	return 0;
}

static int settle_one(struct expunge *x, size_t i, struct err *err)
{
	struct expunge_item *item = &x->items[i];
	struct found *f = &x->found[i];
	uint8_t now;
	int fd, rc;

	if (item->outcome != EXPUNGE_UNSEEN)
		return 0;
	if (f->name == NULL) {
		item->outcome = x->steady ? EXPUNGE_ABSENT : EXPUNGE_UNSEEN;
		return 0;
	}
	now = flags_from_maildir(flag_name_letters(f->name));
	if (merge_is_taken_over(item->local_then, now)) {
		item->outcome = EXPUNGE_TAKEN;
		return 0;
	}
	fd = f->in_new ? x->from.new_fd : x->from.cur_fd;
	rc = x->order->trash != NULL ? move_to_trash(x, f, fd, err)
				     : remove_it(x, f, fd, err);
	if (rc == 0)
		item->outcome = EXPUNGE_DONE;
	else if (rc == 2)
		item->outcome = EXPUNGE_TAKEN;
	return rc < 0 ? -1 : 0;
}

static int trash_fd(const struct expunge *x, const struct found *f)
{
	return f->in_new ? x->to.new_fd : x->to.cur_fd;
}

/* Those of a slice that were moved and have another link somewhere. */
static size_t find_linked(
	const struct expunge *x, size_t first, size_t count, struct twin *twins)
{
	size_t n = 0;

	for (size_t i = first; i < first + count; i++) {
		const struct found *f = &x->found[i];
		struct stat st;
		if (x->items[i].outcome == EXPUNGE_DONE && f->put != NULL &&
			fstatat(trash_fd(x, f), f->put, &st,
				AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_nlink > 1)
			twins[n++] = (struct twin){
				.base = x->items[i].base, .inode = st.st_ino};
	}
	return n;
}

static bool has_twin(const struct twin *twins, size_t count, const char *base)
{
	for (size_t i = 0; i < count; i++)
		if (twins[i].found && strcmp(twins[i].base, base) == 0)
			return true;
	return false;
}

static void take_back(struct expunge *x, const struct found *f)
{
	struct stat st;

	if (fstatat(trash_fd(x, f), f->put, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		unlinkat(trash_fd(x, f), f->put, 0) != 0)
		return; /* a reader was first */
	x->bytes += (uint64_t)st.st_size;
	x->removed++;
}

static void spare_copies(struct expunge *x, size_t first, size_t count)
{
	struct twin *twins;
	size_t n;

	if (x->order->trash == NULL || !x->order->spare_copies)
		return;
	twins = mem_array(count, sizeof *twins);
	n = find_linked(x, first, count, twins);
	if (n != 0)
		twins_find(x->store, x->order->folder->dir,
			x->order->trash->dir, twins, n);
	for (size_t i = first; n != 0 && i < first + count; i++)
		if (x->items[i].outcome == EXPUNGE_DONE &&
			x->found[i].put != NULL &&
			has_twin(twins, n, x->items[i].base)) {
			take_back(x, &x->found[i]);
			x->items[i].outcome = EXPUNGE_TAKEN;
		}
	free(twins);
}

/* The ledger must not know what a power cut takes back here. */
static int sync_slice(struct expunge *x, struct err *err)
{
	if (x->order->trash != NULL && publish_sync(&x->to, err) != 0)
		return -1;
	if (publish_sync(&x->from, err) != 0)
		return -1;
	if (x->removed != 0)
		maildirsize_take(x->store->root_fd, x->bytes, x->removed);
	x->bytes = x->removed = 0;
	return 0;
}

static int do_slice(
	struct expunge *x, size_t first, size_t count, struct err *err)
{
	bool done = false;
	int rc = 0;

	for (size_t i = first; rc == 0 && i < first + count; i++) {
		bool was = x->items[i].outcome == EXPUNGE_DONE;
		rc = settle_one(x, i, err);
		done |= !was && x->items[i].outcome == EXPUNGE_DONE;
	}
	if (done)
		spare_copies(x, first, count);
	if (done && sync_slice(x, rc == 0 ? err : NULL) != 0)
		return -1;
	if (rc == 0)
		rc = x->order->settled(
			x->order->arg, x->items + first, count, err);
	return rc;
}

/* Those that are not settled come to the front, in order. */
static void keep_unseen(struct expunge *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->count; i++) {
		free(x->found[i].name);
		free(x->found[i].put);
		x->found[i].name = x->found[i].put = NULL;
		if (x->items[i].outcome == EXPUNGE_UNSEEN)
			x->items[n++] = x->items[i];
	}
	x->count = n;
}

static int do_all(struct expunge *x, struct err *err)
{
	if (keywords_load(&x->order->folder->keywords, x->from.dir_fd, err) !=
			0 ||
		(x->order->trash != NULL &&
			keywords_load(&x->order->trash->keywords, x->to.dir_fd,
				err) != 0))
		return -1;
	for (int round = 0; round < 2 && x->count != 0; round++) {
		if (round != 0)
			ctime_wait_tick();
		if (list(x, err) != 0)
			return -1;
		for (size_t i = 0; i < x->count; i += SLICE) {
			size_t n = x->count - i < SLICE ? x->count - i : SLICE;
			if (do_slice(x, i, n, err) != 0)
				return -1;
		}
		keep_unseen(x);
	}
	return 0;
}

int store_expunge(struct store *store, const struct expunge_order *order,
	struct expunge_item *items, size_t count, struct err *err)
{
	struct expunge x = {
		.store = store, .order = order, .items = items, .count = count};
	int rc = -1;

	if (count == 0)
		return 0;
	assert(order->trash != order->folder);
	if (publish_open(store, order->folder->dir, &x.from, err) != 0)
		return -1;
	if (order->trash != NULL &&
		publish_open(store, order->trash->dir, &x.to, err) != 0)
		goto out;
	for (size_t i = 0; i < count; i++)
		items[i].outcome = EXPUNGE_UNSEEN;
	qsort(items, count, sizeof *items, by_base);
	x.found = mem_array(count, sizeof *x.found);
	memset(x.found, 0, count * sizeof *x.found);
	rc = do_all(&x, err);
	for (size_t i = 0; i < count; i++) {
		free(x.found[i].name);
		free(x.found[i].put);
	}
	free(x.found);
	if (order->trash != NULL)
		publish_close(&x.to);
out:
	publish_close(&x.from);
	return rc == 0 ? 0
		       : err_where(err, "store %s folder \"%s\"", store->root,
				 order->folder->dir);
}
