/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
	const struct limit *limit;
	int fd; /* of cur/ */
	char *lf;
	size_t lf_cap;
};

struct folder *folder_open(const struct limit *l, const char *name)
{
	static const char *const parts[] = {"", "/tmp", "/new", "/cur"};
	struct folder *f;
	char path[4096];
	bool inbox = strcmp(name, "INBOX") == 0;

	if (l->dest == NULL)
		return NULL;
	f = calloc(1, sizeof *f);
	if (f == NULL)
		limit_die("memory", "none");
	f->limit = l;
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof path, "%s%s%s%s", l->dest,
			inbox ? "" : "/.", inbox ? "" : name, parts[i]);
		(void)mkdir(path, 0700);
	}
	f->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0)
		limit_die("folder", path);
	return f;
}

static size_t strip_cr(char *to, const char *from, size_t n)
{
	const char *end = from + n;
	size_t out = 0;

	while (from < end) {
		const char *lf = memchr(from, '\n', (size_t)(end - from));
		const char *stop = lf != NULL ? lf : end;
		size_t k = (size_t)(stop - from);

		if (lf != NULL && k != 0 && from[k - 1] == '\r')
			k--;
		memcpy(to + out, from, k);
		out += k;
		if (lf != NULL)
			to[out++] = '\n';
		from = lf != NULL ? lf + 1 : end;
	}
	return out;
}

void folder_save(struct folder *f, const char *bytes, size_t n,
	unsigned long id, const char *flags, time_t when)
{
	char name[128];
	size_t out;
	int fd;

	if (n + 1 > f->lf_cap) {
		f->lf_cap = n * 2 + 1;
		free(f->lf);
		f->lf = malloc(f->lf_cap);
		if (f->lf == NULL)
			limit_die("memory", "none");
	}
	out = strip_cr(f->lf, bytes, n);
	(void)snprintf(name, sizeof name, "%lu.U%lu.limit:2,%s",
		1500000000 + id, id, flags);
	fd = openat(
		f->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, f->lf, out) != (ssize_t)out)
		limit_die("file", name);
	if (when != 0) {
		struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};

		(void)futimens(fd, times);
	}
	(void)close(fd);
}

void folder_close(struct folder **folder)
{
	struct folder *f = *folder;

	if (f == NULL)
		return;
	if (f->limit->sync == SYNC_FOLDER && syncfs(f->fd) != 0)
		limit_die("syncfs", "failed");
	(void)close(f->fd);
	free(f->lf);
	free(f);
	*folder = NULL;
}
