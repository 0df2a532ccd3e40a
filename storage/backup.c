/* SPDX-License-Identifier: BSD-2-Clause */
#include "backup.h"

#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
#include "accounts.h"
#include "archive.h"
#include "db.h"
#include "durable.h"
#include "ledger_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct backup {
	struct state *state;
	const char *file;
	char *part; /* what is being written */
	char *copy; /* of one database, on its way in */
	int fd;
	int64_t now_s;
	struct backup_report report;
};

static int fail_io(struct err *err, const char *what, const char *path)
{
	int errnum = errno;

	(void)err_set_file(err, errnum, "cannot %s %s", what, path);
	err->scope = ERR_SCOPE_SERVICE;
	return -1;
}

/* Only what is a file may be replaced. */
static int check_file(const char *file, struct err *err)
{
	struct stat st;

	if (lstat(file, &st) != 0)
		return errno == ENOENT ? 0 : fail_io(err, "write", file);
	if (S_ISREG(st.st_mode))
		return 0;
	return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		"%s is there and is no file", file);
}

/* What a backup that was killed has left is written over; one that goes on
 * is not. */
static int open_part(struct backup *b, struct err *err)
{
	b->fd = open(b->part, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (b->fd < 0)
		return fail_io(err, "create", b->part);
	if (flock(b->fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_LATER, "another backup is writing %s",
			b->part);
	if (fchmod(b->fd, 0600) != 0 || ftruncate(b->fd, 0) != 0)
		return fail_io(err, "write", b->part);
	(void)unlink(b->copy);
	return 0;
}

/* Takes the copy of a database. */
static int take_copy(struct backup *b, const char *name, struct err *err)
{
	int fd = open(b->copy, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), r;

	if (fd < 0)
		return fail_io(err, "open", b->copy);
	r = archive_add(b->fd, b->part, name, fd, b->now_s, err);
	(void)close(fd);
	(void)unlink(b->copy);
	return r;
}

static int mark_copy(struct backup *b, struct err *err)
{
	struct db *db = NULL;
	struct stmt *s;
	int r = db_open(b->copy, DB_JOBS, false, &db, err);

	if (r != 0)
		return -1;
	s = db_stmt(db, "origin_mark");
	stmt_bind_int(s, "now", b->now_s);
	r = stmt_run(s, err);
	if (r == 0)
		r = db_check(db, err);
	db_close(&db);
	return r;
}

static int add_ledger(struct backup *b, const struct account *a,
	bool *ret_left_out, struct err *err)
{
	char *path = state_ledger_path(b->state, a->uuid);
	char *name = mem_printf("ledgers/%s.db", a->uuid);
	int r = ledger_copy(path, b->copy, err);

	*ret_left_out = false;
	if (r == 1) {
		b->report.ledgers++;
		r = take_copy(b, name, err);
	} else if (r < 0 && err->class == ERR_CONFIG) {
		*ret_left_out = true;
		b->report.left_out++;
		r = 0;
	}
	free(path);
	free(name);
	return r;
}

/* The accounts after the job table: whoever is added meanwhile has nothing
 * yet, and whoever is removed meanwhile has no ledger. */
static int write_all(struct backup *b,
	void (*on_left_out)(
		void *arg, const char *account, const struct err *err),
	void *arg, struct err *err)
{
	struct account *accounts = NULL;
	size_t n = 0;
	int r;

	if (db_copy(b->state->db, b->copy, err) != 0 ||
		mark_copy(b, err) != 0 ||
		take_copy(b, "mailhaul.db", err) != 0 ||
		accounts_all(b->state, &accounts, &n, err) != 0)
		return -1;
	r = 0;
	for (size_t i = 0; i < n; i++) {
		bool left_out = false;
		if (r == 0)
			r = add_ledger(b, &accounts[i], &left_out, err);
		if (left_out)
			on_left_out(arg, accounts[i].name, err);
		account_clear(&accounts[i]);
	}
	free(accounts);
	b->report.accounts = n;
	return r == 0 ? archive_end(b->fd, b->part, err) : -1;
}

static int publish(struct backup *b, struct err *err)
{
	char *dir = durable_dir_of(b->file);
	struct stat st;
	int r = -1;

	if (fstat(b->fd, &st) != 0 || fsync(b->fd) != 0)
		(void)fail_io(err, "write", b->part);
	else if (rename(b->part, b->file) != 0)
		(void)fail_io(err, "create", b->file);
	else
		r = durable_sync_dir(dir, err);
	if (r == 0)
		b->report.bytes = (uint64_t)st.st_size;
	free(dir);
	return r;
}

int backup_write(struct state *state, const char *file,
	void (*on_left_out)(
		void *arg, const char *account, const struct err *err),
	void *arg, struct backup_report *ret_report, struct err *err)
{
	struct backup b = {.state = state, .file = file, .fd = -1};
	int r = -1;

	if (check_file(file, err) != 0)
		return -1;
	b.now_s = clock_wall_s();
	b.part = mem_printf("%s.part", file);
	b.copy = mem_printf("%s.part.copy", file);
	if (open_part(&b, err) == 0) {
		r = write_all(&b, on_left_out, arg, err);
		if (r == 0)
			r = publish(&b, err);
		(void)unlink(b.copy);
		if (r != 0)
			(void)unlink(b.part);
	}
	if (b.fd >= 0)
		(void)close(b.fd);
	free(b.part);
	free(b.copy);
	if (r == 0)
		*ret_report = b.report;
	return r;
}
