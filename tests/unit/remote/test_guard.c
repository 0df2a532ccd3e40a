/* SPDX-License-Identifier: BSD-2-Clause */
/* The guard: what it passes, changes and taps, and its budgets. */
#include "guard_rig.h"

/* ---- what goes through ---- */

static void passes_what_is_sound(void **state)
{
	(void)state;
	passes("* 3 EXISTS\r\n1 OK done\r\n");
	passes("* 1 FETCH (UID 7 FLAGS (\\Seen) BODY[] {5}\r\nhello)\r\n");
	passes("* 1 FETCH (BODY[HEADER.FIELDS (A B)]<0> {2}\r\nab X NIL)\r\n");
	passes("* 1 FETCH (X \"a(b{9}\\\"c\\\\\" Y {0}\r\n)\r\n");
	passes("* 1 FETCH (BODY[] {5}\nhello)\n1 OK\n");
	passes("* 1 FETCH (FLAGS (foo(bar) x{y Envelope Body))\r\n");
	passes("* FLAGS (Envelope BODY BODYSTRUCTURE)\r\n");
	passes("* OK hi {100000000}\r\n* OK (((((((((( \"\r\n");
	passes("* OK [PERMANENTFLAGS (\\Seen x \\*)] ok\r\n");
	passes("* OK [PERMANENTFLAGS ()] ok\r\n");
	passes("* NO [X (\"a]b\" c)] \"text\r\n* NO [BADCHARSET] t\r\n");
	passes("* OK [MAILBOXID (F22)] ok\r\n");
	passes("* BYE [ALERT] so long\r\n");
	passes("* X-NEWS (a \"b\" {3}\r\nxyz) c\r\n");
	passes("* LISTX a\r\n* STATUSES\r\n* 12345678901234567890 EXISTS\r\n");
	passes("+ idling\r\n+ [ALERT] hm\r\n+ YWJj\r\n");
	passes("A1 OK [COPYUID 1 2:3 4,5] moved\r\n");
	passes("* -1 FETCH (UID 7)\r\n");
}

static void nul_in_a_literal_passes(void **state)
{
	static const char in[] = GREETING "* 1 FETCH (BODY[] {7}\r\n"
					  "h\0l\0\n\"()\r\n";

	(void)state;
	expect_n(&small, in, sizeof in - 1, in, sizeof in - 1, "", NULL);
}

/* ---- what is changed ---- */

static void blanks_and_empty_lines_go(void **state)
{
	(void)state;
	accepts("\r\n \t\r\n\n *  3 EXISTS\r\n  1 OK x\r\n",
		"* 3 EXISTS\r\n1 OK x\r\n", "");
}

static void status_without_text(void **state)
{
	(void)state;
	accepts("* OK\r\n", "* OK \n", "");
	accepts("A1 OK\r\n", "A1 OK \n", "");
	accepts("* OK [ALERT]\r\n", "* OK [ALERT].\n", "");
	accepts("A1 OK [ALERT]  \r\n", "A1 OK [ALERT]  .\n", "");
	passes("A1 OK \r\n");
	passes("+\r\n+ \r\n");
	refuses("* OK [ALERT]\n", "response code without text");
	passes("A1 OK\n");
	passes("* BAD\n");
}

/* ---- the tap ---- */

static void taps_listings(void **state)
{
	(void)state;
	accepts("* LIST (\\Sent) \"/\" \"a\\\"b\"\r\n1 OK x\r\n", "1 OK x\r\n",
		"* LIST (\\Sent) \"/\" \"a\\\"b\"|");
	accepts("* lsub () NIL {4}\r\na\r\nb x\r\n1 OK x\r\n", "1 OK x\r\n",
		"* lsub () NIL {4}\r\na\r\nb x|");
	accepts("* STATUS a (SIZE 4294967299)\n* Search\r\n* 3 EXISTS\r\n",
		"* 3 EXISTS\r\n", "* STATUS a (SIZE 4294967299)|* Search|");
	accepts("* VANISHED (EARLIER) 1:3,5\r\n* ESEARCH (TAG \"1\") ALL 2\r\n"
		"* CAPABILITY IMAP4rev1\r\n* NAMESPACE ((\"\" \"/\")) NIL NIL"
		"\r\n* ID NIL\r\n",
		"",
		"* VANISHED (EARLIER) 1:3,5|* ESEARCH (TAG \"1\") ALL 2|"
		"* CAPABILITY IMAP4rev1|* NAMESPACE ((\"\" \"/\")) NIL NIL|"
		"* ID NIL|");
	accepts("* LIST(\\X) \"/\" a\r\n", "", "* LIST(\\X) \"/\" a|");
	accepts("*  LIST () NIL a\r\n", "", "* LIST () NIL a|");
}

static void tap_may_refuse(void **state)
{
	(void)state;
	refuses("* LIST () NIL refuse-me\r\n1 OK\r\n", "its reader refused");
}

static void tap_is_bounded(void **state)
{
	char *line = repeat("* LIST () NIL ", "x", 300, "\r\n");
	char *many = repeat("", "* SEARCH 1 2 3 4 5 6 7\r\n", 400, "1 OK\r\n");

	(void)state;
	refuses(line, "a line is too long");
	refuses("* LIST () NIL {500}\r\n", "a line is too long");
	refuses("* LIST () NIL {4097}\r\n", "too large");
	refuses(many, "an answer is too long");
	free(line);
	free(many);
}

/* Bodies do not count, other literals do. */
static void bodies_are_free(void **state)
{
	char *body = repeat(
		"* 1 FETCH (UID 7 BODY[]<0> {1000}\r\n", "x", 1000, ")\r\n");
	char *odd =
		repeat("* 1 FETCH (UID 7 X-ODD {1000}\r\n", "x", 1000, ")\r\n");
	char *bodies = mem_printf("%s%s%s1 OK x\r\n", body, body, body);
	char *odds = mem_printf("%s%s1 OK x\r\n", odd, odd);

	(void)state;
	passes(bodies);
	refuses(odds, "an answer is too long");
	free(body);
	free(odd);
	free(bodies);
	free(odds);
}

static void a_new_command_has_a_new_budget(void **state)
{
	char *flood = repeat(GREETING, "* 1 EXISTS\r\n", 100, "");
	struct guard *g = guard_new(&small, NULL, NULL);

	(void)state;
	for (int i = 0; i < 5; i++) {
		char *copy = mem_strdup(flood);
		assert_int_equal(
			guard_feed(g, copy, strlen(copy)), (long)strlen(copy));
		guard_begin_command(g);
		free(copy);
	}
	free(flood);
	guard_free(&g);
}

static void says_whether_it_was_a_limit(void **state)
{
	struct run r;
	static const char deep[] = GREETING "* X ((((((";
	static const char nul[] = GREETING "* X \0";
	static const char long_greeting[] =
		"* OK "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

	(void)state;
	play(&r, &small, deep, sizeof deep - 1, 0);
	assert_true(r.limit);
	clear(&r);
	play(&r, &small, long_greeting, sizeof long_greeting - 1, 0);
	assert_true(r.limit);
	clear(&r);
	play(&r, &small, nul, sizeof nul - 1, 0);
	assert_non_null(r.why);
	assert_false(r.limit);
	clear(&r);
}

/* What an injection before TLS would have to hide behind. */
static void knows_when_it_is_at_rest(void **state)
{
	static const struct {
		const char *in;
		bool at_rest;
	} cases[] = {
		{"", true},
		{GREETING, false},
		{GREETING "1 OK go\r\n", true},
		{GREETING "1 OK go\r\n*", false},
		{GREETING "1 OK go\r\n ", false},
		{GREETING "1 OK go\r\n\r\n", false},
		{GREETING "1 OK go\r\n* CAPABILITY AUTH=PLAIN\r\n", false},
		{GREETING "* CAPABILITY AUTH=PLAIN\r\n1 OK go\r\n", true},
		{GREETING "1 OK go\r\n1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct run r;
		play(&r, &small, cases[i].in, strlen(cases[i].in), 0);
		assert_int_equal(r.at_rest, cases[i].at_rest);
		clear(&r);
		play(&r, &small, cases[i].in, strlen(cases[i].in), SIZE_MAX);
		assert_int_equal(r.at_rest, cases[i].at_rest);
		clear(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_what_is_sound),
		cmocka_unit_test(nul_in_a_literal_passes),
		cmocka_unit_test(blanks_and_empty_lines_go),
		cmocka_unit_test(status_without_text),
		cmocka_unit_test(taps_listings),
		cmocka_unit_test(tap_may_refuse),
		cmocka_unit_test(tap_is_bounded),
		cmocka_unit_test(bodies_are_free),
		cmocka_unit_test(a_new_command_has_a_new_budget),
		cmocka_unit_test(says_whether_it_was_a_limit),
		cmocka_unit_test(knows_when_it_is_at_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
