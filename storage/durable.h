/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * durable: small files that are there whole or not at all, also after a
 * power cut, and random bytes from the kernel. Any thread.
 */
#ifndef MAILHAUL_STORAGE_DURABLE_H
#define MAILHAUL_STORAGE_DURABLE_H

#include "../collector/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * Makes path with these bytes and exactly this mode, whatever the umask:
 * a file without a name (or, where that cannot be, a temporary one beside
 * it), fsync, link, fsync of the directory. An existing path is never
 * touched: 0 with *ret_created false.
 * Errors: class config, the text names the path.
 */
int durable_create(const char *path, mode_t mode, const void *bytes, size_t n,
	bool *ret_created, struct err *err);
/* Replaces path as a whole, with the owner of `as`: a kill leaves the old or
 * the new bytes, and at most PATH.new, which the next call removes. */
int durable_replace(const char *path, mode_t mode, const struct stat *as,
	const void *bytes, size_t n, struct err *err);
/* Makes a directory with exactly this mode; an existing one is left alone. */
int durable_mkdir(
	const char *path, mode_t mode, bool *ret_created, struct err *err);
/* fsync of a directory. */
int durable_sync_dir(const char *dir, struct err *err);
/* The directory of path. Caller frees. */
char *durable_dir_of(const char *path);

void random_bytes(void *out, size_t n);
/* digits: even; out holds digits + 1. */
void random_hex(char *out, size_t digits);

#endif
