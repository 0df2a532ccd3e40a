/* SPDX-License-Identifier: BSD-2-Clause */
/* expunge: into Trash or away, and the rows that say so. */
#include "storage/expunge.h"
#include "storage/ledger_expunge.h"

#include "store_rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct fixture {
	struct rig rig;
	struct folder *folder, *trash;
	struct expunge_item item[1600];
	size_t slices, outcomes[4];
};

static void settle(void)
{
	const struct timespec t = {.tv_nsec = 50 * 1000000L};

	(void)nanosleep(&t, NULL);
}

static struct fixture *setup(void)
{
	struct fixture *x = mem_alloc(sizeof *x);
	int64_t mailbox;

	rig_start(&x->rig, false);
	rig_open(&x->rig);
	x->folder = rig_folder(&x->rig, "F", &mailbox);
	x->trash = rig_folder(&x->rig, "Trash", &mailbox);
	return x;
}

static void teardown(struct fixture *x)
{
	rig_end(&x->rig);
	free(x);
}

static int count_slice(void *arg, const struct expunge_item *items,
	size_t count, struct err *err)
{
	struct fixture *x = arg;

	(void)err;
	x->slices++;
	assert_true(count <= 512);
	for (size_t i = 0; i < count; i++)
		x->outcomes[items[i].outcome]++;
	return 0;
}

static void expunge(struct fixture *x, size_t n, bool trash)
{
	const struct expunge_order order = {.folder = x->folder,
		.trash = trash ? x->trash : NULL,
		.spare_copies = true,
		.settled = count_slice,
		.arg = x};

	x->slices = 0;
	memset(x->outcomes, 0, sizeof x->outcomes);
	rig_ok(&x->rig,
		store_expunge(x->rig.store, &order, x->item, n, &x->rig.err));
}

static void put(struct fixture *x, const char *name)
{
	char *path = mem_printf(".F/%s", name);

	rig_put(x->rig.root, path, "four");
	free(path);
}

static void assert_file(struct fixture *x, const char *path, bool there)
{
	char *text = rig_get(x->rig.root, path);

	assert_int_equal(text != NULL, there);
	free(text);
}

static void trash_keeps_name_flags_and_keywords(void **state)
{
	struct fixture *x = setup();

	(void)state;
	rig_put(x->rig.root, ".F/dovecot-keywords", "0 one\n1 two\n");
	rig_put(x->rig.root, ".Trash/dovecot-keywords", "0 other\n");
	put(x, "cur/1.a,S=4:2,PSb");
	put(x, "new/2.b,S=4");
	put(x, "cur/3.c,S=4:2,");
	settle();
	x->item[0].base = "1.a,S=4";
	x->item[1].base = "2.b,S=4";
	x->item[2].base = "4.d";
	expunge(x, 3, true);
	assert_file(x, ".Trash/cur/1.a,S=4:2,PSb", true);
	assert_file(x, ".Trash/new/2.b,S=4", true);
	assert_file(x, ".F/cur/3.c,S=4:2,", true);
	assert_int_equal(x->outcomes[EXPUNGE_DONE], 2);
	assert_int_equal(x->outcomes[EXPUNGE_ABSENT], 1);
	teardown(x);
}

static void link_in(struct fixture *x, const char *from, const char *to)
{
	char *a = mem_printf("%s/%s", x->rig.root, from);
	char *b = mem_printf("%s/%s", x->rig.root, to);

	assert_int_equal(link(a, b), 0);
	free(a);
	free(b);
}

/* A reader's MOVE that has made its link, and not yet removed the file; and
 * its COPY. A link of another name is another message (a label), and a file
 * of the same name another one's. */
static void what_a_reader_has_elsewhere_is_not_in_the_trash(void **state)
{
	struct fixture *x = setup();
	int64_t mailbox;

	(void)state;
	(void)rig_folder(&x->rig, "Kept", &mailbox);
	put(x, "cur/1.a,S=4:2,S");
	put(x, "cur/2.b,S=4:2,");
	put(x, "new/3.c,S=4");
	put(x, "cur/4.d,S=4:2,");
	link_in(x, ".F/cur/1.a,S=4:2,S", ".Kept/cur/1.a,S=4:2,FS");
	link_in(x, ".F/cur/2.b,S=4:2,", ".Kept/cur/9.x,S=4:2,");
	link_in(x, ".F/new/3.c,S=4", "new/3.c,S=4");
	rig_put(x->rig.root, ".Kept/cur/4.d,S=4:2,", "more");
	link_in(x, ".F/cur/4.d,S=4:2,", ".Kept/tmp/4.d,S=4");
	settle();
	x->item[0].base = "1.a,S=4";
	x->item[1].base = "2.b,S=4";
	x->item[2].base = "3.c,S=4";
	x->item[3].base = "4.d,S=4";
	expunge(x, 4, true);
	assert_int_equal(x->outcomes[EXPUNGE_TAKEN], 2);
	assert_int_equal(x->outcomes[EXPUNGE_DONE], 2);
	assert_file(x, ".Kept/cur/1.a,S=4:2,FS", true);
	assert_file(x, ".Trash/cur/1.a,S=4:2,S", false);
	assert_file(x, ".Trash/cur/2.b,S=4:2,", true);
	assert_file(x, "new/3.c,S=4", true);
	assert_file(x, ".Trash/new/3.c,S=4", false);
	assert_file(x, ".Trash/cur/4.d,S=4:2,", true);
	assert_file(x, ".F/cur/1.a,S=4:2,S", false);
	teardown(x);
}

/* A killed run has done it, and nobody has recorded it. */
static void a_second_time_finds_nothing(void **state)
{
	struct fixture *x = setup();

	(void)state;
	put(x, "cur/1.a:2,");
	put(x, "cur/1.ab:2,"); /* begins alike */
	x->item[0].base = "1.a";
	expunge(x, 1, false);
	assert_int_equal(x->outcomes[EXPUNGE_DONE], 1);
	settle();
	x->item[0].base = "1.a";
	expunge(x, 1, false);
	assert_int_equal(x->outcomes[EXPUNGE_ABSENT], 1);
	assert_file(x, ".F/cur/1.ab:2,", true);
	teardown(x);
}

static void what_is_flagged_here_stays(void **state)
{
	struct fixture *x = setup();

	(void)state;
	put(x, "cur/1.a:2,FS");
	put(x, "cur/2.b:2,FS");
	put(x, "cur/3.c:2,ST");
	x->item[0].base = "1.a";
	x->item[1].base = "2.b";
	x->item[1].local_then = FLAG_FLAGGED;
	x->item[2].base = "3.c";
	expunge(x, 3, false);
	assert_int_equal(x->outcomes[EXPUNGE_TAKEN], 1);
	assert_int_equal(x->outcomes[EXPUNGE_DONE], 2);
	assert_file(x, ".F/cur/1.a:2,FS", true);
	teardown(x);
}

/* A reader has linked it into the Trash before: only the old name goes. */
static void a_copy_in_the_trash_stays(void **state)
{
	struct fixture *x = setup();
	char *from = mem_printf("%s/.F/cur/1.a:2,S", x->rig.root);
	char *to = mem_printf("%s/.Trash/cur/1.a:2,S", x->rig.root);

	(void)state;
	put(x, "cur/1.a:2,S");
	put(x, "cur/2.b:2,S");
	rig_put(x->rig.root, ".Trash/cur/2.b:2,S", "another");
	assert_int_equal(link(from, to), 0);
	x->item[0].base = "1.a";
	x->item[1].base = "2.b";
	expunge(x, 2, true);
	assert_file(x, ".F/cur/1.a:2,S", false);
	assert_file(x, ".Trash/cur/1.a:2,S", true);
	assert_file(x, ".F/cur/2.b:2,S", true); /* nothing is replaced */
	free(from);
	free(to);
	teardown(x);
}

static void many_in_slices_and_the_quota_file(void **state)
{
	struct fixture *x = setup();
	char *bases[1600], *text;

	(void)state;
	rig_put(x->rig.root, "maildirsize", "1000S\n6400 1600\n");
	for (int i = 0; i < 1600; i++) {
		char *name;
		bases[i] = mem_printf("%d.M%dK", i, i * 7 % 1600);
		name = mem_printf(
			i % 3 != 0 ? "cur/%s:2,S" : "new/%s", bases[i]);
		put(x, name);
		free(name);
		x->item[i].base = bases[i];
	}
	settle();
	expunge(x, 1500, false);
	assert_int_equal(x->slices, 3);
	assert_int_equal(x->outcomes[EXPUNGE_DONE], 1500);
	assert_int_equal(rig_entries(x->rig.root, ".F/cur") +
				 rig_entries(x->rig.root, ".F/new"),
		100);
	text = rig_get(x->rig.root, "maildirsize");
	assert_string_equal(text, "1000S\n6400 1600\n-2048 -512\n-2048 -512\n"
				  "-1904 -476\n");
	free(text);
	for (int i = 0; i < 1600; i++)
		free(bases[i]);
	teardown(x);
}

struct stirrer {
	const char *root;
	atomic_bool stop;
};

static void *stir(void *arg)
{
	static const char *const names[] = {".F/cur/9.z:2,", ".F/cur/9.z:2,S",
		".F/cur/9.z:2,ST", ".F/cur/9.z:2,T"};
	struct stirrer *s = arg;

	for (unsigned i = 0; !atomic_load(&s->stop); i++) {
		char *from = mem_printf("%s/%s", s->root, names[i % 4]);
		char *to = mem_printf("%s/%s", s->root, names[(i + 1) % 4]);
		if (rename(from, to) != 0)
			i--; /* it is elsewhere: the same again */
		free(from);
		free(to);
		if (i > 2000000)
			break;
	}
	return NULL;
}

/* A message whose flags a reader changes without a pause is trashed, or left
 * for the next run: never called absent, never doubled. */
static void a_reader_renames_without_a_pause(void **state)
{
	struct fixture *x = setup();
	struct stirrer s = {.root = x->rig.root};
	pthread_t thread;

	(void)state;
	put(x, "cur/9.z:2,");
	assert_int_equal(pthread_create(&thread, NULL, stir, &s), 0);
	for (int i = 0; i < 20; i++) {
		x->item[0].base = "9.z";
		expunge(x, 1, true);
		if (x->outcomes[EXPUNGE_DONE] != 0)
			break;
		assert_int_equal(x->outcomes[EXPUNGE_ABSENT], 0);
	}
	atomic_store(&s.stop, true);
	(void)pthread_join(thread, NULL);
	assert_int_equal(rig_entries(x->rig.root, ".F/cur") +
				 rig_entries(x->rig.root, ".Trash/cur"),
		1);
	teardown(x);
}

/* ---- the rows */

static void assert_row(struct rig *rig, int64_t stored, int64_t skipped,
	int64_t waiting, int64_t held)
{
	struct ledger_mailbox m;

	rig_ok(rig, ledger_mailbox(rig->ledger, "F", "F", &m, &rig->err));
	assert_int_equal(m.stored, stored);
	assert_int_equal(m.skipped, skipped);
	assert_int_equal(m.waiting, waiting);
	assert_int_equal(m.held, held);
}

static int count_due(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	(void)err;
	assert_string_equal(dir, ".F");
	*(uint32_t *)arg = m->uid;
	return 0;
}

static void rows_turn_into_tombstones(void **state)
{
	struct fixture *x = setup();
	struct rig *rig = &x->rig;
	struct ledger_present *rows;
	struct ledger_message *row = mem_alloc(sizeof *row);
	struct ledger_mailbox m;
	uint32_t uid = 0, *uids;
	size_t n;

	(void)state;
	rig_ok(rig, ledger_mailbox(rig->ledger, "F", "F", &m, &rig->err));
	for (uint32_t i = 1; i <= 3; i++)
		rig_ok(rig, rig_deliver(rig, x->folder, m.id, i, "", "x\n"));
	rig_ok(rig, store_flush(rig->store, &rig->err));
	m.uidvalidity = 7;
	m.uidnext = 4;
	rig_ok(rig, ledger_mailbox_mark(rig->ledger, &m, &rig->err));
	rig_ok(rig, ledger_present(rig->ledger, &m, 0, &rows, &n, &rig->err));
	assert_int_equal(n, 3);
	rig_ok(rig, ledger_expunge_set(
			    rig->ledger, rows[0].id, LEDGER_HELD, &rig->err));
	rig_ok(rig, ledger_expunge_set(
			    rig->ledger, rows[1].id, LEDGER_DUE, &rig->err));
	assert_row(rig, 3, 0, 2, 1);
	rig_ok(rig, ledger_each_expunge_due(
			    rig->ledger, 9, count_due, &uid, &rig->err));
	assert_int_equal(uid, 2);
	rig_ok(rig, ledger_gone(rig->ledger, rows[1].id, 1000, &rig->err));
	assert_row(rig, 2, 0, 1, 1);
	free(rows);
	/* held by this run: confirmed by its number, not by an earlier one */
	for (int64_t fence = rig->fence - 1; fence <= rig->fence; fence++) {
		rig_ok(rig, ledger_present(rig->ledger, &m, fence, &rows, &n,
				    &rig->err));
		assert_int_equal(n, 2);
		assert_int_equal(rows[0].confirmed, fence == rig->fence);
		assert_false(rows[1].confirmed);
		free(rows);
	}
	/* a tombstone needs no fetch, and takes part in nothing */
	rig_ok(rig, ledger_uids(rig->ledger, m.id, 7, 0, &uids, &n, &rig->err));
	assert_int_equal(n, 3);
	free(uids);
	assert_int_equal(
		ledger_find_uid(rig->ledger, m.id, 7, 2, row, &rig->err), 1);
	assert_int_equal(row->state, LEDGER_SKIPPED);
	/* the account turns to another source: nothing is counted twice */
	rig_ok(rig, ledger_leave_epochs(rig->ledger, &rig->err));
	assert_row(rig, 2, 0, 1, 1);
	free(row);
	teardown(x);
}

/* Due is what this run has proved: not what an earlier one has. */
static void due_is_of_one_run(void **state)
{
	struct fixture *x = setup();
	struct rig *rig = &x->rig;
	struct ledger_present *rows;
	struct ledger_mailbox m;
	uint32_t uid = 0;
	size_t n;

	(void)state;
	rig_ok(rig, ledger_mailbox(rig->ledger, "F", "F", &m, &rig->err));
	rig_ok(rig, rig_deliver(rig, x->folder, m.id, 1, "", "x\n"));
	rig_ok(rig, store_flush(rig->store, &rig->err));
	m.uidvalidity = 7;
	rig_ok(rig, ledger_present(rig->ledger, &m, 0, &rows, &n, &rig->err));
	rig_ok(rig, ledger_expunge_set(
			    rig->ledger, rows[0].id, LEDGER_DUE, &rig->err));
	free(rows);
	rig_close(rig);
	rig_open(rig);
	rig_ok(rig, ledger_each_expunge_due(
			    rig->ledger, 9, count_due, &uid, &rig->err));
	assert_int_equal(uid, 0);
	teardown(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trash_keeps_name_flags_and_keywords),
		cmocka_unit_test(
			what_a_reader_has_elsewhere_is_not_in_the_trash),
		cmocka_unit_test(a_second_time_finds_nothing),
		cmocka_unit_test(what_is_flagged_here_stays),
		cmocka_unit_test(a_copy_in_the_trash_stays),
		cmocka_unit_test(many_in_slices_and_the_quota_file),
		cmocka_unit_test(a_reader_renames_without_a_pause),
		cmocka_unit_test(rows_turn_into_tombstones),
		cmocka_unit_test(due_is_of_one_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
