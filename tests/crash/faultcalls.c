/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls that faultshim replaces, and what becomes of each. */
#undef _FORTIFY_SOURCE	 /* its open() is another function */
#undef _FILE_OFFSET_BITS /* open and open64 are both wanted */
#include "faultshim.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The end of a function of ours: the call itself, unless it is to fail. */
#define DO_OR_FAIL(kind, name, ...) \
	switch (meet(kind, name)) { \
	case FAILED:                \
		return -1;          \
	case PRETEND:               \
		return 0;           \
	case HALF:                  \
	case GO_ON:                 \
		break;              \
	}                           \
	return (int)syscall(__VA_ARGS__)

/* ---- open */

static int open_any(int at_fd, const char *path, int flags, mode_t mode)
{
	enum kind kind = (flags & (O_ACCMODE | O_CREAT)) == 0 ? LOOK : MAKE;

	DO_OR_FAIL(kind, kind == LOOK ? "open" : "open-to-write", SYS_openat,
		at_fd, path, flags, mode);
}

#define MODE_ARGUMENT(flags, mode)                  \
	va_list list;                               \
	mode_t mode = 0;                            \
	va_start(list, flags);                      \
	if ((flags & (O_CREAT | __O_TMPFILE)) != 0) \
		mode = va_arg(list, mode_t);        \
	va_end(list)

int open(const char *path, int flags, ...)
{
	MODE_ARGUMENT(flags, mode);
	return open_any(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	MODE_ARGUMENT(flags, mode);
	return open_any(AT_FDCWD, path, flags, mode);
}

int openat(int at_fd, const char *path, int flags, ...)
{
	MODE_ARGUMENT(flags, mode);
	return open_any(at_fd, path, flags, mode);
}

int openat64(int at_fd, const char *path, int flags, ...)
{
	MODE_ARGUMENT(flags, mode);
	return open_any(at_fd, path, flags, mode);
}

/* What _FORTIFY_SOURCE calls where the flags are not constant. */
int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags)
{
	return open_any(AT_FDCWD, path, flags, 0);
}

int __openat64_2(int at_fd, const char *path, int flags);
int __openat64_2(int at_fd, const char *path, int flags)
{
	return open_any(at_fd, path, flags, 0);
}

/* ---- write */

static bool is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* How many of n bytes to write, -1 none. */
static ssize_t share(int fd, const char *name, size_t n)
{
	if (!is_file(fd))
		return (ssize_t)n;
	switch (meet(WRITE, name)) {
	case FAILED:
		return -1;
	case HALF:
		return (ssize_t)(n / 2 + (n == 1));
	case PRETEND:
	case GO_ON:
		break;
	}
	return (ssize_t)n;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	ssize_t part = share(fd, "write", n);

	return part < 0 ? -1 : syscall(SYS_write, fd, bytes, part);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	ssize_t part = share(fd, "pwrite", n);

	return part < 0 ? -1 : syscall(SYS_pwrite64, fd, bytes, part, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	return pwrite64(fd, bytes, n, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	if (is_file(fd) && meet(WRITE, "writev") == FAILED)
		return -1;
	return syscall(SYS_writev, fd, parts, count);
}

int ftruncate64(int fd, off64_t length)
{
	DO_OR_FAIL(WRITE, "ftruncate", SYS_ftruncate, fd, length);
}

int ftruncate(int fd, off_t length)
{
	return ftruncate64(fd, length);
}

/* ---- sync */

int fsync(int fd)
{
	DO_OR_FAIL(SYNC, "fsync", SYS_fsync, fd);
}

int fdatasync(int fd)
{
	DO_OR_FAIL(SYNC, "fdatasync", SYS_fdatasync, fd);
}

int syncfs(int fd)
{
	DO_OR_FAIL(SYNC, "syncfs", SYS_syncfs, fd);
}

/* ---- names */

int renameat2(int a, const char *x, int b, const char *y, unsigned flags)
{
	DO_OR_FAIL((flags & RENAME_NOREPLACE) != 0 ? MOVE : NAME, "rename",
		SYS_renameat2, a, x, b, y, flags);
}

int renameat(int a, const char *x, int b, const char *y)
{
	return renameat2(a, x, b, y, 0);
}

int rename(const char *x, const char *y)
{
	return renameat2(AT_FDCWD, x, AT_FDCWD, y, 0);
}

int linkat(int a, const char *x, int b, const char *y, int flags)
{
	DO_OR_FAIL(NAME, "link", SYS_linkat, a, x, b, y, flags);
}

int link(const char *x, const char *y)
{
	return linkat(AT_FDCWD, x, AT_FDCWD, y, 0);
}

int unlinkat(int fd, const char *x, int flags)
{
	DO_OR_FAIL(NAME, "unlink", SYS_unlinkat, fd, x, flags);
}

int unlink(const char *x)
{
	return unlinkat(AT_FDCWD, x, 0);
}

int rmdir(const char *x)
{
	return unlinkat(AT_FDCWD, x, AT_REMOVEDIR);
}

int mkdirat(int fd, const char *x, mode_t mode)
{
	DO_OR_FAIL(NAME, "mkdir", SYS_mkdirat, fd, x, mode);
}

int mkdir(const char *x, mode_t mode)
{
	return mkdirat(AT_FDCWD, x, mode);
}

/* ---- owner, mode, times */

int fchownat(int fd, const char *x, uid_t uid, gid_t gid, int flags)
{
	DO_OR_FAIL(MARK, "chown", SYS_fchownat, fd, x, uid, gid, flags);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	DO_OR_FAIL(MARK, "chown", SYS_fchown, fd, uid, gid);
}

int fchmod(int fd, mode_t mode)
{
	DO_OR_FAIL(MARK, "chmod", SYS_fchmod, fd, mode);
}

int chmod(const char *x, mode_t mode)
{
	DO_OR_FAIL(MARK, "chmod", SYS_fchmodat, AT_FDCWD, x, mode);
}

int futimens(int fd, const struct timespec times[2])
{
	DO_OR_FAIL(MARK, "utimens", SYS_utimensat, fd, NULL, times, 0);
}

/* ---- an envoy's talk */

/* Only kills are asked of them: what the network can do, a proxy does. */
#define TALK_FIRST(name) (void)meet(TALK, name)

ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
	TALK_FIRST("recv");
	return syscall(SYS_recvfrom, fd, bytes, n, flags, NULL, NULL);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	TALK_FIRST("send");
	return syscall(SYS_sendto, fd, bytes, n, flags, NULL, 0);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	TALK_FIRST("recvmsg");
	return syscall(SYS_recvmsg, fd, m, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	TALK_FIRST("sendmsg");
	return syscall(SYS_sendmsg, fd, m, flags);
}
