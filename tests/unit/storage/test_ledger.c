/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger_rig.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- file, fence, lock */

static void test_fence(void **unused)
{
	struct ledger *l = NULL;
	struct err err = {0};

	(void)unused;
	assert_int_equal(ledger_fence(ledger), 3);
	assert_string_equal(ledger_account(ledger), UUID);
	reopen(4);
	ledger_close(&ledger);
	assert_int_equal(ledger_open(path, UUID, 3, &l, &err), -1);
	assert_null(l);
	assert_int_equal(err.class, ERR_CANCELLED);
	assert_non_null(strstr(err.text, "newer run"));
	ledger = open_ok(4);
}

/* The number in the file rises under an open ledger: no begin works. */
static void test_fence_in_begin(void **unused)
{
	struct err err = {0};
	struct stmt *s;

	(void)unused;
	s = db_stmt(ledger->db, "ledger_take");
	stmt_bind_text(s, "account_uuid", UUID);
	stmt_bind_int(s, "fence", 4);
	assert_int_equal(stmt_run(s, NULL), 0);
	assert_int_equal(ledger_begin(ledger, &err), -1);
	assert_int_equal(err.class, ERR_CANCELLED);
	err.class = ERR_NONE;
	assert_int_equal(ledger_note(ledger, "k", "v", &err), -1);
	assert_int_equal(err.class, ERR_CANCELLED);
	assert_int_equal(ledger_done(ledger, NULL, 0, &err), -1);
}

static void test_of_another_account(void **unused)
{
	struct ledger *l = NULL;
	struct err err = {0};

	(void)unused;
	ledger_close(&ledger);
	assert_int_equal(ledger_open(path, "ffffffffffffffffffffffffffffffff",
				 9, &l, &err),
		-1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "another account"));
}

/* A ledger that is gone: what its WAL held must not get into the new one. */
static void test_old_wal(void **unused)
{
	char wal[sizeof path + 8];
	char bytes[65536];
	size_t n;
	FILE *f;

	(void)unused;
	assert_true(stage(message(1, "")) != 0);
	(void)snprintf(wal, sizeof wal, "%s-wal", path);
	f = fopen(wal, "rb");
	n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	assert_true(n > 0);
	ledger_close(&ledger);
	assert_int_equal(access(wal, F_OK), -1);
	assert_int_equal(unlink(path), 0);
	f = fopen(wal, "wb");
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
	ledger = open_ok(1); /* lower than the old one's fence */
	assert_int_equal(
		ledger_mailbox(ledger, "INBOX", "INBOX", &inbox, NULL), 0);
	assert_counts(0, 0, 0, 0);
}

static void test_rollback(void **unused)
{
	struct ledger_message *m = message(1, "");

	(void)unused;
	assert_int_equal(ledger_begin(ledger, NULL), 0);
	assert_true(stage(m) != 0);
	assert_int_equal(ledger_set_store_id(ledger, "id", NULL), 0);
	ledger_rollback(ledger);
	assert_int_equal(ledger_find_uid(ledger, inbox.id, 7, 1, m, NULL), 0);
	assert_counts(0, 0, 0, 0);
	assert_uids(0, "");
}

/* A failure inside undoes the whole; the ledger goes on. */
static void test_rollback_on_failure(void **unused)
{
	struct ledger_message *m;
	struct err err = {0};
	bool is_new = true;

	(void)unused;
	m = message(1, "");
	m->mailbox_id = 4711; /* there is none: foreign key */
	assert_int_equal(ledger_stage(ledger, m, &is_new, &err), -1);
	assert_true(is_new);
	m = message(1, "and-a-uidl");
	assert_int_equal(ledger_stage(ledger, m, &is_new, &err), -1);
	assert_non_null(strstr(err.text, "UID"));
	m = message(0, "");
	assert_int_equal(ledger_stage(ledger, m, &is_new, &err), -1);
	assert_true(stage(message(1, "")) != 0);
	assert_counts(1, 0, 0, 101);
}

static void test_store_id_and_notes(void **unused)
{
	char id[64], *note;

	(void)unused;
	assert_int_equal(ledger_store_id(ledger, id, NULL), 0);
	assert_string_equal(id, "");
	assert_int_equal(ledger_set_store_id(ledger, "abc", NULL), 0);
	assert_int_equal(
		ledger_note(ledger, "keywords:INBOX", "$X $Y", NULL), 0);
	reopen(4);
	assert_int_equal(ledger_store_id(ledger, id, NULL), 0);
	assert_string_equal(id, "abc");
	note = ledger_note_get(ledger, "keywords:INBOX", NULL);
	assert_string_equal(note, "$X $Y");
	free(note);
	assert_int_equal(ledger_note(ledger, "keywords:INBOX", "", NULL), 0);
	note = ledger_note_get(ledger, "keywords:INBOX", NULL);
	assert_string_equal(note, "");
	free(note);
}

/* ---- mailboxes */

static void test_mailbox(void **unused)
{
	struct ledger_mailbox m, again;

	(void)unused;
	assert_string_equal(inbox.dir, "");
	assert_int_equal(
		ledger_mailbox(ledger, "Ex\xff\xc4", "Ex%FF", &m, NULL), 0);
	assert_string_equal(m.name, "Ex\xff\xc4");
	m.uidvalidity = UINT32_MAX;
	m.uidnext = 77;
	m.highestmodseq = 1ull << 62;
	m.exists = 12;
	assert_int_equal(ledger_mailbox_mark(ledger, &m, NULL), 0);
	reopen(4);
	/* The plan wants another folder now: the mapping stays. */
	assert_int_equal(
		ledger_mailbox(ledger, "Ex\xff\xc4", "Other", &again, NULL), 0);
	assert_int_equal(again.id, m.id);
	assert_string_equal(again.folder, "Ex%FF");
	assert_string_equal(again.dir, m.dir);
	assert_int_equal(again.uidvalidity, UINT32_MAX);
	assert_int_equal(again.uidnext, 77);
	assert_true(again.highestmodseq == 1ull << 62);
	assert_int_equal(again.exists, 12);
}

static void lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s + 'a' - 'A');
}

/* Whatever the plan wants, no two mailboxes share a directory, even where
 * the file system ignores case. */
static void test_directories_are_injective(void **unused)
{
	static const char *const folders[] = {"Work", "work", "WORK", "Work",
		"Work~1", "work~1", "INBOX", "INBOX", "Straße", "STRASSE", "É",
		"é", "a/b", "A/B", "Work", "wOrk"};
	const size_t count = sizeof folders / sizeof folders[0];
	struct ledger_mailbox *all = NULL;
	char long_a[400], long_b[400];
	size_t n;

	(void)unused;
	for (size_t i = 0; i < count; i++) {
		struct ledger_mailbox m;
		char name[32];
		(void)snprintf(name, sizeof name, "mailbox %zu", i);
		assert_int_equal(
			ledger_mailbox(ledger, name, folders[i], &m, NULL), 0);
	}
	/* Equal but for the last letter, far behind what a name may hold. */
	memset(long_a, 'x', sizeof long_a - 1);
	long_a[sizeof long_a - 1] = '\0';
	memcpy(long_b, long_a, sizeof long_b);
	long_b[sizeof long_b - 2] = 'X';
	assert_int_equal(
		ledger_mailbox(ledger, long_a, long_a, &inbox, NULL), 0);
	assert_int_equal(
		ledger_mailbox(ledger, long_b, long_b, &inbox, NULL), 0);
	assert_int_equal(ledger_mailboxes(ledger, &all, &n, NULL), 0);
	assert_int_equal(n, count + 3);
	for (size_t i = 0; i < n; i++)
		lower(all[i].dir);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(all[i].dir, all[j].dir);
	free(all);
}

/* ---- two threads, as run and committer */

#define ROUNDS 200
static atomic_int overlaps;
static atomic_int inside;

static void *work(void *arg)
{
	uint32_t first = *(uint32_t *)arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct ledger_message m;
		bool is_new;
		memset(&m, 0, sizeof m);
		m.mailbox_id = inbox.id;
		m.uidvalidity = 7;
		m.uid = first + i;
		if (ledger_begin(ledger, NULL) != 0)
			return arg;
		if (atomic_fetch_add(&inside, 1) != 0)
			atomic_fetch_add(&overlaps, 1);
		if (ledger_stage(ledger, &m, &is_new, NULL) != 0 || !is_new ||
			ledger_done(ledger, &m.id, 1, NULL) != 0)
			atomic_fetch_add(&overlaps, 1);
		atomic_fetch_sub(&inside, 1);
		if (i % 3 == 0)
			ledger_rollback(ledger);
		else if (ledger_commit(ledger, NULL) != 0)
			return arg;
		if (ledger_find_uid(ledger, inbox.id, 7, first + i, &m, NULL) !=
			(i % 3 == 0 ? 0 : 1))
			atomic_fetch_add(&overlaps, 1);
	}
	return NULL;
}

static void test_two_threads(void **unused)
{
	uint32_t starts[] = {1, 100000};
	pthread_t threads[2];
	uint32_t *uids = NULL;
	size_t n = 0;

	(void)unused;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, work, &starts[i]), 0);
	for (size_t i = 0; i < 2; i++) {
		void *failed = NULL;
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(atomic_load(&overlaps), 0);
	assert_int_equal(
		ledger_uids(ledger, inbox.id, 7, 0, &uids, &n, NULL), 0);
	assert_int_equal(n, 2 * (ROUNDS - (ROUNDS + 2) / 3));
	free(uids);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_fence),
		T(test_fence_in_begin),
		T(test_of_another_account),
		T(test_old_wal),
		T(test_rollback),
		T(test_rollback_on_failure),
		T(test_store_id_and_notes),
		T(test_mailbox),
		T(test_directories_are_injective),
		T(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
