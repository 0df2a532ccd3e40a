/* SPDX-License-Identifier: BSD-2-Clause */
/* The archive as it is read back, a ledger copied while it is written, and a
 * job table that was replaced under whoever had opened it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector/base/mem.h"
#include "jobs_rig.h"
#include "storage/archive.h"
#include "storage/backup.h"
#include "storage/ledger.h"
#include "storage/ledger_copy.h"
#include "storage/restored.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *in_dir(const char *name)
{
	static char paths[4][SCRATCH_MAX + 64];
	static unsigned next;
	char *p = paths[next++ % 4];

	(void)snprintf(p, sizeof paths[0], "%s/%s", dir, name);
	return p;
}

static int open_new(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	return fd;
}

static void archives_give_back_what_they_got(void **unused)
{
	static const size_t sizes[] = {0, 1, 511, 512, 513, 70000};
	unsigned char *bytes = mem_alloc(70000), *back = mem_alloc(70000);
	struct err err = {0};
	char name[ARCHIVE_NAME_BYTES];
	uint64_t n;
	int fd, in;

	(void)unused;
	for (size_t i = 0; i < 70000; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	fd = open_new(in_dir("tar"), "", 0);
	for (size_t i = 0; i < 6; i++) {
		char as[32];
		in = open_new(in_dir("in"), bytes, sizes[i]);
		(void)snprintf(as, sizeof as, "ledgers/%zu", i);
		assert_int_equal(archive_add(fd, "tar", as, in, 1, &err), 0);
		(void)close(in);
	}
	assert_int_equal(archive_end(fd, "tar", &err), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	for (size_t i = 0; i < 6; i++) {
		char as[32];
		(void)snprintf(as, sizeof as, "ledgers/%zu", i);
		assert_int_equal(archive_next(fd, "tar", name, &n, &err), 1);
		assert_string_equal(name, as);
		assert_int_equal(n, sizes[i]);
		in = open_new(in_dir("out"), "", 0);
		assert_int_equal(
			archive_read(fd, "tar", n, in, "out", &err), 0);
		assert_int_equal(pread(in, back, 70000, 0), (ssize_t)sizes[i]);
		assert_memory_equal(back, bytes, sizes[i]);
		(void)close(in);
	}
	assert_int_equal(archive_next(fd, "tar", name, &n, &err), 0);
	(void)close(fd);
	free(bytes);
	free(back);
}

/* ---- a ledger that is being written by another process */

#define ACCOUNT "0123456789abcdef0123456789abcdef"
#define AT_ONCE 20
#define COPIES 60

struct shared {
	atomic_uint committed; /* rows */
	atomic_bool stop;
};

static int write_batch(struct ledger *l, int64_t mailbox_id, uint32_t uid)
{
	struct ledger_message *m = mem_alloc(sizeof *m);
	bool new;
	int r = ledger_begin(l, NULL);

	for (uint32_t i = 0; r == 0 && i < AT_ONCE; i++) {
		memset(m, 0, sizeof *m);
		m->mailbox_id = mailbox_id;
		m->uidvalidity = 1;
		m->uid = uid + i;
		m->fence = 1;
		(void)snprintf(m->base, sizeof m->base, "%u.x", uid + i);
		memset(m->why_text, 'x', sizeof m->why_text - 1);
		r = ledger_stage(l, m, &new, NULL);
	}
	free(m);
	return r == 0 ? ledger_commit(l, NULL) : -1;
}

/* Opened and closed now and then: the -wal file comes and goes. */
static void write_rows(const char *path, struct shared *s)
{
	struct ledger *l = NULL;
	struct ledger_mailbox box;

	for (uint32_t uid = 1; !atomic_load(&s->stop); uid += AT_ONCE) {
		if (l == NULL &&
			(ledger_open(path, ACCOUNT, 1, &l, NULL) != 0 ||
				ledger_mailbox(
					l, "INBOX", "INBOX", &box, NULL) != 0))
			_exit(2);
		if (write_batch(l, box.id, uid) != 0)
			_exit(3);
		atomic_store(&s->committed, uid - 1 + AT_ONCE);
		if (uid / AT_ONCE % 97 == 0)
			ledger_close(&l);
	}
	ledger_close(&l);
	_exit(0);
}

static uint32_t rows_of(const char *path)
{
	struct ledger *l = NULL;
	struct ledger_mailbox box;
	struct err err = {.text = ""};
	uint32_t *uids = NULL;
	size_t n = 0;

	if (ledger_open(path, ACCOUNT, 1, &l, &err) != 0 ||
		ledger_mailbox(l, "INBOX", "INBOX", &box, &err) != 0 ||
		ledger_uids(l, box.id, 1, 0, &uids, &n, &err) != 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(uids[i], i + 1);
	free(uids);
	ledger_close(&l);
	return (uint32_t)n;
}

static void a_ledger_is_copied_while_it_is_written(void **unused)
{
	struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct err err = {.text = ""};
	unsigned copied = 0;
	uint32_t before, rows;
	int status, r;
	pid_t pid;

	(void)unused;
	assert_true(s != MAP_FAILED);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		write_rows(in_dir("l.db"), s);
	while (copied < COPIES) {
		before = atomic_load(&s->committed);
		r = ledger_copy(in_dir("l.db"), in_dir("copy.db"), &err);
		/* faster than it can be copied: a person tries again */
		if (r < 0 && strstr(err.text, "faster") != NULL)
			continue;
		if (r < 0)
			fail_msg("%s", err.text);
		if (r == 0)
			continue;
		assert_int_not_equal(access(in_dir("copy.db-wal"), F_OK), 0);
		rows = rows_of(in_dir("copy.db"));
		assert_true(rows >= before);
		assert_int_equal(rows % AT_ONCE, 0);
		assert_int_equal(unlink(in_dir("copy.db")), 0);
		copied++;
	}
	atomic_store(&s->stop, true);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(atomic_load(&s->committed) > AT_ONCE);
	(void)munmap(s, sizeof *s);
}

static void what_is_no_ledger_is_not_copied(void **unused)
{
	struct err err = {.text = ""};

	(void)unused;
	assert_int_equal(
		ledger_copy(in_dir("none.db"), in_dir("copy.db"), &err), 0);
	(void)close(open_new(in_dir("none.db"), "rubbish", 7));
	assert_int_equal(
		ledger_copy(in_dir("none.db"), in_dir("copy.db"), &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_not_equal(access(in_dir("copy.db"), F_OK), 0);
}

/* ---- restored */

static int64_t fence_of(int64_t id)
{
	struct job job;

	assert_int_equal(try_claim(now, 8, id, NULL, 0, &job), 1);
	assert_int_equal(jobs_release_all(state, now, NULL), 0);
	return job.fence;
}

static void on_left_out(void *arg, const char *account, const struct err *err)
{
	(void)arg;
	fail_msg("%s: %s", account, err->text);
}

static void reopen(void)
{
	state_close(&state);
	assert_int_equal(state_open(dir, &state, NULL), 0);
}

/* Each restored job table is beyond all runs that it has forgotten, and what
 * stands in the ledger. */
static void fences_go_beyond_what_is_forgotten(void **unused)
{
	struct backup_report report;
	struct restore_report restored;
	struct err err = {.text = ""};
	struct account a = {.id = 0};
	int64_t id = add("anna", "h"), last = fence_of(id), fence;
	struct ledger *l = NULL;
	char *ledger_path, *note;
	size_t n = 0;

	(void)unused;
	assert_int_equal(accounts_find(state, "anna", &a, &err), 1);
	ledger_path = state_ledger_path(state, a.uuid);
	assert_int_equal(backup_write(state, in_dir("b.tar"), on_left_out, NULL,
				 &report, &err),
		0);
	assert_int_equal(report.accounts, 1);
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 5; j++)
			last = fence_of(id);
		assert_int_equal(
			ledger_open(ledger_path, a.uuid, last, &l, &err), 0);
		ledger_close(&l);
		assert_int_equal(backup_restore(dir, in_dir("b.tar"), false,
					 &restored, &err),
			0);
		free(restored.old);
		reopen();
		assert_int_equal(restored_settle(state, &n, &err), 0);
		assert_int_equal(n, 1);
		assert_int_equal(restored_settle(state, &n, &err), 0);
		assert_int_equal(n, 0);
		fence = fence_of(id);
		assert_true(fence > last);
		assert_int_equal(
			ledger_open(ledger_path, a.uuid, fence, &l, &err), 0);
		note = ledger_note_get(l, "salvage", &err);
		assert_string_equal(note, "restored");
		free(note);
		ledger_close(&l);
	}
	free(ledger_path);
	account_clear(&a);
}

static void a_job_table_replaced_after_it_was_opened(void **unused)
{
	struct backup_report report;
	struct restore_report restored;
	struct state *other = NULL;
	struct err err = {.text = ""};

	(void)unused;
	assert_int_equal(backup_write(state, in_dir("b.tar"), on_left_out, NULL,
				 &report, &err),
		0);
	assert_int_equal(state_open(dir, &other, &err), 0);
	assert_int_equal(
		backup_restore(dir, in_dir("b.tar"), false, &restored, &err),
		0);
	free(restored.old);
	assert_int_equal(state_lock(other, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "replaced"));
	state_close(&other);
	reopen();
	assert_int_equal(state_lock(state, &err), 0);
	/* and while somebody holds it, nobody restores */
	assert_int_equal(
		backup_restore(dir, in_dir("b.tar"), false, &restored, &err),
		-1);
	assert_int_equal(err.class, ERR_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(archives_give_back_what_they_got),
		T(a_ledger_is_copied_while_it_is_written),
		T(what_is_no_ledger_is_not_copied),
		T(fences_go_beyond_what_is_forgotten),
		T(a_job_table_replaced_after_it_was_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
