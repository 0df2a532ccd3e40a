/* SPDX-License-Identifier: BSD-2-Clause */
#include "twins.h"

#include "maildir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

#define LISTINGS_MIN 3
#define LISTINGS_MAX 20
#define PAUSE_MS 50

struct seeking {
	struct twin *twins; /* by base */
	size_t count;
};

static int by_base(const void *a, const void *b)
{
	const struct twin *x = a, *y = b;

	return strcmp(x->base, y->base);
}

static int base_against(const void *key, const void *element)
{
	const char *name = key;
	const struct twin *twin = element;
	size_t n = strcspn(name, ":");
	int c = strncmp(name, twin->base, n);

	return c != 0 ? c : -(int)(unsigned char)twin->base[n];
}

static void look_at(struct seeking *s, const struct dirent *e, bool in_tmp)
{
	struct twin *twin = bsearch(
		e->d_name, s->twins, s->count, sizeof *s->twins, base_against);

	if (twin == NULL || twin->inode != e->d_ino)
		return;
	if (in_tmp)
		twin->pending = true;
	else
		twin->found = true;
}

static void list_sub(struct seeking *s, int folder_fd, const char *sub)
{
	int fd = openat(folder_fd, sub, DIR_FLAGS);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			look_at(s, e, strcmp(sub, "tmp") == 0);
	(void)closedir(d);
}

static void list_folder(struct seeking *s, int root_fd, const char *dir)
{
	int fd = openat(root_fd, dir, DIR_FLAGS);

	if (fd < 0)
		return;
	/* in the order in which a file goes through them */
	list_sub(s, fd, "tmp");
	list_sub(s, fd, "new");
	list_sub(s, fd, "cur");
	(void)close(fd);
}

/* "." is the root, which is INBOX. */
static bool is_folder(const char *name, const char *dir, const char *other_dir)
{
	if (strcmp(name, ".") == 0)
		name = "";
	else if (name[0] != '.' || strcmp(name, "..") == 0)
		return false;
	return strcmp(name, dir) != 0 && strcmp(name, other_dir) != 0;
}

static void list_store(struct seeking *s, const struct store *store,
	const char *dir, const char *other_dir)
{
	int fd = openat(store->root_fd, ".", DIR_FLAGS);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (is_folder(e->d_name, dir, other_dir))
			list_folder(s, store->root_fd, e->d_name);
	(void)closedir(d);
}

/* A listing misses what is renamed while it is read: so once is not enough
 * for what was not found. */
static bool is_done(const struct seeking *s, int listings)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->twins[i].found &&
			(s->twins[i].pending || listings < LISTINGS_MIN))
			return false;
	return true;
}

void twins_find(const struct store *store, const char *dir,
	const char *other_dir, struct twin *twins, size_t count)
{
	static const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
	struct seeking s = {.twins = twins, .count = count};

	for (size_t i = 0; i < count; i++)
		twins[i].found = false;
	qsort(twins, count, sizeof *twins, by_base);
	for (int n = 0; n < LISTINGS_MAX && !is_done(&s, n); n++) {
		if (n != 0)
			(void)nanosleep(&pause, NULL);
		for (size_t i = 0; i < count; i++)
			twins[i].pending = false;
		list_store(&s, store, dir, other_dir);
	}
}
