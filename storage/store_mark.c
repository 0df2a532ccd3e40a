/* SPDX-License-Identifier: BSD-2-Clause */
#include "store_mark.h"

#include "tenant_file.h"

#include "../collector/base/mem.h"
#include "maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MARK_NOTE "store mark"

static char *mark_name(const struct store *store, const char *suffix)
{
	return mem_printf(
		"mailhaul.mark.%s%s", ledger_account(store->ledger), suffix);
}

/* 0 where there is none, or it cannot be read for what it is. */
static int read_file(struct store *store, int64_t *ret_mark, struct err *err)
{
	char text[32] = "", *name = mark_name(store, "");
	int fd = tenant_file_open(store->root_fd, name, O_RDONLY);
	int errnum = errno;
	ssize_t n = 0;

	*ret_mark = 0;
	if (fd >= 0) {
		n = read(fd, text, sizeof text - 1);
		errnum = errno;
		(void)close(fd);
	}
	if ((fd < 0 && errnum != ENOENT && errnum != ELOOP) || n < 0)
		(void)err_set_file(
			err, errnum, "store %s: %s", store->root, name);
	else
		errnum = 0;
	free(name);
	if (errnum != 0)
		return -1;
	*ret_mark = strtoll(text, NULL, 10);
	return 0;
}

int store_mark_check(
	struct store *store, bool *ret_turned_back, struct err *err)
{
	char *noted = ledger_note_get(store->ledger, MARK_NOTE, err);
	int64_t there, here;

	if (noted == NULL)
		return -1;
	there = strtoll(noted, NULL, 10);
	free(noted);
	if (read_file(store, &here, err) != 0)
		return -1;
	*ret_turned_back = here < there;
	return 0;
}

static int write_file(int root_fd, const char *tmp, const char *text, size_t n)
{
	int fd, r;

	(void)unlinkat(root_fd, tmp, 0);
	fd = openat(root_fd, tmp,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	r = write(fd, text, n) == (ssize_t)n && fsync(fd) == 0 ? 0 : -1;
	(void)close(fd);
	return r;
}

int store_mark_write(struct store *store, int64_t mark, struct err *err)
{
	char text[32];
	char *name = mark_name(store, ""), *tmp = mark_name(store, ".new");
	int n = snprintf(text, sizeof text, "%lld", (long long)mark);
	int rc = -1;

	if (write_file(store->root_fd, tmp, text, (size_t)n) != 0 ||
		renameat(store->root_fd, tmp, store->root_fd, name) != 0 ||
		fsync(store->root_fd) != 0)
		(void)err_set_file(
			err, errno, "store %s: %s", store->root, name);
	else
		rc = ledger_note(store->ledger, MARK_NOTE, text, err);
	free(name);
	free(tmp);
	return rc;
}
