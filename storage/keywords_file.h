/* SPDX-License-Identifier: BSD-2-Clause */
/* keywords_file: what keywords.c and keywords_batch.c share of the writing of
 * dovecot-keywords. Nobody else includes it. */
#ifndef MAILHAUL_STORAGE_KEYWORDS_FILE_H
#define MAILHAUL_STORAGE_KEYWORDS_FILE_H

#include "dotlock.h"
#include "keywords.h"

#define KEYWORDS_FILE "dovecot-keywords"
#define KEYWORDS_FILE_BYTES_MAX ((size_t)256 * 1024)

/* Dovecot's lock for this file. */
int keywords_lock(const struct keywords *k, int dir_fd, struct dotlock *lock,
	struct err *err);
/* Replaces the file by what k knows, durably. Under the lock. */
int keywords_save(const struct keywords *k, int dir_fd, struct err *err);
/* Reads the file anew and plans again what it does not have. *ret_given: there
 * was something. */
int keywords_reload(
	struct keywords *k, int dir_fd, bool *ret_given, struct err *err);

#endif
