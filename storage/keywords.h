/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keywords: the letters a … z of one folder (dovecot-keywords: a line
 * "NUMBER NAME" a letter). A letter that stands is never given to another
 * name; a new name takes the first free one, under Dovecot's lock, and is
 * durable before a file name uses it. When all 26 are taken the rest is left
 * out and remembered. The run thread's.
 */
#ifndef MAILHAUL_STORAGE_KEYWORDS_H
#define MAILHAUL_STORAGE_KEYWORDS_H

#include "../collector/base/err.h"
#include "../collector/model/flags.h"

#include <sys/types.h>

#define KEYWORDS_LETTERS 26

struct keywords {
	char *names[KEYWORDS_LETTERS]; /* NULL = free */
	bool loaded;
	char left_out[FLAGS_KEYWORDS_MAX];
	uid_t uid; /* owner of the file */
	gid_t gid;
	char tag[40]; /* account uuid: for temporary names */
};

void keywords_init(struct keywords *k, uid_t uid, gid_t gid, const char *tag);
void keywords_clear(struct keywords *k);
/* Reads the file anew; none is as good as an empty one. */
int keywords_load(struct keywords *k, int dir_fd, struct err *err);
/* True if the file need not be looked at for the letters of this set. */
bool keywords_have(const struct keywords *k, const char *set);
/*
 * The letters of a set, sorted, giving letters to names that have none yet.
 * letters: at least KEYWORDS_LETTERS + 1 bytes. kept: the set of those that
 * have one (may be NULL).
 */
int keywords_letters(struct keywords *k, int dir_fd, const char *set,
	char *letters, struct flags *kept, struct err *err);
/* Adds the names of the lower-case letters to f; returns the letters that
 * have no name in `unknown` (27 bytes). */
void keywords_names(const struct keywords *k, const char *letters,
	struct flags *f, char *unknown);

#endif
