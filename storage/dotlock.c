/* SPDX-License-Identifier: BSD-2-Clause */
#include "dotlock.h"

#include "../collector/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MIN_MS 5
#define PAUSE_MAX_MS 200
/* A holder's pid is looked at only once the lock has stood for this long. */
#define PID_AGE_MS 500
#define REMOVE_TRIES 3

struct attempt {
	const struct dotlock_config *config;
	int dir_fd;
	int tmp_fd; /* directory of the two below, on the same file system */
	char lock[64];
	char tmp[96];
	char moved[96]; /* where a stale lock goes before it is removed */
};

static void set_names(
	struct attempt *a, int dir_fd, const struct dotlock_config *config)
{
	uintmax_t folder = 0;
	struct stat st;

	a->config = config;
	a->dir_fd = dir_fd;
	(void)snprintf(a->lock, sizeof a->lock, "%s.lock", config->file);
	a->tmp_fd = dir_fd;
	if (config->stage_fd > 0 && fstat(dir_fd, &st) == 0) {
		a->tmp_fd = config->stage_fd;
		folder = st.st_ino; /* staging is for all folders */
	}
	(void)snprintf(a->tmp, sizeof a->tmp, "mailhaul.lock.%s.%ju",
		config->tag, folder);
	(void)snprintf(a->moved, sizeof a->moved, "mailhaul.stale.%s.%ju",
		config->tag, folder);
}

static int make_tmp(const struct attempt *a, int *ret_fd, struct err *err)
{
	char host[256] = "", text[300];
	int fd, n;

	(void)gethostname(host, sizeof host - 1);
	n = snprintf(text, sizeof text, "%ld:%s", (long)getpid(), host);
	(void)unlinkat(a->tmp_fd, a->tmp, 0);
	fd = TEMP_FAILURE_RETRY(openat(a->tmp_fd, a->tmp,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
	if (fd < 0)
		return err_set_file(err, errno, "cannot make %s", a->lock);
	if (((a->config->uid != (uid_t)-1 || a->config->gid != (gid_t)-1) &&
		    fchown(fd, a->config->uid, a->config->gid) != 0) ||
		write(fd, text, (size_t)n) != n) {
		(void)err_set_file(err, errno, "cannot make %s", a->lock);
		(void)unlinkat(a->tmp_fd, a->tmp, 0);
		(void)close(fd);
		return -1;
	}
	*ret_fd = fd;
	return 0;
}

/* The pid in a lock of this host, 0 where there is none to believe. */
static pid_t holder_of(const struct attempt *a)
{
	char text[300], host[256] = "", *colon, *end;
	ssize_t n;
	long pid;
	int fd = TEMP_FAILURE_RETRY(openat(a->dir_fd, a->lock,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	(void)close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	colon = strchr(text, ':');
	(void)gethostname(host, sizeof host - 1);
	if (colon == NULL || strcmp(colon + 1, host) != 0)
		return 0;
	pid = strtol(text, &end, 10);
	return end == colon && pid > 0 ? (pid_t)pid : 0;
}

static int64_t changed_s(const struct stat *st, int64_t now_s)
{
	/* an mtime in the future is metadata, not a time */
	return st->st_mtime <= now_s && st->st_mtime > st->st_ctime
		       ? st->st_mtime
		       : st->st_ctime;
}

static bool is_stale(const struct attempt *a, const struct stat *st)
{
	int64_t now_s = clock_wall_s(), last_s = changed_s(st, now_s);
	struct stat file;
	pid_t pid;

	if (clock_wall_us() / 1000 - st->st_ctim.tv_sec * 1000 -
			st->st_ctim.tv_nsec / 1000000 >=
		PID_AGE_MS) {
		pid = holder_of(a);
		if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH)
			return true;
	}
	if (fstatat(a->dir_fd, a->config->file, &file, AT_SYMLINK_NOFOLLOW) ==
			0 &&
		changed_s(&file, now_s) > last_s)
		last_s = changed_s(&file, now_s);
	return now_s - last_s >= a->config->stale_s;
}

/* Moves the lock aside and looks whether it is the one that was judged: two
 * waiters must not remove each other's new lock. */
static void override(const struct attempt *a, const struct stat *judged)
{
	struct stat st;
	int rc = 0;

	if (renameat(a->dir_fd, a->lock, a->tmp_fd, a->moved) != 0)
		return;
	if (fstatat(a->tmp_fd, a->moved, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		(st.st_ino != judged->st_ino || st.st_dev != judged->st_dev))
		rc = linkat(a->tmp_fd, a->moved, a->dir_fd, a->lock, 0);
	/* EEXIST: a third one has it by now; the second notices on dropping */
	(void)rc;
	(void)unlinkat(a->tmp_fd, a->moved, 0);
}

static void pause_ms(int ms)
{
	struct timespec t = {.tv_sec = 0, .tv_nsec = (long)ms * 1000000};

	(void)nanosleep(&t, NULL);
}

static int wait_and_link(const struct attempt *a, int tmp_fd, struct err *err)
{
	int64_t end_ms = clock_mono_ms() + (int64_t)a->config->wait_s * 1000;
	int ms = PAUSE_MIN_MS;
	struct stat st;

	for (;;) {
		if (linkat(a->tmp_fd, a->tmp, a->dir_fd, a->lock, 0) == 0)
			return 0;
		if (errno != EEXIST)
			return err_set_file(
				err, errno, "cannot make %s", a->lock);
		if (fstatat(a->dir_fd, a->lock, &st, AT_SYMLINK_NOFOLLOW) ==
				0 &&
			is_stale(a, &st)) {
			override(a, &st);
			continue;
		}
		if (clock_mono_ms() >= end_ms)
			break;
		pause_ms(ms);
		ms = ms * 2 < PAUSE_MAX_MS ? ms * 2 : PAUSE_MAX_MS;
		(void)futimens(tmp_fd, NULL); /* the lock is as old as now */
	}
	(void)err_set(err, ERR_STORE, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER,
		"%s is held for more than %d s", a->lock, a->config->wait_s);
	return err_hint(err, "see who holds it: the file names the process");
}

int dotlock_take(struct dotlock *lock, int dir_fd,
	const struct dotlock_config *config, struct err *err)
{
	struct attempt a;
	int fd = -1, rc;

	set_names(&a, dir_fd, config);
	if (make_tmp(&a, &fd, err) != 0)
		return -1;
	rc = wait_and_link(&a, fd, err);
	(void)unlinkat(a.tmp_fd, a.tmp, 0);
	if (rc != 0) {
		(void)close(fd);
		return -1;
	}
	lock->dir_fd = dir_fd;
	lock->fd = fd;
	(void)snprintf(lock->name, sizeof lock->name, "%s", a.lock);
	return 0;
}

/* One that stays names a process that lives, and everybody waits for it. */
static void remove_lock(int dir_fd, const char *name)
{
	for (int tries = 0; tries < REMOVE_TRIES; tries++)
		if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
			return;
}

void dotlock_drop(struct dotlock *lock)
{
	struct stat ours, st;

	if (fstat(lock->fd, &ours) == 0 &&
		fstatat(lock->dir_fd, lock->name, &st, AT_SYMLINK_NOFOLLOW) ==
			0 &&
		st.st_ino == ours.st_ino && st.st_dev == ours.st_dev)
		remove_lock(lock->dir_fd, lock->name);
	(void)close(lock->fd);
	lock->fd = -1;
}
