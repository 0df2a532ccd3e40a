/* SPDX-License-Identifier: BSD-2-Clause */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int publish_open(const struct store *store, const char *dir,
	struct publish_dirs *dirs, struct err *err)
{
	dirs->new_fd = dirs->cur_fd = -1;
	if (maildir_open_dir(store, dir, &dirs->dir_fd, err) != 0)
		return -1;
	if (maildir_open_sub(dirs->dir_fd, "new", &dirs->new_fd, err) == 0 &&
		maildir_open_sub(dirs->dir_fd, "cur", &dirs->cur_fd, err) == 0)
		return 0;
	publish_close(dirs);
	return err_where(err, "store %s folder \"%s\"", store->root, dir);
}

void publish_close(struct publish_dirs *dirs)
{
	if (dirs->cur_fd >= 0)
		(void)close(dirs->cur_fd);
	if (dirs->new_fd >= 0)
		(void)close(dirs->new_fd);
	(void)close(dirs->dir_fd);
}

int publish_sync(const struct publish_dirs *dirs, struct err *err)
{
	if (fsync(dirs->new_fd) != 0 || fsync(dirs->cur_fd) != 0)
		return err_set_file(err, errno, "cannot sync new/ and cur/");
	return 0;
}

void publish_name(const char *base, uint8_t system, const char *letters,
	char out[MAILDIR_FILE_MAX])
{
	char flags[6];

	flags_to_maildir(system, flags);
	(void)snprintf(
		out, MAILDIR_FILE_MAX, "%s:2,%s%s", base, flags, letters);
}

static bool same_file(int a_fd, const char *a, int b_fd, const char *b)
{
	struct stat sa, sb;

	return fstatat(a_fd, a, &sa, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(b_fd, b, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* Linked before a crash, or by the link just now: only the staged name is
 * left to be removed. */
static int link_over(int stage_fd, const char *seq, int fd, const char *name)
{
	if (linkat(stage_fd, seq, fd, name, 0) != 0 && errno != EEXIST)
		return -1;
	if (!same_file(stage_fd, seq, fd, name)) {
		errno = EEXIST;
		return -1;
	}
	return unlinkat(stage_fd, seq, 0);
}

static int explain(int errnum, const char *name, struct err *err)
{
	if (errnum == EINVAL || errnum == ENOSYS) {
		(void)err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"the store's file system cannot rename without "
			"replacing");
		return err_hint(err, "set store.durability=fsync");
	}
	return err_set_file(err, errnum, "cannot publish %s", name);
}

int publish_rename(const struct publish_dirs *dirs,
	const struct publish_file *file, bool fsync_each, struct err *err)
{
	int to_fd = file->to_new ? dirs->new_fd : dirs->cur_fd, rc, errnum;
	char seq[MAILDIR_SEQ_BYTES], name[MAILDIR_FILE_MAX];
	struct stat st;

	(void)snprintf(seq, sizeof seq, "%" PRIu64, file->seq);
	if (file->to_new)
		(void)snprintf(name, sizeof name, "%s", file->base);
	else
		publish_name(file->base, file->system, file->letters, name);
	rc = renameat2(file->stage_fd, seq, to_fd, name, RENAME_NOREPLACE);
	if (rc != 0 && fsync_each &&
		(errno == EINVAL || errno == ENOSYS || errno == EEXIST))
		rc = link_over(file->stage_fd, seq, to_fd, name);
	if (rc == 0)
		return 0;
	errnum = errno;
	if (errnum == ENOENT &&
		fstatat(file->stage_fd, seq, &st, AT_SYMLINK_NOFOLLOW) != 0 &&
		errno == ENOENT)
		return 1;
	return explain(errnum, name, err);
}
