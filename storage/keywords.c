/* SPDX-License-Identifier: BSD-2-Clause */
#include "keywords.h"

#include "../collector/base/buf.h"
#include "../collector/base/mem.h"
#include "dotlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "dovecot-keywords"
#define FILE_BYTES_MAX ((size_t)256 * 1024)

void keywords_init(struct keywords *k, uid_t uid, gid_t gid, const char *tag)
{
	memset(k, 0, sizeof *k);
	k->uid = uid;
	k->gid = gid;
	(void)snprintf(k->tag, sizeof k->tag, "%s", tag);
}

static void forget(struct keywords *k)
{
	for (size_t i = 0; i < KEYWORDS_LETTERS; i++) {
		free(k->names[i]);
		k->names[i] = NULL;
	}
	k->loaded = false;
}

void keywords_clear(struct keywords *k)
{
	forget(k);
}

/* "NUMBER NAME"; anything else is passed over, as Dovecot does. */
static void parse_line(struct keywords *k, const char *line)
{
	char *name;
	long n;

	if (*line < '0' || *line > '9')
		return;
	n = strtol(line, &name, 10);
	if (*name != ' ' || name[1] == '\0' || n < 0 || n >= KEYWORDS_LETTERS)
		return;
	free(k->names[n]);
	k->names[n] = mem_strdup(name + 1);
}

static int read_all(int fd, struct buf *b, struct err *err)
{
	char piece[4096];
	ssize_t n;

	while ((n = read(fd, piece, sizeof piece)) > 0)
		if (buf_add(b, piece, (size_t)n) != 0)
			return err_set(err, ERR_STORE, ERR_SCOPE_MAILBOX,
				ERR_RETRY_CHANGE, "%s is larger than %zu bytes",
				FILE_NAME, FILE_BYTES_MAX);
	return n == 0 ? 0
		      : err_set_file(err, errno, "cannot read %s", FILE_NAME);
}

int keywords_load(struct keywords *k, int dir_fd, struct err *err)
{
	struct buf b;
	char *line, *rest;
	int rc, fd = openat(dir_fd, FILE_NAME,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		return err_set_file(err, errno, "cannot open %s", FILE_NAME);
	forget(k);
	k->loaded = true;
	if (fd < 0)
		return 0;
	buf_init(&b, FILE_BYTES_MAX);
	rc = read_all(fd, &b, err);
	(void)close(fd);
	if (rc == 0 && b.len > 0)
		for (line = strtok_r(b.data, "\n", &rest); line != NULL;
			line = strtok_r(NULL, "\n", &rest))
			parse_line(k, line);
	buf_free(&b);
	k->loaded = rc == 0;
	return rc;
}

/* Dovecot reads the file again only when its mtime has grown by a second. */
static int touch_past(int fd, int dir_fd)
{
	struct stat was, is;
	struct timespec t[2];

	if (fstatat(dir_fd, FILE_NAME, &was, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &is) != 0)
		return -1;
	if (is.st_mtime > was.st_mtime)
		return 0;
	t[0] = is.st_atim;
	t[1] = (struct timespec){.tv_sec = was.st_mtime + 1, .tv_nsec = 0};
	return futimens(fd, t);
}

static int write_tmp(const struct keywords *k, int dir_fd, const char *tmp)
{
	struct buf b;
	int rc = -1, fd;

	(void)unlinkat(dir_fd, tmp, 0);
	fd = openat(dir_fd, tmp,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	buf_init(&b, FILE_BYTES_MAX);
	for (size_t i = 0; i < KEYWORDS_LETTERS; i++)
		if (k->names[i] != NULL)
			(void)buf_printf(&b, "%zu %s\n", i, k->names[i]);
	if (write(fd, buf_str(&b), b.len) == (ssize_t)b.len &&
		((k->uid == (uid_t)-1 && k->gid == (gid_t)-1) ||
			fchown(fd, k->uid, k->gid) == 0) &&
		touch_past(fd, dir_fd) == 0 && fsync(fd) == 0)
		rc = 0;
	buf_free(&b);
	if (close(fd) != 0)
		rc = -1;
	return rc;
}

static int save(const struct keywords *k, int dir_fd, struct err *err)
{
	char tmp[96];
	int errnum;

	(void)snprintf(tmp, sizeof tmp, "mailhaul.keywords.%s", k->tag);
	if (write_tmp(k, dir_fd, tmp) == 0 &&
		renameat(dir_fd, tmp, dir_fd, FILE_NAME) == 0 &&
		fsync(dir_fd) == 0)
		return 0;
	errnum = errno;
	(void)unlinkat(dir_fd, tmp, 0);
	return err_set_file(err, errnum, "cannot write %s", FILE_NAME);
}

static int letter_of(const struct keywords *k, const char *name)
{
	for (int i = 0; i < KEYWORDS_LETTERS; i++)
		if (k->names[i] != NULL && strcasecmp(k->names[i], name) == 0)
			return i;
	return -1;
}

/* True if a name of the set wants a letter that could be given. */
static bool wants_more(const struct keywords *k, const char *set)
{
	char name[FLAGS_KEYWORDS_MAX];

	while (flags_next_keyword(&set, name))
		if (letter_of(k, name) < 0 &&
			!flags_has_keyword(k->left_out, name))
			return true;
	return false;
}

static void leave_out(struct keywords *k, const char *name)
{
	struct flags f = {.system = 0};

	(void)snprintf(f.keywords, sizeof f.keywords, "%s", k->left_out);
	if (flags_add(&f, name) == 0)
		(void)snprintf(
			k->left_out, sizeof k->left_out, "%s", f.keywords);
}

/* Gives free letters; true if there was one to give. */
static bool give(struct keywords *k, const char *set)
{
	char name[FLAGS_KEYWORDS_MAX];
	bool given = false;
	size_t i;

	while (flags_next_keyword(&set, name)) {
		if (letter_of(k, name) >= 0)
			continue;
		for (i = 0; i < KEYWORDS_LETTERS && k->names[i] != NULL; i++)
			continue;
		if (i == KEYWORDS_LETTERS) {
			leave_out(k, name);
			continue;
		}
		k->names[i] = mem_strdup(name);
		given = true;
	}
	return given;
}

static int assign(
	struct keywords *k, int dir_fd, const char *set, struct err *err)
{
	const struct dotlock_config config = {.file = "dovecot-uidlist",
		.tag = k->tag,
		.uid = k->uid,
		.gid = k->gid,
		.stale_s = DOTLOCK_STALE_S,
		.wait_s = DOTLOCK_WAIT_S};
	struct dotlock lock;
	int rc;

	if (dotlock_take(&lock, dir_fd, &config, err) != 0)
		return -1;
	rc = keywords_load(k, dir_fd, err);
	if (rc == 0 && give(k, set))
		rc = save(k, dir_fd, err);
	dotlock_drop(&lock);
	if (rc != 0)
		forget(k);
	return rc;
}

bool keywords_have(const struct keywords *k, const char *set)
{
	return k->loaded && !wants_more(k, set);
}

int keywords_letters(struct keywords *k, int dir_fd, const char *set,
	char *letters, struct flags *kept, struct err *err)
{
	char name[FLAGS_KEYWORDS_MAX];
	bool has[KEYWORDS_LETTERS] = {false};
	int i;

	if (set[0] != '\0' && !k->loaded && keywords_load(k, dir_fd, err) != 0)
		return -1;
	if (wants_more(k, set) && assign(k, dir_fd, set, err) != 0)
		return -1;
	if (kept != NULL)
		kept->keywords[0] = '\0';
	while (flags_next_keyword(&set, name)) {
		i = letter_of(k, name);
		if (i < 0)
			continue;
		has[i] = true;
		if (kept != NULL)
			(void)flags_add(kept, name);
	}
	for (i = 0; i < KEYWORDS_LETTERS; i++)
		if (has[i])
			*letters++ = (char)('a' + i);
	*letters = '\0';
	return 0;
}

void keywords_names(const struct keywords *k, const char *letters,
	struct flags *f, char *unknown)
{
	bool seen[KEYWORDS_LETTERS] = {false};

	for (; *letters != '\0'; letters++) {
		if (*letters < 'a' || *letters > 'z' || seen[*letters - 'a'])
			continue;
		seen[*letters - 'a'] = true;
		if (k->names[*letters - 'a'] == NULL ||
			flags_add(f, k->names[*letters - 'a']) != 0)
			*unknown++ = *letters;
	}
	*unknown = '\0';
}
