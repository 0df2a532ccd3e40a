/* SPDX-License-Identifier: BSD-2-Clause */
#include "owner.h"

#include "../collector/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWD_BYTES 16384

static int refuse(struct err *err, const char *user, const char *why,
	const char *where, const char *hint)
{
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"store.owner: the local user \"%.200s\" %s%s", user, why,
		where);
	return err_hint(err, "%s", hint);
}

/* %u %n %d %%; settings_check has seen it. Caller frees. */
static char *expand(const char *t, const char *user)
{
	const char *at = strchr(user, '@');
	char *name = mem_strdup("");

	for (; *t != '\0'; t++) {
		const char *piece = t;
		size_t n = 1;
		char *longer;
		if (*t == '%' && t[1] != '\0') {
			t++;
			piece = *t == '%' ? t : *t == 'd' ? "" : user;
			n = *t == '%' ? 1 : strlen(piece);
			if (*t == 'n' && at != NULL)
				n = (size_t)(at - user);
			if (*t == 'd' && at != NULL) {
				piece = at + 1;
				n = strlen(piece);
			}
		}
		longer = mem_printf("%s%.*s", name, (int)n, piece);
		free(name);
		name = longer;
	}
	return name;
}

static int find_system(const char *template, const char *user, uid_t *ret_uid,
	gid_t *ret_gid, struct err *err)
{
	char *name = expand(template, user);
	char *room = mem_alloc(PASSWD_BYTES);
	struct passwd pw, *found = NULL;
	int errnum, r = 0;

	do
		errnum = getpwnam_r(name, &pw, room, PASSWD_BYTES, &found);
	while (errnum == EINTR);
	if (found != NULL) {
		*ret_uid = pw.pw_uid;
		*ret_gid = pw.pw_gid;
	} else if (errnum == 0 || errnum == ENOENT) {
		r = refuse(err, user, "would be the system user ", name,
			"there is none of that name: create it, or change --to "
			"or store.owner");
	} else {
		/* LDAP is away: that passes */
		r = err_set_sys(err, ERR_STORE, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER, errnum,
			"cannot look up the system user %s", name);
	}
	free(room);
	free(name);
	return r;
}

static int read_id(const char **p, uint32_t *ret_id)
{
	char *end;
	unsigned long n;

	if (**p < '0' || **p > '9')
		return -1;
	errno = 0;
	n = strtoul(*p, &end, 10);
	if (errno != 0 || n >= UINT32_MAX ||
		(*end != ':' && *end != '\0' && *end != '\n'))
		return -1;
	*ret_id = (uint32_t)n;
	*p = *end == ':' ? end + 1 : end;
	return 0;
}

/* 1 it is the user's, 0 it is not, -1 it is but cannot be read. */
static int read_line(
	const char *line, const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
	size_t n = strlen(user);
	const char *p;

	if (strncmp(line, user, n) != 0 || line[n] != ':')
		return 0;
	p = strchr(line + n + 1, ':'); /* over the password */
	if (p == NULL)
		return -1;
	p++;
	return read_id(&p, ret_uid) == 0 && read_id(&p, ret_gid) == 0 ? 1 : -1;
}

/* Who can write it can take any uid. */
static FILE *open_table(const char *path, struct err *err)
{
	struct stat st;
	FILE *f;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		(void)err_set_sys(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, errno, "store.owner: cannot read %s",
			path);
		(void)err_hint(err, "create it, readable for this user, or "
				    "change store.owner");
		return NULL;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
		(st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
		(st.st_uid != 0 && st.st_uid != geteuid())) {
		(void)close(fd);
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"store.owner: others than root can write %s", path);
		(void)err_hint(err, "chown root %s; chmod go-w %s", path, path);
		return NULL;
	}
	f = fdopen(fd, "r");
	if (f == NULL)
		abort();
	return f;
}

static int find_in_file(const char *path, const char *user, uid_t *ret_uid,
	gid_t *ret_gid, struct err *err)
{
	FILE *f = open_table(path, err);
	char *line = NULL;
	size_t room = 0;
	int r = 0;

	if (f == NULL)
		return -1;
	while (r == 0 && getline(&line, &room, f) > 0)
		r = read_line(line, user, ret_uid, ret_gid);
	if (line != NULL)
		explicit_bzero(line, room); /* it may hold passwords */
	free(line);
	(void)fclose(f);
	if (r == 1)
		return 0;
	if (r < 0)
		return refuse(err, user, "has no numbers in ", path,
			"write USER::UID:GID there");
	return refuse(err, user, "is not in ", path,
		"add a line USER::UID:GID, or change --to");
}

static int find_fixed(const char *setting, uid_t *ret_uid, gid_t *ret_gid)
{
	char *end = NULL;

	*ret_uid = (uid_t)strtoul(setting, &end, 10);
	*ret_gid = *end == ':' ? (gid_t)strtoul(end + 1, NULL, 10) : (gid_t)-1;
	return 0;
}

int owner_find(const char *setting, const char *user, uid_t *ret_uid,
	gid_t *ret_gid, bool *ret_many, struct err *err)
{
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;
	int r;

	*ret_many = false;
	if (setting == NULL || setting[0] == '\0') {
		r = 0;
	} else if (strncmp(setting, "user:", 5) == 0) {
		*ret_many = true;
		r = find_system(setting + 5, user, &uid, &gid, err);
	} else if (strncmp(setting, "file:", 5) == 0) {
		*ret_many = true;
		r = find_in_file(setting + 5, user, &uid, &gid, err);
	} else {
		r = find_fixed(setting, &uid, &gid);
	}
	if (r == 0 && *ret_many && uid == 0)
		r = refuse(err, user, "would be root", "",
			"mail is never given to root: change --to or "
			"store.owner");
	if (r != 0)
		return -1;
	*ret_uid = uid;
	*ret_gid = gid;
	return 0;
}
