/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The folders are listed first, then each is read; a listing is true only
 * where every directory kept its time of change from before it was listed
 * until the last file was read (architecture.md: a listing lies).
 */
#include "stock.h"

#include "../collector/base/mem.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
#define PIECE 16384

/* new/ or cur/ of a folder. */
struct place {
	char *dir;
	const char *sub;
	struct timespec changed;
	bool missing;
};

struct stock {
	int root_fd;
	const struct stock_reader *reader;
	struct place *places;
	size_t count;
	EVP_MD_CTX *plain, *crlf;
	bool steady;
};

struct names {
	char **list;
	size_t count, cap;
};

static void names_add(struct names *n, const char *name)
{
	if (n->count == n->cap) {
		n->cap = n->cap != 0 ? n->cap * 2 : 64;
		n->list = mem_grow((void *)n->list, n->cap, sizeof *n->list);
	}
	n->list[n->count++] = mem_strdup(name);
}

static void names_clear(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->list[i]);
	free((void *)n->list);
	*n = (struct names){.list = NULL};
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int fail(struct err *err, const char *what, const char *name)
{
	int errnum = errno;

	return err_set_file(err, errnum, "cannot %s \"%s\"", what, name);
}

/* What is in a directory, by name; takes fd. */
static int list(int fd, const char *what, struct names *ret, struct err *err)
{
	const struct dirent *e;
	DIR *d = fdopendir(fd);
	int rc = 0;

	if (d == NULL) {
		rc = fail(err, "list", what);
		(void)close(fd);
		return rc;
	}
	errno = 0;
	while ((e = readdir(d)) != NULL)
		names_add(ret, e->d_name);
	if (errno != 0)
		rc = fail(err, "list", what);
	(void)closedir(d);
	if (ret->count != 0)
		qsort((void *)ret->list, ret->count, sizeof *ret->list,
			by_text);
	return rc;
}

/* Below 0 with errno. */
static int open_place(const struct stock *s, const struct place *p)
{
	int dir_fd =
		openat(s->root_fd, p->dir[0] != '\0' ? p->dir : ".", DIR_FLAGS);
	int fd, errnum;

	if (dir_fd < 0)
		return -1;
	fd = openat(dir_fd, p->sub, DIR_FLAGS);
	errnum = errno;
	(void)close(dir_fd);
	errno = errnum;
	return fd;
}

/* When it changed last; 1, 0: there is none, -1. */
static int look(const struct stock *s, const struct place *p,
	struct timespec *ret, struct err *err)
{
	int fd = open_place(s, p), rc = 1;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : fail(err, "open", p->dir);
	if (fstat(fd, &st) != 0)
		rc = fail(err, "look at", p->dir);
	else
		*ret = st.st_ctim;
	(void)close(fd);
	return rc;
}

static int add_place(
	struct stock *s, const char *dir, const char *sub, struct err *err)
{
	struct place *p;
	int rc;

	s->places = mem_grow(s->places, s->count + 1, sizeof *s->places);
	p = &s->places[s->count++];
	*p = (struct place){.dir = mem_strdup(dir), .sub = sub};
	rc = look(s, p, &p->changed, err);
	p->missing = rc == 0;
	return rc < 0 ? -1 : 0;
}

static int find_places(struct stock *s, struct err *err)
{
	struct names names = {.list = NULL};
	int fd = openat(s->root_fd, ".", DIR_FLAGS);
	int rc = fd < 0 ? fail(err, "open", ".") : list(fd, ".", &names, err);

	if (rc == 0 && (add_place(s, "", "cur", err) != 0 ||
			       add_place(s, "", "new", err) != 0))
		rc = -1;
	for (size_t i = 0; rc == 0 && i < names.count; i++) {
		const char *name = names.list[i];
		if (name[0] != '.' || strcmp(name, ".") == 0 ||
			strcmp(name, "..") == 0)
			continue;
		if (add_place(s, name, "cur", err) != 0 ||
			add_place(s, name, "new", err) != 0)
			rc = -1;
	}
	names_clear(&names);
	return rc;
}

/* ---- one file */

static void add_crlf(EVP_MD_CTX *sha, const char *in, size_t n, char *last)
{
	char out[2 * PIECE];
	size_t m = 0;

	assert(n <= PIECE);
	for (size_t i = 0; i < n; i++) {
		if (in[i] == '\n' && *last != '\r')
			out[m++] = '\r';
		out[m++] = *last = in[i];
	}
	(void)EVP_DigestUpdate(sha, out, m);
}

static int hash(struct stock *s, int fd, struct stock_file *f)
{
	char in[PIECE], last = '\0';
	ssize_t n;

	if (EVP_DigestInit_ex(s->plain, EVP_sha256(), NULL) != 1 ||
		EVP_DigestInit_ex(s->crlf, EVP_sha256(), NULL) != 1)
		return -1;
	while ((n = read(fd, in, sizeof in)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		(void)EVP_DigestUpdate(s->plain, in, (size_t)n);
		add_crlf(s->crlf, in, (size_t)n, &last);
		f->bytes += (uint64_t)n;
	}
	return EVP_DigestFinal_ex(s->plain, f->sha256, NULL) == 1 &&
			       EVP_DigestFinal_ex(
				       s->crlf, f->crlf_sha256, NULL) == 1
		       ? 0
		       : -1;
}

static int read_file(struct stock *s, int at_fd, const struct place *p,
	const char *name, struct err *err)
{
	size_t len = strcspn(name, ":");
	char *base = mem_strndup(name, len);
	struct stock_file f = {.dir = p->dir, .base = base};
	struct stat st;
	int fd = -1, rc = 0;

	if (!s->reader->wants(s->reader->arg, p->dir, base))
		goto out;
	fd = openat(at_fd, name, FILE_FLAGS);
	if (fd < 0 && errno == ENOENT)
		s->steady = false; /* renamed meanwhile */
	else if (fd < 0 && errno != ELOOP && errno != ENXIO)
		rc = fail(err, "open", name);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		goto out;
	if (hash(s, fd, &f) != 0)
		rc = fail(err, "read", name);
	else
		s->reader->read(s->reader->arg, &f);
out:
	if (fd >= 0)
		(void)close(fd);
	free(base);
	return rc;
}

static int read_place(struct stock *s, const struct place *p, struct err *err)
{
	struct names names = {.list = NULL};
	int at_fd, fd, rc;

	if (p->missing)
		return 0;
	at_fd = open_place(s, p);
	if (at_fd < 0) {
		s->steady = false;
		return errno == ENOENT ? 0 : fail(err, "open", p->dir);
	}
	fd = openat(at_fd, ".", DIR_FLAGS);
	rc = fd < 0 ? fail(err, "open", p->dir) : list(fd, p->dir, &names, err);
	for (size_t i = 0; rc == 0 && i < names.count; i++)
		if (names.list[i][0] != '.')
			rc = read_file(s, at_fd, p, names.list[i], err);
	names_clear(&names);
	(void)close(at_fd);
	return rc;
}

static int look_again(struct stock *s, struct err *err)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct place *p = &s->places[i];
		struct timespec now = {.tv_sec = 0};
		int rc = look(s, p, &now, err);
		if (rc < 0)
			return -1;
		if ((rc == 0) != p->missing ||
			now.tv_sec != p->changed.tv_sec ||
			now.tv_nsec != p->changed.tv_nsec)
			s->steady = false;
	}
	return 0;
}

int stock_open(const char *root, int *ret_fd, struct err *err)
{
	int fd = open(root, DIR_FLAGS);

	if (fd < 0)
		return fail(err, "open the store", root);
	*ret_fd = fd;
	return 0;
}

int stock_each(int root_fd, const struct stock_reader *reader, bool *ret_steady,
	struct err *err)
{
	struct stock s = {.root_fd = root_fd,
		.reader = reader,
		.steady = true,
		.plain = EVP_MD_CTX_new(),
		.crlf = EVP_MD_CTX_new()};
	int rc = -1;

	if (s.plain == NULL || s.crlf == NULL)
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, "OpenSSL has no SHA-256");
	else
		rc = find_places(&s, err);
	for (size_t i = 0; rc == 0 && i < s.count; i++)
		rc = read_place(&s, &s.places[i], err);
	if (rc == 0)
		rc = look_again(&s, err);
	for (size_t i = 0; i < s.count; i++)
		free(s.places[i].dir);
	free(s.places);
	EVP_MD_CTX_free(s.plain);
	EVP_MD_CTX_free(s.crlf);
	if (rc == 0)
		*ret_steady = s.steady;
	return rc;
}
