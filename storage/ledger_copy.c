/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run that has a ledger open holds it exclusively, for hours in a first
 * import, so SQLite would not let us in. The file format does
 * (sqlite.org/walformat.html): what is committed is in the database file or
 * in the -wal file, and the database file changes only when pages are copied
 * to it from the -wal, where they stay until that is begun anew, with other
 * salts in its header. So: the database first, then the -wal, and where its
 * header is the same as before, the two belong together, whatever was
 * written meanwhile: each page that may be torn in the copy is in the -wal,
 * whose sums tell where the last whole commit ends. Opening the copy plays
 * that in. Else: again.
 */
#include "ledger_copy.h"

#include "../collector/base/mem.h"
#include "db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAL_HEADER 32
#define TRIES 40
#define PAUSE_MS 50
/* What was changed so short a time ago may be changed again without another
 * time of change: the clock of files goes in steps. */
#define SETTLE_MS 100

static int fail_io(struct err *err, const char *what, const char *path)
{
	int errnum = errno;

	return err_set_file(err, errnum, "cannot %s %s", what, path);
}

/* What tells whether the two files still are what they were. */
struct moment {
	bool wal; /* there is one, and it has begun */
	unsigned char header[WAL_HEADER];
	struct stat db;
};

static int look(
	const char *path, const char *wal, struct moment *m, struct err *err)
{
	int fd = open(wal, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	memset(m, 0, sizeof *m);
	if (fd < 0 && errno != ENOENT)
		return fail_io(err, "open", wal);
	if (fd >= 0) {
		m->wal = pread(fd, m->header, sizeof m->header, 0) ==
			 (ssize_t)sizeof m->header;
		(void)close(fd);
	}
	if (stat(path, &m->db) != 0)
		return fail_io(err, "read", path);
	return 0;
}

static bool has_settled(const struct stat *st)
{
	struct timespec now;
	int64_t ms;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	ms = (int64_t)(now.tv_sec - st->st_mtim.tv_sec) * 1000 +
	     (now.tv_nsec - st->st_mtim.tv_nsec) / 1000000;
	return ms < 0 || ms > SETTLE_MS;
}

static bool is_same(const struct moment *a, const struct moment *b)
{
	if (a->wal != b->wal)
		return false;
	if (a->wal)
		return memcmp(a->header, b->header, WAL_HEADER) == 0;
	return a->db.st_ino == b->db.st_ino && a->db.st_size == b->db.st_size &&
	       a->db.st_mtim.tv_sec == b->db.st_mtim.tv_sec &&
	       a->db.st_mtim.tv_nsec == b->db.st_mtim.tv_nsec &&
	       has_settled(&a->db);
}

static int copy_bytes(int from, int to)
{
	char buffer[64 * 1024];
	ssize_t n;

	while ((n = read(from, buffer, sizeof buffer)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		for (ssize_t done = 0, put; done < n; done += put) {
			put = write(to, buffer + done, (size_t)(n - done));
			if (put < 0 && errno == EINTR)
				put = 0;
			else if (put < 0)
				return -1;
		}
	}
	return 0;
}

/* 1; 0 where there is no such file. */
static int copy_file(const char *path, const char *to, struct err *err)
{
	int from = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), out, r = -1;

	if (from < 0 && errno == ENOENT)
		return 0;
	if (from < 0)
		return fail_io(err, "open", path);
	out = open(
		to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		(void)fail_io(err, "create", to);
	else if (copy_bytes(from, out) != 0)
		(void)fail_io(err, "copy", path);
	else
		r = 1;
	if (out >= 0)
		(void)close(out);
	(void)close(from);
	return r;
}

/* Plays the -wal in, and reads every page. */
static int settle(const char *to, struct err *err)
{
	struct db *db = NULL;
	int r = db_open(to, DB_LEDGER, false, &db, err);

	if (r == 0)
		r = db_check(db, err);
	db_close(&db);
	return r;
}

/* 1 copied, 0 torn. */
static int try_once(const char *path, const char *wal, const char *to,
	const char *to_wal, struct err *err)
{
	struct moment before, after;

	if (look(path, wal, &before, err) != 0 ||
		copy_file(path, to, err) < 0 ||
		copy_file(wal, to_wal, err) < 0 ||
		look(path, wal, &after, err) != 0)
		return -1;
	return is_same(&before, &after);
}

static int try_often(const char *path, const char *wal, const char *to,
	const char *to_wal, struct err *err)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

	for (int i = 0; i < TRIES; i++) {
		int r;
		(void)unlink(to);
		(void)unlink(to_wal);
		if (access(path, F_OK) != 0 && errno == ENOENT)
			return 0;
		r = try_once(path, wal, to, to_wal, err);
		if (r < 0)
			return -1;
		if (r == 1)
			return settle(to, err) == 0 ? 1 : -1;
		(void)nanosleep(&pause, NULL);
	}
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
		"%s changes faster than it can be copied", path);
}

int ledger_copy(const char *path, const char *to, struct err *err)
{
	char *wal = mem_printf("%s-wal", path);
	char *to_wal = mem_printf("%s-wal", to);
	int r = try_often(path, wal, to, to_wal, err);

	(void)unlink(to_wal);
	if (r != 1)
		(void)unlink(to);
	free(wal);
	free(to_wal);
	return r;
}
