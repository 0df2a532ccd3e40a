/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. the names of the folders, from the root
 * 2. of each: ctime of new/ and cur/, then what is in them, as hashes
 * 3. ctimes again, of all: where none has changed there was a moment, between
 *    2 and 3, in which all listings were true together
 * 4. what has changed is listed again
 * A ctime tells nothing of changes within the clock's last tick: a directory
 * that changed just now counts as changing.
 */
#include "presence.h"

#include "../collector/base/mem.h"
#include "ctime_pair.h"
#include "maildir.h"
#include "maildir_root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTINGS 3
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct place {
	char *dir; /* "" = the root */
	struct timespec ctime[2];
	bool steady;
	uint64_t *hashes; /* ascending */
	size_t count, cap;
};

struct presence {
	struct store *store;
	struct place *places;
	size_t count, cap;
	struct timespec root_ctime;
	bool root_steady;
	bool blind; /* a folder that cannot be looked into */
	bool steady;
};

static const char *const subs[] = {"new", "cur"};

/* FNV-1a of a base name: up to the flags. */
static uint64_t hash_name(const char *name)
{
	uint64_t h = 1469598103934665603u;

	for (; *name != '\0' && *name != ':'; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211u;
	return h;
}

static int add_hashes(struct place *p, int fd, struct err *err)
{
	struct dirent *e;
	DIR *d = fdopendir(fd);
	int errnum;

	if (d == NULL) {
		(void)close(fd);
		return err_set_file(err, errno, "cannot list a folder");
	}
	errno = 0;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (p->count == p->cap) {
			p->cap = p->cap != 0 ? p->cap * 2 : 256;
			p->hashes =
				mem_grow(p->hashes, p->cap, sizeof *p->hashes);
		}
		p->hashes[p->count++] = hash_name(e->d_name);
	}
	errnum = errno;
	(void)closedir(d);
	return errnum == 0 ? 0
			   : err_set_file(err, errnum, "cannot list a folder");
}

static int by_hash(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* 1: there is no such directory (any more). */
static int stat_sub(int dir_fd, const char *sub, struct timespec *ret_ctime,
	struct err *err)
{
	struct stat st;

	if (fstatat(dir_fd, sub, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		*ret_ctime = st.st_ctim;
		return 0;
	}
	*ret_ctime = (struct timespec){0};
	return errno == ENOENT || errno == ENOTDIR
		       ? 1
		       : err_set_file(err, errno, "cannot look at %s/", sub);
}

static int list_place(
	struct presence *p, struct place *place, int dir_fd, struct err *err)
{
	place->count = 0;
	place->steady = true;
	for (size_t i = 0; i < 2; i++) {
		int fd, r = stat_sub(dir_fd, subs[i], &place->ctime[i], err);
		if (r < 0)
			return -1;
		if (r == 1)
			continue;
		place->steady &= ctime_is_settled(&place->ctime[i]);
		fd = openat(dir_fd, subs[i], DIR_FLAGS);
		if (fd < 0 && (errno == ELOOP || errno == ENOTDIR)) {
			p->blind = true;
			continue;
		}
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_set_file(
				err, errno, "cannot list %s/", subs[i]);
		if (add_hashes(place, fd, err) != 0)
			return -1;
	}
	if (place->count != 0)
		qsort(place->hashes, place->count, sizeof *place->hashes,
			by_hash);
	return 0;
}

/* Step 3, of one folder. */
static int check_place(struct place *place, int dir_fd, struct err *err)
{
	for (size_t i = 0; i < 2; i++) {
		struct timespec now;
		if (stat_sub(dir_fd, subs[i], &now, err) < 0)
			return -1;
		place->steady &= ctime_is_same(&now, &place->ctime[i]);
	}
	return 0;
}

static int open_place(const struct presence *p, const struct place *place)
{
	return openat(p->store->root_fd,
		place->dir[0] != '\0' ? place->dir : ".", DIR_FLAGS);
}

static void clear_places(struct presence *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->places[i].dir);
		free(p->places[i].hashes);
	}
	p->count = 0;
	p->blind = false;
}

static void add_place(struct presence *p, const char *dir)
{
	if (p->count == p->cap) {
		p->cap = p->cap != 0 ? p->cap * 2 : 16;
		p->places = mem_grow(p->places, p->cap, sizeof *p->places);
	}
	p->places[p->count++] = (struct place){.dir = mem_strdup(dir)};
}

/* A link may lead to mail that we cannot see. */
static void add_entry(struct presence *p, const char *name)
{
	struct stat st;

	if (name[0] != '.' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	if (fstatat(p->store->root_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		S_ISLNK(st.st_mode))
		p->blind = true;
	else if (S_ISDIR(st.st_mode))
		add_place(p, name);
}

/* Step 1. */
static int list_root(struct presence *p, struct err *err)
{
	struct dirent *e;
	struct stat st;
	int fd = openat(p->store->root_fd, ".", DIR_FLAGS), errnum;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL || fstat(dirfd(d), &st) != 0) {
		errnum = errno;
		if (d != NULL)
			(void)closedir(d);
		else if (fd >= 0)
			(void)close(fd);
		return err_set_file(err, errnum, "cannot list the store");
	}
	clear_places(p);
	p->root_ctime = st.st_ctim;
	p->root_steady = ctime_is_settled(&st.st_ctim);
	add_place(p, "");
	errno = 0;
	while ((e = readdir(d)) != NULL) {
		add_entry(p, e->d_name);
		errno = 0;
	}
	errnum = errno;
	(void)closedir(d);
	return errnum == 0 ? 0
			   : err_set_file(err, errnum, "cannot list the store");
}

typedef int place_fn(
	struct presence *p, struct place *place, int dir_fd, struct err *err);

static int check_fn(
	struct presence *p, struct place *place, int dir_fd, struct err *err)
{
	(void)p;
	return check_place(place, dir_fd, err);
}

/* A folder that is gone makes the root change: all is listed again. */
static int with_place(
	struct presence *p, struct place *place, place_fn *fn, struct err *err)
{
	int rc, fd = open_place(p, place);

	if (fd < 0 && (errno == ENOENT || errno == ELOOP)) {
		place->steady = false;
		p->blind |= errno == ELOOP;
		return 0;
	}
	if (fd < 0)
		return err_set_file(err, errno, "cannot open %s", place->dir);
	rc = fn(p, place, fd, err);
	(void)close(fd);
	return rc;
}

static int list_round(struct presence *p, struct err *err)
{
	struct stat st;

	if (!p->root_steady && list_root(p, err) != 0)
		return -1;
	for (size_t i = 0; i < p->count; i++)
		if (!p->places[i].steady &&
			with_place(p, &p->places[i], list_place, err) != 0)
			return -1;
	p->steady = true;
	for (size_t i = 0; i < p->count; i++) {
		if (with_place(p, &p->places[i], check_fn, err) != 0)
			return -1;
		p->steady &= p->places[i].steady;
	}
	if (fstat(p->store->root_fd, &st) != 0)
		return err_set_file(err, errno, "cannot look at the store");
	p->root_steady &= ctime_is_same(&st.st_ctim, &p->root_ctime);
	p->steady &= p->root_steady;
	return 0;
}

/* What the path leads to now is what was listed, and has the ledger's id. */
int store_check(struct store *store, struct err *err)
{
	struct stat there, listed;
	int fd = -1, rc;

	if (maildir_root_open(store->root, store->owner, MAILDIR_ROOT_IS_THERE,
		    &fd, err) != 0)
		return -1;
	rc = maildir_root_identify(fd, store->root, store->ledger, err);
	if (rc == 0 && (fstat(fd, &there) != 0 ||
			       fstat(store->root_fd, &listed) != 0 ||
			       there.st_dev != listed.st_dev ||
			       there.st_ino != listed.st_ino))
		rc = err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
			"store %s was replaced while it was read", store->root);
	(void)close(fd);
	return rc;
}

int store_presence(
	struct store *store, struct presence **ret_presence, struct err *err)
{
	struct presence *p = mem_alloc(sizeof *p);
	int rc = 0;

	p->store = store;
	for (int i = 0; rc == 0 && i < LISTINGS && !p->steady; i++) {
		if (i != 0)
			ctime_wait_tick();
		rc = list_round(p, err);
	}
	if (rc != 0)
		(void)err_where(err, "store %s", store->root);
	else
		rc = store_check(store, err);
	if (rc != 0) {
		presence_free(&p);
		return -1;
	}
	*ret_presence = p;
	return 0;
}

void presence_free(struct presence **p)
{
	if (*p == NULL)
		return;
	clear_places(*p);
	free((*p)->places);
	free(*p);
	*p = NULL;
}

enum presence_verdict presence_find(
	const struct presence *p, const char *base, const char **ret_dir)
{
	uint64_t h = hash_name(base);

	for (size_t i = 0; i < p->count; i++) {
		const struct place *place = &p->places[i];
		if (place->count == 0 ||
			bsearch(&h, place->hashes, place->count, sizeof h,
				by_hash) == NULL)
			continue;
		if (ret_dir != NULL)
			*ret_dir = place->dir;
		return PRESENCE_HERE;
	}
	return p->steady && !p->blind ? PRESENCE_ABSENT : PRESENCE_UNSURE;
}

const char *presence_dir(const struct presence *p, size_t i)
{
	return i < p->count ? p->places[i].dir : NULL;
}

int presence_is_steady(const struct presence *p, struct err *err)
{
	struct stat st;

	if (!p->steady || p->blind)
		return 0;
	for (size_t i = 0; i < p->count; i++) {
		struct place now = p->places[i];
		int fd = open_place(p, &now), rc;
		if (fd < 0)
			return 0;
		rc = check_place(&now, fd, err);
		(void)close(fd);
		if (rc != 0 || !now.steady)
			return rc;
	}
	if (fstat(p->store->root_fd, &st) != 0)
		return err_set_file(err, errno, "cannot look at the store");
	return ctime_is_same(&st.st_ctim, &p->root_ctime);
}
