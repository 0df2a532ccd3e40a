/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ledger whose bytes rot: whatever is read then is an error that says what
 * to do, or a row whose members keep their bounds; never a crash, and never
 * an empty ledger, which would fetch all mail again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector/base/mem.h"
#include "scratch.h"
#include "storage/ledger.h"

#include <fcntl.h>

#define UUID "0123456789abcdef0123456789abcdef"
#define MESSAGES 400
#define OFFSETS 50

static char dir[SCRATCH_MAX];
static char path[SCRATCH_MAX + 16];
static unsigned refused, read_through;

static void fill(void)
{
	struct ledger *l = NULL;
	struct ledger_mailbox box;
	static struct ledger_message m;

	assert_int_equal(ledger_open(path, UUID, 1, &l, NULL), 0);
	assert_int_equal(ledger_mailbox(l, "INBOX", "INBOX", &box, NULL), 0);
	assert_int_equal(ledger_begin(l, NULL), 0);
	for (uint32_t uid = 1; uid <= MESSAGES; uid++) {
		bool is_new;
		memset(&m, 0, sizeof m);
		m.mailbox_id = box.id;
		m.uidvalidity = 7;
		m.uid = uid;
		(void)snprintf(m.base, sizeof m.base,
			"1700000000.M%uK0123456789ABCDEFGHIJKLMNOP.host,S=1",
			(unsigned)uid);
		assert_int_equal(ledger_stage(l, &m, &is_new, NULL), 0);
		if (uid % 2 == 0)
			assert_int_equal(ledger_done(l, &m.id, 1, NULL), 0);
	}
	assert_int_equal(ledger_commit(l, NULL), 0);
	ledger_close(&l);
}

static int bounded(void *arg, const struct ledger_message *m, const char *sub,
	struct err *err)
{
	(void)err;
	assert_true(strlen(m->base) < sizeof m->base);
	assert_null(strchr(m->base, '/'));
	assert_true(strlen(m->uidl) < sizeof m->uidl);
	assert_true(strlen(m->source.keywords) < FLAGS_KEYWORDS_MAX);
	assert_true(strlen(m->local.keywords) < FLAGS_KEYWORDS_MAX);
	assert_true(strlen(sub) < NAME_DIR_MAX);
	assert_true(m->state <= LEDGER_SKIPPED);
	++*(unsigned *)arg;
	return 0;
}

static int use(struct ledger *l, struct err *err)
{
	static struct ledger_message m;
	struct ledger_mailbox box, *all = NULL;
	uint32_t *uids = NULL;
	unsigned rows = 0;
	size_t n = 0;
	bool is_new;

	if (ledger_mailboxes(l, &all, &n, err) != 0)
		return -1;
	free(all);
	if (ledger_mailbox(l, "INBOX", "INBOX", &box, err) != 0 ||
		ledger_uids(l, box.id, 7, 0, &uids, &n, err) != 0)
		return -1;
	free(uids);
	if (ledger_each(l, box.id, 7, bounded, &rows, err) != 0 ||
		ledger_each_staged(l, bounded, &rows, err) != 0)
		return -1;
	memset(&m, 0, sizeof m);
	m.mailbox_id = box.id;
	m.uidvalidity = 7;
	m.uid = MESSAGES + 1;
	return ledger_stage(l, &m, &is_new, err);
}

static void try_once(void)
{
	struct ledger *l = NULL;
	struct err err = {0};

	if (ledger_open(path, UUID, 1, &l, &err) == 0 && use(l, &err) == 0) {
		read_through++;
	} else {
		refused++;
		assert_true(err.class == ERR_CONFIG || err.class == ERR_DISK ||
			    err.class == ERR_CANCELLED);
		assert_true(err.text[0] != '\0');
	}
	ledger_close(&l);
}

static char *load(size_t *ret_n)
{
	struct stat st;
	char *bytes;
	int fd = open(path, O_RDONLY);

	assert_int_equal(fstat(fd, &st), 0);
	*ret_n = (size_t)st.st_size;
	bytes = mem_alloc(*ret_n);
	assert_int_equal(read(fd, bytes, *ret_n), *ret_n);
	close(fd);
	return bytes;
}

static void put(const char *bytes, size_t n)
{
	char wal[sizeof path + 8];
	int fd;

	(void)snprintf(wal, sizeof wal, "%s-wal", path);
	(void)unlink(wal);
	fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static int setup(void **unused)
{
	(void)unused;
	scratch_make(dir);
	(void)snprintf(path, sizeof path, "%s/l.db", dir);
	fill();
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	scratch_remove(dir);
	return 0;
}

/* Half of them in the first pages, where the structure is. */
static void test_flipped_bytes(void **unused)
{
	size_t n, at;
	char *good = load(&n);
	char *bad = mem_alloc(n);

	(void)unused;
	refused = read_through = 0;
	for (size_t i = 0; i < OFFSETS; i++) {
		if (i < 10)
			at = i * 11; /* the header */
		else if (i < 25)
			at = (i - 10) % 8 * 4096 + i % 12; /* heads of pages */
		else
			at = n / OFFSETS * i + i * 7 % 101;
		memcpy(bad, good, n);
		bad[at] ^= (char)(i % 2 == 0 ? 0xff : 0x11);
		put(bad, n);
		try_once();
	}
	free(good);
	free(bad);
	assert_int_equal(refused + read_through, OFFSETS);
	assert_true(refused >= 10);
	assert_true(read_through >= 5);
}

static void test_cut_short(void **unused)
{
	size_t n;
	char *good = load(&n);

	(void)unused;
	refused = read_through = 0;
	for (size_t i = 0; i < 16; i++) {
		put(good, n / 16 * i);
		try_once();
	}
	free(good);
	assert_int_equal(refused, 16);
}

static void test_zeroed_pages(void **unused)
{
	size_t n, pages;
	char *good = load(&n);
	char *bad = mem_alloc(n);

	(void)unused;
	refused = read_through = 0;
	pages = n / 4096;
	for (size_t i = 0; i < pages; i++) {
		memcpy(bad, good, n);
		memset(bad + i * 4096, 0, 4096);
		put(bad, n);
		try_once();
	}
	free(good);
	free(bad);
	assert_true(refused > pages / 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_flipped_bytes),
		T(test_cut_short),
		T(test_zeroed_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
