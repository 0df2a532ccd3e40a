/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * publish: from staging into new/ or cur/ of a folder, by a rename that
 * never replaces. Used by the batch and by recovery; nothing else gives a
 * message to a reader.
 */
#ifndef MAILHAUL_STORAGE_PUBLISH_H
#define MAILHAUL_STORAGE_PUBLISH_H

#include "maildir.h"

struct publish_dirs {
	int dir_fd, new_fd, cur_fd;
};

struct publish_file {
	int stage_fd;
	uint64_t seq;
	const char *base;
	uint8_t system;
	const char *letters; /* keywords */
	bool to_new;
};

/* Makes the folder again where a reader has removed it meanwhile. */
int publish_open(const struct store *store, const char *dir,
	struct publish_dirs *dirs, struct err *err);
void publish_close(struct publish_dirs *dirs);
/* With store.durability=fsync: the names are durable. */
int publish_sync(const struct publish_dirs *dirs, struct err *err);
/* 0 published, 1 the staged file is not there, -1 failed (still staged).
 * fsync_each allows link + unlink where the filesystem knows no
 * RENAME_NOREPLACE. */
int publish_rename(const struct publish_dirs *dirs,
	const struct publish_file *file, bool fsync_each, struct err *err);
/* "BASE:2,FLAGS" */
void publish_name(const char *base, uint8_t system, const char *letters,
	char out[MAILDIR_FILE_MAX]);

#endif
