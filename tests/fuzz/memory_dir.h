/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_dir: a directory for each input of a fuzz target, in memory where
 * there is a place for it, and nothing is flushed: what a file says is looked
 * at here, not whether it outlives a power cut. So millions of inputs are to
 * be had. Included by the one source of a target.
 */
#ifndef MAILHAUL_TESTS_MEMORY_DIR_H
#define MAILHAUL_TESTS_MEMORY_DIR_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct memory_dir {
	char path[64];
	int fd;
};

/* In place of libc's. */
int fsync(int fd)
{
	(void)fd;
	return 0;
}

int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int syncfs(int fd)
{
	(void)fd;
	return 0;
}

static inline void memory_dir_open(struct memory_dir *d)
{
	static const char *const places[] = {"/dev/shm", "/tmp"};
	const char *place = places[access(places[0], W_OK) != 0];

	(void)snprintf(
		d->path, sizeof d->path, "%s/mailhaul-fuzz.XXXXXX", place);
	if (mkdtemp(d->path) == NULL)
		abort();
	d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0)
		abort();
}

/* Aborts if anything but `file` is in it. */
static inline void memory_dir_close(struct memory_dir *d, const char *file)
{
	(void)unlinkat(d->fd, file, 0);
	(void)close(d->fd);
	if (rmdir(d->path) != 0)
		abort();
}

#endif
