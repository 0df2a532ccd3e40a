/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

static void first_import_then_nothing_to_do(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 30);
	fake_fill(fake_mailbox(&r->fake, "Work/a"), 101, 5);
	(void)fake_mailbox(&r->fake, "Empty");
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->files, 35);
	assert_int_equal(r->result.messages_source, 35);
	assert_int_equal(r->result.messages_stored, 35);
	assert_int_equal(r->result.bytes_stored, (int64_t)r->fake.bytes);
	assert_int_equal(r->progress.messages_done, 35);
	assert_int_equal(r->progress.messages_new, 35);
	assert_int_equal(r->fake.scans, 0);

	r->fake.fetches = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.fetches, 0);
	assert_int_equal(r->fake.scans, 0);
	assert_int_equal(r->result.messages_stored, 35);
	rig_look(r);
	assert_int_equal(r->files, 35);
	rig_free(r);
}

static void new_mail_comes_alone(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 10);
	rig_run_ok(r);
	fake_fill(m, 11, 3);
	r->fake.bodies = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 3);
	assert_int_equal(r->fake.scans, 0);
	rig_assert_exactly(r, 1, 13);
	rig_free(r);
}

static void sparse_uids_are_listed_first(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	m->uidnext = 743000000;
	fake_fill(m, 1, 5);
	m->uidnext += 10000000;
	fake_fill(m, 6, 5);
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 10);
	assert_int_equal(r->fake.scans, 1);
	m->uidnext = 0xfffffffe;
	fake_fill(m, 11, 1);
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 11);
	rig_free(r);
}

static void a_server_without_uidnext(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	m->hide_uidnext = true;
	r->fake.condstore = false;
	fake_fill(m, 1, 10);
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 10);
	/* one goes, one comes: EXISTS is the same */
	fake_expunge(m, 4);
	fake_fill(m, 11, 1);
	r->fake.bodies = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 1);
	rig_assert_exactly(r, 1, 11);
	rig_free(r);
}

static void holes_are_looked_at_and_believed(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 10);
	fake_expunge(m, 3);
	rig_run_ok(r);
	/* nothing was known: the count is proof enough */
	assert_int_equal(r->fake.scans, 0);
	fake_fill(m, 11, 4);
	fake_expunge(m, 12);
	rig_run_ok(r);
	assert_int_equal(r->fake.scans, 0);
	assert_int_equal(r->fake.uid_lists, 1);
	rig_look(r);
	assert_int_equal(r->files, 12);
	assert_int_equal(r->result.messages_quarantined, 0);
	rig_free(r);
}

static void an_empty_message_is_a_message(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 3);
	m->messages[1].size = 0;
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->files, 3);
	assert_int_equal(r->result.messages_quarantined, 0);
	rig_free(r);
}

static void too_large_is_quarantined(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	rig_set(r, "limits.message", "400");
	fake_fill(m, 1, 6);
	free(m->messages[2].body);
	m->messages[2].body = mem_alloc(5000);
	memset(m->messages[2].body, 'x', 4999);
	m->messages[2].size = 5000;
	rig_run_ok(r);
	assert_int_equal(r->result.messages_quarantined, 1);
	rig_look(r);
	assert_int_equal(r->files, 5);
	assert_int_equal(r->seen[3], 0);
	rig_free(r);
}

struct canceller {
	struct rig *rig;
	int after;
};

static void cancel_after(void *arg, struct fake_message *m)
{
	struct canceller *c = arg;

	(void)m;
	if (--c->after == 0)
		atomic_store(&c->rig->run->cancel, true);
}

static void cancelled_at_any_message(void **state)
{
	(void)state;
	for (int after = 1; after <= 8; after++) {
		struct rig *r = rig_new(false);
		struct canceller c = {.rig = r, .after = after};
		fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 8);
		fake_fill(fake_mailbox(&r->fake, "Next"), 9, 2);
		r->fake.on_message = cancel_after;
		r->fake.arg = &c;
		rig_run(r);
		assert_false(r->result.ok);
		assert_true(r->result.cancelled);
		/* what was received is here and durable, nothing is lost */
		rig_look(r);
		assert_in_range(r->files, after, after + 1);
		rig_run_ok(r);
		rig_assert_exactly(r, 1, 10);
		rig_free(r);
	}
}

static void the_account_is_full(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	rig_set(r, "limits.account", "300");
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 20);
	rig_run(r);
	assert_int_equal(r->result.err.class, ERR_QUOTA);
	assert_true(r->result.bytes_stored <= 300);
	assert_true(r->result.messages_stored > 0);
	rig_look(r);
	assert_int_equal(r->files, r->result.messages_stored);
	rig_set(r, "limits.account", "none");
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 20);
	rig_free(r);
}

static void deleted_ones_are_left_out_and_asked_again(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	r->skip_deleted = true;
	fake_fill(m, 1, 6);
	fake_set_flags(m, 2, FLAG_DELETED, NULL);
	fake_set_flags(m, 5, FLAG_DELETED, NULL);
	rig_run_ok(r);
	assert_int_equal(r->result.messages_skipped, 2);
	assert_int_equal(r->result.messages_stored, 4);
	r->fake.bodies = 0;
	fake_set_flags(m, 5, 0, NULL);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 1);
	assert_int_equal(r->result.messages_skipped, 1);
	rig_look(r);
	assert_int_equal(r->files, 5);
	assert_int_equal(r->seen[5], 1);
	rig_free(r);
}

static void and_otherwise_they_arrive_with_t(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 2);
	fake_set_flags(m, 2, FLAG_DELETED | FLAG_SEEN, NULL);
	rig_run_ok(r);
	assert_string_equal(rig_letters(r, 2), "ST");
	rig_free(r);
}

static void too_many_messages(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	r->settings.limits_messages = 5;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 6);
	fake_fill(fake_mailbox(&r->fake, "Next"), 1, 5);
	rig_run(r);
	assert_int_equal(r->result.err.class, ERR_LIMIT);
	rig_assert_exactly(r, 1, 5);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_import_then_nothing_to_do),
		cmocka_unit_test(new_mail_comes_alone),
		cmocka_unit_test(sparse_uids_are_listed_first),
		cmocka_unit_test(a_server_without_uidnext),
		cmocka_unit_test(holes_are_looked_at_and_believed),
		cmocka_unit_test(an_empty_message_is_a_message),
		cmocka_unit_test(too_large_is_quarantined),
		cmocka_unit_test(cancelled_at_any_message),
		cmocka_unit_test(the_account_is_full),
		cmocka_unit_test(deleted_ones_are_left_out_and_asked_again),
		cmocka_unit_test(and_otherwise_they_arrive_with_t),
		cmocka_unit_test(too_many_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
