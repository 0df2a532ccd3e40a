/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies: what arrives is what was sent, or it is no message. */
#include "collector/base/clock.h"
#include "imap_talk.h"

#define ITEMS " (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])\n"
#define ASK "C: $T UID FETCH 7:9" ITEMS
#define HELLO "BODY[] {5}\nS<: hello\nS: )\n"

/* The answer to one FETCH of 7:9, and what the sink was told. */
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

static void test_plain(void **state)
{
	(void)state;
	fetches("S: * 1 FETCH (UID 7 FLAGS (\\\\Seen kw) INTERNALDATE "
		"\"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 5 " HELLO
		"S: * 2 FETCH (BODY[] {3}\n"
		"S<: a\\0b\n"
		"S:  FLAGS () UID 8)\n",
		"7 f1[kw] d837596665 s5 \"hello\"\n8 f0[] \"a\"\n");
}

/* An empty body is a body, NIL is none; a quoted one comes byte by byte. */
static void test_bodies(void **state)
{
	(void)state;
	fetches("S: * 1 FETCH (UID 7 BODY[] NIL)\n"
		"S: * 2 FETCH (UID 8 BODY[] {0}\nS: )\n"
		"S: * 3 FETCH (UID 9 BODY[] \"he\\\\\"ll\\\\\\\\o\")\n"
		"S: * 4 FETCH (UID 10 BODY[] \"\")\n"
		"S: * 5 FETCH (UID 11 FLAGS (\\\\Flagged))\n",
		"7\n8 \"\"\n9 \"he\"ll\\o\"\n10 \"\"\n11 f4[]\n");
}

/* Parts nobody asked for are no body; two bodies are none. */
static void test_two_bodies(void **state)
{
	(void)state;
	fetches("S: * 1 FETCH (UID 7 BODY[HEADER] {3}\n"
		"S<: abc\n"
		"S:  BODY[] {5}\n"
		"S<: hello\n"
		"S: )\n"
		"S: * 2 FETCH (UID 8 BODY[] {1}\n"
		"S<: x\n"
		"S:  BODY[] {1}\n"
		"S<: y\n"
		"S: )\n"
		"S: * 3 FETCH (UID 9 BODY[TEXT] {1}\n"
		"S<: z\n"
		"S: )\n",
		"7 \"hello\"\n8\n9\n");
}

static void test_missing_items(void **state)
{
	(void)state;
	fetches("S: * 1 FETCH (" HELLO
		"S: * 2 FETCH (UID 8 INTERNALDATE NIL FLAGS (foo(bar)) " HELLO
		"S: * 3 FETCH (UID 9 INTERNALDATE \"00-Jan-0000 00:00:00 "
		"+0000\" " HELLO "S: * 4 FETCH ()\n",
		"? \"hello\"\n8 \"hello\"\n9 \"hello\"\n");
}

/* Rambler: a literal that says too much eats the end of its line, and the
 * tagged line goes on for it. In step again, but that was no message. */
static void test_short_literal(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 9,
		ASK "S: * 1 FETCH (UID 7 " HELLO
		    "S: * 2 FETCH (UID 8 BODY[] {8}\n"
		    "S: hello)\n"
		    "S: $T OK done\n"
		    "C: $T UID FETCH 9" ITEMS "S: * 3 FETCH (UID 9 " HELLO
		    "S: $T OK\n");
	assert_int_equal(talk_fetch(&t, 7, 9), 0);
	assert_int_equal(talk_fetch(&t, 9, 9), 0);
	assert_string_equal(buf_str(&t.told), "7 \"hello\"\n?\n9 \"hello\"\n");
	talk_close(&t);
}

static void test_unknown_data(void **state)
{
	(void)state;
	fetches("S: * FOO bar (baz \"x\")\n"
		"S: * OK\n"
		"S: * OK [FOO bar] hm\n"
		"S: * ESEARCH (TAG \"1\") UID ALL 1:7\n"
		"S: * LIST () \"/\" x\n"
		"S: * 12 EXISTS\n"
		"S: * 3 FETCH (FLAGS (\\\\Seen))\n"
		"S: * 1 FETCH (UID 7 EMAILID (M6d99) X-FOO (a (b c) \"d\") "
		"MODSEQ (12) " HELLO "S: * -1 FETCH (UID 8 " HELLO,
		"? f1[]\n7 m12 \"hello\"\n8 \"hello\"\n");
}

static void test_ok_without_text(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 9,
		ASK "S: * 1 FETCH (UID 7 " HELLO "S: $T OK\n"
		    "C: $T UID FETCH 8" ITEMS "S: * 2 FETCH (UID 8 " HELLO
		    "S: $T OK\n");
	assert_int_equal(talk_fetch(&t, 7, 9), 0);
	assert_int_equal(talk_fetch(&t, 8, 8), 0);
	assert_string_equal(buf_str(&t.told), "7 \"hello\"\n8 \"hello\"\n");
	talk_close(&t);
}

/* 2,000 messages a command, one after the other; a NO costs its range and
 * what is behind it, not the session. */
static void test_shares(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 5000,
		"C: $T UID FETCH 1:2000" ITEMS "S: * 1 FETCH (UID 1 " HELLO
		"S: $T OK\n"
		"C: $T UID FETCH 2001:4000" ITEMS
		"S: * 2001 FETCH (UID 2001 " HELLO
		"S: $T NO [SERVERBUG] some messages failed\n"
		"C: $T UID FETCH 9" ITEMS "S: $T OK\n");
	assert_int_equal(talk_fetch(&t, 1, 4100), -1);
	assert_string_equal(buf_str(&t.told), "1 \"hello\"\n2001 \"hello\"\n");
	assert_int_equal(t.err.class, ERR_REFUSED);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	assert_int_equal(talk_fetch(&t, 9, 9), 0);
	talk_close(&t);
}

/* UIDs are sparse: up to 20,000 of them a command. */
static void test_sparse(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "IDLE",
		"C: $T EXAMINE \"INBOX\"\n"
		"S: * 3000 EXISTS\n"
		"S: * OK [UIDNEXT 900000] x\n"
		"S: $T OK\n"
		"C: $T UID FETCH 5,7:20005" ITEMS "S: $T OK\n"
		"C: $T UID FETCH 20006:30000" ITEMS "S: $T OK\n");
	assert_int_equal(
		session_select(t.s, "INBOX", &(struct mailbox_state){0}, NULL),
		0);
	assert_int_equal(
		session_fetch(t.s,
			(const struct uid_range[]){{5, 5}, {7, 30000}}, 2,
			&(const struct session_sink){.body = talk_on_body,
				.message = talk_on_message,
				.arg = &t},
			&t.err),
		0);
	talk_close(&t);
}

/* No line longer than 1,000 octets where that is the most a server takes, and
 * of 8,000 elsewhere; every UID asked for exactly once, ascending. */
static void long_sets(size_t line_bytes, const char *caps, const char *play)
{
	static struct uid_range ranges[300];
	const struct session_sink sink = {
		.body = talk_on_body, .message = talk_on_message, .arg = NULL};
	struct session_sink s = sink;
	struct talk t;
	char *line, *save = NULL;
	uint64_t sum = 0, expected = 0;
	uint64_t last = 0;

	for (uint32_t i = 0; i < 300; i++) {
		uint32_t first = 4000000000u + i * 10;
		ranges[i] = (struct uid_range){first, first + i % 2};
		expected += first;
		expected += i % 2 != 0 ? first + 1 : 0;
	}
	talk_open_inbox(&t, caps, 9, play);
	s.arg = &t;
	if (session_fetch(t.s, ranges, 300, &s, &t.err) < 0)
		fail_msg("%s", t.err.text);
	session_close(&t.s);
	assert_true(script_finish(&t.script));
	for (line = strtok_r(t.script.plain.data, "\n", &save); line != NULL;
		line = strtok_r(NULL, "\n", &save)) {
		char *p = strstr(line, "UID FETCH ");
		assert_true(strlen(line) <= line_bytes);
		for (p = p != NULL ? p + 10 : NULL; p != NULL && *p != ' ';) {
			uint64_t uid = strtoul(p, &p, 10);
			assert_true(uid > last);
			last = uid;
			sum += uid;
			p += *p == ',' || *p == ':';
		}
	}
	assert_true(sum == expected);
	script_free(&t.script);
	buf_free(&t.told);
	buf_free(&t.body);
}

static void test_long_sets(void **state)
{
	(void)state;
	long_sets(1000, "XYMHIGHESTMODSEQ CONDSTORE",
		"C: $T *\nS: $T OK\nC: $T *\nS: $T OK\nC: $T *\nS: $T OK\n"
		"C: $T *\nS: $T OK\nC: $T *\nS: $T OK\nC: $T *\nS: $T OK\n"
		"C: $T LOGOUT\nS: $T OK\n");
	long_sets(8000, "IDLE", "C: $T *\nS: $T OK\nC: $T LOGOUT\nS: $T OK\n");
}

static void breaks(const char *answer, enum err_class class, const char *words)
{
	struct talk t;
	char *text = mem_printf(ASK "%s", answer);

	talk_open_inbox(&t, "IDLE", 9, text);
	assert_int_equal(talk_fetch(&t, 7, 9), -1);
	if (t.err.class != class || t.err.scope != ERR_SCOPE_SESSION ||
		strstr(t.err.text, words) == NULL)
		fail_msg("%d %d %s", t.err.class, t.err.scope, t.err.text);
	/* Over is over. */
	assert_int_equal(talk_fetch(&t, 7, 9), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_SESSION);
	talk_close(&t);
	free(text);
}

static void test_breaks(void **state)
{
	(void)state;
	breaks("S: * 1 FETCH (UID 7 " HELLO "S: * BYE Session expired\nCLOSE\n",
		ERR_REFUSED, "Session expired");
	breaks("S: * BYE Rate limit hit\nS: * BYE again\nSHUT\n", ERR_THROTTLED,
		"");
	breaks("S<: * 1 FETCH (UID 7 BODY[] {500}\\r\\nhel\nCLOSE\n",
		ERR_NETWORK, "");
	breaks("S<: * 1 FETCH (UID 7 BODY[] {99999999999}\\r\\nhel\nWAIT\n",
		ERR_LIMIT, "");
	/* Its bytes must not go to the next message. */
	breaks("S: * 1 FETCH (UID 7 BODY[] {5}\n"
	       "S<: WRONG\n"
	       "S:  UID)\n"
	       "S: * 2 FETCH (UID 8 " HELLO "WAIT\n",
		ERR_PROTOCOL, "understood");
	breaks("S: 99 OK not yours\nWAIT\n", ERR_PROTOCOL, "wrong tag");
	breaks("S: * 1 FETCH (BODYSTRUCTURE (((\nWAIT\n", ERR_PROTOCOL, "");
}

/* BYE ends it at once, whether the server then closes or not, and what had
 * come before is used. */
static void test_bye(void **state)
{
	static const char *const byes[] = {
		"S: * BYE Session expired\nWAIT\n",
		"S: * bye [UNAVAILABLE] Session expired\nWAIT\n",
		"R: 10000 * BYE Session expired\\r\\n\nWAIT\n",
		("S<: * BYE Session expired\\r\\n* 2 FETCH (UID 8 BODY[] {90\n"
		 "WAIT\n"),
		"S: * BYE Session expired\nS: $T OK done\nWAIT\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof byes / sizeof *byes; i++) {
		int64_t began_ms = clock_mono_ms();
		struct talk t;
		char *text = mem_printf(
			ASK "S: * 1 FETCH (UID 7 " HELLO "%s", byes[i]);

		talk_open_inbox(&t, "IDLE", 9, text);
		assert_int_equal(talk_fetch(&t, 7, 9), -1);
		assert_int_equal(t.err.class, ERR_REFUSED);
		assert_non_null(strstr(t.err.text, "Session expired"));
		assert_string_equal(buf_str(&t.told), "7 \"hello\"\n");
		talk_close(&t);
		/* limits.idle_ms is 10 s */
		assert_true(clock_mono_ms() - began_ms < 5000);
		free(text);
	}
}

/* While nothing is asked: heard with the next question. */
static void test_bye_between(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 9,
		"S: * BYE too much traffic, rate limit\nC: *\nWAIT\n");
	assert_int_equal(talk_fetch(&t, 7, 9), -1);
	assert_int_equal(t.err.class, ERR_THROTTLED);
	assert_int_equal(t.err.scope, ERR_SCOPE_SESSION);
	talk_close(&t);
}

/* The sink's own error comes back as it is, and the connection is dropped
 * without a word, in a body as between messages. */
static void test_sink_fails(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 9,
		ASK "S: * 1 FETCH (UID 7 " HELLO "S: * 2 FETCH (UID 8 " HELLO
		    "S: $T OK\nEOF\n");
	t.stop_after = 1;
	assert_int_equal(talk_fetch(&t, 7, 9), -1);
	assert_int_equal(t.err.class, ERR_DISK);
	assert_string_equal(t.err.text, "no space");
	talk_close(&t);
	talk_open_inbox(&t, "IDLE", 9,
		ASK "S<: * 1 FETCH (UID 7 BODY[] {2000000}\\r\\n\n"
		    "R: 20000 0123456789012345678901234567890123456789"
		    "012345678901234567890123456789012345678901234567890123456"
		    "789\nEOF\n");
	t.body.max = 1000;
	assert_int_equal(talk_fetch(&t, 7, 9), -1);
	talk_close(&t);
}

/* A 4 MB quoted line is over the guard's line; 600 KB is not. */
static void test_long_quoted(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 9,
		ASK "S<: * 1 FETCH (UID 7 BODY[] \"\n"
		    "R: 60000 0123456789\n"
		    "S: \")\nS: $T OK\n");
	assert_int_equal(talk_fetch(&t, 7, 9), 0);
	assert_int_equal(t.told.len, 600000 + strlen("7 \"\"\n"));
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_two_bodies),
		cmocka_unit_test(test_missing_items),
		cmocka_unit_test(test_short_literal),
		cmocka_unit_test(test_unknown_data),
		cmocka_unit_test(test_ok_without_text),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_long_sets),
		cmocka_unit_test(test_breaks),
		cmocka_unit_test(test_bye),
		cmocka_unit_test(test_bye_between),
		cmocka_unit_test(test_sink_fails),
		cmocka_unit_test(test_long_quoted),
	};

	catchall_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
