/* SPDX-License-Identifier: BSD-2-Clause */
/* What is not visited, and how long flags may wait: survey.h, trust.h. */
#include "rig.h"

/* As if all flags had been compared so long ago. */
static void rewind_flags(struct rig *r, int64_t seconds)
{
	char path[256];
	struct ledger *l = NULL;
	struct ledger_mailbox *all;
	struct err err;
	size_t n;

	(void)snprintf(path, sizeof path, "%s/ledger.db", r->dir);
	assert_int_equal(ledger_open(path, RIG_UUID, ++r->fence, &l, &err), 0);
	assert_int_equal(ledger_mailboxes(l, &all, &n, &err), 0);
	for (size_t i = 0; i < n; i++) {
		assert_true(all[i].flags_at > seconds);
		all[i].flags_at -= seconds;
		assert_int_equal(ledger_mailbox_mark(l, &all[i], &err), 0);
	}
	free(all);
	ledger_close(&l);
}

static struct rig *two_mailboxes(bool condstore)
{
	struct rig *r = rig_new(false);

	r->fake.condstore = condstore;
	r->fake.has_status = true;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 5);
	fake_fill(fake_mailbox(&r->fake, "Sent"), 11, 5);
	rig_run_ok(r);
	assert_int_equal(r->fake.statuses, 0);
	r->fake.selects = 0;
	return r;
}

static void what_has_not_changed_is_not_selected(void **state)
{
	(void)state;
	for (int condstore = 0; condstore < 2; condstore++) {
		struct rig *r = two_mailboxes(condstore == 1);

		rig_run_ok(r);
		assert_int_equal(r->fake.statuses, 2);
		assert_int_equal(r->fake.selects, 0);
		assert_int_equal(r->result.messages_source, 10);
		fake_fill(&r->fake.mailboxes[1], 16, 1);
		rig_run_ok(r);
		assert_int_equal(r->fake.selects, 1);
		fake_expunge(&r->fake.mailboxes[0], 2);
		rig_run_ok(r);
		assert_int_equal(r->fake.selects, 2);
		assert_int_equal(r->result.messages_source, 10);
		rig_free(r);
	}
}

/* Without MODSEQ a change of flags alone does not show: an hour at most. */
static void flags_without_modseq_wait_an_hour(void **state)
{
	struct rig *r = two_mailboxes(false);

	(void)state;
	fake_set_flags(&r->fake.mailboxes[0], 3, FLAG_SEEN, NULL);
	rig_run_ok(r);
	assert_int_equal(r->fake.selects, 0);
	rewind_flags(r, 3601);
	rig_run_ok(r);
	assert_int_equal(r->fake.selects, 2);
	assert_string_equal(rig_letters(r, 3), "S");
	rig_run_ok(r);
	assert_int_equal(r->fake.selects, 2);
	rig_free(r);
}

/* HIGHESTMODSEQ that never moves is found out after a day, and not believed
 * from then on. */
static void a_modseq_that_stands_still(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	r->fake.still = true;
	r->fake.has_status = true;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 5);
	fake_fill(fake_mailbox(&r->fake, "Sent"), 11, 5);
	rig_run_ok(r);
	fake_set_flags(&r->fake.mailboxes[0], 3, FLAG_SEEN, NULL);
	rewind_flags(r, 3601);
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 3), "");
	rewind_flags(r, 24 * 3600);
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 3), "S");
	fake_set_flags(&r->fake.mailboxes[1], 13, FLAG_SEEN, NULL);
	rewind_flags(r, 3601);
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 13), "S");
	rig_free(r);
}

/* One that has told a change is looked after once a week. */
static void a_modseq_that_moves(void **state)
{
	struct rig *r = two_mailboxes(true);

	(void)state;
	rewind_flags(r, 25 * 3600);
	rig_run_ok(r);
	assert_int_equal(r->fake.scans, 2);
	fake_set_flags(&r->fake.mailboxes[0], 3, FLAG_SEEN, NULL);
	rig_run_ok(r);
	assert_int_equal(r->fake.change_lists, 1);
	assert_string_equal(rig_letters(r, 3), "S");
	rewind_flags(r, 6 * 24 * 3600);
	rig_run_ok(r);
	assert_int_equal(r->fake.scans, 2);
	rewind_flags(r, 24 * 3600);
	rig_run_ok(r);
	assert_int_equal(r->fake.scans, 4);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_not_changed_is_not_selected),
		cmocka_unit_test(flags_without_modseq_wait_an_hour),
		cmocka_unit_test(a_modseq_that_stands_still),
		cmocka_unit_test(a_modseq_that_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
