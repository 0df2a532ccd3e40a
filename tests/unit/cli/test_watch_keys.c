/* SPDX-License-Identifier: BSD-2-Clause */
/* What the keys of `status --watch` do. */
#include "watch_rig.h"

static void add_three(void)
{
	struct job_status *s = rig_add("anna", "idle");

	s->messages_stored = 5;
	s = rig_add("bert", "running");
	rig_run(s, 2, 10, 100);
	s = rig_add("clara", "failed");
	rig_fail(s, ERR_AUTH, "Refused", "");
	s->messages_stored = 9;
	rig_take();
}

/* The names that are shown, in order. */
static void shows(const char *wanted)
{
	char got[256] = "";

	for (size_t i = 0; i < rig.shown_count; i++)
		(void)snprintf(got + strlen(got), sizeof got - strlen(got),
			"%s%s", i != 0 ? " " : "",
			rig.now.rows[rig.shown[i]].account->name);
	assert_string_equal(got, wanted);
}

static const char *chosen(void)
{
	const struct watch_row *row = watch_chosen(&rig);

	return row != NULL ? row->account->name : "";
}

static void test_sorts(void **unused)
{
	(void)unused;
	add_three();
	shows("bert clara anna");
	rig_key('s');
	shows("anna bert clara"); /* name */
	rig_key('S');
	shows("clara bert anna");
	rig_key('s');
	shows("clara anna bert"); /* stored */
	rig_key('s');
	rig_key('s');
	shows("bert anna clara"); /* rate */
	rig_key('s');
	rig_key('s');
	shows("bert clara anna"); /* state again */
}

static void test_filters(void **unused)
{
	(void)unused;
	add_three();
	rig_accounts[0].group = (char *)(uintptr_t) "wave-1";
	rig_key('/');
	rig_type("AN");
	shows("anna");
	rig_type("qp"); /* letters here, no keys */
	shows("");
	assert_int_equal(rig.typing, true);
	rig_key(WATCH_KEY_BACKSPACE);
	rig_key(127);
	shows("anna");
	rig_key('\r');
	assert_int_equal(rig.typing, false);
	rig_draw(80, 24);
	assert_true(rig_find("1 shown, by state, with \"AN\"") > 0);
	rig_key(27);
	shows("bert clara anna");
	rig_key('/');
	rig_type("refused");
	shows("clara");
	rig_key(27);
	shows("bert clara anna");
	rig_key('/');
	rig_type("Wave-1");
	shows("anna");
	rig_key('U' - '@');
	rig_type("imap.example");
	shows("bert clara anna");
	/* of any language, and never more than there is room for */
	rig_key('U' - '@');
	rig_key(0xfc);
	assert_string_equal(rig.filter, "ü");
	rig_key(WATCH_KEY_BACKSPACE);
	assert_string_equal(rig.filter, "");
	for (int i = 0; i < 200; i++)
		rig_key(0x65e5);
	assert_int_equal(strlen(rig.filter) % 3, 0);
	assert_true(strlen(rig.filter) < WATCH_FILTER_BYTES);
}

static void test_only(void **unused)
{
	(void)unused;
	add_three();
	rig_key('f');
	shows("bert");
	rig_key('f');
	shows("clara");
	rig_key('f');
	shows("");
	rig_draw(80, 24);
	assert_true(rig_find("no account is like that") > 0);
	rig_key(27);
	shows("bert clara anna");
}

/* A key is about the account that was chosen, wherever its row has gone. */
static void test_the_choice_stays(void **unused)
{
	(void)unused;
	add_three();
	rig_draw(80, 24);
	assert_int_equal(rig_key('p'), WATCH_NOTHING);
	assert_true(strstr(rig.message, "no account is chosen") != NULL);
	rig_key('j');
	assert_string_equal(chosen(), "bert");
	assert_int_equal(rig_key('p'), WATCH_PAUSE);
	assert_int_equal(rig_key('r'), WATCH_RESUME);
	assert_int_equal(rig_key('t'), WATCH_RETRY);
	assert_int_equal(rig_key('n'), WATCH_SYNC);
	(void)snprintf(rig_jobs[1].state, sizeof rig_jobs[1].state, "paused");
	rig_take();
	shows("clara anna bert");
	assert_string_equal(chosen(), "bert");
	assert_int_equal(rig.at, 2);
	/* out of sight is not chosen any more, and nothing is instead */
	rig_key('/');
	rig_type("anna");
	rig_key('\r');
	assert_string_equal(chosen(), "");
	assert_int_equal(rig_key('p'), WATCH_NOTHING);
	/* another order is seen from its top */
	rig_key(WATCH_KEY_DOWN);
	assert_string_equal(chosen(), "anna");
	rig_key('s');
	assert_string_equal(chosen(), "");
	assert_int_equal(rig.top, 0);
}

static void test_pages(void **unused)
{
	(void)unused;
	add_three();
	rig_draw(80, 24);
	rig_key(WATCH_KEY_DOWN);
	assert_int_equal(rig_key(WATCH_KEY_ENTER), WATCH_READ);
	assert_int_equal(rig.page, WATCH_ACCOUNT);
	assert_int_equal(rig_key('t'), WATCH_RETRY);
	rig_key('?');
	assert_int_equal(rig.page, WATCH_HELP);
	assert_int_equal(rig_key('p'), WATCH_NOTHING);
	rig_draw(80, 24);
	assert_true(rig_find("pause the chosen account") > 0);
	rig_key(27);
	assert_int_equal(rig.page, WATCH_ACCOUNT);
	rig_key(WATCH_KEY_LEFT);
	assert_int_equal(rig.page, WATCH_LIST);
	assert_string_equal(chosen(), "bert");
	/* an account that is removed closes its page */
	rig_key(WATCH_KEY_ENTER);
	rig_now.count = 1;
	watch_take(&rig, &rig_now);
	rig_draw(80, 24);
	assert_int_equal(rig.page, WATCH_LIST);
	assert_int_equal(rig_key('q'), WATCH_QUIT);
}

static void test_a_message_goes_away(void **unused)
{
	(void)unused;
	add_three();
	watch_say(&rig, CANVAS_GOOD, 0, "%s: due now", "anna");
	rig_draw(40, 10);
	assert_int_equal(rig_find("anna: due now"), 9);
	canvas_clear(&rig_canvas);
	canvas_init(&rig_canvas, 10, 40, true);
	watch_draw(&rig, &rig_canvas, WATCH_MESSAGE_MS + 1);
	assert_int_equal(rig_find("anna: due now"), -1);
	assert_int_equal(rig_find("? help"), 9);
}

static void test_nobody(void **unused)
{
	(void)unused;
	rig_take();
	rig_draw(80, 24);
	assert_true(rig_find("no account is enrolled yet") > 0);
	rig_key(WATCH_KEY_DOWN);
	rig_key(WATCH_KEY_END);
	assert_int_equal(rig_key(WATCH_KEY_ENTER), WATCH_NOTHING);
	assert_int_equal(rig_key('L' - '@'), WATCH_REDRAW);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sorts),
		TEST(test_filters),
		TEST(test_only),
		TEST(test_the_choice_stays),
		TEST(test_pages),
		TEST(test_a_message_goes_away),
		TEST(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
