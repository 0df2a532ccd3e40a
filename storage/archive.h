/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * archive: regular files in one file, as tar(1) reads and writes them (POSIX
 * ustar), so that a backup can be looked into without this program. Names of
 * at most 100 bytes, files of less than 8 GiB. One thread.
 */
#ifndef MAILHAUL_STORAGE_ARCHIVE_H
#define MAILHAUL_STORAGE_ARCHIVE_H

#include "../collector/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define ARCHIVE_NAME_BYTES 101

/* Appends what from_fd holds from its beginning, mode 0600. */
int archive_add(int fd, const char *path, const char *name, int from_fd,
	int64_t mtime_s, struct err *err);
/* What tar wants to see behind the last one. */
int archive_end(int fd, const char *path, struct err *err);

/* The next file's name and size: 1; 0 at the end; -1: it is no archive, is
 * damaged, or holds something that is no file. Before the next one it has to
 * be read to its end. */
int archive_next(int fd, const char *path, char name[ARCHIVE_NAME_BYTES],
	uint64_t *ret_bytes, struct err *err);
/* Its contents into to_fd; to_path: for errors. */
int archive_read(int fd, const char *path, uint64_t bytes, int to_fd,
	const char *to_path, struct err *err);

#endif
