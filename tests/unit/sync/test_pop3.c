/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

static struct rig *pop3(int count)
{
	struct rig *r = rig_new(true);

	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, count);
	return r;
}

static void name_all(struct fake_mailbox *m, const char *uidl)
{
	for (size_t i = 0; i < m->count; i++)
		(void)snprintf(m->messages[i].uidl, sizeof m->messages[i].uidl,
			"%s", uidl);
}

static void first_import_then_nothing_to_do(void **state)
{
	struct rig *r = pop3(20);

	(void)state;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 20);
	assert_int_equal(r->result.messages_stored, 20);
	assert_int_equal(r->result.messages_source, 20);
	r->fake.fetches = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.fetches, 0);
	rig_free(r);
}

static void numbers_move_and_names_do_not(void **state)
{
	struct rig *r = pop3(10);
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	(void)state;
	rig_run_ok(r);
	fake_expunge(m, 1);
	fake_expunge(m, 5);
	fake_fill(m, 11, 3);
	r->fake.bodies = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 3);
	rig_assert_exactly(r, 1, 13);
	rig_free(r);
}

static void what_a_reader_deleted_stays_deleted(void **state)
{
	struct rig *r = pop3(5);

	(void)state;
	rig_run_ok(r);
	rig_remove(r, 2);
	rig_move(r, 3);
	r->fake.bodies = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 0);
	rig_look(r);
	assert_int_equal(r->files, 4);
	rig_free(r);
}

static void one_uidl_for_several(void **state)
{
	struct rig *r = pop3(6);
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	(void)state;
	for (size_t i = 1; i < 4; i++)
		(void)snprintf(m->messages[i].uidl, sizeof m->messages[i].uidl,
			"same");
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 6);
	r->fake.bodies = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 0);
	fake_fill(m, 7, 1);
	(void)snprintf(m->messages[6].uidl, sizeof m->messages[6].uidl, "same");
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 1);
	rig_assert_exactly(r, 1, 7);
	rig_free(r);
}

static void no_uidl_at_all(void **state)
{
	struct rig *r = pop3(6);
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	(void)state;
	(void)fake_add(m, 3); /* the same bytes once more */
	name_all(m, "");
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->files, 7);
	assert_int_equal(r->seen[3], 2);
	/* read again, delivered never again */
	rig_run_ok(r);
	fake_expunge(m, 1);
	(void)fake_add(m, 10);
	(void)fake_add(m, 3);
	name_all(m, "");
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->files, 9);
	assert_int_equal(r->seen[3], 3);
	assert_int_equal(r->seen[10], 1);
	assert_int_equal(r->seen[1], 1);
	rig_free(r);
}

static void the_connection_breaks(bool named)
{
	for (int64_t at = 0; at < 900; at += 43) {
		struct rig *r = pop3(10);
		if (!named)
			name_all(&r->fake.mailboxes[0], "");
		r->fake.cut_after_bytes = at;
		rig_run_ok(r);
		rig_assert_exactly(r, 1, 10);
		rig_free(r);
	}
}

static void the_connection_breaks_anywhere(void **state)
{
	(void)state;
	the_connection_breaks(true);
}

static void and_without_names(void **state)
{
	(void)state;
	the_connection_breaks(false);
}

static void expunge_first(void *arg)
{
	struct fake *f = arg;

	if (f->was_cut && f->mailboxes[0].messages[0].id == 1)
		fake_expunge(&f->mailboxes[0], 1);
}

static void numbers_move_between_two_sessions(void **state)
{
	struct rig *r = pop3(8);

	(void)state;
	r->fake.cut_at_message = 4;
	r->fake.on_open = expunge_first;
	r->fake.arg = &r->fake;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 8);
	rig_free(r);
}

static void and_without_names_nothing_is_guessed(void **state)
{
	struct rig *r = pop3(8);

	(void)state;
	name_all(&r->fake.mailboxes[0], "");
	r->fake.cut_at_message = 4;
	r->fake.on_open = expunge_first;
	r->fake.arg = &r->fake;
	rig_run(r);
	assert_false(r->result.ok);
	rig_assert_exactly(r, 1, 4);
	r->fake.on_open = NULL;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 8);
	rig_free(r);
}

static void poison(enum fake_fault fault, int where)
{
	struct rig *r = pop3(9);

	r->fake.mailboxes[0].messages[where].fault = fault;
	rig_run_ok(r);
	rig_look(r);
	for (int id = 1; id <= 9; id++)
		assert_int_equal(r->seen[id], id != where + 1);
	assert_int_equal(r->result.messages_quarantined, 1);
	r->fake.fetches = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.fetches, 0);
	rig_free(r);
}

static void a_poison_message_is_found_and_left(void **state)
{
	static const enum fake_fault faults[] = {FAKE_POISON, FAKE_POISON_LATE,
		FAKE_POISON_RANGE, FAKE_HANGS_UP, FAKE_NO_BODY, FAKE_ABSENT,
		FAKE_HOLLOW};

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		poison(faults[i], 0);
		poison(faults[i], 4);
		poison(faults[i], 8);
	}
}

static void a_nameless_one_that_cannot_be_read_is_told(void **state)
{
	struct rig *r = pop3(6);

	(void)state;
	name_all(&r->fake.mailboxes[0], "");
	r->fake.mailboxes[0].messages[2].fault = FAKE_NO_BODY;
	rig_run(r);
	assert_false(r->result.ok);
	assert_int_equal(r->result.err.scope, ERR_SCOPE_MAILBOX);
	rig_look(r);
	assert_int_equal(r->files, 5);
	r->fake.mailboxes[0].messages[2].fault = FAKE_SOUND;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 6);
	rig_free(r);
}

static void too_large_is_not_fetched(void **state)
{
	struct rig *r = pop3(4);
	struct fake_message *m = &r->fake.mailboxes[0].messages[1];

	(void)state;
	rig_set(r, "limits.message", "1000");
	free(m->body);
	m->size = 4000;
	m->body = mem_alloc(4001);
	memset(m->body, 'x', 4000);
	rig_run_ok(r);
	assert_int_equal(r->result.messages_quarantined, 1);
	assert_int_equal(r->fake.bodies, 3);
	assert_int_equal(r->fake.opens, 1);
	rig_free(r);
}

static void too_large_and_says_otherwise(void **state)
{
	struct rig *r = pop3(4);
	struct fake_message *m = &r->fake.mailboxes[0].messages[1];

	(void)state;
	rig_set(r, "limits.message", "1000");
	free(m->body);
	m->size = 1100;
	m->body = mem_alloc(1101);
	memset(m->body, 'x', 1100);
	r->fake.understate = 500;
	rig_run_ok(r);
	assert_int_equal(r->result.messages_quarantined, 1);
	assert_int_equal(r->result.messages_stored, 3);
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
	for (int after = 1; after <= 6; after++) {
		struct rig *r = pop3(7);
		struct canceller c = {.rig = r, .after = after};
		r->fake.on_message = cancel_after;
		r->fake.arg = &c;
		rig_run(r);
		assert_true(r->result.cancelled);
		rig_run_ok(r);
		rig_assert_exactly(r, 1, 7);
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_import_then_nothing_to_do),
		cmocka_unit_test(numbers_move_and_names_do_not),
		cmocka_unit_test(what_a_reader_deleted_stays_deleted),
		cmocka_unit_test(one_uidl_for_several),
		cmocka_unit_test(no_uidl_at_all),
		cmocka_unit_test(the_connection_breaks_anywhere),
		cmocka_unit_test(and_without_names),
		cmocka_unit_test(numbers_move_between_two_sessions),
		cmocka_unit_test(and_without_names_nothing_is_guessed),
		cmocka_unit_test(a_poison_message_is_found_and_left),
		cmocka_unit_test(a_nameless_one_that_cannot_be_read_is_told),
		cmocka_unit_test(too_large_is_not_fetched),
		cmocka_unit_test(too_large_and_says_otherwise),
		cmocka_unit_test(cancelled_at_any_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
