/* SPDX-License-Identifier: BSD-2-Clause */
/* The guard: what libetpan must not see, whichever way it is cut. */
#include "guard_rig.h"

static void refuses_strings_that_mislead(void **state)
{
	(void)state;
	refuses("* 1 FETCH (X \"a\r\n\")\r\n", "line end inside");
	refuses("* 1 FETCH (X \"a\\\n\")\r\n", "line end inside");
	refuses("* LIST () \"/\" \"a\r\n\"\r\n", "line end inside");
	refuses("* OK [FOO (\"a\r\n", "line end inside");
	refuses("* 1 FETCH (BODY[] ~{5}\r\nhello)\r\n", "binary literal");
	refuses("* 1 FETCH (BODY[] {5} \r\nhello)\r\n", "malformed literal");
	refuses("* 1 FETCH (BODY[] {5}  hello)\r\n", "malformed literal");
	refuses("* 1 FETCH (BODY[] { 5}\r\nhello)\r\n", "malformed literal");
	refuses("* 1 FETCH (BODY[] {-5}\r\n)\r\n", "malformed literal");
	refuses("* 1 FETCH (BODY[] {5+}\r\nhello)\r\n", "malformed literal");
	refuses("* 1 FETCH (BODY[] {5}\r\r\nhello)\r\n", "malformed literal");
	refuses("* OK [FOO (bar {3}\r\nabc)] hm\r\n", "literal in a response");
	refuses("* NO [BADCHARSET (a)] x\r\n", "character sets");
	refuses("* NO [ badcharset (a)] x\r\n", "character sets");
	refuses("* OK [PERMANENTFLAGS ((] x\r\n", "malformed response code");
	refuses("* OK [PERMANENTFLAGS (\\(] x\r\n", "malformed response code");
	refuses("* OK [PERMANENTFLAGS ( %)] x\r\n", "malformed response code");
	refuses("* OK [PERMANENTFLAGS (a] \"x\r\n", "line end inside");
}

static void refuses_strings_without_context(void **state)
{
	(void)state;
	greets("* OK [BADCHARSET (\"x\")] hi\r\n", "a greeting");
	greets("* OK [BADCHARSET ()] hi\r\n", "a greeting");
	greets("* ok   [FOO \"bar\"] x\r\n", "a greeting");
	greets("* PREAUTH [CAPABILITY \"x\" ({5}\r\n", "a greeting");
	greets("* OK [FOO {5}\r\n", "literal in a response code");
	refuses("+ [BADCHARSET (\"x\")]\r\n", "a greeting or of a cont");
	refuses("+[BADCHARSET ()] x\r\n", "a greeting or of a cont");
	greets("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] x (\"Debian\") {5}\r\n",
		NULL);
}

static void refuses_what_is_no_greeting(void **state)
{
	char *endless = repeat("* OK ", "x", 100, "");

	(void)state;
	greets("hello there\r\n", "none of IMAP");
	greets("+OK pop\r\n", "none of IMAP");
	greets("* LIST () NIL a\r\n", "none of IMAP");
	greets(endless, "a greeting is too long");
	free(endless);
}

static void refuses_structures(void **state)
{
	(void)state;
	refuses("* 1 FETCH (BODYSTRUCTURE (((((", "structure");
	refuses("* 1 FETCH (UID 7 bodystructure (", "structure");
	refuses("* 1 FETCH (UID 7BODYSTRUCTURE(", "structure");
	refuses("* 1 FETCH (BODY[] NILBODYSTRUCTURE (", "structure");
	refuses("* 1 FETCH (ENVELOPE (NIL", "structure");
	refuses("* 1 FETCH (BODY (", "structure");
	refuses("* 1 FETCH (UID 7BODY (", "structure");
	refuses("* 1 FETCH (BODY[] NILBODY (", "structure");
	refuses("* 1 FETCH (FLAGS (a) BODY\t(", "structure");
	refuses("* -1 FETCH (BODYSTRUCTURE (", "structure");
	refuses("* - 1 FETCH (BODYSTRUCTURE (", "structure");
	refuses("* 0000000000000000000001 FETCH (BODYSTRUCTURE (", "structure");
	refuses("*\t1\tFETCH (BODYSTRUCTURE (", "structure");
}

static void refuses_nul(void **state)
{
	static const char *const lines[] = {"* 3 EX@ISTS\r\n", "@\r\n",
		"* OK te@xt\r\n", "* OK [CO@DE] x\r\n", "A@1 OK x\r\n",
		"* LIST () \"@\" a\r\n", "* LIST () NIL a@b\r\n", "+ a@b\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		char *all = mem_printf(GREETING "%s", lines[i]);
		size_t n = strlen(all);
		*strchr(all, '@') = '\0';
		expect_n(&small, all, n, NULL, 0, NULL, "a NUL byte");
		free(all);
	}
}

static void refuses_what_is_too_much(void **state)
{
	char *line = repeat("* OK ", "x", 300, "\r\n");
	char *data = repeat("* FOO ", "x ", 150, "\r\n");
	char *flood = repeat("", "* 1 EXISTS\r\n", 200, "1 OK\r\n");
	char *empty = repeat("", "\r\n", 1200, "1 OK\r\n");

	(void)state;
	refuses(line, "a line is too long");
	refuses(data, "a line is too long");
	refuses(flood, "an answer is too long");
	refuses(empty, "an answer is too long");
	refuses("* 1 FETCH (X (((((a)))))\r\n", "nested too deep");
	passes("* 1 FETCH (X (((a))))\r\n");
	refuses("* 1 FETCH (BODY[] {1001}\r\n", "a literal is too large");
	refuses("* 1 FETCH (BODY[] {99999999999999999999999}\r\n",
		"a literal is too large");
	free(line);
	free(data);
	free(flood);
	free(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_strings_that_mislead),
		cmocka_unit_test(refuses_strings_without_context),
		cmocka_unit_test(refuses_what_is_no_greeting),
		cmocka_unit_test(refuses_structures),
		cmocka_unit_test(refuses_nul),
		cmocka_unit_test(refuses_what_is_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
