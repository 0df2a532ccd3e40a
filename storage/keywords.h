/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keywords: the letters a … z of one folder (dovecot-keywords: a line
 * "NUMBER NAME" a letter). A letter that stands is never given to another
 * name; a new name takes the first free one, under Dovecot's lock, and is
 * durable before a file name uses it. When all 26 are taken the rest is left
 * out and remembered.
 *
 * Who renames at once asks for letters, which are durable then. A delivery
 * only plans them; the committer, which has a view of its own, writes the
 * new file into staging, makes it durable with the batch's messages, and puts
 * it in place before it renames them (keywords_batch.c): not two flushes a
 * keyword, but none. One thread a view.
 */
#ifndef MAILHAUL_STORAGE_KEYWORDS_H
#define MAILHAUL_STORAGE_KEYWORDS_H

#include "../collector/base/err.h"
#include "../collector/model/flags.h"

#include <sys/stat.h>
#include <sys/types.h>

#define KEYWORDS_LETTERS 26

struct keywords {
	char *names[KEYWORDS_LETTERS]; /* NULL = free */
	bool loaded;
	char left_out[FLAGS_KEYWORDS_MAX];
	uid_t uid; /* owner of the file */
	gid_t gid;
	char tag[40]; /* account uuid: for temporary names */
	int wait_s;   /* for Dovecot's lock, at most */
	/* plans: */
	bool planned;	 /* there are names that the file may not have */
	int stage_fd;	 /* where the new file lies; borrowed */
	char staged[32]; /* its name; "" = none */
	bool had_file;
	struct stat file; /* what the plan was made upon */
};

/* stage_fd is the caller's to set. */
void keywords_init(struct keywords *k, uid_t uid, gid_t gid, const char *tag);
void keywords_clear(struct keywords *k);
/* Reads the file anew; none is as good as an empty one. */
int keywords_load(struct keywords *k, int dir_fd, struct err *err);
/*
 * The letters of a set, sorted, giving letters to names that have none yet.
 * letters: at least KEYWORDS_LETTERS + 1 bytes. kept: the set of those that
 * have one (may be NULL).
 */
int keywords_letters(struct keywords *k, int dir_fd, const char *set,
	char *letters, struct flags *kept, struct err *err);
/* As keywords_letters, but writes nothing: what has no letter yet is to have
 * one. kept as there. dir_fd is used where keywords_knows says no. */
int keywords_plan(struct keywords *k, int dir_fd, const char *set,
	struct flags *kept, struct err *err);
/* True if the file has been read and all names of the set have a letter,
 * planned or not, or can get none. */
bool keywords_knows(const struct keywords *k, const char *set);
/* What is planned is written into staging under that name, and is durable
 * there if sync says so. */
int keywords_prepare(struct keywords *k, int dir_fd, const char *name,
	bool sync, struct err *err);
/* Everything planned has its letter in the file; where somebody else has
 * changed that meanwhile, letters differ from the plan. sync: else the caller
 * has synced since keywords_prepare, and will sync again. */
int keywords_publish(
	struct keywords *k, int dir_fd, bool sync, struct err *err);

/* Adds the names of the lower-case letters to f; returns the letters that
 * have no name in `unknown` (27 bytes). */
void keywords_names(const struct keywords *k, const char *letters,
	struct flags *f, char *unknown);

#endif
