/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faultshim: an LD_PRELOAD library that counts what a program does to its
 * files, over all threads, and lets one of these calls go wrong. It acts in
 * the process that has FAULTSHIM in its environment and in no other: not in
 * envoys, which get LD_PRELOAD only, nor between fork and exec.
 *   FAULTSHIM=trace         nothing goes wrong
 *   FAULTSHIM=kill:N        SIGKILL instead of the N-th change
 *   FAULTSHIM=fail:N:ERRNO  the N-th call that may fail so does (number)
 *   FAULTSHIM=from:N:ERRNO  that one and all later ones
 *   FAULTSHIM=stop:N        SIGSTOP before the N-th change
 *   FAULTSHIM=move:N        … before the N-th rename that replaces nothing,
 *                           which is how a message is delivered
 *   FAULTSHIM=short:N       the N-th write does half of it
 *   FAULTSHIM=nosync        syncs say 0 and do nothing
 * FAULTSHIM_REPORT=FILE gets a line "N NAME" for the call that was hit, for
 * each one with trace. Files are regular ones here: pipes are not counted.
 */
#undef _FORTIFY_SOURCE	 /* its open() is another function */
#undef _FILE_OFFSET_BITS /* open and open64 are both wanted */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
	LOOK = 1,  /* open to read */
	MAKE = 2,  /* open to write or create */
	WRITE = 4, /* and ftruncate */
	SYNC = 8,
	NAME = 16, /* rename, link, unlink, mkdir, rmdir */
	MOVE = 32, /* rename that replaces nothing */
};
#define CHANGE (MAKE | WRITE | SYNC | NAME | MOVE)

enum mode { OFF, TRACE, KILL, STOP, MOVED, FAIL, FROM, SHORT, NOSYNC };

enum verdict { GO_ON, FAILED, HALF, PRETEND };

static struct {
	enum mode mode;
	unsigned kinds; /* that are counted */
	long at;
	int errnum;
	pid_t pid;
	const char *report;
	atomic_long count;
} shim;

/* What a real file system may answer to which call. */
static unsigned kinds_of(int errnum)
{
	if (errnum == EINTR)
		return LOOK | MAKE | WRITE | SYNC;
	if (errnum == EIO)
		return LOOK | CHANGE;
	return CHANGE;
}

__attribute__((constructor)) static void start(void)
{
	static const char *const names[] = {"", "trace", "kill", "stop", "move",
		"fail", "from", "short", "nosync"};
	const char *text = getenv("FAULTSHIM");
	char name[16] = "";

	if (text == NULL)
		return;
	if (sscanf(text, "%15[a-z]:%ld:%d", name, &shim.at, &shim.errnum) < 1)
		abort();
	shim.pid = getpid();
	shim.report = getenv("FAULTSHIM_REPORT");
	shim.kinds = CHANGE;
	for (int i = TRACE; i <= NOSYNC; i++)
		if (strcmp(name, names[i]) == 0)
			shim.mode = (enum mode)i;
	if (shim.mode == FAIL || shim.mode == FROM)
		shim.kinds = kinds_of(shim.errnum);
	if (shim.mode == TRACE)
		shim.kinds = LOOK | CHANGE;
	if (shim.mode == SHORT)
		shim.kinds = WRITE;
	if (shim.mode == MOVED)
		shim.kinds = MOVE;
	if (shim.mode == OFF)
		abort(); /* a test that would prove nothing */
}

static void report(long n, const char *name)
{
	char line[64];
	long fd, length = snprintf(line, sizeof line, "%ld %s\n", n, name);

	if (shim.report == NULL)
		return;
	fd = syscall(SYS_openat, AT_FDCWD, shim.report,
		O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	(void)syscall(SYS_write, fd, line, length);
	(void)syscall(SYS_close, fd);
}

static void die(void)
{
	(void)syscall(SYS_kill, shim.pid, SIGKILL);
	for (;;)
		(void)pause();
}

static enum verdict hit(long n, const char *name)
{
	report(n, name);
	switch (shim.mode) {
	case KILL:
		die();
		break;
	case STOP:
	case MOVED:
		(void)syscall(SYS_kill, shim.pid, SIGSTOP);
		break;
	case FAIL:
	case FROM:
		errno = shim.errnum;
		return FAILED;
	case SHORT:
		return HALF;
	case OFF:
	case TRACE:
	case NOSYNC:
		break;
	}
	return GO_ON;
}

static enum verdict meet(enum kind kind, const char *name)
{
	int errnum = errno;
	long n;

	if (shim.mode == OFF || (shim.kinds & (unsigned)kind) == 0 ||
		syscall(SYS_getpid) != shim.pid)
		return GO_ON;
	if (shim.mode == NOSYNC)
		return kind == SYNC ? PRETEND : GO_ON;
	n = atomic_fetch_add(&shim.count, 1) + 1;
	errno = errnum;
	if (shim.mode == TRACE || n == shim.at ||
		(shim.mode == FROM && n > shim.at))
		return hit(n, name);
	return GO_ON;
}

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
