/* SPDX-License-Identifier: BSD-2-Clause */
#include "durable.h"

#include "../collector/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct err *err, int errnum, const char *what, const char *path)
{
	bool later = errnum == ENOSPC || errnum == EDQUOT || errnum == EIO;

	(void)err_set_sys(err, later ? ERR_DISK : ERR_CONFIG, ERR_SCOPE_SERVICE,
		later ? ERR_RETRY_LATER : ERR_RETRY_CHANGE, errnum,
		"cannot %s %s", what, path);
	if (errnum == EACCES || errnum == EPERM)
		return err_hint(err,
			"run as the owner of that directory, or give it to "
			"this user with chown");
	if (errnum == ENOENT)
		return err_hint(err, "create its parent directory first");
	if (errnum == EROFS)
		return err_hint(err, "mount its file system read-write");
	if (errnum == ENOSPC || errnum == EDQUOT)
		return err_hint(err, "free some space there");
	return -1;
}

void random_bytes(void *out, size_t n)
{
	unsigned char *p = out;

	while (n != 0) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		/* Linux since 3.17 does not fail here in any other way. */
		if (got <= 0)
			abort();
		p += got;
		n -= (size_t)got;
	}
}

void random_hex(char *out, size_t digits)
{
	static const char hex[] = "0123456789abcdef";

	random_bytes(out, digits / 2);
	for (size_t i = digits / 2; i-- > 0;) {
		unsigned char c = (unsigned char)out[i];
		out[2 * i] = hex[c >> 4];
		out[2 * i + 1] = hex[c & 15];
	}
	out[digits] = '\0';
}

char *durable_dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_strdup(".");
	return mem_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

int durable_sync_dir(const char *dir, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return fail(err, errno, "open", dir);
	if (fsync(fd) != 0)
		r = fail(err, errno, "make durable", dir);
	(void)close(fd);
	return r;
}

static int sync_parent(const char *path, struct err *err)
{
	char *dir = durable_dir_of(path);
	int r = durable_sync_dir(dir, err);

	free(dir);
	return r;
}

static int write_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n != 0) {
		ssize_t put = write(fd, p, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

static int fill(int fd, mode_t mode, const void *bytes, size_t n)
{
	if (write_all(fd, bytes, n) != 0 || fchmod(fd, mode) != 0)
		return -1;
	return fsync(fd);
}

enum made { MADE, EXISTED, BROKEN, UNABLE };

/* A file without a name, then its name: whatever ends us before leaves
 * nothing. Not every file system can, and /proc is needed. */
static enum made make_unnamed(
	const char *path, mode_t mode, const void *bytes, size_t n)
{
	char *dir = durable_dir_of(path), source[32];
	int fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	enum made made = UNABLE;
	int errnum;

	free(dir);
	if (fd < 0)
		return UNABLE;
	(void)snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
	if (fill(fd, mode, bytes, n) != 0)
		made = BROKEN;
	else if (linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) ==
		 0)
		made = MADE;
	else if (errno == EEXIST)
		made = EXISTED;
	errnum = errno;
	(void)close(fd);
	errno = errnum;
	return made;
}

/* rename without replacing; NFS and some FUSE know no flags there. */
static int publish(const char *tmp, const char *path)
{
	if (renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (link(tmp, path) != 0)
		return -1;
	(void)unlink(tmp);
	return 0;
}

static enum made make_named(
	const char *path, mode_t mode, const void *bytes, size_t n)
{
	enum made made = BROKEN;
	char suffix[17], *tmp;
	int fd, errnum;

	random_hex(suffix, 16);
	tmp = mem_printf("%s.tmp-%s", path, suffix);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd >= 0) {
		if (fill(fd, mode, bytes, n) == 0 && publish(tmp, path) == 0)
			made = MADE;
		else if (errno == EEXIST)
			made = EXISTED;
		errnum = errno;
		(void)close(fd);
		if (made != MADE)
			(void)unlink(tmp);
		errno = errnum;
	}
	free(tmp);
	return made;
}

int durable_create(const char *path, mode_t mode, const void *bytes, size_t n,
	bool *ret_created, struct err *err)
{
	struct stat st;
	enum made made;

	if (lstat(path, &st) == 0) {
		*ret_created = false;
		return 0;
	}
	made = make_unnamed(path, mode, bytes, n);
	if (made == UNABLE)
		made = make_named(path, mode, bytes, n);
	if (made == BROKEN || made == UNABLE)
		return fail(err, errno, "create", path);
	if (sync_parent(path, err) != 0)
		return -1;
	*ret_created = made == MADE;
	return 0;
}

/* Only root can give a file away; anybody else's are their own. */
static int fill_as(
	int fd, mode_t mode, const struct stat *as, const void *bytes, size_t n)
{
	if (geteuid() == 0 && fchown(fd, as->st_uid, as->st_gid) != 0)
		return -1;
	return fill(fd, mode, bytes, n);
}

int durable_replace(const char *path, mode_t mode, const struct stat *as,
	const void *bytes, size_t n, struct err *err)
{
	char *tmp = mem_printf("%s.new", path);
	int fd, errnum, r = -1;

	(void)unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd < 0) {
		(void)fail(err, errno, "create", tmp);
	} else if (fill_as(fd, mode, as, bytes, n) != 0 ||
		   rename(tmp, path) != 0) {
		errnum = errno;
		(void)unlink(tmp);
		(void)fail(err, errnum, "replace", path);
	} else {
		r = sync_parent(path, err);
	}
	if (fd >= 0)
		(void)close(fd);
	free(tmp);
	return r;
}

int durable_mkdir(
	const char *path, mode_t mode, bool *ret_created, struct err *err)
{
	struct stat st;

	*ret_created = false;
	if (mkdir(path, mode) == 0) {
		if (chmod(path, mode) != 0)
			return fail(err, errno, "set the mode of", path);
		*ret_created = true;
		return sync_parent(path, err);
	}
	if (errno != EEXIST)
		return fail(err, errno, "create", path);
	if (stat(path, &st) != 0)
		return fail(err, errno, "use", path);
	if (!S_ISDIR(st.st_mode))
		return fail(err, ENOTDIR, "use", path);
	return 0;
}
