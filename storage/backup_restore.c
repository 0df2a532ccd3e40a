/* SPDX-License-Identifier: BSD-2-Clause */
/*
 *     lock      nobody works on the state, and nobody begins to
 *     unpack    into DIR/restore.tmp; each database is opened and checked
 *     move      what is here into DIR/replaced-TIME, names and all that lies
 *               beside them: an old -wal or -journal would be played into a
 *               file it does not belong to
 *     put       ledgers, then the job table: without it there is no state
 */
#include "backup.h"

#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
#include "archive.h"
#include "db.h"
#include "durable.h"
#include "keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEDGERS "ledgers/"
#define UUID_DIGITS 32

struct restore {
	const char *dir, *file;
	char *tmp;
	bool all;
	bool has_jobs;
	char **names; /* ledgers/UUID.db */
	size_t count;
	struct restore_report report;
};

static int fail_io(struct err *err, const char *what, const char *path)
{
	int errnum = errno;

	(void)err_set_file(err, errnum, "cannot %s %s", what, path);
	err->scope = ERR_SCOPE_SERVICE;
	return -1;
}

static char *path_in(const char *dir, const char *name)
{
	return mem_printf("%s/%s", dir, name);
}

/* ---- unpack */

static bool is_ledger(const char *name)
{
	const size_t head = strlen(LEDGERS);

	return strncmp(name, LEDGERS, head) == 0 &&
	       strspn(name + head, "0123456789abcdef") == UUID_DIGITS &&
	       strcmp(name + head + UUID_DIGITS, ".db") == 0;
}

static int check_database(const char *path, enum db_kind kind, struct err *err)
{
	struct db *db = NULL;
	int r = db_open(path, kind, false, &db, err);

	if (r == 0)
		r = db_check(db, err);
	db_close(&db);
	return r;
}

/* A name that could lead elsewhere never becomes a path. */
static int unpack_one(struct restore *s, int fd, const char *name,
	uint64_t bytes, struct err *err)
{
	bool jobs = strcmp(name, "mailhaul.db") == 0;
	char *path;
	int out, r = -1;

	if (!jobs && !is_ledger(name))
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE,
			"%s is not a backup of mailhaul: it holds \"%s\"",
			s->file, name);
	path = path_in(s->tmp, name);
	out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (out < 0) {
		(void)fail_io(err, "create", path);
	} else {
		r = archive_read(fd, s->file, bytes, out, path, err);
		if (r == 0 && fsync(out) != 0)
			r = fail_io(err, "write", path);
		(void)close(out);
	}
	if (r == 0)
		r = check_database(path, jobs ? DB_JOBS : DB_LEDGER, err);
	free(path);
	if (r != 0)
		return -1;
	s->has_jobs = s->has_jobs || jobs;
	if (!jobs) {
		s->names = mem_grow(s->names, s->count + 1, sizeof *s->names);
		s->names[s->count++] = mem_strdup(name);
	}
	return 0;
}

static void empty_dir(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		(void)closedir(d);
}

static void remove_tmp(const struct restore *s)
{
	char *ledgers = path_in(s->tmp, "ledgers");

	empty_dir(ledgers);
	(void)rmdir(ledgers);
	empty_dir(s->tmp);
	(void)rmdir(s->tmp);
	free(ledgers);
}

static int make_rooms(const char *dir, struct err *err)
{
	char *ledgers = path_in(dir, "ledgers");
	bool created;
	int r = durable_mkdir(dir, 0700, &created, err);

	if (r == 0)
		r = durable_mkdir(ledgers, 0700, &created, err);
	free(ledgers);
	return r;
}

static int unpack(struct restore *s, struct err *err)
{
	int fd = open(s->file, O_RDONLY | O_CLOEXEC), r;
	char name[ARCHIVE_NAME_BYTES];
	uint64_t bytes;

	if (fd < 0)
		return fail_io(err, "read", s->file);
	remove_tmp(s);
	r = make_rooms(s->tmp, err);
	while (r == 0) {
		int more = archive_next(fd, s->file, name, &bytes, err);
		if (more <= 0) {
			r = more;
			break;
		}
		r = unpack_one(s, fd, name, bytes, err);
	}
	(void)close(fd);
	if (r == 0 && !s->has_jobs)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, "%s holds no job table", s->file);
	return r;
}

/* ---- move, put */

static int open_old(struct restore *s, struct err *err)
{
	if (s->report.old != NULL)
		return 0;
	s->report.old = mem_printf(
		"%s/replaced-%lld", s->dir, (long long)clock_wall_us());
	return make_rooms(s->report.old, err);
}

static int move_away(struct restore *s, const char *name, struct err *err)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof ends / sizeof ends[0]; i++) {
		char *from = mem_printf("%s/%s%s", s->dir, name, ends[i]);
		if (access(from, F_OK) == 0) {
			r = open_old(s, err);
			char *to = mem_printf("%s/%s%s",
				r == 0 ? s->report.old : "", name, ends[i]);
			if (r == 0 && rename(from, to) != 0)
				r = fail_io(err, "move", from);
			free(to);
		}
		free(from);
	}
	return r;
}

static int put(struct restore *s, const char *name, struct err *err)
{
	char *from = path_in(s->tmp, name), *to = path_in(s->dir, name);
	int r = move_away(s, name, err);

	if (r == 0 && rename(from, to) != 0)
		r = fail_io(err, "create", to);
	free(from);
	free(to);
	return r;
}

/* One that is here and whole has seen more than the backup's. */
static bool is_sound(const struct restore *s, const char *name)
{
	char *path = path_in(s->dir, name);
	struct err err;
	bool sound = access(path, F_OK) == 0 &&
		     check_database(path, DB_LEDGER, &err) == 0;

	free(path);
	return sound;
}

static int put_all(struct restore *s, struct err *err)
{
	char *ledgers = path_in(s->dir, "ledgers");
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->count; i++) {
		if (!s->all && is_sound(s, s->names[i])) {
			s->report.kept++;
			continue;
		}
		r = put(s, s->names[i], err);
		s->report.ledgers += r == 0;
	}
	if (r == 0)
		r = durable_sync_dir(ledgers, err);
	if (r == 0)
		r = put(s, "mailhaul.db", err);
	if (r == 0)
		r = durable_sync_dir(s->dir, err);
	free(ledgers);
	return r;
}

static bool is_key_missing(const char *dir)
{
	bool credential;
	char *path = keys_path(dir, &credential);
	bool missing = access(path, F_OK) != 0;

	free(path);
	return missing;
}

int backup_restore(const char *dir, const char *file, bool all,
	struct restore_report *ret_report, struct err *err)
{
	struct restore s = {.dir = dir, .file = file, .all = all};
	char *results = path_in(dir, "results");
	int lock_fd = -1, r = make_rooms(dir, err);
	bool created;

	if (r == 0)
		r = durable_mkdir(results, 0700, &created, err);
	free(results);
	if (r != 0)
		return -1;
	s.tmp = path_in(dir, "restore.tmp");
	r = state_lock_dir(dir, &lock_fd, err);
	if (r == 0) {
		r = unpack(&s, err);
		if (r == 0)
			r = put_all(&s, err);
		remove_tmp(&s);
		(void)close(lock_fd);
	}
	for (size_t i = 0; i < s.count; i++)
		free(s.names[i]);
	free(s.names);
	free(s.tmp);
	s.report.key_missing = is_key_missing(dir);
	if (r == 0)
		*ret_report = s.report;
	else
		free(s.report.old);
	return r;
}
