/* SPDX-License-Identifier: BSD-2-Clause */
#include "stranger.h"

#include "../collector/base/mem.h"
#include "ledger_removal.h"
#include "maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct search {
	struct store *store;
	struct stranger *items; /* by size */
	size_t count;
};

static int by_size(const void *a, const void *b)
{
	const struct stranger *x = a, *y = b;

	if (x->file_bytes != y->file_bytes)
		return x->file_bytes < y->file_bytes ? -1 : 1;
	return 0;
}

/* ---- one file */

/* As it is, and with each LF as CRLF. */
struct forms {
	EVP_MD_CTX *plain, *crlf;
	char last;
};

static void add_bytes(struct forms *f, const char *in, size_t n)
{
	char out[8192];
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		if (in[i] == '\n' && f->last != '\r')
			out[m++] = '\r';
		out[m++] = f->last = in[i];
	}
	(void)EVP_DigestUpdate(f->plain, in, n);
	(void)EVP_DigestUpdate(f->crlf, out, m);
}

/* 0 where it could be read to its end. */
static int hash_fd(int fd, unsigned char plain[32], unsigned char crlf[32])
{
	struct forms f = {.plain = EVP_MD_CTX_new(), .crlf = EVP_MD_CTX_new()};
	char in[4096];
	ssize_t n;

	if (f.plain == NULL || f.crlf == NULL ||
		EVP_DigestInit_ex(f.plain, EVP_sha256(), NULL) != 1 ||
		EVP_DigestInit_ex(f.crlf, EVP_sha256(), NULL) != 1)
		abort(); /* as mem does */
	while ((n = read(fd, in, sizeof in)) > 0)
		add_bytes(&f, in, (size_t)n);
	(void)EVP_DigestFinal_ex(f.plain, plain, NULL);
	(void)EVP_DigestFinal_ex(f.crlf, crlf, NULL);
	EVP_MD_CTX_free(f.plain);
	EVP_MD_CTX_free(f.crlf);
	return n == 0 ? 0 : -1;
}

/* The items of this size from *ret on; how many. */
static size_t find_size(
	const struct search *s, uint64_t bytes, struct stranger **ret)
{
	size_t low = 0, high = s->count, n = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (s->items[mid].file_bytes < bytes)
			low = mid + 1;
		else
			high = mid;
	}
	*ret = s->items + low;
	while (low + n < s->count && s->items[low + n].file_bytes == bytes)
		n++;
	return n;
}

static int match_file(struct search *s, int dir_fd, const char *name,
	struct stranger *items, size_t count, struct err *err)
{
	unsigned char plain[32], crlf[32];
	char base[LEDGER_BASE_MAX];
	int fd, known, r;

	if (snprintf(base, sizeof base, "%.*s", (int)strcspn(name, ":"),
		    name) >= (int)sizeof base)
		return 0; /* no name of ours could be like this */
	known = removal_knows_base(s->store->ledger, base, err);
	if (known != 0)
		return known < 0 ? -1 : 0;
	fd = openat(
		dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0; /* gone or renamed: presence_is_steady tells */
	r = hash_fd(fd, plain, crlf);
	(void)close(fd);
	if (r != 0)
		return err_set_file(err, errno, "cannot read a message");
	for (size_t i = 0; i < count; i++)
		if (items[i].base[0] == '\0' &&
			(memcmp(items[i].sha256, plain, 32) == 0 ||
				memcmp(items[i].sha256, crlf, 32) == 0)) {
			memcpy(items[i].base, base, sizeof base);
			break;
		}
	return 0;
}

/* ---- all of them */

static int look_at(
	struct search *s, int dir_fd, const char *name, struct err *err)
{
	struct stranger *items;
	struct stat st;
	size_t n;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		!S_ISREG(st.st_mode))
		return 0;
	n = find_size(s, (uint64_t)st.st_size, &items);
	return n == 0 ? 0 : match_file(s, dir_fd, name, items, n, err);
}

static int list_sub(
	struct search *s, const char *dir, const char *sub, struct err *err)
{
	char *path = mem_printf("%s/%s", dir[0] != '\0' ? dir : ".", sub);
	int fd = openat(s->store->root_fd, path, DIR_FLAGS), rc = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	free(path);
	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return 0; /* presence has judged what cannot be looked into */
	}
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			rc = look_at(s, dirfd(d), e->d_name, err);
	(void)closedir(d);
	return rc;
}

int store_find_strangers(struct store *store, const struct presence *presence,
	struct stranger *items, size_t count, struct err *err)
{
	struct search s = {.store = store, .items = items, .count = count};
	const char *dir;

	for (size_t i = 0; i < count; i++)
		items[i].base[0] = '\0';
	qsort(items, count, sizeof *items, by_size);
	for (size_t i = 0; (dir = presence_dir(presence, i)) != NULL; i++)
		if (list_sub(&s, dir, "new", err) != 0 ||
			list_sub(&s, dir, "cur", err) != 0)
			return -1;
	return presence_is_steady(presence, err);
}
