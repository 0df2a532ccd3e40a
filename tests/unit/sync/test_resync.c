/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#define SETUP(condstore_on, n)                                    \
	struct rig *r = rig_new(false);                           \
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX"); \
	(void)state;                                              \
	r->fake.condstore = (condstore_on);                       \
	fake_fill(m, 1, (n));                                     \
	rig_run_ok(r)

static void follow_the_source(bool condstore)
{
	void **state = NULL;

	SETUP(condstore, 10);
	fake_set_flags(m, 3, FLAG_SEEN | FLAG_FLAGGED, NULL);
	fake_set_flags(m, 7, FLAG_ANSWERED, NULL);
	r->fake.bodies = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 0);
	assert_int_equal(r->fake.change_lists, condstore ? 1 : 0);
	assert_int_equal(r->fake.scans, condstore ? 0 : 1);
	assert_string_equal(rig_letters(r, 3), "FS");
	assert_string_equal(rig_letters(r, 7), "R");
	fake_set_flags(m, 3, FLAG_SEEN, NULL);
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 3), "S");
	/* nothing changed: nothing asked, where the server can tell */
	r->fake.change_lists = r->fake.scans = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.change_lists, 0);
	assert_int_equal(r->fake.scans, condstore ? 0 : 1);
	rig_assert_exactly(r, 1, 10);
	rig_free(r);
}

static void flags_follow_the_source(void **state)
{
	(void)state;
	follow_the_source(true);
	follow_the_source(false);
}

static void a_change_here_is_never_undone(void **state)
{
	SETUP(true, 4);
	/* the reader marks 1 seen; the source flags it: both stand */
	rig_set_letters(r, 1, "S");
	fake_set_flags(m, 1, FLAG_FLAGGED, NULL);
	/* both change the same flag: ours stands */
	fake_set_flags(m, 2, FLAG_SEEN, NULL);
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 1), "FS");
	assert_string_equal(rig_letters(r, 2), "S");
	rig_set_letters(r, 2, "");
	fake_set_flags(m, 2, FLAG_SEEN | FLAG_ANSWERED, NULL);
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 2), "R");
	rig_free(r);
}

static void keywords_arrive_and_change(void **state)
{
	SETUP(true, 2);
	fake_set_flags(m, 2, FLAG_SEEN, "$Important");
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 2), "Sa");
	fake_set_flags(m, 2, FLAG_SEEN, NULL);
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 2), "S");
	rig_free(r);
}

static void what_a_reader_moved_or_deleted_stays_so(void **state)
{
	SETUP(true, 6);
	rig_move(r, 1);
	rig_remove(r, 2);
	rig_set_letters(r, 3, "ST");
	r->fake.bodies = 0;
	rig_run_ok(r);
	fake_set_flags(m, 1, FLAG_FLAGGED, NULL);
	fake_set_flags(m, 2, FLAG_FLAGGED, NULL);
	fake_set_flags(m, 3, FLAG_FLAGGED, NULL);
	fake_fill(m, 7, 1);
	for (int i = 0; i < 4; i++)
		rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 1);
	rig_look(r);
	assert_int_equal(r->files, 6);
	assert_int_equal(r->seen[2], 0);
	assert_int_equal(r->seen[1], 1);
	assert_string_equal(rig_letters(r, 3), "FST");
	/* the moved one gets its flag where it is, and keeps what is here */
	assert_string_equal(rig_letters(r, 1), "FS");
	assert_int_equal(r->result.messages_stored, 7);
	rig_free(r);
}

static void a_missing_file_is_looked_for_twice_only(void **state)
{
	SETUP(true, 4);
	rig_remove(r, 2);
	fake_set_flags(m, 2, FLAG_FLAGGED, NULL);
	rig_run_ok(r);
	assert_int_equal(r->fake.change_lists, 1);
	rig_run_ok(r);
	assert_int_equal(r->fake.change_lists, 2);
	/* dropped: the mark has moved on */
	rig_run_ok(r);
	assert_int_equal(r->fake.change_lists, 2);
	rig_free(r);
}

static void a_file_that_is_back_gets_its_change(void **state)
{
	struct rig_path p;
	char away[700];

	SETUP(true, 4);
	rig_find(r, 2, &p);
	(void)snprintf(away, sizeof away, "%s/away", r->dir);
	assert_int_equal(rename(p.path, away), 0);
	fake_set_flags(m, 2, FLAG_SEEN, NULL);
	rig_run_ok(r);
	assert_int_equal(rename(away, p.path), 0);
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 2), "S");
	rig_free(r);
}

static void modseq_goes_backwards(void **state)
{
	SETUP(true, 4);
	fake_set_flags(m, 2, FLAG_SEEN, NULL);
	for (size_t i = 0; i < m->count; i++)
		m->messages[i].modseq = 1;
	m->modseq = 1;
	rig_run_ok(r);
	assert_int_equal(r->fake.scans, 1);
	assert_string_equal(rig_letters(r, 2), "S");
	rig_free(r);
}

static void the_mark_waits_for_an_import_that_broke_off(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 8);
	r->fake.cut_at_message = 4;
	r->fake.dead_after_cut = -1;
	rig_run(r);
	assert_false(r->result.ok);
	/* flags of what is here change before the rest comes */
	fake_set_flags(m, 2, FLAG_SEEN, NULL);
	r->fake.dead_after_cut = 0;
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 2), "S");
	rig_assert_exactly(r, 1, 8);
	rig_free(r);
}

static void a_message_without_flags_is_asked_again(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 3);
	fake_set_flags(m, 2, FLAG_SEEN, NULL);
	m->messages[1].fault = FAKE_NO_FLAGS;
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 2), "");
	m->messages[1].fault = FAKE_SOUND;
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 2), "S");
	rig_free(r);
}

struct flicker {
	struct rig *rig;
	int turn;
};

/* A reader that renames and moves while the run goes on. */
static void stir(void *arg, struct fake_message *msg)
{
	struct flicker *f = arg;
	int id = 1 + f->turn % 20;
	struct rig_path p;

	(void)msg;
	rig_find(f->rig, id, &p);
	if (p.path[0] == '\0')
		return;
	if (f->turn % 7 == 0)
		rig_move(f->rig, id);
	else
		rig_set_letters(f->rig, id, f->turn % 2 != 0 ? "S" : "FS");
	f->turn++;
}

static void a_reader_stirs_during_the_run(void **state)
{
	struct flicker f = {0};
	SETUP(true, 20);
	f.rig = r;
	r->fake.on_message = stir;
	r->fake.arg = &f;
	for (int round = 0; round < 3; round++) {
		fake_fill(m, 21 + round * 20, 20);
		for (int id = 1; id <= 20; id += 3)
			fake_set_flags(m, id, FLAG_ANSWERED, NULL);
		rig_run_ok(r);
	}
	assert_true(f.turn > 40);
	rig_assert_exactly(r, 1, 80);
	rig_free(r);
}

/* ---- UIDVALIDITY */

static void a_new_epoch_brings_no_second_copy(void **state)
{
	SETUP(true, 12);
	rig_remove(r, 4);
	rig_move(r, 5);
	fake_fill(m, 13, 2);
	fake_expunge(m, 9);
	fake_renumber(m, 2000, 500);
	rig_run_ok(r);
	rig_look(r);
	/* 12 - deleted here + 2 new; what is expunged there stays here */
	assert_int_equal(r->files, 13);
	assert_int_equal(r->seen[4], 0);
	for (int id = 1; id <= 14; id++)
		assert_int_equal(r->seen[id], id != 4);
	assert_int_equal(r->result.messages_stored, 13);
	/* flags follow under the new numbers */
	fake_set_flags(m, 6, FLAG_SEEN, NULL);
	r->fake.bodies = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 0);
	assert_string_equal(rig_letters(r, 6), "S");
	rig_free(r);
}

static void flags_changed_with_the_epoch(void **state)
{
	SETUP(true, 3);
	rig_set_letters(r, 1, "F");
	fake_set_flags(m, 1, FLAG_SEEN, NULL);
	fake_renumber(m, 2000, 1);
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 1), "FS");
	rig_assert_exactly(r, 1, 3);
	rig_free(r);
}

/* Equal messages are matched one to one. */
static void true_duplicates_survive_an_epoch(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 2);
	(void)fake_add(m, 1);
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->seen[1], 2);
	(void)fake_add(m, 1);
	fake_renumber(m, 2000, 1);
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->seen[1], 3);
	assert_int_equal(r->files, 4);
	rig_free(r);
}

/* by_content: the dates are new, too, so that headers say nothing. */
static void break_off_in_new_epoch(int64_t at, bool by_content)
{
	void **state = NULL;

	SETUP(true, 8);
	fake_renumber(m, 2000, 100);
	for (size_t i = 0; by_content && i < m->count; i++)
		m->messages[i].date_s++;
	r->fake.cut_at_message = at;
	r->fake.dead_after_cut = -1;
	rig_run(r);
	assert_false(r->result.ok);
	r->fake.dead_after_cut = 0;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 8);
	rig_free(r);
}

static void an_epoch_import_that_breaks_off_goes_on(void **state)
{
	(void)state;
	for (int64_t at = 0; at < 8; at += 3)
		for (int by_content = 0; by_content < 2; by_content++)
			break_off_in_new_epoch(at, by_content != 0);
}

static void change_epoch(void *arg)
{
	struct fake *f = arg;

	if (f->was_cut)
		fake_renumber(&f->mailboxes[0], 3000, 700);
}

static void the_epoch_changes_during_a_run(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 8);
	r->fake.cut_at_message = 4;
	r->fake.on_open = change_epoch;
	r->fake.arg = &r->fake;
	rig_run(r);
	assert_false(r->result.ok);
	assert_non_null(strstr(r->result.err.text, "UIDVALIDITY"));
	r->fake.on_open = NULL;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 8);
	rig_free(r);
}

/* ---- quarantine */

static void backdate_quarantine(struct rig *r, uint32_t uid)
{
	struct ledger *l;
	struct err err = {0};
	struct ledger_mailbox box;
	struct ledger_message *m = mem_alloc(sizeof *m);
	char *path = mem_printf("%s/ledger.db", r->dir);

	if (ledger_open(path, RIG_UUID, ++r->fence, &l, &err) != 0 ||
		ledger_mailbox(l, "INBOX", "INBOX", &box, &err) != 0 ||
		ledger_find_uid(l, box.id, box.uidvalidity, uid, m, &err) != 1)
		fail_msg("%s", err.text);
	assert_int_equal(m->state, LEDGER_QUARANTINED);
	m->next_try_at = 1;
	assert_int_equal(ledger_quarantine(l, m, &err), 0);
	ledger_close(&l);
	free(path);
	free(m);
}

static void quarantined_ones_are_tried_again(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 6);
	m->messages[2].fault = FAKE_POISON;
	m->messages[4].fault = FAKE_ABSENT;
	rig_run_ok(r);
	assert_int_equal(r->result.messages_quarantined, 2);
	/* not due yet */
	m->messages[2].fault = FAKE_SOUND;
	rig_run_ok(r);
	assert_int_equal(r->result.messages_quarantined, 2);
	/* due; one is whole now, the other is gone */
	backdate_quarantine(r, 3);
	backdate_quarantine(r, 5);
	fake_expunge(m, 5);
	rig_run_ok(r);
	assert_int_equal(r->result.messages_quarantined, 0);
	assert_int_equal(r->result.messages_stored, 5);
	rig_look(r);
	assert_int_equal(r->seen[3], 1);
	assert_int_equal(r->files, 5);
	rig_free(r);
}

static void import_once_comes_back_for_them(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	r->every_s = -1;
	fake_fill(m, 1, 3);
	rig_run_ok(r);
	assert_int_equal(r->result.next_due_s, 0);
	fake_fill(m, 4, 3);
	m->messages[4].fault = FAKE_POISON;
	rig_run_ok(r);
	assert_true(r->result.next_due_s > 0);
	/* a run that does not find it due yet does not forget it */
	rig_run_ok(r);
	assert_true(r->result.next_due_s > 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_follow_the_source),
		cmocka_unit_test(a_change_here_is_never_undone),
		cmocka_unit_test(keywords_arrive_and_change),
		cmocka_unit_test(what_a_reader_moved_or_deleted_stays_so),
		cmocka_unit_test(a_missing_file_is_looked_for_twice_only),
		cmocka_unit_test(a_file_that_is_back_gets_its_change),
		cmocka_unit_test(modseq_goes_backwards),
		cmocka_unit_test(the_mark_waits_for_an_import_that_broke_off),
		cmocka_unit_test(a_message_without_flags_is_asked_again),
		cmocka_unit_test(a_reader_stirs_during_the_run),
		cmocka_unit_test(a_new_epoch_brings_no_second_copy),
		cmocka_unit_test(flags_changed_with_the_epoch),
		cmocka_unit_test(true_duplicates_survive_an_epoch),
		cmocka_unit_test(an_epoch_import_that_breaks_off_goes_on),
		cmocka_unit_test(the_epoch_changes_during_a_run),
		cmocka_unit_test(quarantined_ones_are_tried_again),
		cmocka_unit_test(import_once_comes_back_for_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
