/* SPDX-License-Identifier: BSD-2-Clause */
/* The last lines of a conversation about one message: how it was refused, and
 * never what is in it, nor a secret. */
#include "imap_talk.h"

#define ITEMS " (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"
#define ASK "C: $T UID FETCH 7" ITEMS "\n"
#define SECRET "sesame"

static void dialogue(const char *answer, int result, const char *expected)
{
	char *text = mem_printf(ASK "%s", answer), *asked;
	struct talk t;

	talk_open_inbox(&t, "IDLE", 9, text);
	assert_int_equal(talk_fetch(&t, 7, 7), result);
	asked = mem_printf("C: 3 UID FETCH 7" ITEMS "\n%s", expected);
	assert_string_equal(session_dialogue(t.s), asked);
	assert_null(strstr(session_dialogue(t.s), TALK_PASSWORD));
	assert_null(strstr(session_dialogue(t.s), SECRET));
	talk_close(&t);
	free(asked);
	free(text);
}

static void test_refusals(void **state)
{
	(void)state;
	dialogue("S: $T NO [SERVERBUG] cannot \\x1b[0m render it\n", -1,
		"S: 3 NO [SERVERBUG] cannot ?[0m render it");
	dialogue("S: * BYE too much\n", -1, "S: * BYE too much");
	dialogue("S: * 7 FETCH (UID 7 BODY[] NIL)\nS: $T OK\n", 0,
		"S: * 7 FETCH (UID 7 BODY[] NIL)\nS: 3 OK");
}

static void test_content(void **state)
{
	(void)state;
	dialogue("S: * 7 FETCH (UID 7 BODY[] {12}\n"
		 "S<: To: " SECRET "\\r\\n\n"
		 "S:  FLAGS (\\\\Seen))\nS: $T OK done\n",
		0,
		"S: * 7 FETCH (UID 7 BODY[] {12}\nS: {12 bytes}\nS: )\n"
		"S: 3 OK done");
	dialogue("S: * 7 FETCH (UID 7 BODY[] \"" SECRET "\")\nS: $T OK\n", 0,
		"S: * 7 FETCH (UID 7 BODY[] \nS: 3 OK");
	/* cut off in its middle */
	dialogue("S: * 7 FETCH (UID 7 BODY[] {12}\nS<: " SECRET "\n", -1,
		"S: * 7 FETCH (UID 7 BODY[] {12}");
}

/* A literal that says less than comes: what follows may be anything. */
static void test_lying_literal(void **state)
{
	static const char end[] =
		"S: (no answer; nothing is shown from here on)";
	char *expected = mem_printf("S: * 7 FETCH (UID 7 BODY[] {3}\n"
				    "S: {3 bytes}\n%s",
		end);

	(void)state;
	dialogue("S: * 7 FETCH (UID 7 BODY[] {3}\n"
		 "S: abcdef " SECRET "\n"
		 "S: * 7 FETCH (" SECRET "\n"
		 "S: $T OK " SECRET "\n",
		-1, expected);
	free(expected);
}

static void test_last_lines(void **state)
{
	struct buf answer, expected;

	(void)state;
	buf_init(&answer, 1 << 16);
	buf_init(&expected, 1 << 16);
	for (int i = 1; i <= 20; i++)
		(void)buf_printf(&answer, "S: * %d EXISTS\n", i);
	(void)buf_printf(&answer, "S: $T NO %0300d\n", 1);
	for (int i = 14; i <= 20; i++)
		(void)buf_printf(&expected, "S: * %d EXISTS\n", i);
	(void)buf_printf(&expected, "S: 3 NO %0151d", 0);
	{
		char *text = mem_printf(ASK "%s", buf_str(&answer));
		struct talk t;
		talk_open_inbox(&t, "IDLE", 9, text);
		assert_int_equal(talk_fetch(&t, 7, 7), -1);
		assert_string_equal(session_dialogue(t.s), buf_str(&expected));
		assert_true(
			strlen(session_dialogue(t.s)) < SESSION_DIALOGUE_MAX);
		talk_close(&t);
		free(text);
	}
	buf_free(&answer);
	buf_free(&expected);
}

/* Of many at once nothing is kept, and nothing of the time before. */
static void test_only_of_one(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 9,
		ASK "S: $T NO first\n"
		    "C: $T UID FETCH 7:9" ITEMS "\nS: $T NO second\n");
	assert_int_equal(talk_fetch(&t, 7, 7), -1);
	assert_non_null(strstr(session_dialogue(t.s), "NO first"));
	assert_int_equal(talk_fetch(&t, 7, 9), -1);
	assert_string_equal(session_dialogue(t.s), "");
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_lying_literal),
		cmocka_unit_test(test_last_lines),
		cmocka_unit_test(test_only_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
