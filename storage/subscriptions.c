/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ROOT/subscriptions as Dovecot 2.3 keeps it. Version 2 begins "V\t2\n\n"
 * and has a tab between the levels of a name; version 1 is a plain list with
 * the separator of Maildir++, a dot. A file keeps the version that it has; a
 * new one gets 2. Names stay in modified UTF-7. Replaced whole, under
 * Dovecot's lock.
 */
#include "subscriptions.h"

#include "tenant_file.h"

#include "../collector/base/buf.h"
#include "../collector/base/mem.h"
#include "dotlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "subscriptions"
#define FILE_BYTES_MAX ((size_t)8 * 1024 * 1024)

static const char version_2[] = "V\t2\n\n";

/* 1 read, 0 there is none, -1. */
static int read_file(int root_fd, struct buf *b, struct err *err)
{
	char piece[8192];
	ssize_t n;
	int fd = tenant_file_open(root_fd, FILE_NAME, O_RDONLY);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set_file(err, errno, "cannot open %s", FILE_NAME);
	while ((n = read(fd, piece, sizeof piece)) > 0)
		if (buf_add(b, piece, (size_t)n) != 0)
			break;
	(void)close(fd);
	if (n == 0)
		return 1;
	return n < 0 ? err_set_file(err, errno, "cannot read %s", FILE_NAME)
		     : err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT,
			       ERR_RETRY_CHANGE, "%s is larger than %zu bytes",
			       FILE_NAME, FILE_BYTES_MAX);
}

/* ".A.B" as a line of that version. Caller frees. */
static char *line_of(const char *dir, bool v2)
{
	char *line = mem_strdup(dir[0] == '\0' ? "INBOX" : dir + 1);

	for (char *p = line; v2 && *p != '\0'; p++)
		if (*p == '.')
			*p = '\t';
	return line;
}

static bool has_line(const struct buf *b, const char *line)
{
	const char *p = buf_str(b);
	size_t n = strlen(line);

	for (; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, line, n) == 0 && (p[n] == '\n' || p[n] == '\0'))
			return true;
	return false;
}

static bool add_missing(
	struct buf *b, bool v2, const char *const *dirs, size_t count)
{
	bool added = false;

	for (size_t i = 0; i < count; i++) {
		char *line = line_of(dirs[i], v2);
		if (!has_line(b, line)) {
			if (b->len > 0 && b->data[b->len - 1] != '\n')
				(void)buf_add_str(b, "\n");
			(void)buf_printf(b, "%s\n", line);
			added = true;
		}
		free(line);
	}
	return added;
}

static int replace(int root_fd, const struct buf *b, struct owner owner,
	const char *tag, struct err *err)
{
	char tmp[96];
	int fd, rc = -1, errnum;

	(void)snprintf(tmp, sizeof tmp, "mailhaul.subscriptions.%s", tag);
	(void)unlinkat(root_fd, tmp, 0);
	fd = openat(root_fd, tmp,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		errno = EIO; /* what a short write is */
	if (fd >= 0 && write(fd, b->data, b->len) == (ssize_t)b->len &&
		((owner.uid == (uid_t)-1 && owner.gid == (gid_t)-1) ||
			fchown(fd, owner.uid, owner.gid) == 0) &&
		fsync(fd) == 0 &&
		renameat(root_fd, tmp, root_fd, FILE_NAME) == 0 &&
		fsync(root_fd) == 0)
		rc = 0;
	errnum = errno;
	if (fd >= 0)
		(void)close(fd);
	if (rc == 0)
		return 0;
	(void)unlinkat(root_fd, tmp, 0);
	return err_set_file(err, errnum, "cannot write %s", FILE_NAME);
}

/* Read without the lock: the file is only ever replaced whole. */
static bool has_all(int root_fd, const char *const *dirs, size_t count)
{
	struct buf b;
	bool v2, all;

	buf_init(&b, FILE_BYTES_MAX);
	all = read_file(root_fd, &b, NULL) == 1;
	v2 = strncmp(buf_str(&b), version_2, sizeof version_2 - 1) == 0;
	for (size_t i = 0; all && i < count; i++) {
		char *line = line_of(dirs[i], v2);
		all = has_line(&b, line);
		free(line);
	}
	buf_free(&b);
	return all;
}

static int add_locked(int root_fd, const char *const *dirs, size_t count,
	struct owner owner, const char *tag, struct err *err)
{
	struct buf b;
	bool v2;
	int rc;

	buf_init(&b, FILE_BYTES_MAX);
	rc = read_file(root_fd, &b, err);
	if (rc >= 0 && b.len == 0)
		(void)buf_add_str(&b, version_2);
	v2 = strncmp(buf_str(&b), version_2, sizeof version_2 - 1) == 0;
	if (rc >= 0) {
		rc = add_missing(&b, v2, dirs, count)
			     ? replace(root_fd, &b, owner, tag, err)
			     : 0;
	}
	buf_free(&b);
	return rc;
}

static int take_lock(struct dotlock *lock, int root_fd, struct owner owner,
	const char *tag, struct err *err)
{
	const struct dotlock_config config = {.file = FILE_NAME,
		.tag = tag,
		.uid = owner.uid,
		.gid = owner.gid,
		.stale_s = 30, /* as Dovecot for this file */
		.wait_s = DOTLOCK_WAIT_S};

	return dotlock_take(lock, root_fd, &config, err);
}

/* Takes line out; false if it was not there. */
static bool take_line(struct buf *b, const char *line)
{
	size_t n = strlen(line), at = 0;

	while (at < b->len) {
		size_t len = strcspn(buf_str(b) + at, "\n");
		size_t whole = len + (at + len < b->len);

		if (len == n && memcmp(b->data + at, line, n) == 0) {
			memmove(b->data + at, b->data + at + whole,
				b->len - at - whole);
			b->len -= whole;
			b->data[b->len] = '\0';
			return true;
		}
		at += whole;
	}
	return false;
}

static int rename_locked(int root_fd, const char *from, const char *to,
	struct owner owner, const char *tag, struct err *err)
{
	struct buf b;
	char *line;
	bool v2;
	int rc;

	buf_init(&b, FILE_BYTES_MAX);
	rc = read_file(root_fd, &b, err);
	v2 = strncmp(buf_str(&b), version_2, sizeof version_2 - 1) == 0;
	line = line_of(from, v2);
	if (rc == 1 && take_line(&b, line)) {
		(void)add_missing(&b, v2, &to, 1);
		rc = replace(root_fd, &b, owner, tag, err);
	}
	free(line);
	buf_free(&b);
	return rc < 0 ? -1 : 0;
}

int subscriptions_rename(int root_fd, const char *from, const char *to,
	struct owner owner, const char *tag, struct err *err)
{
	struct dotlock lock;
	int rc;

	if (take_lock(&lock, root_fd, owner, tag, err) != 0)
		return -1;
	rc = rename_locked(root_fd, from, to, owner, tag, err);
	dotlock_drop(&lock);
	return rc;
}

int subscriptions_add(int root_fd, const char *const *dirs, size_t count,
	struct owner owner, const char *tag, struct err *err)
{
	struct dotlock lock;
	int rc;

	if (has_all(root_fd, dirs, count))
		return 0;
	if (take_lock(&lock, root_fd, owner, tag, err) != 0)
		return -1;
	rc = add_locked(root_fd, dirs, count, owner, tag, err);
	dotlock_drop(&lock);
	return rc;
}

int store_subscribe(struct store *store, const char *const *dirs, size_t count,
	struct err *err)
{
	if (count == 0)
		return 0;
	if (subscriptions_add(store->root_fd, dirs, count, store->owner,
		    ledger_account(store->ledger), err) == 0)
		return 0;
	return err_where(err, "store %s", store->root);
}
