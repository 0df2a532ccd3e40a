/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting in IDLE: what is news and what is not, and how it ends. */
#include "imap_talk.h"

#include <poll.h>

#define IDLE "C: $T IDLE\nS: + idling\n"
#define DONE "C: DONE\nS: $T OK done\n"
#define NOOP "C: $T NOOP\nS: $T OK\n"

/* Looks, and again whenever something has come, until that says something. */
static int look(struct talk *t)
{
	struct pollfd p = {.fd = session_idle_fd(t->s), .events = POLLIN};
	int r;

	while ((r = session_idle_look(t->s, &t->err)) == 0)
		if (poll(&p, 1, 10000) != 1)
			fail_msg("nothing has come: line %d", t->script.line);
	return r;
}

static void idle(struct talk *t)
{
	if (session_idle(t->s, &t->err) != 1)
		fail_msg("%s", t->err.text);
}

/* The session is sound: another command is answered. */
static void is_sound(struct talk *t)
{
	struct mailbox_state state;

	if (session_select(t->s, "INBOX", &state, &t->err) < 0)
		fail_msg("%s", t->err.text);
	assert_int_equal(state.exists, 9);
}

#define SOUND                                                                  \
	"C: $T EXAMINE \"INBOX\"*\nS: * 9 EXISTS\nS: * OK [UIDVALIDITY 1] x\n" \
	"S: $T OK\n"

static void test_news(void **state)
{
	static const char *const news[] = {
		"S: * 4 EXISTS\n",
		"S: * 1 EXPUNGE\n",
		"S: * 2 FETCH (FLAGS (\\Seen))\n",
		"S: * 2 RECENT\n",
		/* taken out by the guard's tap */
		"S: * VANISHED 7\n",
		/* in pieces, behind small talk */
		("S: * OK Still here\nS: * ok\nS: + idling\nS: \nS<: * 4 EX\n"
		 "S: ISTS\n"),
		/* several, of which one has a literal */
		"S: * 1 FETCH (BODY[TEXT] {3}\nS: a\nS: )\nS: * 4 EXISTS\n",
		"S: * FLAGS (\\Seen)\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof news / sizeof *news; i++) {
		char *text = mem_printf(IDLE "GATE\n%s" DONE SOUND, news[i]);
		struct talk t;

		talk_open_inbox(&t, "IDLE", 3, text);
		idle(&t);
		assert_int_equal(session_idle_look(t.s, &t.err), 0);
		script_go(&t.script);
		assert_int_equal(look(&t), 1);
		/* it stays so, without reading on */
		assert_int_equal(session_idle_look(t.s, &t.err), 1);
		if (session_idle_end(t.s, &t.err) != 1)
			fail_msg("%s: %s", news[i], t.err.text);
		is_sound(&t);
		talk_close(&t);
		free(text);
	}
}

static void test_small_talk(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 3,
		IDLE "S: * OK Still here\nS: * OK Still here\n" DONE SOUND);
	idle(&t);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(session_idle_look(t.s, &t.err), 0);
		(void)poll(NULL, 0, 1);
	}
	assert_int_equal(session_idle_end(t.s, &t.err), 0);
	is_sound(&t);
	talk_close(&t);
}

/* News that come when nobody looks any more. */
static void test_news_at_the_end(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 3,
		IDLE "C: DONE\nS: * 4 EXISTS\nS: $T OK done\n" IDLE DONE SOUND);
	idle(&t);
	assert_int_equal(session_idle_end(t.s, &t.err), 1);
	idle(&t);
	assert_int_equal(session_idle_end(t.s, &t.err), 0);
	is_sound(&t);
	talk_close(&t);
	/* between the command and its "+" */
	talk_open_inbox(
		&t, "IDLE", 3, "C: $T IDLE\nS: * 4 EXISTS\nS: + idling\n" DONE);
	idle(&t);
	assert_int_equal(session_idle_look(t.s, &t.err), 1);
	assert_int_equal(session_idle_end(t.s, &t.err), 1);
	talk_close(&t);
}

static void test_refused(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 3, "C: $T IDLE\nS: $T BAD what\n" SOUND);
	assert_int_equal(session_idle(t.s, &t.err), 0);
	assert_int_equal(session_idle(t.s, &t.err), 0); /* not asked again */
	is_sound(&t);
	talk_close(&t);
	talk_open_inbox(&t, "CONDSTORE", 3, "C: $T LOGOUT\n");
	assert_int_equal(session_idle(t.s, &t.err), 0);
	assert_int_equal(session_idle_end(t.s, &t.err), -1);
	talk_close(&t);
}

/* The server ends IDLE by itself: no DONE then, which would be a command. */
static void test_ended_by_the_server(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 3, IDLE "S: $T OK IDLE terminated\n" SOUND);
	idle(&t);
	assert_int_equal(look(&t), 1);
	assert_int_equal(session_idle_end(t.s, &t.err), 1);
	is_sound(&t);
	talk_close(&t);
}

static void is_over(const char *text, enum err_class class)
{
	struct talk t;

	talk_open_inbox(&t, "IDLE", 3, text);
	idle(&t);
	if (look(&t) != -1)
		fail_msg("%s", text);
	assert_int_equal(t.err.class, class);
	assert_int_equal(t.err.scope, ERR_SCOPE_SESSION);
	assert_int_equal(session_idle_end(t.s, NULL), -1);
	talk_close(&t);
}

static void test_over(void **state)
{
	(void)state;
	is_over(IDLE "S: * BYE Autologout; idle for too long\nEOF\n",
		ERR_NETWORK);
	is_over(IDLE "S: * BYE Too many connections\nCLOSE\n", ERR_THROTTLED);
	is_over(IDLE "CLOSE\n", ERR_NETWORK);
	is_over(IDLE "S<: * OK Sti\nCLOSE\n", ERR_NETWORK);
	/* endless lines, and endless small talk */
	is_over(IDLE "S<: * OK \nR: 9000 x\nEOF\n", ERR_PROTOCOL);
	is_over(IDLE "R: 20000 * OK x\\r\\n\nEOF\n", ERR_LIMIT);
}

/* What comes instead of an answer to DONE. */
static void test_over_at_the_end(void **state)
{
	static const char *const text[] = {"S: * BYE gone\n", "CLOSE\n",
		"S: * 1 FETCH (\\x01\nS: 99 OK\nCLOSE\n"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *all = mem_printf(IDLE "C: DONE\n%s", text[i]);
		struct talk t;

		talk_open_inbox(&t, "IDLE", 3, all);
		idle(&t);
		assert_int_equal(session_idle_end(t.s, &t.err), -1);
		assert_int_equal(t.err.scope, ERR_SCOPE_SESSION);
		talk_close(&t);
		free(all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_small_talk),
		cmocka_unit_test(test_news_at_the_end),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ended_by_the_server),
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_over_at_the_end),
	};

	catchall_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
