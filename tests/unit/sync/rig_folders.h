/* SPDX-License-Identifier: BSD-2-Clause */
/* rig_folders: what a store of the rig holds, by folder. */
#ifndef TEST_SYNC_RIG_FOLDERS_H
#define TEST_SYNC_RIG_FOLDERS_H

#include "rig.h"

static inline int files_in(struct rig *r, const char *dir)
{
	char *path = mem_printf("%s/%s", r->store, dir);
	int before = r->files;

	rig_each_in(path, rig_count_file, r);
	free(path);
	return r->files - before;
}

static inline bool is_dir(struct rig *r, const char *dir)
{
	char *path = mem_printf("%s/%s", r->store, dir);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static inline bool is_subscribed(struct rig *r, const char *line)
{
	char *path = mem_printf("%s/subscriptions", r->store);
	char text[256];
	bool found = false;
	FILE *f = fopen(path, "re");

	free(path);
	assert_non_null(f);
	while (fgets(text, sizeof text, f) != NULL) {
		text[strcspn(text, "\n")] = '\0';
		found = found || strcmp(text, line) == 0;
	}
	(void)fclose(f);
	return found;
}

#endif
