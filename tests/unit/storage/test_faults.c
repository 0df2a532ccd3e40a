/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every call that can fail does fail: the n-th one, for all n, with an I/O
 * error or a full disk. The import must end with an error or in peace, and
 * the next one, undisturbed, must leave each message exactly once. Then the
 * faults whose outcome is laid down. The C library is taken over here.
 */
#include "import_rig.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static bool all_steps; /* --all */

/* The sweep: the n-th call of any kind. */
static atomic_long fail_at, step;
static atomic_int fail_errno;
static atomic_bool counting;
/* Single faults: the n-th syncfs; what every RENAME_NOREPLACE says. */
static atomic_int syncs, fail_sync, rename_errno;
/* Called within the n-th syncfs. */
static atomic_int hook_sync;
static char *hook_file; /* removed there */
/* Where it is not 0: every syncfs of that file system fails. */
static _Atomic(dev_t) broken_dev;
/* 1: a syncfs waits at the gate, and says 2 that it does, until it is 0. */
static atomic_int gate;

static bool fails(void)
{
	if (!atomic_load(&counting) ||
		atomic_fetch_add(&step, 1) + 1 != atomic_load(&fail_at))
		return false;
	errno = atomic_load(&fail_errno);
	return true;
}

ssize_t write(int fd, const void *p, size_t n)
{
	return fd > 2 && fails() ? -1 : syscall(SYS_write, fd, p, n);
}
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	return fails() ? -1 : syscall(SYS_pwrite64, fd, p, n, at);
}
int renameat2(int a, const char *x, int b, const char *y, unsigned flags)
{
	if (atomic_load(&rename_errno) != 0 && flags == RENAME_NOREPLACE) {
		errno = atomic_load(&rename_errno);
		return -1;
	}
	return fails() ? -1 : (int)syscall(SYS_renameat2, a, x, b, y, flags);
}
int renameat(int a, const char *x, int b, const char *y)
{
	return fails() ? -1 : (int)syscall(SYS_renameat2, a, x, b, y, 0);
}
int linkat(int a, const char *x, int b, const char *y, int flags)
{
	return fails() ? -1 : (int)syscall(SYS_linkat, a, x, b, y, flags);
}
int mkdirat(int fd, const char *x, mode_t mode)
{
	return fails() ? -1 : (int)syscall(SYS_mkdirat, fd, x, mode);
}
int unlinkat(int fd, const char *x, int flags)
{
	return fails() ? -1 : (int)syscall(SYS_unlinkat, fd, x, flags);
}
int openat64(int fd, const char *x, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return fails() ? -1 : (int)syscall(SYS_openat, fd, x, flags, mode);
}
int futimens(int fd, const struct timespec t[2])
{
	return fails() ? -1 : (int)syscall(SYS_utimensat, fd, NULL, t, 0);
}
int fsync(int fd)
{
	(void)fd;
	return fails() ? -1 : 0;
}
int fdatasync(int fd)
{
	(void)fd;
	return fails() ? -1 : 0;
}
static void wait_at_gate(void)
{
	int closed = 1;

	if (atomic_compare_exchange_strong(&gate, &closed, 2))
		while (atomic_load(&gate) != 0)
			(void)usleep(1000);
}

static bool is_broken(int fd)
{
	dev_t broken = atomic_load(&broken_dev);
	struct stat st;

	return broken != 0 && fstat(fd, &st) == 0 && st.st_dev == broken;
}

int syncfs(int fd)
{
	int n = atomic_fetch_add(&syncs, 1) + 1;

	wait_at_gate();
	if (is_broken(fd)) {
		errno = EIO;
		return -1;
	}
	if (n == atomic_load(&hook_sync) && hook_file != NULL)
		(void)unlink(hook_file);
	if (n == atomic_load(&fail_sync)) {
		errno = EIO;
		return -1;
	}
	return fails() ? -1 : 0;
}

static void child_imports(struct rig *rig, uint32_t count, bool fsync_each)
{
	struct err err = {.text = ""};

	if (committer_start(rig->state, fsync_each, &rig->committer, &err) != 0)
		_exit(1);
	if (ledger_open(rig->ledger_path, rig->uuid, ++rig->fence, &rig->ledger,
		    &err) != 0 ||
		store_open(&rig->config, rig->ledger, rig->committer,
			&rig->store, &err) != 0 ||
		import_run(rig, count, &err) != 0)
		_exit(err.text[0] != '\0' || rig->err.text[0] != '\0' ? 1 : 2);
	rig_close(rig);
	committer_stop(&rig->committer);
	_exit(atomic_load(&step) < atomic_load(&fail_at) ? 0 : 3);
}

/* 0 done, 1 failed with a reason, 3 done although something failed. */
static int run_child(
	struct rig *rig, uint32_t count, bool fsync_each, long at, int errnum)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		atomic_store(&fail_at, at);
		atomic_store(&fail_errno, errnum);
		atomic_store(&counting, true);
		child_imports(rig, count, fsync_each);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void sweep(int errnum, bool fsync_each, long stride)
{
	const uint32_t count = 6;
	long at = 1 + (long)time(NULL) % stride, failures = 0;
	struct rig rig;
	int rc;

	rig_prepare(&rig);
	print_message("%s, every %ld from %ld\n", strerror(errnum), stride, at);
	for (; at < 4000; at += stride) {
		import_start_over(&rig);
		rc = run_child(&rig, count, fsync_each, at, errnum);
		if (rc == 0)
			break;
		assert_true(rc == 1 || rc == 3);
		failures += rc == 1;
		rig.fence++;
		assert_int_equal(run_child(&rig, count, fsync_each, 0, 0), 3);
		import_check(rig.root, "", count);
		import_check(rig.root, ".Sub.Deep/", count);
		assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 0);
	}
	print_message("%ld failures\n", failures);
	assert_true(failures > 80 / stride);
	import_end(&rig);
}

static void each_call_fails(void **state)
{
	(void)state;
#ifdef MAILHAUL_SANITIZED
	sweep(EIO, false, 11);
	sweep(ENOSPC, true, 13);
#else
	sweep(EIO, false, all_steps ? 1 : 3);
	sweep(ENOSPC, false, all_steps ? 1 : 5);
	sweep(EIO, true, all_steps ? 1 : 7);
#endif
}

static void clear_faults(void)
{
	atomic_store(&syncs, 0);
	atomic_store(&fail_sync, 0);
	atomic_store(&hook_sync, 0);
	atomic_store(&rename_errno, 0);
	free(hook_file);
	hook_file = NULL;
}

static size_t rows(struct rig *rig, int64_t mailbox)
{
	uint32_t *uids;
	size_t n;

	rig_ok(rig,
		ledger_uids(rig->ledger, mailbox, 7, 0, &uids, &n, &rig->err));
	free(uids);
	return n;
}

/* One message with one fault, then once more without. staged, row: what has
 * to be left after the fault. */
static void one_fault(struct rig *rig, bool row, bool file)
{
	struct folder *f;
	int64_t mailbox;
	char *stage;

	f = rig_folder(rig, "INBOX", &mailbox);
	atomic_store(&syncs, 0);
	rig_ok(rig, rig_deliver(rig, f, mailbox, 1, "", "x\r\n"));
	assert_int_equal(store_flush(rig->store, &rig->err), -1);
	/* the error stays, also for what comes later */
	assert_int_equal(rig_deliver(rig, f, mailbox, 2, "", "y\r\n"), -1);
	assert_int_equal(store_flush(rig->store, &rig->err), -1);
	assert_int_equal(rows(rig, mailbox), row);
	stage = mem_printf("mailhaul.stage/%s.%" PRId64, rig->uuid, rig->fence);
	assert_int_equal(rig_entries(rig->root, stage), file);
	free(stage);
	rig_close(rig);
	clear_faults();
	rig_open(rig);
	f = rig_folder(rig, "INBOX", &mailbox);
	assert_int_equal(rig_entries(rig->root, "new"), row);
	rig_ok(rig, rig_deliver(rig, f, mailbox, 1, "", "x\r\n"));
	rig_ok(rig, store_flush(rig->store, &rig->err));
	assert_int_equal(rig_entries(rig->root, "new"), 1);
	assert_int_equal(rig_staged_rows(rig), 0);
}

/* The three syncs of a batch: contents, rows, names. */
static void each_sync_fails(void **state)
{
	struct rig rig;

	(void)state;
	for (int n = 1; n <= 3; n++) {
		rig_start(&rig, false);
		rig_open(&rig);
		atomic_store(&fail_sync, n);
		one_fault(&rig, n > 1, n == 2);
		assert_int_equal(rig.err.class, ERR_DISK);
		rig_end(&rig);
	}
}

/* A store on another file system, with the committer of the first one. */
static bool start_elsewhere(struct rig *rig, const struct rig *first)
{
	struct stat here, there;

	rig_prepare(rig);
	free(rig->root);
	(void)snprintf(rig->dir, sizeof rig->dir, "/dev/shm/store.XXXXXX");
	if (stat(first->dir, &here) != 0 || stat("/dev/shm", &there) != 0 ||
		here.st_dev == there.st_dev || mkdtemp(rig->dir) == NULL) {
		print_message("*** NO SECOND FILE SYSTEM WAS TESTED: "
			      "/dev/shm is none ***\n");
		return false;
	}
	rig->root = mem_printf("%s/mail", rig->dir);
	rig->config.root = rig->root;
	rig->committer = first->committer;
	return true;
}

/* One batch of two file systems, of which one is broken: the other one's mail,
 * and the ledgers, are there. */
static void one_file_system_fails(void **state)
{
	struct rig bad, good;
	struct folder *in_bad, *in_good;
	int64_t bad_id, good_id;
	char *spare_dir;
	struct stat st;

	(void)state;
	rig_start(&good, false);
	if (!start_elsewhere(&bad, &good))
		skip();
	spare_dir = mem_strndup(bad.state, strlen(bad.state) - 6);
	rig_open(&bad);
	rig_open(&good);
	in_bad = rig_folder(&bad, "INBOX", &bad_id);
	in_good = rig_folder(&good, "INBOX", &good_id);
	assert_int_equal(stat(bad.root, &st), 0);
	/* one batch is held up, so that the next one has both */
	atomic_store(&gate, 1);
	rig_ok(&good, rig_deliver(&good, in_good, good_id, 1, "", "x\r\n"));
	store_hurry(good.store);
	while (atomic_load(&gate) != 2)
		(void)usleep(1000);
	atomic_store(&broken_dev, st.st_dev);
	rig_ok(&bad, rig_deliver(&bad, in_bad, bad_id, 1, "", "x\r\n"));
	rig_ok(&good, rig_deliver(&good, in_good, good_id, 2, "", "x\r\n"));
	atomic_store(&gate, 0);
	assert_int_equal(store_flush(bad.store, &bad.err), -1);
	assert_int_equal(bad.err.class, ERR_DISK);
	rig_ok(&good, store_flush(good.store, &good.err));
	assert_int_equal(rig_entries(good.root, "new"), 2);
	assert_int_equal(rig_entries(bad.root, "new"), 0);
	/* mended: what was lost is wanted again, and comes */
	atomic_store(&broken_dev, 0);
	rig_close(&bad);
	rig_open(&bad);
	in_bad = rig_folder(&bad, "INBOX", &bad_id);
	rig_ok(&bad, rig_deliver(&bad, in_bad, bad_id, 1, "", "x\r\n"));
	rig_ok(&bad, store_flush(bad.store, &bad.err));
	assert_int_equal(rig_entries(bad.root, "new"), 1);
	rig_close(&bad);
	keys_free(&bad.keys);
	rig_remove(bad.dir);
	rig_remove(spare_dir);
	free(spare_dir);
	free(bad.state);
	free(bad.root);
	free(bad.ledger_path);
	rig_end(&good);
}

/* Somebody removes the staged file: before the row, after the row. */
static void staged_file_is_removed(void **state)
{
	struct rig rig;

	(void)state;
	for (int n = 1; n <= 2; n++) {
		rig_start(&rig, false);
		rig_open(&rig);
		hook_file = mem_printf("%s/mailhaul.stage/%s.%" PRId64 "/1",
			rig.root, rig.uuid, rig.fence);
		atomic_store(&hook_sync, n);
		one_fault(&rig, false, false);
		assert_int_equal(rig.err.class, ERR_STORE);
		rig_end(&rig);
	}
}

/* A filesystem that knows no RENAME_NOREPLACE. */
static void rename_needs_help(void **state)
{
	struct rig rig;
	struct folder *f;
	int64_t mailbox;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	atomic_store(&rename_errno, EINVAL);
	one_fault(&rig, true, true);
	rig_end(&rig);

	rig_start(&rig, true);
	rig_open(&rig);
	atomic_store(&rename_errno, EINVAL);
	f = rig_folder(&rig, "INBOX", &mailbox);
	for (uint32_t uid = 1; uid <= 3; uid++)
		rig_ok(&rig, rig_deliver(&rig, f, mailbox, uid, "", "x\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	assert_int_equal(rig_entries(rig.root, "new"), 3);
	rig_close(&rig);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 0);
	clear_faults();
	rig_end(&rig);
}

/* What one_fault leaves in rig->err is of its last good call: ask again. */
static void the_remedy_is_named(void **state)
{
	struct rig rig;
	struct folder *f;
	int64_t mailbox;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	atomic_store(&rename_errno, ENOSYS);
	f = rig_folder(&rig, "INBOX", &mailbox);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "", "x\r\n"));
	assert_int_equal(store_flush(rig.store, &rig.err), -1);
	assert_int_equal(rig.err.class, ERR_STORE);
	assert_non_null(strstr(rig.err.hint, "store.durability=fsync"));
	clear_faults();
	rig_end(&rig);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sync_fails),
		cmocka_unit_test(one_file_system_fails),
		cmocka_unit_test(staged_file_is_removed),
		cmocka_unit_test(rename_needs_help),
		cmocka_unit_test(the_remedy_is_named),
		cmocka_unit_test(each_call_fails),
	};

	all_steps = argc > 1 && strcmp(argv[1], "--all") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
