/* SPDX-License-Identifier: BSD-2-Clause */
/* What servers in the wild say, and what is made of it. */
#include "imap_talk.h"

#define ITEMS " (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])\n"
#define ASK "C: $T UID FETCH 7:9" ITEMS
#define HELLO "BODY[] {5}\nS<: hello\nS: )\n"

static void fetches(const char *answer, const char *expected)
{
	struct talk t;
	char *text = mem_printf(ASK "%sS: $T OK done\n", answer);

	talk_open_inbox(&t, "IDLE", 9, text);
	if (talk_fetch(&t, 7, 9) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(buf_str(&t.told), expected);
	talk_close(&t);
	free(text);
}

/* Exchange (MailKit#115): response codes on lines of their own. */
static void test_codes_without_ok(void **state)
{
	struct mailbox_state m;
	struct talk t;

	(void)state;
	talk_open(&t, "CONDSTORE",
		"C: $T EXAMINE \"x\" (CONDSTORE)\n"
		"S: * 3 EXISTS\n"
		"S: * [UIDVALIDITY 14]\n"
		"S: * [UIDNEXT 59] is the next one\n"
		"S: * OK [HIGHESTMODSEQ 7]\n"
		"S: * [PERMANENTFLAGS ()]\n"
		"S: $T OK [READ-ONLY] done\n");
	assert_int_equal(session_select(t.s, "x", &m, &t.err), 0);
	assert_int_equal(m.exists, 3);
	assert_int_equal(m.uidvalidity, 14);
	assert_int_equal(m.uidnext, 59);
	assert_int_equal(m.highestmodseq, 7);
	talk_close(&t);
}

/* mail.ru: numbers as a pocket calculator writes them. */
static void test_size_in_e(void **state)
{
	(void)state;
	fetches("S: * 1 FETCH (UID 7 RFC822.SIZE 9.3736e+06 FLAGS "
		"(\\\\Seen) " HELLO "S: * 2 FETCH (UID 8 RFC822.SIZE 5 " HELLO,
		"7 f1[] s9 \"hello\"\n8 s5 \"hello\"\n");
}

/* Estimates (Exchange), negative ones, and such beyond all bounds. */
static void test_size_estimates(void **state)
{
	(void)state;
	fetches("S: * 1 FETCH (UID 7 RFC822.SIZE 99999 " HELLO
		"S: * 2 FETCH (UID 8 RFC822.SIZE -1 " HELLO
		"S: * 3 FETCH (UID 9 RFC822.SIZE 1 " HELLO,
		"7 s99999 \"hello\"\n8 s1 \"hello\"\n9 s1 \"hello\"\n");
}

/* Domino (MailKit#943). */
static void test_parentheses(void **state)
{
	(void)state;
	fetches("S: * 1 FETCH ((UID 7 FLAGS (\\\\Seen) BODY[] {5}\n"
		"S<: hello\n"
		"S: ))\n"
		"S: * 2 FETCH (UID 8 " HELLO,
		"7 f1[] \"hello\"\n8 \"hello\"\n");
}

/* AOL; Courier's number 0; items in any order. */
static void test_items(void **state)
{
	(void)state;
	fetches("S: * 1 FETCH (XAOL.SPAM.REASON 5 UID 7 XAOL-MSGID \"x\" " HELLO
		"S: * 0 FETCH (FLAGS (\\\\Seen))\n"
		"S: * 2 FETCH (BODY[] {5}\n"
		"S<: hello\n"
		"S:  INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" FLAGS () "
		"RFC822.SIZE 5 UID 8)\n",
		"7 \"hello\"\n? f1[]\n8 f0[] d837596665 s5 \"hello\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes_without_ok),
		cmocka_unit_test(test_size_in_e),
		cmocka_unit_test(test_size_estimates),
		cmocka_unit_test(test_parentheses),
		cmocka_unit_test(test_items),
	};

	catchall_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
