/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making directories that a reader may look into at any moment. Whatever has
 * an owner is made in the staging directory, which no reader sees, given
 * away there, and renamed into the store as a whole: a reader that comes in
 * between finds nothing rather than a directory that it may not enter. What
 * is half there already (a kill, another program) is completed in place.
 */
#include "maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define MADE_BYTES 32
#define MARK "maildirfolder" /* tells a folder from a store */

static const char *const subs[] = {"cur", "new", "tmp"};

static bool has_owner(struct owner owner)
{
	return owner.uid != (uid_t)-1 || owner.gid != (gid_t)-1;
}

/* False for what we made and did not live to give away. What belongs to
 * somebody else is left to them. */
static bool is_given(const struct stat *st, struct owner owner)
{
	return owner.uid == (uid_t)-1 || st->st_uid == owner.uid ||
	       st->st_uid != geteuid();
}

/* A directory, or a file with no other name: a hard link that a tenant has put
 * there would give them somebody else's file. */
static int give_fd(int fd, struct owner owner)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	if (is_given(&st, owner))
		return 0;
	if (!S_ISDIR(st.st_mode) &&
		(!S_ISREG(st.st_mode) || st.st_nlink != 1)) {
		errno = EPERM;
		return -1;
	}
	return fchownat(fd, "", owner.uid, owner.gid, AT_EMPTY_PATH);
}

static int give(
	int at_fd, const char *name, struct owner owner, struct err *err)
{
	int fd, rc, errnum;

	if (!has_owner(owner))
		return 0;
	/* what was looked at is what is given, whatever the name becomes */
	fd = openat(at_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	rc = fd < 0 ? -1 : give_fd(fd, owner);
	errnum = errno;
	if (fd >= 0)
		(void)close(fd);
	if (rc == 0)
		return 0;
	return err_set_file(err, errnum, "cannot give %s to store.owner", name);
}

int maildir_make_dir(
	int at_fd, const char *name, struct owner owner, struct err *err)
{
	bool made = mkdirat(at_fd, name, 0700) == 0;
	int errnum;

	if (!made && errno != EEXIST)
		return err_set_file(
			err, errno, "cannot make directory %s", name);
	if (give(at_fd, name, owner, err) == 0)
		return 0;
	errnum = errno;
	if (made)
		(void)unlinkat(at_fd, name, AT_REMOVEDIR);
	errno = errnum;
	return -1;
}

static int mark_folder(int dir_fd, struct owner owner, struct err *err)
{
	int fd = openat(dir_fd, MARK,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno != EEXIST)
		return err_set_file(err, errno, "cannot make %s", MARK);
	if (fd >= 0)
		(void)close(fd);
	return give(dir_fd, MARK, owner, err);
}

void maildir_remove_made(int stage_fd, const char *name)
{
	int fd = openat(stage_fd, name, DIR_FLAGS);

	if (fd >= 0) {
		for (size_t i = 0; i < 3; i++)
			(void)unlinkat(fd, subs[i], AT_REMOVEDIR);
		(void)unlinkat(fd, MARK, 0);
		(void)close(fd);
	}
	(void)unlinkat(stage_fd, name, AT_REMOVEDIR);
}

/* Not over what somebody else has made meanwhile: that is 0, too. */
static int move_made(int stage_fd, const char *made, int to_fd,
	const char *name, struct err *err)
{
	int rc = renameat2(stage_fd, made, to_fd, name, RENAME_NOREPLACE);

	/* no such call: an empty directory is all that could be replaced */
	if (rc != 0 && (errno == EINVAL || errno == ENOSYS))
		rc = renameat(stage_fd, made, to_fd, name);
	if (rc == 0)
		return 0;
	if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) {
		maildir_remove_made(stage_fd, made);
		return 0;
	}
	(void)err_set_file(err, errno, "cannot make directory %s", name);
	maildir_remove_made(stage_fd, made);
	return -1;
}

/* The run's thread and the committer's may both make folders. */
static void name_made(char made[MADE_BYTES])
{
	(void)snprintf(made, MADE_BYTES, "made.%ld", (long)gettid());
}

static int make_sub(
	const struct store *store, int dir_fd, const char *sub, struct err *err)
{
	struct stat st;
	char made[MADE_BYTES];

	if (!has_owner(store->owner) ||
		fstatat(dir_fd, sub, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return maildir_make_dir(dir_fd, sub, store->owner, err);
	name_made(made);
	maildir_remove_made(store->stage_fd, made);
	if (maildir_make_dir(store->stage_fd, made, store->owner, err) != 0)
		return -1;
	return move_made(store->stage_fd, made, dir_fd, sub, err);
}

static int complete(
	const struct store *store, int dir_fd, bool marked, struct err *err)
{
	if (marked && give(dir_fd, ".", store->owner, err) != 0)
		return -1;
	for (size_t i = 0; i < 3; i++)
		if (make_sub(store, dir_fd, subs[i], err) != 0)
			return -1;
	if (marked && mark_folder(dir_fd, store->owner, err) != 0)
		return -1;
	if (store->fsync_each &&
		(fsync(dir_fd) != 0 || fsync(store->root_fd) != 0))
		return err_set_file(err, errno, "cannot sync a new folder");
	return 0;
}

static int fill_made(const struct store *store, int fd, struct err *err)
{
	for (size_t i = 0; i < 3; i++)
		if (maildir_make_dir(fd, subs[i], store->owner, err) != 0)
			return -1;
	if (mark_folder(fd, store->owner, err) != 0)
		return -1;
	if (store->fsync_each && fsync(fd) != 0)
		return err_set_file(err, errno, "cannot sync a new folder");
	return 0;
}

static int make_folder(
	const struct store *store, const char *name, struct err *err)
{
	char made[MADE_BYTES];
	int fd, rc;

	name_made(made);
	maildir_remove_made(store->stage_fd, made);
	if (maildir_make_dir(store->stage_fd, made, store->owner, err) != 0)
		return -1;
	fd = openat(store->stage_fd, made, DIR_FLAGS);
	rc = fd < 0 ? err_set_file(err, errno, "cannot open a new folder")
		    : fill_made(store, fd, err);
	if (fd >= 0)
		(void)close(fd);
	if (rc != 0) {
		maildir_remove_made(store->stage_fd, made);
		return -1;
	}
	if (move_made(store->stage_fd, made, store->root_fd, name, err) != 0)
		return -1;
	if (store->fsync_each && fsync(store->root_fd) != 0)
		return err_set_file(err, errno, "cannot sync a new folder");
	return 0;
}

static bool is_there(int dir_fd, const char *name, struct owner owner)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       is_given(&st, owner);
}

static bool is_whole(int dir_fd, bool marked, struct owner owner)
{
	for (size_t i = 0; i < 3; i++)
		if (!is_there(dir_fd, subs[i], owner))
			return false;
	return !marked ||
	       (is_there(dir_fd, ".", owner) && is_there(dir_fd, MARK, owner));
}

bool maildir_check_dir(const char *dir, struct err *err)
{
	if (dir[0] == '\0' ||
		(dir[0] == '.' && dir[1] != '\0' && strcmp(dir, "..") != 0 &&
			strchr(dir, '/') == NULL))
		return true;
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the ledger is damaged: it has \"%.100s\" as a folder's "
		"directory",
		dir);
	(void)err_hint(err, "make it anew from store and source: `mailhaul "
			    "verify --rebuild NAME`");
	return false;
}

int maildir_open_dir(const struct store *store, const char *dir, int *ret_fd,
	struct err *err)
{
	const char *name = dir[0] == '\0' ? "." : dir;
	int fd;

	if (!maildir_check_dir(dir, err))
		return -1;
	fd = openat(store->root_fd, name, DIR_FLAGS);
	if (fd < 0 && errno == ENOENT) {
		if (make_folder(store, name, err) != 0)
			goto failed;
		fd = openat(store->root_fd, name, DIR_FLAGS);
	}
	if (fd < 0) {
		(void)err_set_file(err, errno, "cannot open");
		goto failed;
	}
	if (!is_whole(fd, dir[0] != '\0', store->owner) &&
		complete(store, fd, dir[0] != '\0', err) != 0) {
		(void)close(fd);
		goto failed;
	}
	*ret_fd = fd;
	return 0;
failed:
	if (err != NULL && err->class == ERR_STORE)
		err->scope = ERR_SCOPE_MAILBOX;
	return err_where(err, "store %s folder \"%s\"", store->root, dir);
}
