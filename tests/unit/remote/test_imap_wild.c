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

/* AOL; Courier's number 0; items in any order; Zimbra's keywords. */
static void test_items(void **state)
{
	(void)state;
	fetches("S: * 1 FETCH (XAOL.SPAM.REASON 5 UID 7 XAOL-MSGID \"x\" " HELLO
		"S: * 0 FETCH (FLAGS (\\\\Seen))\n"
		"S: * 2 FETCH (BODY[] {5}\n"
		"S<: hello\n"
		"S:  INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" FLAGS "
		"(EmailswithStickyNotes:FLAG) RFC822.SIZE 5 UID 8)\n",
		"7 \"hello\"\n? f1[]\n8 f0[EmailswithStickyNotes:FLAG] "
		"d837596665 s5 \"hello\"\n");
}

/* As fetches, with quirks, and the marks of what is no message. */
static void judges(uint64_t quirks, uint32_t first, const char *answer,
	const char *expected)
{
	struct session_config c;
	struct talk t;
	char *text = mem_printf("S: * OK [CAPABILITY IMAP4rev1] hello\n"
				"C: $T LOGIN \"ann\" \"" TALK_PASSWORD "\"\n"
				"S: $T OK [CAPABILITY IMAP4rev1] in\n"
				"C: $T EXAMINE \"INBOX\"\n"
				"S: * 9 EXISTS\n"
				"S: $T OK\n"
				"C: $T UID FETCH *" ITEMS "%sS: $T OK done\n",
		answer);

	talk_init(&t);
	talk_config(&c);
	c.quirks = (struct quirk_overrides){.on = quirks, .off = ~quirks};
	assert_int_equal(talk_open_as(&t, &c, text), 0);
	assert_int_equal(session_select(t.s, "INBOX",
				 &(struct mailbox_state){0}, &t.err),
		0);
	if (talk_fetch(&t, first, 9) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(buf_str(&t.told), expected);
	talk_close(&t);
	free(text);
}

#define STUB                                                                 \
	"Received: from x\\r\\nSubject: Retrieval using the IMAP4 protocol " \
	"failed for the following message: 38\\r\\n\\r\\nThe server "        \
	"couldn't\\r\\n"
#define FAKE                                                          \
	"From: System Administrator <root@localhost>\\r\\n"           \
	"Subject: message unavailable\\r\\n\\r\\nThis message is no " \
	"longer available on the server.\\r\\n"
#define DATA                                                               \
	"From: Mail System Internal Data <MAILER-DAEMON@x>\\r\\nsubject: " \
	"DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\\r\\n\\r\\nx"
#define BODY(uid, n, text) \
	"S<: * 1 FETCH (UID " #uid " BODY[] {" #n "}\\r\\n" text ")\\r\\n\n"

/* Exchange (offlineimap#62): only there, and only as a header. */
static void test_stub(void **state)
{
	(void)state;
	judges(QUIRK_STUB_BODIES, 7,
		BODY(7, 123, STUB) BODY(8, 42,
			"Subject: x\\r\\n\\r\\n"
			"Subject: Retrieval using the"),
		"7 stub\n8 \"Subject: x\r\n\r\nSubject: Retrieval using "
		"the\"\n");
	judges(0, 7, BODY(7, 3, "abc"), "7 \"abc\"\n");
}

/* Courier, behind another client's back. */
static void test_fake(void **state)
{
	(void)state;
	judges(QUIRK_FAKE_EXPUNGED, 7, BODY(7, 129, FAKE), "7\n");
	judges(0, 7, BODY(7, 129, FAKE),
		"7 \"From: System Administrator <root@localhost>\r\n"
		"Subject: message unavailable\r\n\r\nThis message is no "
		"longer available on the server.\r\n\"\n");
}

/* UW and what its mailboxes were moved to. */
static void test_folder_data(void **state)
{
	(void)state;
	judges(QUIRK_FOLDER_DATA, 7, BODY(7, 114, DATA), "7 internal\n");
}

/* Zimbra: a message without a header is asked for alone, and then believed. */
static void test_empty_header(void **state)
{
	(void)state;
	judges(QUIRK_EMPTY_HEADER, 7, BODY(7, 6, "\\r\\nabcd"), "7\n");
	judges(QUIRK_EMPTY_HEADER, 9, BODY(9, 6, "\\r\\nabcd"),
		"9 \"\r\nabcd\"\n");
	judges(0, 7, BODY(7, 6, "\\r\\nabcd"), "7 \"\r\nabcd\"\n");
}

static void lists(const char *caps, const char *text, const char *expected)
{
	struct talk t;

	talk_open(&t, caps, text);
	if (session_list(t.s, talk_on_mailbox, &t, &t.err) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(buf_str(&t.told), expected);
	talk_close(&t);
}

/* Exchange (MailKit#945): control characters in names without quotes. */
static void test_names(void **state)
{
	(void)state;
	lists("IDLE",
		"C: $T LIST \"\" \"\\*\"\n"
		"S: * LIST (\\\\HasNoChildren) / Da\\x01ta\\x1b x\n"
		"S: * LIST () / \"ends in a space \"\n"
		"S: $T OK\n"
		"C: $T LSUB \"\" \"\\*\"\nS: $T OK\n",
		"Da\x01ta\x1b x|/|0\nINBOX|/|0\nends in a space |/|0\n");
}

/* 163 (defects#15): STATUS without a word; nothing was said then. */
static void test_empty_status(void **state)
{
	(void)state;
	lists("LIST-EXTENDED SPECIAL-USE LIST-STATUS",
		"C: $T LIST \"\" \"\\*\" RETURN *\n"
		"S: * LIST () \"/\" INBOX\n"
		"S: * STATUS INBOX ()\n"
		"S: * LIST () \"/\" b\n"
		"S: * STATUS \"b\" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3)\n"
		"S: * STATUS c\n"
		"S: $T OK\n",
		"INBOX|/|0\nb|/|0|3 2 1\n");
}

/* Yahoo, Gmail: what a refusal means, by code or by words. */
static void test_refusals(void **state)
{
	static const struct {
		const char *says;
		enum err_class class;
		enum err_scope scope;
		uint32_t after_ms;
	} table[] = {
		{"NO [LIMIT] UID FETCH Rate limit hit", ERR_THROTTLED,
			ERR_SCOPE_SESSION, 0},
		{"NO no more [THROTTLED]", ERR_THROTTLED, ERR_SCOPE_SESSION, 0},
		{"BAD Request is throttled. Suggested Backoff Time: 1501 "
		 "milliseconds",
			ERR_THROTTLED, ERR_SCOPE_SESSION, 1501},
		{"NO [SERVERBUG] UID FETCH Server error - Please try again "
		 "later",
			ERR_REFUSED, ERR_SCOPE_MAILBOX, 0},
		{"NO [UNAVAILABLE] UID SEARCH Backend error", ERR_REFUSED,
			ERR_SCOPE_MAILBOX, 0},
		{"NO [OVERQUOTA] enough for today", ERR_QUOTA,
			ERR_SCOPE_MAILBOX, 0},
		{"NO SELECT Unsafe Login. Please contact kefu@188.com",
			ERR_REFUSED, ERR_SCOPE_ACCOUNT, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct talk t;
		char *text = mem_printf(ASK "S: $T %s\n", table[i].says);

		talk_open_inbox(&t, "IDLE", 9, text);
		assert_int_equal(talk_fetch(&t, 7, 9), -1);
		assert_int_equal(t.err.class, table[i].class);
		assert_int_equal(t.err.scope, table[i].scope);
		assert_int_equal(t.err.retry_after_ms, table[i].after_ms);
		talk_close(&t);
		free(text);
	}
}

/* Gmail says it behind an answer that is one: it goes on. */
static void test_throttled_ok(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 9,
		ASK "S: * 1 FETCH (UID 7 " HELLO
		    "S: $T OK Success [THROTTLED]\n"
		    "C: $T UID FETCH 8" ITEMS "S: $T OK [THROTTLED] done\n");
	assert_int_equal(talk_fetch(&t, 7, 9), 0);
	assert_int_equal(talk_fetch(&t, 8, 8), 0);
	assert_string_equal(buf_str(&t.told), "7 \"hello\"\n");
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes_without_ok),
		cmocka_unit_test(test_size_in_e),
		cmocka_unit_test(test_size_estimates),
		cmocka_unit_test(test_parentheses),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_empty_status),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_throttled_ok),
		cmocka_unit_test(test_stub),
		cmocka_unit_test(test_fake),
		cmocka_unit_test(test_folder_data),
		cmocka_unit_test(test_empty_header),
	};

	catchall_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
