/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "storage/secret.h"
#include "storage/state.h"

#include <fcntl.h>
#include <sys/wait.h>

static char dir[SCRATCH_MAX];
static char home[SCRATCH_MAX + 16];

static int setup(void **state)
{
	(void)state;
	scratch_make(dir);
	(void)snprintf(home, sizeof home, "%s/state", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)umask(022);
	scratch_remove(dir);
	return 0;
}

static void assert_mode(const char *name, mode_t mode)
{
	char path[sizeof home + 32];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/%s", home, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void init_ok(bool *created)
{
	struct err err = {0};

	if (state_init(home, created, &err) != 0)
		fail_msg("%s", err.text);
}

static struct state *open_ok(void)
{
	struct state *s = NULL;
	struct err err = {0};

	if (state_open(home, &s, &err) != 0)
		fail_msg("%s", err.text);
	return s;
}

static void read_key(char out[64])
{
	char path[sizeof home + 32];
	int fd;

	(void)snprintf(path, sizeof path, "%s/mailhaul.key", home);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, out, 64), 32);
	close(fd);
}

/* Modes do not depend on the umask, open or closed. */
static void test_init(void **state)
{
	static const mode_t masks[] = {0, 0777, 022};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char before[64], after[64];
		bool created = false;

		(void)umask(masks[i]);
		init_ok(&created);
		(void)umask(022);
		assert_true(created);
		assert_mode("", 0700);
		assert_mode("mailhaul.db", 0600);
		assert_mode("mailhaul.key", 0400);
		assert_mode("ledgers", 0700);
		assert_mode("results", 0700);
		read_key(before);
		init_ok(&created);
		assert_false(created);
		read_key(after);
		assert_memory_equal(before, after, 32);
		scratch_remove(home);
	}
}

/* Once what is missing is made again, never what is there. */
static void test_init_mends(void **state)
{
	char path[sizeof home + 32];
	bool created = false;

	(void)state;
	init_ok(&created);
	(void)snprintf(path, sizeof path, "%s/ledgers", home);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(chmod(home, 0711), 0);
	init_ok(&created);
	assert_true(created);
	assert_mode("ledgers", 0700);
	assert_mode("", 0711);
}

static void test_init_refuses(void **state)
{
	char below[sizeof home + 32];
	struct err err = {0};
	bool created = false;

	(void)state;
	(void)snprintf(below, sizeof below, "%s/not/there", home);
	assert_int_equal(state_init(below, &created, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, below));
	assert_non_null(strstr(err.hint, "parent"));

	assert_int_equal(mkdir(home, 0700), 0);
	assert_int_equal(chmod(home, 0777), 0);
	assert_int_equal(state_init(home, &created, &err), -1);
	assert_non_null(strstr(err.text, "everybody"));
	assert_int_equal(rmdir(home), 0);

	assert_int_equal(close(open(home, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(state_init(home, &created, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_false(created);
}

static void test_open_without_database(void **state)
{
	struct state *s = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(state_open(home, &s, &err), -1);
	assert_null(s);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "has no database"));
	assert_non_null(strstr(err.hint, "mailhaul init"));
	/* Looking makes nothing. */
	assert_int_equal(access(home, F_OK), -1);
}

static void drop_privileges(void)
{
	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		_exit(99);
}

/* As another user: says whose it is. Only root can become one. */
static void test_open_as_another(void **state)
{
	bool created;
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	init_ok(&created);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(home, 0755), 0);
	pid = fork();
	if (pid == 0) {
		struct state *s = NULL;
		struct err err = {0};
		drop_privileges();
		_exit(state_open(home, &s, &err) != -1			? 1
			: err.class != ERR_CONFIG			? 2
			: strstr(err.text, "Permission denied") == NULL ? 3
			: strstr(err.hint, "belongs to root") == NULL	? 4
									: 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_lost_key(void **state)
{
	struct state *s;
	struct err err = {0};
	char path[sizeof home + 32];
	bool created;

	(void)state;
	init_ok(&created);
	(void)snprintf(path, sizeof path, "%s/mailhaul.key", home);
	assert_int_equal(unlink(path), 0);
	/* No password is sealed: a new one may be made. */
	init_ok(&created);
	assert_true(created);
	s = open_ok();
	assert_non_null(s->keys);
	state_close(&s);
	assert_int_equal(chmod(path, 0444), 0);
	s = open_ok();
	assert_null(s->keys);
	state_close(&s);
	(void)err;
}

static void test_lock(void **state)
{
	struct state *one, *two;
	struct err err = {0};
	char pid[32];
	bool created;

	(void)state;
	init_ok(&created);
	one = open_ok();
	two = open_ok();
	assert_false(state_is_locked(one));
	assert_int_equal(state_lock(one, &err), 0);
	assert_true(state_is_locked(one));
	assert_true(state_is_locked(two));
	assert_int_equal(state_lock(two, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	(void)snprintf(pid, sizeof pid, "(pid %ld)", (long)getpid());
	assert_non_null(strstr(err.text, pid));
	assert_mode("mailhaul.lock", 0600);
	/* The refused one has not dropped the first one's lock. */
	assert_true(state_is_locked(two));
	state_close(&one);
	assert_false(state_is_locked(two));
	assert_int_equal(state_lock(two, &err), 0);
	state_close(&two);
}

static void test_lock_ends_with_the_process(void **state)
{
	struct state *s;
	struct err err = {0};
	bool created;
	int ready[2], status;
	char c = 0;
	pid_t pid;

	(void)state;
	init_ok(&created);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct state *mine = NULL;
		c = state_open(home, &mine, NULL) == 0 &&
		    state_lock(mine, NULL) == 0;
		if (write(ready[1], &c, 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, 1);
	s = open_ok();
	assert_true(state_is_locked(s));
	assert_int_equal(state_lock(s, &err), -1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(state_is_locked(s));
	assert_int_equal(state_lock(s, &err), 0);
	state_close(&s);
	close(ready[0]);
	close(ready[1]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_init),
		T(test_init_mends),
		T(test_init_refuses),
		T(test_open_without_database),
		T(test_open_as_another),
		T(test_lost_key),
		T(test_lock),
		T(test_lock_ends_with_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
