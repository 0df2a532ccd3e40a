/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A folder of Maildir++ is one directory, and so is each below it: renaming
 * one takes all that Dovecot keeps in it along (dovecot-uidlist too, so that
 * UIDs stay).
 */
#include "../collector/base/mem.h"
#include "maildir.h"
#include "subscriptions.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct below {
	char **dirs;
	size_t count, cap;
};

bool store_has_dir(const struct store *store, const char *dir)
{
	struct stat st;

	return fstatat(store->root_fd, dir[0] == '\0' ? "." : dir, &st,
		       AT_SYMLINK_NOFOLLOW) == 0;
}

/* 1 renamed, 0 the name is taken, -1; ENOENT counts as renamed. */
static int rename_dir(
	const struct store *store, const char *from, const char *to)
{
	int rc = renameat2(
		store->root_fd, from, store->root_fd, to, RENAME_NOREPLACE);

	if (rc != 0 && (errno == EINVAL || errno == ENOSYS)) {
		if (store_has_dir(store, to))
			return 0;
		rc = renameat(store->root_fd, from, store->root_fd, to);
	}
	if (rc == 0 || errno == ENOENT)
		return 1;
	return errno == EEXIST || errno == ENOTEMPTY ? 0 : -1;
}

static int rename_one(
	struct store *store, const char *from, const char *to, struct err *err)
{
	int r = rename_dir(store, from, to);

	if (r < 0)
		return err_set_file(err, errno,
			"store %s: cannot rename folder \"%s\"", store->root,
			from);
	if (r == 1 &&
		subscriptions_rename(store->root_fd, from, to, store->owner,
			ledger_account(store->ledger), err) != 0)
		return err_where(err, "store %s", store->root);
	return r;
}

static bool is_in(const char *const *dirs, size_t count, const char *dir)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(dirs[i], dir) == 0)
			return true;
	return false;
}

static int list_below(struct store *store, const char *from,
	const char *const *stay, size_t stay_count, struct below *b,
	struct err *err)
{
	size_t n = strlen(from);
	const struct dirent *e;
	int fd =
		openat(store->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return err_set_file(
			err, errno, "cannot list store %s", store->root);
	}
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, from, n) != 0 || e->d_name[n] != '.' ||
			is_in(stay, stay_count, e->d_name))
			continue;
		if (b->count == b->cap) {
			b->cap = b->cap != 0 ? b->cap * 2 : 16;
			b->dirs = mem_grow(b->dirs, b->cap, sizeof(char *));
		}
		b->dirs[b->count++] = mem_strdup(e->d_name);
	}
	(void)closedir(d);
	return 0;
}

static int rename_below(struct store *store, const struct below *b, size_t n,
	const char *to, struct err *err)
{
	for (size_t i = 0; i < b->count; i++) {
		char *name = mem_printf("%s%s", to, b->dirs[i] + n);
		int r = strlen(name) >= NAME_DIR_MAX
				? 0
				: rename_one(store, b->dirs[i], name, err);
		free(name);
		if (r < 0)
			return -1;
	}
	return 0;
}

int store_rename_folder(struct store *store, const char *from, const char *to,
	const char *const *stay, size_t stay_count, struct err *err)
{
	struct below b = {.dirs = NULL};
	int r;

	if (!maildir_check_dir(from, err) || !maildir_check_dir(to, err))
		return -1;
	assert(from[0] != '\0' && to[0] != '\0');
	for (const struct folder *f = store->folders; f != NULL; f = f->next)
		assert(strcmp(f->dir, from) != 0);
	r = rename_one(store, from, to, err);
	if (r == 1 &&
		(list_below(store, from, stay, stay_count, &b, err) != 0 ||
			rename_below(store, &b, strlen(from), to, err) != 0))
		r = -1;
	if (r == 1 && fsync(store->root_fd) != 0)
		r = err_set_file(
			err, errno, "cannot sync store %s", store->root);
	for (size_t i = 0; i < b.count; i++)
		free(b.dirs[i]);
	free(b.dirs);
	return r;
}
