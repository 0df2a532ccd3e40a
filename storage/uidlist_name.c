/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UIDLs for records that are there: the list is written anew, line by line.
 * Whatever is not understood stays as it is.
 */
#include "../collector/base/mem.h"
#include "uidlist_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)64 * 1024)

struct naming {
	const struct uidlist_record *names;
	size_t count;
	bool *found;
	size_t changed;
	FILE *in;
	int out_fd;
	struct buf out;
};

static int by_name(const void *key, const void *element)
{
	const struct uidlist_record *r = element;

	return strcmp(key, r->name);
}

static int drain(struct naming *n)
{
	size_t done;
	int rc = uidlist_write_all(n->out_fd, n->out.data, n->out.len, &done);

	buf_reset(&n->out);
	return rc;
}

static int put(struct naming *n, const char *bytes, size_t count)
{
	(void)buf_add(&n->out, bytes, count);
	return n->out.len >= PIECE_BYTES ? drain(n) : 0;
}

/* The record with this UIDL and order in place of what it had. */
static int put_named(
	struct naming *n, const char *line, const struct uidlist_record *to)
{
	const char *p = line + strcspn(line, " ");

	(void)buf_add(&n->out, line, (size_t)(p - line));
	(void)buf_printf(&n->out, " P%s O%" PRIu32, to->uidl, to->order);
	for (;;) {
		size_t length;
		p += strspn(p, " ");
		if (*p == ':' || *p == '\0')
			break;
		length = strcspn(p, " ");
		if (*p != 'P' && *p != 'O')
			(void)buf_printf(&n->out, " %.*s", (int)length, p);
		p += length;
	}
	(void)buf_add(&n->out, " ", 1);
	(void)buf_add(&n->out, p, strlen(p));
	return put(n, "\n", 1);
}

static int put_line(struct naming *n, const char *line, size_t count)
{
	char copy[UIDLIST_LINE_MAX];
	const struct uidlist_record *to = NULL;
	struct uidlist_record r;

	if (memchr(line, '\0', count) == NULL) {
		memcpy(copy, line, count);
		copy[count] = '\0';
		if (uidlist_parse_record(copy, &r) == 0)
			to = bsearch(r.name, n->names, n->count, sizeof *to,
				by_name);
	}
	if (to != NULL && !n->found[to - n->names]) {
		n->found[to - n->names] = true;
		if (strcmp(r.uidl, to->uidl) != 0 || r.order != to->order) {
			n->changed++;
			memcpy(copy, line, count);
			copy[count] = '\0';
			return put_named(n, copy, to);
		}
	}
	if (put(n, line, count) != 0)
		return -1;
	return put(n, "\n", 1);
}

/* A line that is no record may have any length. */
static int put_all(struct naming *n)
{
	char line[UIDLIST_LINE_MAX];
	size_t count = 0;
	bool long_one = false;
	int c, rc = 0;

	while (rc == 0 && (c = getc_unlocked(n->in)) != EOF) {
		if (c == '\n') {
			rc = long_one ? put(n, line, count) != 0 ||
						put(n, "\n", 1) != 0
				      : put_line(n, line, count);
			count = 0;
			long_one = false;
			continue;
		}
		line[count++] = (char)c;
		if (count == sizeof line - 1) {
			long_one = true;
			rc = put(n, line, count);
			count = 0;
		}
	}
	if (rc == 0 && count > 0)
		rc = put(n, line, count);
	if (rc == 0)
		rc = ferror(n->in) != 0 ? -1 : drain(n);
	return rc == 0 ? 0 : -1;
}

static FILE *open_again(const struct uidlist *u)
{
	int fd = TEMP_FAILURE_RETRY(openat(u->dir_fd, UIDLIST_FILE,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (f == NULL && fd >= 0)
		(void)close(fd);
	return f;
}

/* UIDs, UIDLs and all stand in no other place: durable before it is there. */
static int replace(struct uidlist *u, struct naming *n, const char *tmp)
{
	n->out_fd = uidlist_make_tmp(u, tmp);
	if (n->out_fd < 0)
		return -1;
	if (put_all(n) != 0)
		return -1;
	if (n->changed == 0)
		return unlinkat(uidlist_tmp_dir(u), tmp, 0);
	if (fdatasync(n->out_fd) != 0)
		return -1;
	return renameat(uidlist_tmp_dir(u), tmp, u->dir_fd, UIDLIST_FILE);
}

int uidlist_name(struct uidlist *u, const struct uidlist_record *names,
	size_t count, bool *ret_found, struct err *err)
{
	struct naming n = {.names = names,
		.count = count,
		.found = ret_found,
		.in = open_again(u),
		.out_fd = -1};
	char tmp[UIDLIST_TMP_MAX];
	int rc = -1;

	memset(ret_found, 0, count * sizeof *ret_found);
	buf_init(&n.out, 4 * PIECE_BYTES);
	uidlist_tmp_name(u, tmp);
	if (n.in != NULL)
		rc = replace(u, &n, tmp);
	if (rc != 0) {
		(void)err_set_file(err, errno, "cannot write " UIDLIST_FILE);
		memset(ret_found, 0, count * sizeof *ret_found);
		(void)unlinkat(uidlist_tmp_dir(u), tmp, 0);
	}
	if (n.out_fd >= 0)
		(void)close(n.out_fd);
	if (n.in != NULL)
		(void)fclose(n.in);
	buf_free(&n.out);
	uidlist_close(u);
	return rc;
}
