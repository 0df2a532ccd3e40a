/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faultshim: an LD_PRELOAD library that counts what a program does to its
 * files, over all threads, and lets one of these calls go wrong. It acts in
 * the process that has FAULTSHIM in its environment and in no other: not in
 * envoys, which get LD_PRELOAD only (but see below), nor between fork and
 * exec.
 *   FAULTSHIM=trace         nothing goes wrong
 *   FAULTSHIM=kill:N        SIGKILL instead of the N-th change
 *   FAULTSHIM=fail:N:ERRNO  the N-th call that may fail so does (number)
 *   FAULTSHIM=from:N:ERRNO  that one and all later ones
 *   FAULTSHIM=stop:N        SIGSTOP before the N-th change
 *   FAULTSHIM=move:N        … before the N-th rename that replaces nothing,
 *                           which is how a message is delivered
 *   FAULTSHIM=short:N       the N-th write does half of it
 *   FAULTSHIM=nosync        syncs say 0 and do nothing
 *   FAULTSHIM=often:N:ERRNO every N-th call fails
 * FAULTSHIM_REPORT=FILE gets a line "N NAME" for the call that was hit, for
 * each one with trace. Files are regular ones here: pipes are not counted.
 *
 * An envoy does nothing to files: what is counted there is what it sends and
 * receives, to the server and to the conductor. The first envoy that finds
 * LIBRARY.envoy, LIBRARY as LD_PRELOAD names it, takes it away and does what
 * it says, trace or kill:N. It may open no file then, so its report is memory
 * that it shares with the file LIBRARY.calls: how many calls there were, and
 * the line of the one that was hit.
 */
#include "faultshim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum mode { OFF, TRACE, KILL, STOP, MOVED, FAIL, FROM, OFTEN, SHORT, NOSYNC };

/* LIBRARY.calls */
struct shared {
	atomic_long count;
	char line[56];
};

static struct {
	enum mode mode;
	unsigned kinds; /* that are counted */
	long at;
	int errnum;
	pid_t pid;
	const char *report;
	atomic_long count;
	struct shared *shared; /* of an envoy */
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

static void read_orders(const char *text)
{
	static const char *const names[] = {"", "trace", "kill", "stop", "move",
		"fail", "from", "often", "short", "nosync"};
	char name[16] = "";

	if (sscanf(text, "%15[a-z]:%ld:%d", name, &shim.at, &shim.errnum) < 1)
		abort();
	shim.pid = getpid();
	for (int i = TRACE; i <= NOSYNC; i++)
		if (strcmp(name, names[i]) == 0)
			shim.mode = (enum mode)i;
	if (shim.mode == OFF)
		abort(); /* a test that would prove nothing */
}

static void choose_kinds(void)
{
	shim.kinds = CHANGE;
	if (shim.mode == FAIL || shim.mode == FROM || shim.mode == OFTEN)
		shim.kinds = kinds_of(shim.errnum);
	if (shim.mode == TRACE)
		shim.kinds = LOOK | CHANGE;
	if (shim.mode == SHORT)
		shim.kinds = WRITE;
	if (shim.mode == MOVED)
		shim.kinds = MOVE;
}

static int open_beside(const char *name, int flags)
{
	char path[4096];
	int n = snprintf(
		path, sizeof path, "%s.%s", getenv("LD_PRELOAD"), name);

	if (n < 0 || (size_t)n >= sizeof path)
		abort();
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC);
}

/* False: there are none, or another envoy was first. */
static bool take_orders(char *text, size_t size)
{
	char path[4096];
	int fd = open_beside("envoy", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	(void)close(fd);
	(void)snprintf(path, sizeof path, "%s.envoy", getenv("LD_PRELOAD"));
	if (n <= 0 || syscall(SYS_unlinkat, AT_FDCWD, path, 0) != 0)
		return false;
	text[n] = '\0';
	return true;
}

static void start_envoy(void)
{
	char text[32];
	void *page;
	int fd;

	if (!take_orders(text, sizeof text))
		return;
	fd = open_beside("calls", O_RDWR);
	page = mmap(NULL, sizeof *shim.shared, PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, 0);
	if (fd < 0 || page == MAP_FAILED)
		abort();
	(void)close(fd);
	shim.shared = page;
	read_orders(text);
	shim.kinds = TALK;
}

/* glibc hands these the arguments of main. */
__attribute__((constructor)) static void start(int argc, char **argv)
{
	const char *text = getenv("FAULTSHIM");

	if (text != NULL) {
		shim.report = getenv("FAULTSHIM_REPORT");
		read_orders(text);
		choose_kinds();
	} else if (argc > 1 && strcmp(argv[1], "envoy") == 0 &&
		   getenv("LD_PRELOAD") != NULL) {
		start_envoy();
	}
}

static void report(long n, const char *name)
{
	char line[56];
	long fd, length = snprintf(line, sizeof line, "%ld %s\n", n, name);

	if (shim.shared != NULL && shim.mode != TRACE)
		(void)snprintf(shim.shared->line, sizeof shim.shared->line,
			"%s", line);
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
	/* not kill: an envoy's sandbox allows this one */
	(void)syscall(
		SYS_tgkill, shim.pid, (pid_t)syscall(SYS_gettid), SIGKILL);
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
	case OFTEN:
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

enum verdict meet(enum kind kind, const char *name)
{
	int errnum = errno;
	long n;

	if (shim.mode == OFF || (shim.kinds & (unsigned)kind) == 0 ||
		syscall(SYS_getpid) != shim.pid)
		return GO_ON;
	if (shim.mode == NOSYNC)
		return kind == SYNC ? PRETEND : GO_ON;
	n = atomic_fetch_add(&shim.count, 1) + 1;
	if (shim.shared != NULL)
		atomic_store(&shim.shared->count, n);
	errno = errnum;
	if (shim.mode == TRACE || n == shim.at ||
		(shim.mode == FROM && n > shim.at) ||
		(shim.mode == OFTEN && n % shim.at == 0))
		return hit(n, name);
	return GO_ON;
}
