/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exactly once, wherever the process ends. A child imports and dies: before
 * and after each single call that changes anything on disk, the ledger's
 * included, and at random moments by SIGKILL. After each death the store is
 * opened again, the import is finished, and every message must be there
 * once, byte for byte, with nothing left in staging. With --all the sweep
 * leaves no step out. The calls of the C
 * library are taken over here, in the test program.
 */
#include "import_rig.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

/* Dies at this call: odd before it is done, even after. 0 never. */
static atomic_long die_at, step;
static atomic_bool counting;

static bool dies(void)
{
	if (!atomic_load(&counting))
		return false;
	return atomic_fetch_add(&step, 1) + 1 == atomic_load(&die_at);
}

#define TAKE_OVER(call)     \
	if (dies())         \
		_exit(9);   \
	long rc = (call);   \
	int errnum = errno; \
	if (dies())         \
		_exit(9);   \
	errno = errnum;     \
	return rc

ssize_t write(int fd, const void *p, size_t n)
{
	TAKE_OVER(syscall(SYS_write, fd, p, n));
}
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	TAKE_OVER(syscall(SYS_pwrite64, fd, p, n, at));
}
int renameat2(int a, const char *x, int b, const char *y, unsigned flags)
{
	TAKE_OVER((int)syscall(SYS_renameat2, a, x, b, y, flags));
}
int renameat(int a, const char *x, int b, const char *y)
{
	TAKE_OVER((int)syscall(SYS_renameat2, a, x, b, y, 0));
}
int unlinkat(int fd, const char *x, int flags)
{
	TAKE_OVER((int)syscall(SYS_unlinkat, fd, x, flags));
}
int linkat(int a, const char *x, int b, const char *y, int flags)
{
	TAKE_OVER((int)syscall(SYS_linkat, a, x, b, y, flags));
}
int mkdirat(int fd, const char *x, mode_t mode)
{
	TAKE_OVER((int)syscall(SYS_mkdirat, fd, x, mode));
}
/* A kill does not need the disk; the order is what is tested. */
int syncfs(int fd)
{
	(void)fd;
	TAKE_OVER(0);
}
int fsync(int fd)
{
	(void)fd;
	TAKE_OVER(0);
}
int fdatasync(int fd)
{
	(void)fd;
	TAKE_OVER(0);
}

static bool all_steps; /* --all */

#ifdef MAILHAUL_SANITIZED
#define KILLS 15
#else
#define KILLS 60
#endif

static void child_imports(struct rig *rig, uint32_t count, bool fsync_each)
{
	struct err err;

	if (committer_start(rig->state, fsync_each, &rig->committer, &err) ==
			0 &&
		rig_try_open(rig) == 0 && import_run(rig, count, &err) == 0) {
		rig_close(rig);
		committer_stop(&rig->committer);
		_exit(0);
	}
	_exit(1);
}

/* Status of the child; kill_us ≥ 0: SIGKILL after that time. */
static int run_child(
	struct rig *rig, uint32_t count, bool fsync_each, long at, long kill_us)
{
	struct timespec t = {.tv_nsec = kill_us * 1000};
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		atomic_store(&die_at, at);
		atomic_store(&counting, true);
		child_imports(rig, count, fsync_each);
	}
	if (kill_us >= 0) {
		(void)nanosleep(&t, NULL);
		(void)kill(pid, SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void finish_and_check(struct rig *rig, uint32_t count, bool fsync_each)
{
	int status;

	rig->fence++;
	status = run_child(rig, count, fsync_each, 0, -1);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	import_check(rig->root, "", count);
	import_check(rig->root, ".Sub.Deep/", count);
	assert_int_equal(rig_entries(rig->root, "mailhaul.stage"), 0);
}

static void sweep(bool fsync_each, long stride)
{
	const uint32_t count = 6;
	long at, deaths = 0;
	struct rig rig;
	int status;

	rig_prepare(&rig);
	/* another remainder in each run: all steps are seen in time */
	at = 1 + (long)time(NULL) % stride;
	print_message("every %ld from %ld\n", stride, at);
	for (; at < 4000; at += stride) {
		import_start_over(&rig);
		status = run_child(&rig, count, fsync_each, at, -1);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 0)
			break;
		assert_int_equal(WEXITSTATUS(status), 9);
		deaths++;
		finish_and_check(&rig, count, fsync_each);
	}
	print_message("%ld deaths\n", deaths);
	assert_true(deaths > 200 / stride);
	import_check(rig.root, "", count);
	import_end(&rig);
}

static void dies_at_every_step(void **state)
{
	(void)state;
#ifdef MAILHAUL_SANITIZED
	sweep(false, 9);
#else
	sweep(false, all_steps ? 1 : 3);
#endif
}

static void dies_at_every_step_with_fsync(void **state)
{
	(void)state;
#ifdef MAILHAUL_SANITIZED
	sweep(true, 13);
#else
	sweep(true, all_steps ? 1 : 5);
#endif
}

/* Dies again while it recovers. */
static void dies_in_recovery(void **state)
{
	const uint32_t count = 6;
	struct rig rig;

	(void)state;
	rig_prepare(&rig);
	for (long at = 60; at < 600; at += 47) {
		import_start_over(&rig);
		(void)run_child(&rig, count, false, at, -1);
		for (long again = 1; again < 60; again += 17) {
			rig.fence++;
			(void)run_child(&rig, count, false, again, -1);
		}
		finish_and_check(&rig, count, false);
	}
	import_end(&rig);
}

static void killed_at_random_moments(void **state)
{
	const uint32_t count = 150; /* in each of two folders */
	unsigned seed = (unsigned)time(NULL);
	struct rig rig;
	long spread = 40000;
	int kills = 0, status;

	(void)state;
	print_message("seed %u\n", seed);
	rig_prepare(&rig);
	while (kills < KILLS) {
		import_start_over(&rig);
		do {
			rig.fence++;
			status = run_child(&rig, count, false, 0,
				1000 + rand_r(&seed) % spread);
			kills += WIFSIGNALED(status);
		} while (WIFSIGNALED(status) && kills < KILLS);
		if (!WIFSIGNALED(status))
			assert_int_equal(WEXITSTATUS(status), 0);
		finish_and_check(&rig, count, false);
	}
	import_end(&rig);
}

int main(int argc, char **argv)
{
	all_steps = argc > 1 && strcmp(argv[1], "--all") == 0;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dies_at_every_step),
		cmocka_unit_test(dies_at_every_step_with_fsync),
		cmocka_unit_test(dies_in_recovery),
		cmocka_unit_test(killed_at_random_moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
