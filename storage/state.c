/* SPDX-License-Identifier: BSD-2-Clause */
#include "state.h"

#include "../collector/base/mem.h"
#include "durable.h"
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *path_in(const char *dir, const char *name)
{
	return mem_printf("%s/%s", dir, name);
}

static int fail_config(struct err *err, const char *text, const char *path)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		"%s %s", path, text);
}

static int check_dir(const char *dir, struct err *err)
{
	struct stat st;

	if (stat(dir, &st) != 0)
		return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, errno, "cannot use %s", dir);
	if ((st.st_mode & S_IWOTH) != 0) {
		(void)fail_config(err,
			"can be written by everybody: no place for passwords",
			dir);
		return err_hint(
			err, "choose another state.dir, or chmod 0700 %s", dir);
	}
	return 0;
}

/* A new key beside passwords sealed with a lost one would hide the loss. */
static int check_no_secrets(
	struct db *db, const char *key_path, struct err *err)
{
	struct stmt *s;
	int r;

	if (access(key_path, F_OK) == 0)
		return 0;
	s = db_stmt(db, "secret_any");
	r = stmt_step(s, err);
	stmt_reset(s);
	if (r <= 0)
		return r;
	(void)fail_config(
		err, "is missing, and passwords are sealed with it", key_path);
	return err_hint(err,
		"restore it from a backup; if it is lost for good, remove the "
		"accounts and add them again");
}

static int make_database(const char *dir, bool *ret_created, struct err *err)
{
	char *path = path_in(dir, "mailhaul.db");
	bool credential;
	char *key = keys_path(dir, &credential);
	bool db_there = access(path, F_OK) == 0;
	bool key_there = access(key, F_OK) == 0;
	struct db *db = NULL;
	int r = -1;

	if (db_open(path, DB_JOBS, true, &db, err) != 0 ||
		check_no_secrets(db, key, err) != 0)
		goto out;
	if (!key_there && keys_create(key, err) != 0)
		goto out;
	if (!db_there || !key_there)
		*ret_created = true;
	r = 0;
out:
	db_close(&db);
	free(path);
	free(key);
	return r;
}

int state_init(const char *dir, bool *ret_created, struct err *err)
{
	static const char *const rooms[] = {"ledgers", "results"};
	bool created = false, any = false;

	if (durable_mkdir(dir, 0700, &created, err) != 0 ||
		check_dir(dir, err) != 0)
		return -1;
	any = created;
	for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
		char *path = path_in(dir, rooms[i]);
		int r = durable_mkdir(path, 0700, &created, err);
		free(path);
		if (r != 0)
			return -1;
		any = any || created;
	}
	if (make_database(dir, &any, err) != 0)
		return -1;
	*ret_created = any;
	return 0;
}

int state_open(const char *dir, struct state **ret_state, struct err *err)
{
	struct state *state = mem_alloc(sizeof *state);
	char *path = path_in(dir, "mailhaul.db");
	bool credential;
	char *key = keys_path(dir, &credential);
	struct stat st;
	int r = -1;

	state->lock_fd = -1;
	state->dir = mem_strdup(dir);
	if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
		(void)fail_config(err, "has no database", dir);
		(void)err_hint(err, "run `mailhaul init`");
		goto out;
	}
	if (check_dir(dir, err) != 0 ||
		db_open(path, DB_JOBS, false, &state->db, err) != 0)
		goto out;
	if (stat(path, &st) == 0) {
		state->db_dev = st.st_dev;
		state->db_ino = st.st_ino;
	}
	/* Without the key accounts stay locked; secret_load says why. */
	if (keys_load(key, &state->keys, NULL) != 0)
		state->keys = NULL;
	r = 0;
out:
	free(path);
	free(key);
	if (r != 0)
		state_close(&state);
	else
		*ret_state = state;
	return r;
}

void state_close(struct state **state)
{
	struct state *s = *state;

	if (s == NULL)
		return;
	db_close(&s->db);
	keys_free(&s->keys);
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	free(s->dir);
	free(s);
	*state = NULL;
}

/* OFD locks (Linux): they belong to the descriptor, not to the process, so
 * that a second state in the same process is refused too, and closing another
 * descriptor of the file does not drop them. */
static struct flock whole_file(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return lock;
}

static int fail_locked(struct err *err, int fd, const char *dir)
{
	char pid[32] = "";
	ssize_t n = pread(fd, pid, sizeof pid - 1, 0);

	pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		"another mailhaul works on %s (pid %s)", dir,
		pid[0] != '\0' ? pid : "unknown");
	return err_hint(err, "stop it first, or let it do the work: "
			     "`mailhaul sync` tells it what is wanted");
}

static int write_pid(int fd)
{
	char pid[32];
	int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)n, 0) != n)
		return -1;
	return 0;
}

int state_lock_dir(const char *dir, int *ret_fd, struct err *err)
{
	char *path = path_in(dir, "mailhaul.lock");
	struct flock lock = whole_file();
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = -1;

	if (fd < 0) {
		(void)err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, errno, "cannot open %s", path);
		(void)err_hint(err, "make %s writable for this user", dir);
	} else if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
		if (errno == EAGAIN || errno == EACCES)
			(void)fail_locked(err, fd, dir);
		else
			(void)err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
				ERR_RETRY_CHANGE, errno, "cannot lock %s",
				path);
	} else if (write_pid(fd) != 0) {
		(void)err_set_sys(err, ERR_DISK, ERR_SCOPE_SERVICE,
			ERR_RETRY_LATER, errno, "cannot write %s", path);
	} else {
		r = 0;
	}
	free(path);
	if (r == 0)
		*ret_fd = fd;
	else if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Who restores a backup holds the lock, too, but not before we opened. */
static bool was_replaced(const struct state *state)
{
	char *path = path_in(state->dir, "mailhaul.db");
	struct stat st;
	bool same = stat(path, &st) == 0 && st.st_dev == state->db_dev &&
		    st.st_ino == state->db_ino;

	free(path);
	return !same;
}

int state_lock(struct state *state, struct err *err)
{
	int fd;

	if (state_lock_dir(state->dir, &fd, err) != 0)
		return -1;
	if (was_replaced(state)) {
		(void)close(fd);
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_LATER,
			"the job table in %s was replaced while it was opened; "
			"start again",
			state->dir);
	}
	state->lock_fd = fd;
	return 0;
}

bool state_is_locked(const struct state *state)
{
	char *path = path_in(state->dir, "mailhaul.lock");
	struct flock lock = whole_file();
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	bool held = false;

	free(path);
	if (fd < 0)
		return false;
	if (fcntl(fd, F_OFD_GETLK, &lock) == 0)
		held = lock.l_type != F_UNLCK;
	(void)close(fd);
	return held;
}

char *state_ledger_path(const struct state *state, const char *account_uuid)
{
	return mem_printf("%s/ledgers/%s.db", state->dir, account_uuid);
}
