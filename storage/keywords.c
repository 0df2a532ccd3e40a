/* SPDX-License-Identifier: BSD-2-Clause */
#include "keywords_file.h"

#include "tenant_file.h"

#include "../collector/base/buf.h"
#include "../collector/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

void keywords_init(struct keywords *k, uid_t uid, gid_t gid, const char *tag)
{
	memset(k, 0, sizeof *k);
	k->uid = uid;
	k->gid = gid;
	(void)snprintf(k->tag, sizeof k->tag, "%s", tag);
	k->wait_s = DOTLOCK_WAIT_S;
	k->stage_fd = -1;
}

static void forget(struct keywords *k)
{
	for (size_t i = 0; i < KEYWORDS_LETTERS; i++) {
		free(k->names[i]);
		k->names[i] = NULL;
	}
	k->loaded = k->planned = false;
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
				KEYWORDS_FILE, KEYWORDS_FILE_BYTES_MAX);
	return n == 0 ? 0
		      : err_set_file(
				err, errno, "cannot read %s", KEYWORDS_FILE);
}

int keywords_load(struct keywords *k, int dir_fd, struct err *err)
{
	struct buf b;
	char *line, *rest;
	int rc, fd = tenant_file_open(dir_fd, KEYWORDS_FILE, O_RDONLY);

	if (fd < 0 && errno != ENOENT)
		return err_set_file(
			err, errno, "cannot open %s", KEYWORDS_FILE);
	forget(k);
	k->loaded = true;
	k->had_file = fd >= 0;
	if (fd < 0)
		return 0;
	if (fstat(fd, &k->file) != 0)
		memset(&k->file, 0, sizeof k->file);
	buf_init(&b, KEYWORDS_FILE_BYTES_MAX);
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

/* 1: a free letter was given; 0: there was none to give, or it has one. */
static int give_one(struct keywords *k, const char *name)
{
	size_t i;

	if (letter_of(k, name) >= 0)
		return 0;
	for (i = 0; i < KEYWORDS_LETTERS && k->names[i] != NULL; i++)
		continue;
	if (i == KEYWORDS_LETTERS) {
		leave_out(k, name);
		return 0;
	}
	k->names[i] = mem_strdup(name);
	return 1;
}

/* Gives free letters; true if there was one to give. */
static bool give(struct keywords *k, const char *set)
{
	char name[FLAGS_KEYWORDS_MAX];
	bool given = false;

	while (flags_next_keyword(&set, name))
		given |= give_one(k, name) != 0;
	return given;
}

int keywords_reload(
	struct keywords *k, int dir_fd, bool *ret_given, struct err *err)
{
	char *names[KEYWORDS_LETTERS];
	bool planned = k->planned;
	int rc;

	memcpy(names, k->names, sizeof names);
	memset(k->names, 0, sizeof k->names);
	rc = keywords_load(k, dir_fd, err);
	*ret_given = false;
	for (size_t i = 0; i < KEYWORDS_LETTERS; i++) {
		if (rc == 0 && planned && names[i] != NULL)
			*ret_given |= give_one(k, names[i]) != 0;
		free(names[i]);
	}
	return rc;
}

static int assign(
	struct keywords *k, int dir_fd, const char *set, struct err *err)
{
	struct dotlock lock;
	int rc;

	if (keywords_lock(k, dir_fd, &lock, err) != 0)
		return -1;
	rc = keywords_load(k, dir_fd, err);
	if (rc == 0 && give(k, set))
		rc = keywords_save(k, dir_fd, err);
	dotlock_drop(&lock);
	if (rc != 0)
		forget(k);
	return rc;
}

bool keywords_knows(const struct keywords *k, const char *set)
{
	return k->loaded && !wants_more(k, set);
}

int keywords_plan(struct keywords *k, int dir_fd, const char *set,
	struct flags *kept, struct err *err)
{
	char name[FLAGS_KEYWORDS_MAX];

	if (!keywords_knows(k, set)) {
		if (keywords_reload(k, dir_fd, &k->planned, err) != 0)
			return -1;
		k->planned |= give(k, set);
	}
	kept->keywords[0] = '\0';
	while (flags_next_keyword(&set, name))
		if (letter_of(k, name) >= 0)
			(void)flags_add(kept, name);
	return 0;
}

int keywords_letters(struct keywords *k, int dir_fd, const char *set,
	char *letters, struct flags *kept, struct err *err)
{
	char name[FLAGS_KEYWORDS_MAX];
	bool has[KEYWORDS_LETTERS] = {false};
	int i;

	if (set[0] != '\0' && !k->loaded && keywords_load(k, dir_fd, err) != 0)
		return -1;
	if ((k->planned || wants_more(k, set)) &&
		assign(k, dir_fd, set, err) != 0)
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
