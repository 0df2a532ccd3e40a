/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UIDLs of messages that lie in a folder already. Beside a reader: under
 * its lock the list is read, written anew and put in the place of the old
 * one; Dovecot looks at the file's inode before it believes what it has in
 * memory.
 */
#include "numbering.h"

#include "../collector/base/mem.h"
#include "publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_base(const void *a, const void *b)
{
	const struct store_uidl *x = a, *y = b;

	return strcmp(x->base, y->base);
}

static int name_all(struct uidlist *list, struct store_uidl *items,
	size_t count, struct err *err)
{
	struct uidlist_record *names = mem_array(count, sizeof *names);
	bool *found = mem_array(count, sizeof *found);
	int rc;

	qsort(items, count, sizeof *items, by_base);
	for (size_t i = 0; i < count; i++)
		names[i] = (struct uidlist_record){.uid = 1,
			.order = items[i].order,
			.uidl = items[i].uidl,
			.name = items[i].base};
	rc = uidlist_name(list, names, count, found, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		items[i].written = found[i];
	free(found);
	free(names);
	return rc;
}

int store_name_uidls(struct store *store, const char *dir,
	struct store_uidl *items, size_t count, struct err *err)
{
	struct uidlist_config config = {.uid = store->owner.uid,
		.gid = store->owner.gid,
		.stage_fd = store->stage_fd};
	struct dotlock_config lock_config = {.file = UIDLIST_FILE,
		.uid = store->owner.uid,
		.gid = store->owner.gid,
		.stage_fd = store->stage_fd,
		.stale_s = DOTLOCK_STALE_S,
		.wait_s = NUMBERING_WAIT_S};
	struct publish_dirs dirs;
	struct dotlock lock;
	struct uidlist list;
	char tag[40];
	int rc;

	for (size_t i = 0; i < count; i++)
		items[i].written = false;
	if (count == 0)
		return 0;
	/* neither the committer's nor that of the end of an import */
	(void)snprintf(tag, sizeof tag, "%s.p", ledger_account(store->ledger));
	config.tag = lock_config.tag = tag;
	if (publish_open(store, dir, &dirs, err) != 0)
		return -1;
	rc = dotlock_take(&lock, dirs.dir_fd, &lock_config, err);
	if (rc == 0) {
		rc = uidlist_open(&list, dirs.dir_fd, &config, err);
		if (rc == 1)
			rc = name_all(&list, items, count, err);
		dotlock_drop(&lock);
	}
	publish_close(&dirs);
	return rc;
}
