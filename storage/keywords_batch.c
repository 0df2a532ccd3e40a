/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file is always replaced as a whole, and what replaces it is durable
 * before: it says what the letters of older messages mean. In a batch that
 * takes no sync of its own:
 *     keywords_prepare    the new file, in the staging directory
 *     (the batch's first sync)
 *     keywords_publish    under Dovecot's lock: renamed, if the file is still
 *                         the one that was read; else as without a batch
 *     (names of messages, and the batch's last sync)
 */
#include "keywords_file.h"

#include "../collector/base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int fail(struct err *err, int errnum)
{
	return err_set_file(err, errnum, "cannot write %s", KEYWORDS_FILE);
}

int keywords_lock(const struct keywords *k, int dir_fd, struct dotlock *lock,
	struct err *err)
{
	const struct dotlock_config config = {.file = "dovecot-uidlist",
		.tag = k->tag,
		.uid = k->uid,
		.gid = k->gid,
		.stage_fd = k->stage_fd,
		.stale_s = DOTLOCK_STALE_S,
		.wait_s = k->wait_s};

	return dotlock_take(lock, dir_fd, &config, err);
}

/* Dovecot reads the file again only when its mtime has grown by a second. */
static int touch_past(int fd, int dir_fd)
{
	struct stat was, is;
	struct timespec t[2];

	if (fstatat(dir_fd, KEYWORDS_FILE, &was, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &is) != 0)
		return -1;
	if (is.st_mtime > was.st_mtime)
		return 0;
	t[0] = is.st_atim;
	t[1] = (struct timespec){.tv_sec = was.st_mtime + 1, .tv_nsec = 0};
	return futimens(fd, t);
}

static int fill(const struct keywords *k, int fd, int dir_fd, bool sync)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, KEYWORDS_FILE_BYTES_MAX);
	for (size_t i = 0; i < KEYWORDS_LETTERS; i++)
		if (k->names[i] != NULL)
			(void)buf_printf(&b, "%zu %s\n", i, k->names[i]);
	if (write(fd, buf_str(&b), b.len) == (ssize_t)b.len &&
		((k->uid == (uid_t)-1 && k->gid == (gid_t)-1) ||
			fchown(fd, k->uid, k->gid) == 0) &&
		touch_past(fd, dir_fd) == 0 && (!sync || fsync(fd) == 0))
		rc = 0;
	buf_free(&b);
	return rc;
}

/* The new file, elsewhere. errno says why not. */
static int write_new(const struct keywords *k, int dir_fd, int at_fd,
	const char *name, bool sync)
{
	int rc, errnum, fd;

	(void)unlinkat(at_fd, name, 0);
	fd = openat(at_fd, name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	rc = fill(k, fd, dir_fd, sync);
	errnum = errno;
	if (close(fd) != 0 && rc == 0) {
		rc = -1;
		errnum = errno;
	}
	if (rc != 0)
		(void)unlinkat(at_fd, name, 0);
	errno = errnum;
	return rc;
}

static int put_in_place(
	int at_fd, const char *name, int dir_fd, bool sync, struct err *err)
{
	int errnum;

	if (renameat(at_fd, name, dir_fd, KEYWORDS_FILE) == 0 &&
		(!sync || fsync(dir_fd) == 0))
		return 0;
	errnum = errno;
	(void)unlinkat(at_fd, name, 0);
	return fail(err, errnum);
}

int keywords_save(const struct keywords *k, int dir_fd, struct err *err)
{
	int at_fd = k->stage_fd >= 0 ? k->stage_fd : dir_fd;
	char tmp[96];

	(void)snprintf(tmp, sizeof tmp, "mailhaul.keywords.%s", k->tag);
	if (write_new(k, dir_fd, at_fd, tmp, true) != 0)
		return fail(err, errno);
	return put_in_place(at_fd, tmp, dir_fd, true, err);
}

int keywords_prepare(struct keywords *k, int dir_fd, const char *name,
	bool sync, struct err *err)
{
	if (!k->planned)
		return 0;
	if (write_new(k, dir_fd, k->stage_fd, name, sync) != 0)
		return fail(err, errno);
	(void)snprintf(k->staged, sizeof k->staged, "%s", name);
	return 0;
}

/* The plan was made upon the file that is there. */
static bool is_base(const struct keywords *k, int dir_fd)
{
	struct stat is;

	if (fstatat(dir_fd, KEYWORDS_FILE, &is, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT && !k->had_file;
	return k->had_file && is.st_ino == k->file.st_ino &&
	       is.st_size == k->file.st_size &&
	       is.st_mtim.tv_sec == k->file.st_mtim.tv_sec &&
	       is.st_mtim.tv_nsec == k->file.st_mtim.tv_nsec;
}

static int replace(struct keywords *k, int dir_fd, bool sync, struct err *err)
{
	bool given = true;

	if (k->staged[0] != '\0' && is_base(k, dir_fd))
		return put_in_place(k->stage_fd, k->staged, dir_fd, sync, err);
	if (keywords_reload(k, dir_fd, &given, err) != 0)
		return -1;
	return given ? keywords_save(k, dir_fd, err) : 0;
}

int keywords_publish(struct keywords *k, int dir_fd, bool sync, struct err *err)
{
	struct dotlock lock;
	int rc;

	if (!k->planned)
		return 0;
	if (keywords_lock(k, dir_fd, &lock, err) != 0)
		return -1;
	rc = replace(k, dir_fd, sync, err);
	if (k->staged[0] != '\0') /* where it was not needed */
		(void)unlinkat(k->stage_fd, k->staged, 0);
	k->staged[0] = '\0';
	k->planned = false;
	/* another file now, and ours until the lock is dropped */
	k->had_file = fstatat(dir_fd, KEYWORDS_FILE, &k->file,
			      AT_SYMLINK_NOFOLLOW) == 0;
	dotlock_drop(&lock);
	if (rc != 0)
		keywords_clear(k);
	return rc;
}
