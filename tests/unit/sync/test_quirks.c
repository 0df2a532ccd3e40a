/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs against servers that break rules. */
#include "collector/base/clock.h"
#include "rig.h"

static struct rig *three_mailboxes(enum err_class kills)
{
	struct rig *r = rig_new(false);

	fake_fill(fake_mailbox(&r->fake, "A"), 1, 3);
	fake_fill(fake_mailbox(&r->fake, "B "), 4, 3);
	fake_fill(fake_mailbox(&r->fake, "C"), 7, 3);
	r->fake.mailboxes[1].kills = kills;
	return r;
}

/* The name is named, and the others are there. */
static void assert_others_came(struct rig *r)
{
	rig_run(r);
	rig_look(r);
	assert_false(r->result.ok);
	assert_int_equal(r->result.err.scope, ERR_SCOPE_MAILBOX);
	assert_non_null(strstr(r->result.err.text, "mailbox B"));
	assert_int_equal(r->files, 6);
	for (int id = 1; id <= 9; id++)
		assert_int_equal(r->seen[id], id < 4 || id > 6);
}

/* A folder whose name ends in a space kills the session (imapsync#154). */
static void a_name_that_kills_the_session(void **state)
{
	struct rig *r = three_mailboxes(ERR_NETWORK);

	(void)state;
	assert_others_came(r);
	assert_true(r->fake.opens <= 5);
	/* and when it is every name, then it is the server */
	r->fake.mailboxes[0].kills = r->fake.mailboxes[2].kills = ERR_NETWORK;
	r->fake.mailboxes[0].uidvalidity++;
	rig_run(r);
	assert_false(r->result.ok);
	assert_int_equal(r->result.err.class, ERR_NETWORK);
	rig_free(r);
}

/* Zimbra says BYE to a locked mailbox; from others BYE ends the run. */
static void a_mailbox_answered_with_bye(void **state)
{
	struct rig *r = three_mailboxes(ERR_REFUSED);

	(void)state;
	r->fake.quirks = QUIRK_MAILBOX_BYE;
	assert_others_came(r);
	assert_int_equal(r->fake.opens, 2);
	rig_free(r);
	r = three_mailboxes(ERR_REFUSED);
	rig_run(r);
	rig_look(r);
	assert_false(r->result.ok);
	assert_int_equal(r->result.err.class, ERR_REFUSED);
	assert_int_equal(r->files, 3);
	assert_int_equal(r->fake.opens, 1);
	rig_free(r);
}

/* Zoho hangs up on whoever does not wait for answers. */
static void one_command_at_a_time_is_learned(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 3);
	r->fake.losses = 2;
	r->fake.in_flight = 3;
	rig_run_ok(r);
	assert_int_equal(r->fake.opens, 3);
	assert_true(r->fake.told.on == QUIRK_NO_PIPELINING);
	rig_assert_exactly(r, 1, 3);
	rig_free(r);
	/* one in flight proves nothing */
	r = rig_new(false);
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 3);
	r->fake.losses = 2;
	r->fake.in_flight = 1;
	rig_run_ok(r);
	assert_true(r->fake.told.on == 0);
	rig_free(r);
	/* whoever has said no means it */
	r = rig_new(false);
	r->quirks = "no-pipelining=off\nten-errors=on";
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 3);
	r->fake.losses = 2;
	r->fake.in_flight = 3;
	rig_run_ok(r);
	assert_true(r->fake.told.on == QUIRK_TEN_ERRORS);
	assert_true(r->fake.told.off == QUIRK_NO_PIPELINING);
	rig_free(r);
}

/* "Suggested Backoff Time: 300 milliseconds": neither a millisecond less nor
 * a run more. */
static void a_short_pause_is_waited_for(void **state)
{
	struct rig *r = rig_new(false);
	int64_t began_ms = clock_mono_ms();

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 3);
	r->fake.pauses = 2;
	r->fake.pause_ms = 300;
	rig_run_ok(r);
	assert_true(clock_mono_ms() - began_ms >= 600);
	assert_int_equal(r->fake.opens, 3);
	rig_assert_exactly(r, 1, 3);
	rig_free(r);
}

/* A long one, or one after the other, is left to the job table. */
static void a_long_pause_ends_the_run(void **state)
{
	struct rig *r = rig_new(false);
	int64_t now_s = clock_wall_s();

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 3);
	r->fake.pauses = 1;
	r->fake.pause_ms = 299961;
	rig_run(r);
	assert_int_equal(r->result.err.class, ERR_THROTTLED);
	assert_true(r->result.next_due_s >= now_s + 300);
	assert_true(r->result.next_due_s <= clock_wall_s() + 301);
	assert_int_equal(r->fake.opens, 1);
	r->fake.pauses = 100;
	r->fake.pause_ms = 1;
	rig_run(r);
	assert_int_equal(r->result.err.class, ERR_THROTTLED);
	assert_int_equal(r->fake.opens, 1 + 6);
	rig_free(r);
}

/* Exchange's notes are quarantined, each with one question, however many of
 * them there are; old servers' book-keeping is left out for good. */
static void notes_are_no_messages(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 100);
	for (int i = 20; i < 80; i++)
		m->messages[i].fault = FAKE_STUB;
	m->messages[0].fault = FAKE_INTERNAL;
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->files, 39);
	assert_int_equal(r->result.messages_quarantined, 60);
	assert_int_equal(r->result.messages_skipped, 1);
	assert_int_equal(r->fake.fetches, 1);
	assert_int_equal(r->fake.opens, 1);
	rig_run_ok(r);
	assert_int_equal(r->fake.fetches, 1);
	assert_int_equal(r->result.messages_quarantined, 60);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_that_kills_the_session),
		cmocka_unit_test(a_mailbox_answered_with_bye),
		cmocka_unit_test(one_command_at_a_time_is_learned),
		cmocka_unit_test(notes_are_no_messages),
		cmocka_unit_test(a_short_pause_is_waited_for),
		cmocka_unit_test(a_long_pause_ends_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
