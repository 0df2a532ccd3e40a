/* SPDX-License-Identifier: BSD-2-Clause */
/* An import from servers that break off, send poison, or lie. */
#include "rig.h"

static void the_connection_breaks_at_every_byte(void **state)
{
	(void)state;
	/* 7 does not divide the pieces: boundaries, middles, everything */
	for (int64_t at = 0; at < 900; at += 43) {
		struct rig *r = rig_new(false);
		fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 8);
		fake_fill(fake_mailbox(&r->fake, "Next"), 9, 2);
		r->fake.cut_after_bytes = at;
		rig_run_ok(r);
		rig_assert_exactly(r, 1, 10);
		assert_int_equal(r->result.messages_quarantined, 0);
		rig_free(r);
	}
}

/* Killed, or taken along by another account's session: no message is to blame,
 * even where it was the only one that was asked for. */
static void an_envoy_dies_once_at_every_byte(void **state)
{
	(void)state;
	for (int64_t at = 0; at < 100; at += 9) {
		struct rig *r = rig_new(false);
		fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 1);
		fake_fill(fake_mailbox(&r->fake, "Next"), 2, 2);
		r->fake.cut_after_bytes = at;
		r->fake.cut_class = ERR_CRASH;
		rig_run_ok(r);
		assert_true(r->fake.was_cut);
		rig_assert_exactly(r, 1, 3);
		assert_int_equal(r->result.messages_quarantined, 0);
		rig_free(r);
	}
}

static void the_server_is_gone_and_comes_back(void **state)
{
	(void)state;
	for (int64_t at = 0; at < 8; at++) {
		struct rig *r = rig_new(false);
		fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 8);
		fake_fill(fake_mailbox(&r->fake, "Next"), 9, 2);
		r->fake.cut_at_message = at;
		r->fake.dead_after_cut = -1;
		rig_run(r);
		assert_false(r->result.ok);
		assert_int_equal(r->result.err.class, ERR_NETWORK);
		assert_true(r->result.next_due_s > 0);
		rig_assert_exactly(r, 1, (int)at);
		assert_true(r->fake.opens <= 4);
		r->fake.dead_after_cut = 0;
		r->fake.bodies = 0;
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 10 - at);
		rig_assert_exactly(r, 1, 10);
		rig_free(r);
	}
}

static void poison(enum fake_fault fault, int where, int count)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	fake_fill(m, 1, count);
	fake_fill(fake_mailbox(&r->fake, "Next"), count + 1, 2);
	m->messages[where].fault = fault;
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->files, count + 1);
	for (int id = 1; id <= count + 2; id++)
		assert_int_equal(r->seen[id], id != where + 1);
	assert_int_equal(r->result.messages_quarantined, 1);
	assert_int_equal(r->result.messages_stored, count + 1);
	/* known now: the next run asks for nothing */
	r->fake.fetches = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.fetches, 0);
	assert_int_equal(r->result.messages_quarantined, 1);
	rig_free(r);
}

static void a_poison_message_is_found_and_left(void **state)
{
	static const enum fake_fault faults[] = {FAKE_POISON, FAKE_POISON_LATE,
		FAKE_POISON_RANGE, FAKE_HANGS_UP, FAKE_REFUSED, FAKE_ABSENT,
		FAKE_NO_BODY, FAKE_HOLLOW, FAKE_NO_UID};

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		poison(faults[i], 0, 12);
		poison(faults[i], 5, 12);
		poison(faults[i], 11, 12);
		poison(faults[i], 0, 1);
	}
}

/* What cannot be had whole comes in another way, byte for byte. */
static void it_comes_in_another_way(void **state)
{
	static const enum fake_fault faults[] = {FAKE_POISON, FAKE_POISON_LATE,
		FAKE_POISON_RANGE, FAKE_HANGS_UP, FAKE_REFUSED, FAKE_ABSENT,
		FAKE_NO_BODY, FAKE_HOLLOW};

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		for (int way = 0; way < 2; way++) {
			struct rig *r = rig_new(false);
			struct fake_mailbox *m =
				fake_mailbox(&r->fake, "INBOX");

			fake_fill(m, 1, 5);
			(void)fake_add_large(m, 6, 600000);
			fake_fill(m, 7, 2);
			m->messages[2].fault = faults[i];
			m->messages[5].fault = faults[i];
			r->fake.parts_work = way == 0;
			r->fake.chunks_work = way == 1;
			rig_run_ok(r);
			rig_assert_exactly(r, 1, 8);
			assert_int_equal(r->result.messages_quarantined, 0);
			assert_int_equal(
				r->result.bytes_stored, (int64_t)fake_bytes(m));
			rig_free(r);
		}
}

/* Less than was announced is not the message. */
static void in_another_way_but_not_all(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++) {
		struct rig *r = rig_new(false);
		struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

		fake_fill(m, 1, 5);
		m->messages[2].fault = FAKE_POISON;
		r->fake.parts_work = way == 0;
		r->fake.chunks_work = way == 1;
		r->fake.pieces = FAKE_PIECES_SHORT;
		rig_run_ok(r);
		assert_int_equal(r->result.messages_quarantined, 1);
		assert_int_equal(r->result.messages_stored, 4);
		/* and when it is due, and the server has been mended */
		r->fake.pieces = FAKE_PIECES_RIGHT;
		r->retry = true;
		rig_run_ok(r);
		rig_assert_exactly(r, 1, 5);
		rig_free(r);
	}
}

static void many_are_poison(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 60);
	for (size_t i = 0; i < 60; i += 7)
		m->messages[i].fault =
			i % 2 == 0 ? FAKE_POISON_RANGE : FAKE_POISON_LATE;
	rig_run_ok(r);
	assert_int_equal(r->result.messages_quarantined, 9);
	assert_int_equal(r->result.messages_stored, 51);
	rig_look(r);
	assert_int_equal(r->files, 51);
	rig_free(r);
}

static void one_that_comes_only_alone(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 12);
	m->messages[3].fault = FAKE_SHY;
	m->messages[8].fault = FAKE_SHY;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 12);
	assert_int_equal(r->result.messages_quarantined, 0);
	rig_free(r);
}

/* What is there comes, the next mailbox too; a person is told, and each run
 * looks again. */
static void exists_lies(void **state)
{
	(void)state;
	for (int knows = 0; knows < 2; knows++) {
		struct rig *r = rig_new(false);
		struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

		fake_fill(m, 1, 6);
		fake_fill(fake_mailbox(&r->fake, "Next"), 7, 2);
		m->exists_lie = 4;
		m->scan_is_short = knows == 1;
		for (int i = 0; i < 2; i++) {
			r->fake.scans = 0;
			rig_run_ok(r);
			assert_string_equal(r->notice,
				"the server says 10 messages and shows 6; the "
				"others are looked for in each run");
			assert_true(r->fake.scans > 0);
			rig_assert_exactly(r, 1, 8);
		}
		/* they show up: nothing was marked as done */
		fake_fill(m, 9, 4);
		m->exists_lie = 0;
		m->scan_is_short = false;
		m->uidnext -= 4;
		rig_run_ok(r);
		rig_assert_exactly(r, 1, 12);
		assert_string_equal(r->notice, "");
		rig_free(r);
	}
}

static void one_bad_mailbox_does_not_stop_the_others(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 3);
	fake_fill(fake_mailbox(&r->fake, "Locked"), 101, 3);
	fake_fill(fake_mailbox(&r->fake, "Broken"), 201, 3);
	fake_fill(fake_mailbox(&r->fake, "Last"), 4, 3);
	r->fake.mailboxes[1].refuses_select = true;
	r->fake.mailboxes[2].breaks_scan = true;
	r->fake.mailboxes[2].hide_uidnext = true;
	rig_run(r);
	assert_false(r->result.ok);
	assert_int_equal(r->result.err.scope, ERR_SCOPE_MAILBOX);
	assert_non_null(strstr(r->result.err.text, "mailbox Locked: "));
	assert_false(r->result.needs_person);
	rig_assert_exactly(r, 1, 6);
	rig_free(r);
}

static void a_refused_password_is_sent_once(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 3);
	r->fake.open_fails = ERR_AUTH;
	rig_run(r);
	assert_int_equal(r->fake.opens, 1);
	assert_true(r->result.needs_person);
	assert_int_equal(r->result.next_due_s, 0);
	assert_int_equal(r->result.err.class, ERR_AUTH);
	assert_non_null(strstr(r->result.err.hint, "mailhaul set anna"));
	rig_free(r);
}

static void refuse_from_now_on(void *arg, struct fake_message *m)
{
	struct fake *f = arg;

	if (m->id == 3) {
		f->open_fails = ERR_AUTH;
		f->cut_at_message = 0;
	}
}

static void nor_again_after_a_reconnect(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 6);
	r->fake.on_message = refuse_from_now_on;
	r->fake.arg = &r->fake;
	rig_run(r);
	assert_int_equal(r->fake.opens, 2);
	assert_int_equal(r->result.err.class, ERR_AUTH);
	rig_assert_exactly(r, 1, 3);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_connection_breaks_at_every_byte),
		cmocka_unit_test(an_envoy_dies_once_at_every_byte),
		cmocka_unit_test(the_server_is_gone_and_comes_back),
		cmocka_unit_test(a_poison_message_is_found_and_left),
		cmocka_unit_test(it_comes_in_another_way),
		cmocka_unit_test(in_another_way_but_not_all),
		cmocka_unit_test(many_are_poison),
		cmocka_unit_test(one_that_comes_only_alone),
		cmocka_unit_test(exists_lies),
		cmocka_unit_test(one_bad_mailbox_does_not_stop_the_others),
		cmocka_unit_test(a_refused_password_is_sent_once),
		cmocka_unit_test(nor_again_after_a_reconnect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
