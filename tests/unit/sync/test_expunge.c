/* SPDX-License-Identifier: BSD-2-Clause */
/* What has vanished at the source: the three rules, the proof, the brake. */
#include "rig.h"

#include <time.h>

#define SETUP(rule, n)                                            \
	struct rig *r = rig_new(false);                           \
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX"); \
	(void)state;                                              \
	r->on_expunge = (rule);                                   \
	fake_fill(m, 1, (n));                                     \
	rig_run_ok(r);                                            \
	settle()

/* Absence is certain only where nothing was changed just now. */
static void settle(void)
{
	const struct timespec t = {.tv_nsec = 50 * 1000000L};

	(void)nanosleep(&t, NULL);
}

static bool is_in(struct rig *r, int id, const char *dir)
{
	struct rig_path p;

	rig_find(r, id, &p);
	return p.path[0] != '\0' && strstr(p.path, dir) != NULL;
}

static void assert_counts(struct rig *r, int64_t source, int64_t stored)
{
	assert_int_equal(r->result.messages_source, source);
	assert_int_equal(r->result.messages_stored, stored);
	assert_int_equal(r->result.messages_skipped, 0);
	assert_int_equal(r->result.messages_quarantined, 0);
}

static void keep_does_nothing(void **state)
{
	SETUP("keep", 10);
	fake_expunge(m, 3);
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 10);
	assert_int_equal(r->fake.uid_lists, 0);
	assert_counts(r, 9, 10);
	rig_free(r);
}

static void follow(const char *rule, bool qresync)
{
	void **state = NULL;

	SETUP(rule, 10);
	r->fake.qresync = qresync;
	fake_set_flags(m, 3, FLAG_SEEN, "$label1");
	rig_run_ok(r);
	settle();
	fake_expunge(m, 3);
	fake_expunge(m, 7);
	fake_fill(m, 11, 1);
	rig_run_ok(r);
	rig_look(r);
	assert_counts(r, 9, 9);
	if (strcmp(rule, "trash") == 0) {
		assert_true(is_in(r, 3, "/.Trash/cur/"));
		assert_true(is_in(r, 7, "/.Trash/new/"));
		assert_string_equal(rig_letters(r, 3), "Sa");
		assert_int_equal(r->files, 11);
	} else {
		assert_int_equal(r->seen[3] + r->seen[7], 0);
		assert_int_equal(r->files, 9);
	}
	/* one tells that nothing is missing, two that some have gone */
	assert_int_equal(r->fake.uid_lists, qresync ? 1 : 3);
	/* and then nothing more is asked, and nothing comes back */
	r->fake.uid_lists = r->fake.bodies = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.uid_lists + r->fake.bodies, 0);
	assert_counts(r, 9, 9);
	rig_free(r);
}

static void trash_and_remove(void **state)
{
	(void)state;
	follow("trash", true);
	follow("trash", false);
	follow("remove", true);
	follow("remove", false);
}

/* VANISHED that leaves out some is no proof; two lists are. */
static void a_server_that_forgets(void **state)
{
	SETUP("remove", 10);
	r->fake.qresync = r->fake.forgets = true;
	fake_expunge(m, 3);
	rig_run_ok(r);
	assert_int_equal(r->fake.uid_lists, 2);
	rig_look(r);
	assert_int_equal(r->files, 9);
	rig_free(r);
}

/* EXISTS says more than the list: nothing is inferred. */
static void a_list_that_is_too_short_proves_nothing(void **state)
{
	SETUP("remove", 10);
	r->fake.condstore = false;
	fake_expunge(m, 3);
	fake_expunge(m, 4);
	m->exists_lie = 1;
	rig_run(r);
	rig_assert_exactly(r, 1, 10);
	m->exists_lie = 0;
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->files, 8);
	rig_free(r);
}

static void what_a_reader_took_over_stays(void **state)
{
	SETUP("remove", 12);
	rig_move(r, 1);
	rig_set_letters(r, 2, "FS");
	rig_set_letters(r, 3, "S");
	rig_set_letters(r, 4, "R");
	settle();
	for (int id = 1; id <= 4; id++)
		fake_expunge(m, id);
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->seen[1], 1);
	assert_int_equal(r->seen[2], 1);
	assert_int_equal(r->seen[3], 0);
	assert_int_equal(r->seen[4], 1);
	assert_counts(r, 8, 8);
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->files, 11);
	rig_free(r);
}

/* A flag of the source is no sign that somebody here wants to keep it. */
static void a_flag_of_the_source_keeps_nothing(void **state)
{
	SETUP("remove", 10);
	fake_set_flags(m, 2, FLAG_FLAGGED, NULL);
	rig_run_ok(r);
	settle();
	fake_expunge(m, 2);
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->seen[2], 0);
	rig_free(r);
}

static void expunge_range(struct fake_mailbox *m, int first, int count)
{
	for (int i = 0; i < count; i++)
		fake_expunge(m, first + i);
}

static void assert_held(struct rig *r, int64_t held)
{
	assert_int_equal(r->result.held, held);
	assert_false(r->result.ok);
	assert_true(r->result.needs_person);
	assert_true(r->result.goes_on);
	assert_true(r->result.next_due_s > 0);
	assert_int_equal(r->result.err.class, ERR_POLICY);
	assert_non_null(strstr(r->result.err.hint, "--confirm-deletions"));
}

static void the_brake_holds_and_a_person_confirms(void **state)
{
	SETUP("remove", 20);
	r->every_s = 900;
	expunge_range(m, 1, 6); /* 30 % */
	rig_run(r);
	assert_held(r, 6);
	rig_assert_exactly(r, 1, 20);
	/* new mail goes on coming */
	fake_fill(m, 21, 1);
	rig_run(r);
	assert_held(r, 6);
	rig_assert_exactly(r, 1, 21);
	/* confirmed is what was seen then; more is held again */
	r->confirmed_fence = r->fence;
	expunge_range(m, 7, 6);
	rig_run(r);
	assert_held(r, 6);
	rig_assert_exactly(r, 7, 15);
	r->confirmed_fence = r->fence;
	rig_run_ok(r);
	assert_int_equal(r->result.held, 0);
	rig_assert_exactly(r, 13, 9);
	assert_counts(r, 9, 9);
	rig_free(r);
}

static void below_the_brake(void **state)
{
	SETUP("remove", 20);
	expunge_range(m, 1, 5); /* 25 %, but five */
	rig_run_ok(r);
	rig_assert_exactly(r, 6, 15);
	expunge_range(m, 6, 3); /* 20 %, not more */
	rig_run_ok(r);
	rig_assert_exactly(r, 9, 12);
	rig_free(r);
}

static void all_of_a_mailbox(void **state)
{
	SETUP("remove", 3);
	expunge_range(m, 1, 3);
	rig_run(r);
	assert_held(r, 3);
	rig_assert_exactly(r, 1, 3);
	/* back again: held no more */
	fake_fill(m, 1, 3);
	m->messages[0].uid = 1;
	m->messages[1].uid = 2;
	m->messages[2].uid = 3;
	rig_run_ok(r);
	assert_int_equal(r->result.held, 0);
	rig_assert_exactly(r, 1, 3);
	/* one alone may go */
	expunge_range(m, 1, 2);
	rig_run_ok(r);
	expunge_range(m, 3, 1);
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->files, 0);
	rig_free(r);
}

static void a_new_epoch_is_no_expunge(void **state)
{
	SETUP("remove", 10);
	fake_expunge(m, 4);
	fake_renumber(m, 2000, 300);
	rig_run_ok(r);
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 10);
	rig_free(r);
}

static void a_mailbox_that_vanished_keeps_its_mail(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");
	struct fake_mailbox *box = fake_mailbox(&r->fake, "Box");

	(void)state;
	r->on_expunge = "remove";
	fake_fill(m, 1, 2);
	fake_fill(box, 3, 5);
	rig_run_ok(r);
	settle();
	r->fake.count = 1;
	rig_run_ok(r);
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 7);
	r->fake.count = 2;
	rig_free(r);
}

/* What vanishes from the Trash stays in it. */
static void the_trash_itself(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");
	struct fake_mailbox *box = fake_mailbox(&r->fake, "Trash");

	(void)state;
	r->on_expunge = "trash";
	fake_fill(m, 1, 6);
	fake_fill(box, 7, 6);
	rig_run_ok(r);
	settle();
	fake_expunge(m, 1);
	fake_expunge(box, 7);
	rig_run_ok(r);
	assert_true(is_in(r, 1, "/.Trash/"));
	assert_true(is_in(r, 7, "/.Trash/"));
	assert_counts(r, 10, 10);
	rig_free(r);
}

/* A quarantined message that has gone is no reason to ask again and again. */
static void quarantined_and_gone(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	r->on_expunge = "remove";
	fake_fill(m, 1, 8);
	m->messages[2].fault = FAKE_POISON;
	rig_run_ok(r);
	assert_int_equal(r->result.messages_quarantined, 1);
	settle();
	fake_expunge(m, 3);
	rig_run_ok(r);
	assert_counts(r, 7, 7);
	r->fake.uid_lists = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.uid_lists, 0);
	rig_free(r);
}

static void a_session_that_breaks_leaves_it_to_the_next_run(void **state)
{
	SETUP("remove", 10);
	fake_expunge(m, 2);
	fake_fill(m, 11, 4);
	r->fake.cut_at_message = 2;
	r->fake.dead_after_cut = -1;
	rig_run(r);
	assert_false(r->result.ok);
	r->fake.dead_after_cut = 0;
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->seen[2], 0);
	assert_int_equal(r->files, 13);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keep_does_nothing),
		cmocka_unit_test(trash_and_remove),
		cmocka_unit_test(a_server_that_forgets),
		cmocka_unit_test(a_list_that_is_too_short_proves_nothing),
		cmocka_unit_test(what_a_reader_took_over_stays),
		cmocka_unit_test(a_flag_of_the_source_keeps_nothing),
		cmocka_unit_test(the_brake_holds_and_a_person_confirms),
		cmocka_unit_test(below_the_brake),
		cmocka_unit_test(all_of_a_mailbox),
		cmocka_unit_test(a_new_epoch_is_no_expunge),
		cmocka_unit_test(a_mailbox_that_vanished_keeps_its_mail),
		cmocka_unit_test(the_trash_itself),
		cmocka_unit_test(quarantined_and_gone),
		cmocka_unit_test(
			a_session_that_breaks_leaves_it_to_the_next_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
