/* SPDX-License-Identifier: BSD-2-Clause */
#include "salvage.h"

#include "../collector/base/mem.h"
#include "basename.h"
#include "content.h"
#include "maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTINGS 5 /* of a folder that changes meanwhile */
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct file {
	char digits[BASENAME_DIGITS + 1];
	char dir[NAME_DIR_MAX];
	char *name; /* in new/ or cur/ */
	bool in_new;
	bool used;
};

struct salvage {
	struct store *store;
	struct file *files; /* by digits */
	size_t count, cap;
};

static int by_digits(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return strcmp(x->digits, y->digits);
}

/* ---- listing */

static void add_file(
	struct salvage *s, const char *dir, bool in_new, const char *name)
{
	const char *digits = basename_find_digits(name);
	struct file *f;

	if (digits == NULL)
		return;
	if (s->count == s->cap) {
		s->cap = s->cap != 0 ? s->cap * 2 : 256;
		s->files = mem_grow(s->files, s->cap, sizeof *s->files);
	}
	f = &s->files[s->count++];
	memset(f, 0, sizeof *f);
	memcpy(f->digits, digits, BASENAME_DIGITS);
	(void)snprintf(f->dir, sizeof f->dir, "%s", dir);
	f->name = mem_strdup(name);
	f->in_new = in_new;
}

static int list_sub(struct salvage *s, int dir_fd, const char *dir, bool in_new,
	struct timespec *ret_changed, struct err *err)
{
	const struct dirent *e;
	struct stat st;
	DIR *d;
	int fd = openat(dir_fd, in_new ? "new" : "cur", DIR_FLAGS), errnum;

	if (fd < 0 && errno == ENOENT)
		return 0;
	d = fd < 0 || fstat(fd, &st) != 0 ? NULL : fdopendir(fd);
	if (d == NULL) {
		errnum = errno;
		if (fd >= 0)
			(void)close(fd);
		return err_set_file(err, errnum, "cannot list \"%s\"", dir);
	}
	*ret_changed = st.st_ctim;
	errno = 0;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			add_file(s, dir, in_new, e->d_name);
	errnum = errno;
	(void)closedir(d);
	return errnum == 0
		       ? 0
		       : err_set_file(err, errnum, "cannot list \"%s\"", dir);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* A listing misses what is renamed meanwhile (architecture.md): it counts
 * when the one after it finds the directories as the one before did. What
 * was seen twice is made one by settle(). */
static int list_folder(struct salvage *s, const char *dir, struct err *err)
{
	struct timespec new[2] = {{0}}, cur[2] = {{0}};
	int fd = openat(
		s->store->root_fd, dir[0] == '\0' ? "." : dir, DIR_FLAGS);
	int rc = 0;

	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP || errno == ENOENT
			       ? 0
			       : err_set_file(
					 err, errno, "cannot open \"%s\"", dir);
	for (int i = 0; rc == 0 && i < LISTINGS; i++) {
		int k = i & 1;
		if (list_sub(s, fd, dir, true, &new[k], err) != 0 ||
			list_sub(s, fd, dir, false, &cur[k], err) != 0)
			rc = -1;
		if (i > 0 && same_time(&new[0], &new[1]) &&
			same_time(&cur[0], &cur[1]))
			break;
	}
	(void)close(fd);
	return rc;
}

static int list_all(struct salvage *s, struct err *err)
{
	const struct dirent *e;
	int fd = openat(s->store->root_fd, ".", DIR_FLAGS), rc;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return err_set_file(err, errno, "cannot list the store");
	}
	rc = list_folder(s, "", err);
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (e->d_name[0] == '.' && e->d_name[1] != '\0' &&
			e->d_name[1] != '.' && strlen(e->d_name) < NAME_DIR_MAX)
			rc = list_folder(s, e->d_name, err);
	(void)closedir(d);
	return rc;
}

/* Sorted, each name once: seen in several listings, the last one counts. */
static int by_base(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	size_t m = strcspn(x->name, ":"), n = strcspn(y->name, ":");
	int c = strcmp(x->digits, y->digits);

	if (c == 0)
		c = strncmp(x->name, y->name, m < n ? m : n);
	if (c == 0 && m != n)
		c = m < n ? -1 : 1;
	return c != 0 ? c : strcmp(x->dir, y->dir);
}

static void settle(struct salvage *s)
{
	size_t kept = 0;

	if (s->count != 0)
		qsort(s->files, s->count, sizeof *s->files, by_base);
	for (size_t i = 0; i < s->count; i++) {
		const bool again = i + 1 < s->count &&
				   by_base(&s->files[i], &s->files[i + 1]) == 0;
		if (again)
			free(s->files[i].name);
		else
			s->files[kept++] = s->files[i];
	}
	s->count = kept;
}

int salvage_open(
	struct store *store, struct salvage **ret_salvage, struct err *err)
{
	struct salvage *s = mem_alloc(sizeof *s);

	s->store = store;
	if (list_all(s, err) != 0) {
		salvage_close(&s);
		return err_where(err, "store %s", store->root);
	}
	settle(s);
	if (s->count == 0)
		salvage_close(&s);
	*ret_salvage = s;
	return 0;
}

void salvage_close(struct salvage **salvage)
{
	struct salvage *s = *salvage;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		free(s->files[i].name);
	free(s->files);
	free(s);
	*salvage = NULL;
}

/* ---- reading a file: as it is, and with each LF as CRLF */

struct form {
	struct content content;
	uint64_t bytes;
};

static void form_add(struct form *f, const char *bytes, size_t n)
{
	content_add(&f->content, bytes, n);
	f->bytes += n;
}

static int read_forms(
	int fd, struct form *plain, struct form *crlf, bool *ret_has_crlf)
{
	char in[4096], out[2 * sizeof in], last = '\0';
	ssize_t n;

	*ret_has_crlf = false;
	while ((n = read(fd, in, sizeof in)) > 0) {
		size_t m = 0;
		for (ssize_t i = 0; i < n; i++) {
			if (in[i] == '\n' && last == '\r')
				*ret_has_crlf = true;
			else if (in[i] == '\n')
				out[m++] = '\r';
			out[m++] = last = in[i];
		}
		form_add(plain, in, (size_t)n);
		form_add(crlf, out, m);
	}
	return n == 0 ? 0 : -1;
}

/* Line ends are only changed where that could be undone: a file that holds
 * CRLF is as it was received, and any other most likely was not. */
static void choose_form(struct form *plain, struct form *crlf, bool has_crlf,
	uint64_t announced, struct ledger_message *m)
{
	struct form *f = has_crlf ? plain : crlf;
	struct content_id id;

	if (announced != 0 && announced == plain->bytes)
		f = plain;
	else if (announced != 0 && announced == crlf->bytes && !has_crlf)
		f = crlf;
	m->size_bytes = f->bytes;
	content_end(&f->content, &id);
	memcpy(m->sha256, id.sha256, sizeof m->sha256);
	memcpy(m->bare_sha256, id.bare_sha256, sizeof m->bare_sha256);
	memcpy(m->header_hash, id.header_hash, sizeof m->header_hash);
	m->dropped = id.dropped;
}

static int hash_file(
	int fd, uint64_t announced, struct ledger_message *m, struct err *err)
{
	struct form plain = {.bytes = 0}, crlf = {.bytes = 0};
	bool has_crlf = false;
	int rc = -1;

	if (content_begin(&plain.content, err) != 0 ||
		content_begin(&crlf.content, err) != 0)
		goto out;
	rc = read_forms(fd, &plain, &crlf, &has_crlf);
	if (rc == 0)
		choose_form(&plain, &crlf, has_crlf, announced, m);
	else
		(void)err_set_file(err, errno, "cannot read a message");
out:
	content_clear(&plain.content);
	content_clear(&crlf.content);
	return rc;
}

static int open_file(const struct salvage *s, const struct file *f)
{
	int dir_fd, sub_fd, fd = -1;

	dir_fd = openat(
		s->store->root_fd, f->dir[0] == '\0' ? "." : f->dir, DIR_FLAGS);
	if (dir_fd < 0)
		return -1;
	sub_fd = openat(dir_fd, f->in_new ? "new" : "cur", DIR_FLAGS);
	if (sub_fd >= 0) {
		fd = openat(sub_fd, f->name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		(void)close(sub_fd);
	}
	(void)close(dir_fd);
	return fd;
}

static void fill_names(const struct file *f, struct ledger_message *m)
{
	size_t n = strcspn(f->name, ":");
	const char *info = f->name + n;

	(void)snprintf(m->base, sizeof m->base, "%.*s", (int)n, f->name);
	m->local.system =
		strncmp(info, ":2,", 3) == 0 ? flags_from_maildir(info + 3) : 0;
}

/* 1 filled, 0 the file is gone or is none of ours. A file that was renamed
 * since it was listed is gone in this sense: the message comes again. */
static int fill(const struct salvage *s, const struct file *f,
	uint64_t announced, struct ledger_message *m, struct err *err)
{
	struct stat st;
	int fd, rc = 0;

	if (strcspn(f->name, ":") >= LEDGER_BASE_MAX)
		return 0;
	fd = open_file(s, f);
	if (fd < 0)
		return errno == ENOENT ? 0
				       : err_set_file(err, errno,
						 "cannot open %s", f->name);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		fill_names(f, m);
		if (m->date_s == 0)
			m->date_s = st.st_mtim.tv_sec;
		rc = hash_file(fd, announced, m, err) == 0 ? 1 : -1;
	}
	(void)close(fd);
	return rc;
}

/* ---- asking */

int salvage_find(struct salvage *s, const struct folder *folder,
	uint64_t announced, struct ledger_message *m, struct err *err)
{
	const struct basename_parts parts = {
		.account = ledger_account(s->store->ledger),
		.dir = folder->dir,
		.key = m};
	struct file key = {.in_new = false}, *f;
	int rc;

	basename_digits(s->store->keys, &parts, key.digits);
	f = bsearch(&key, s->files, s->count, sizeof key, by_digits);
	if (f == NULL)
		return 0;
	/* a reader's copy has the same name, in another folder */
	while (f > s->files && by_digits(f - 1, &key) == 0)
		f--;
	rc = fill(s, f, announced, m, err);
	for (; f < s->files + s->count && by_digits(f, &key) == 0; f++)
		f->used = true;
	return rc;
}

int salvage_rest(struct salvage *s, const struct folder *folder,
	int (*fn)(void *arg, const struct ledger_message *m, struct err *err),
	void *arg, struct err *err)
{
	struct ledger_message *m = mem_alloc(sizeof *m);
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < s->count; i++) {
		struct file *f = &s->files[i];
		if (f->used || strcmp(f->dir, folder->dir) != 0)
			continue;
		f->used = true;
		memset(m, 0, sizeof *m);
		rc = fill(s, f, 0, m, err);
		if (rc == 1)
			rc = fn(arg, m, err);
	}
	free(m);
	return rc < 0 ? -1 : 0;
}

static int64_t length_of(const struct salvage *s, const struct file *f)
{
	char *path =
		mem_printf("%s%s%s/%s", f->dir, f->dir[0] != '\0' ? "/" : "",
			f->in_new ? "new" : "cur", f->name);
	struct stat st;
	int rc = fstatat(s->store->root_fd, path, &st, AT_SYMLINK_NOFOLLOW);

	free(path);
	return rc == 0 ? st.st_size : -1;
}

int salvage_each(
	struct salvage *s, salvage_file_fn *fn, void *arg, struct err *err)
{
	for (size_t i = 0; i < s->count; i++)
		if (fn(arg, s->files[i].dir, s->files[i].name,
			    length_of(s, &s->files[i]), err) != 0)
			return -1;
	return 0;
}
