/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong with a database, as sentences: whose fault it is, and what
 * to do about it. */
#include "db_internal.h"

#include "../collector/base/mem.h"
#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum err_scope db_scope(enum db_kind kind)
{
	return kind == DB_JOBS ? ERR_SCOPE_SERVICE : ERR_SCOPE_ACCOUNT;
}

int db_hint_damaged(enum db_kind kind, struct err *err)
{
	if (kind == DB_JOBS)
		return err_hint(err,
			"stop mailhaul, then `mailhaul restore FILE` with a "
			"backup; without one move it away, run `mailhaul "
			"init` and add the accounts again");
	return err_hint(err, "make it anew from store and source: `mailhaul "
			     "verify --rebuild NAME`");
}

int db_fail_damaged(
	const char *path, enum db_kind kind, const char *why, struct err *err)
{
	(void)err_set(err, ERR_CONFIG, db_scope(kind), ERR_RETRY_CHANGE,
		"%s is damaged: %s", path, why);
	return db_hint_damaged(kind, err);
}

static bool is_read_only(const char *path)
{
	struct statvfs st;

	return statvfs(path, &st) == 0 && (st.f_flag & ST_RDONLY) != 0;
}

/* Who starts has to be told; a run tries again, until it is mounted as it
 * was. */
static int fail_read_only(const char *path, enum db_kind kind, struct err *err)
{
	bool starts = kind == DB_JOBS;

	(void)err_set_sys(err, starts ? ERR_CONFIG : ERR_DISK, db_scope(kind),
		starts ? ERR_RETRY_CHANGE : ERR_RETRY_LATER, EROFS,
		"cannot write %s", path);
	return err_hint(err, "mount its file system read-write");
}

int db_fail(const char *path, enum db_kind kind, sqlite3 *sql, int rc,
	struct err *err)
{
	const char *why =
		sql != NULL ? sqlite3_errmsg(sql) : sqlite3_errstr(rc);
	enum err_scope scope = db_scope(kind);
	int errnum = sql != NULL ? sqlite3_system_errno(sql) : 0;

	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_MISMATCH:
		return db_fail_damaged(path, kind, why, err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		(void)err_set(err, ERR_CONFIG, scope, ERR_RETRY_LATER,
			"%s is in use by another process", path);
		return err_hint(err, "wait for it to end, or stop it");
	case SQLITE_FULL:
		(void)err_set(err, ERR_DISK, scope, ERR_RETRY_LATER,
			"no space left to write %s", path);
		err->errnum = errnum != 0 ? errnum : ENOSPC;
		return err_hint(err, "free some space on its file system");
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		if (errnum != 0)
			(void)err_set_sys(err, ERR_DISK, scope, ERR_RETRY_LATER,
				errnum, "cannot read or write %s", path);
		else
			(void)err_set(err, ERR_DISK, scope, ERR_RETRY_LATER,
				"cannot read or write %s: %s", path, why);
		return err_hint(err, "look at its file system and its disk");
	case SQLITE_READONLY:
	case SQLITE_PERM:
		if (is_read_only(path))
			return fail_read_only(path, kind, err);
		(void)err_set(err, ERR_CONFIG, scope, ERR_RETRY_CHANGE,
			"%s cannot be written: %s", path, why);
		return err_hint(
			err, "make file and directory writable for this user");
	default:
		return err_set(err, ERR_CONFIG, scope, ERR_RETRY_LATER,
			"%s: %s", path, why);
	}
}

static void owner_name(uid_t uid, char *out, size_t n)
{
	char buf[1024];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(uid, &pw, buf, sizeof buf, &found) == 0 && found != NULL)
		(void)snprintf(out, n, "%s", pw.pw_name);
	else
		(void)snprintf(out, n, "uid %u", (unsigned)uid);
}

/* Says who may: the usual cause is the wrong user. */
static int fail_access(
	const char *path, enum db_kind kind, int errnum, struct err *err)
{
	char owner[64], me[64];
	struct stat st;
	char *dir;
	bool known;

	if (errnum == EROFS)
		return fail_read_only(path, kind, err);
	(void)err_set_sys(err, ERR_CONFIG, db_scope(kind), ERR_RETRY_CHANGE,
		errnum, "cannot read and write %s", path);
	dir = durable_dir_of(path);
	known = stat(path, &st) == 0 || stat(dir, &st) == 0;
	free(dir);
	if (!known)
		return -1;
	owner_name(st.st_uid, owner, sizeof owner);
	owner_name(geteuid(), me, sizeof me);
	return err_hint(err,
		"it belongs to %s (mode %04o) and you are %s: run as %s", owner,
		(unsigned)(st.st_mode & 07777), me, owner);
}

/* Never by open(2): closing a descriptor of the file would drop the locks
 * that another connection of this process holds on it. */
int db_check_access(const char *path, enum db_kind kind, struct err *err)
{
	struct stat st;
	char *dir;
	int r = 0;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, db_scope(kind),
			ERR_RETRY_CHANGE, "%s is not a file", path);
	if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0)
		return fail_access(path, kind, errno, err);
	dir = durable_dir_of(path);
	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) != 0)
		r = fail_access(dir, kind, errno, err);
	free(dir);
	return r;
}
