/* SPDX-License-Identifier: BSD-2-Clause */
#include "uidlist.h"

#include "../collector/base/mem.h"
#include "durable.h"
#include "uidlist_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)64 * 1024)
/* As much is copied to raise the next UID: 2,000,000 messages and more. */
#define COPY_BYTES_MAX ((uint64_t)512 * 1024 * 1024)

static int damaged(const char *what, struct err *err)
{
	return err_set(err, ERR_STORE, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE,
		UIDLIST_FILE " cannot be used: %s", what);
}

static ssize_t read_at(int fd, char *out, size_t n, uint64_t at)
{
	ssize_t r;

	do
		r = pread(fd, out, n, (off_t)at);
	while (r < 0 && errno == EINTR);
	return r;
}

static int read_head(struct uidlist *u, char *piece, struct err *err)
{
	ssize_t n = read_at(u->fd, piece, UIDLIST_LINE_MAX, 0);
	char *end;

	if (n < 0)
		return err_set_file(err, errno, "cannot read " UIDLIST_FILE);
	piece[n] = '\0';
	end = memchr(piece, '\n', (size_t)n);
	if (end == NULL)
		return damaged("it has no header", err);
	*end = '\0';
	if (uidlist_parse_head(piece, &u->head) != 0)
		return damaged("its header is of another kind", err);
	u->next = u->head.next;
	return 0;
}

/* A line without an end was being written when the machine went down. */
static int cut_tail(struct uidlist *u, uint64_t size, struct err *err)
{
	if (ftruncate(u->fd, (off_t)size) != 0)
		return err_set_file(err, errno, "cannot mend " UIDLIST_FILE);
	u->size = size;
	return 0;
}

/* UIDs ascend: the last record has the highest. */
static int read_tail(struct uidlist *u, char *piece, struct err *err)
{
	size_t want =
		u->size < UIDLIST_LINE_MAX ? (size_t)u->size : UIDLIST_LINE_MAX;
	uint64_t from = u->size - want;
	ssize_t n = read_at(u->fd, piece, want, from);
	struct uidlist_record r;
	char *end, *line;

	if (n != (ssize_t)want)
		return err_set_file(
			err, n < 0 ? errno : EIO, "cannot read " UIDLIST_FILE);
	if (memchr(piece, '\0', want) != NULL)
		return damaged("it holds a NUL", err);
	end = memrchr(piece, '\n', want);
	if (end == NULL)
		return damaged("its last line is too long", err);
	if (end != piece + want - 1 &&
		cut_tail(u, from + (size_t)(end - piece) + 1, err) != 0)
		return -1;
	*end = '\0';
	line = memrchr(piece, '\n', (size_t)(end - piece));
	if (line == NULL && from == 0)
		return 0; /* the header */
	if (line == NULL || uidlist_parse_record(line + 1, &r) != 0)
		return damaged("its last line is no record", err);
	if (r.uid >= u->next)
		u->next = r.uid + 1;
	return 0;
}

static int read_numbers(struct uidlist *u, struct err *err)
{
	char *piece = mem_array(UIDLIST_LINE_MAX + 1, 1);
	int rc = read_head(u, piece, err);

	if (rc == 0)
		rc = read_tail(u, piece, err);
	free(piece);
	return rc;
}

/* The tenant's own plain file and nothing else: it will be written to. */
static bool is_plain(const struct uidlist *u, const struct stat *st)
{
	struct stat dir;

	return S_ISREG(st->st_mode) && st->st_nlink == 1 &&
	       (st->st_uid == geteuid() || st->st_uid == u->config->uid ||
		       (fstat(u->dir_fd, &dir) == 0 &&
			       st->st_uid == dir.st_uid));
}

int uidlist_open(struct uidlist *u, int dir_fd,
	const struct uidlist_config *config, struct err *err)
{
	struct stat st;
	int rc = -1;

	*u = (struct uidlist){.dir_fd = dir_fd, .config = config};
	u->fd = TEMP_FAILURE_RETRY(openat(dir_fd, UIDLIST_FILE,
		O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
	if (u->fd < 0 && errno == ENOENT)
		return 0;
	if (u->fd < 0)
		return err_set_file(err, errno, "cannot open " UIDLIST_FILE);
	if (fstat(u->fd, &st) != 0)
		(void)err_set_file(err, errno, UIDLIST_FILE);
	else if (!is_plain(u, &st))
		(void)damaged("it is not a plain file of the owner", err);
	else {
		u->size = (uint64_t)st.st_size;
		rc = read_numbers(u, err);
	}
	if (rc != 0) {
		uidlist_close(u);
		return -1;
	}
	return 1;
}

void uidlist_close(struct uidlist *u)
{
	if (u->fd >= 0)
		(void)close(u->fd);
	u->fd = -1;
}

int uidlist_sync(const struct uidlist *u, struct err *err)
{
	if (u->fd < 0 || fdatasync(u->fd) == 0)
		return 0;
	return err_set_file(err, errno, "cannot sync " UIDLIST_FILE);
}

int uidlist_write_all(int fd, const char *bytes, size_t n, size_t *ret_written)
{
	*ret_written = 0;
	while (*ret_written < n) {
		ssize_t w = write(fd, bytes + *ret_written, n - *ret_written);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -1;
		*ret_written += (size_t)w;
	}
	return 0;
}

int uidlist_tmp_dir(const struct uidlist *u)
{
	return u->config->stage_fd > 0 ? u->config->stage_fd : u->dir_fd;
}

void uidlist_tmp_name(const struct uidlist *u, char out[UIDLIST_TMP_MAX])
{
	uintmax_t folder = 0;
	struct stat st;

	/* staging is for all folders */
	if (u->config->stage_fd > 0 && fstat(u->dir_fd, &st) == 0)
		folder = st.st_ino;
	(void)snprintf(out, UIDLIST_TMP_MAX, "mailhaul.uidlist.%s.%ju",
		u->config->tag, folder);
}

int uidlist_make_tmp(const struct uidlist *u, const char *tmp)
{
	const struct uidlist_config *c = u->config;
	struct stat dir;
	int fd;

	(void)unlinkat(uidlist_tmp_dir(u), tmp, 0);
	fd = TEMP_FAILURE_RETRY(openat(uidlist_tmp_dir(u), tmp,
		O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600));
	if (fd < 0)
		return -1;
	if (fstat(u->dir_fd, &dir) != 0 ||
		((c->uid != (uid_t)-1 || c->gid != (gid_t)-1) &&
			fchown(fd, c->uid, c->gid) != 0) ||
		fchmod(fd, 0600 | (dir.st_mode & 0060)) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int copy_records(const struct uidlist *u, int to_fd)
{
	char *piece = mem_array(PIECE_BYTES, 1), *start;
	uint64_t at = 0;
	size_t done;
	int rc = u->size > COPY_BYTES_MAX ? -1 : 0;

	errno = EFBIG;
	while (rc == 0 && at < u->size) {
		ssize_t n = read_at(u->fd, piece, PIECE_BYTES, at);
		if (n <= 0) {
			rc = n == 0 ? 0 : -1;
			break;
		}
		start = piece;
		if (at == 0) /* its LF is there: read_head saw it */
			start = (char *)memchr(piece, '\n', (size_t)n) + 1;
		at += (uint64_t)n;
		rc = uidlist_write_all(
			to_fd, start, (size_t)(piece + n - start), &done);
	}
	free(piece);
	return rc;
}

/* Another file with this header takes the place of u's. */
static int rewrite(struct uidlist *u, const struct uidlist_head *head,
	bool records, struct err *err)
{
	char tmp[UIDLIST_TMP_MAX];
	struct stat st;
	struct buf line;
	size_t done;
	int fd;

	uidlist_tmp_name(u, tmp);
	buf_init(&line, UIDLIST_LINE_MAX);
	uidlist_format_head(head, &line);
	fd = uidlist_make_tmp(u, tmp);
	if (fd < 0 ||
		uidlist_write_all(fd, buf_str(&line), line.len, &done) != 0 ||
		(records && copy_records(u, fd) != 0) || fstat(fd, &st) != 0 ||
		renameat(uidlist_tmp_dir(u), tmp, u->dir_fd, UIDLIST_FILE) !=
			0) {
		(void)err_set_file(err, errno, "cannot write " UIDLIST_FILE);
		if (fd >= 0)
			(void)close(fd);
		(void)unlinkat(uidlist_tmp_dir(u), tmp, 0);
		buf_free(&line);
		return -1;
	}
	buf_free(&line);
	uidlist_close(u);
	u->fd = fd;
	u->head = *head;
	u->size = (uint64_t)st.st_size;
	return 0;
}

int uidlist_replace(
	struct uidlist *u, uint32_t uidvalidity, uint32_t next, struct err *err)
{
	struct uidlist_head head = u->head;

	assert(uidvalidity != 0 && next != 0);
	head.uidvalidity = uidvalidity;
	head.next = next;
	if (head.guid[0] == '\0')
		random_hex(head.guid, UIDLIST_GUID - 1);
	if (rewrite(u, &head, false, err) != 0)
		return -1;
	u->next = next;
	return 0;
}

int uidlist_raise(struct uidlist *u, uint32_t next, struct err *err)
{
	struct uidlist_head head = u->head;

	assert(u->fd >= 0 && next >= u->next);
	head.next = next;
	if (rewrite(u, &head, true, err) != 0)
		return -1;
	u->next = next;
	return 0;
}

/* Whole lines only: the rest of a line would swallow the next one. */
static void keep_lines(struct uidlist *u, const char *text, size_t written)
{
	const char *end = memrchr(text, '\n', written);
	size_t keep = end != NULL ? (size_t)(end - text) + 1 : 0;

	if (ftruncate(u->fd, (off_t)(u->size + keep)) == 0)
		u->size += keep;
}

int uidlist_append(struct uidlist *u, const struct uidlist_record *records,
	size_t count, struct err *err)
{
	struct buf text;
	size_t done;
	int rc, errnum;

	if (count == 0)
		return 0;
	buf_init(&text, count * UIDLIST_LINE_MAX);
	for (size_t i = 0; i < count; i++) {
		assert(records[i].uid >= u->next &&
			records[i].uid < UINT32_MAX);
		uidlist_format_record(&records[i], &text);
		u->next = records[i].uid + 1;
	}
	rc = uidlist_write_all(u->fd, text.data, text.len, &done);
	errnum = errno;
	if (rc == 0)
		u->size += done;
	else
		keep_lines(u, text.data, done);
	buf_free(&text);
	return rc == 0 ? 0
		       : err_set_file(
				 err, errnum, "cannot write " UIDLIST_FILE);
}

/* One line without its LF into line; 1, 0 at the end. One that is too long,
 * torn or holds a NUL comes as "". */
static int next_line(FILE *f, char *line)
{
	size_t n = 0;
	bool good = true;
	int c;

	while ((c = getc_unlocked(f)) != EOF && c != '\n') {
		good = good && c != '\0' && n < UIDLIST_LINE_MAX - 1;
		if (good)
			line[n++] = (char)c;
	}
	line[good && c == '\n' ? n : 0] = '\0';
	return c != EOF || n > 0 || !good;
}

int uidlist_each(const struct uidlist *u, uidlist_record_fn *fn, void *arg)
{
	int rc = 0, fd = TEMP_FAILURE_RETRY(openat(u->dir_fd, UIDLIST_FILE,
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	struct uidlist_record r;
	char *line;

	if (f == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	line = mem_array(UIDLIST_LINE_MAX, 1);
	while (rc == 0 && next_line(f, line) == 1)
		if (uidlist_parse_record(line, &r) == 0)
			rc = fn(arg, &r);
	free(line);
	(void)fclose(f);
	return rc;
}
