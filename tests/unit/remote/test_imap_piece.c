/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces of a message, and whose a large one is before it comes. */
#include "imap_talk.h"

#define ASK "C: $T UID FETCH 7 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK["

static int on_large(void *arg, uint32_t uid, uint64_t bytes, struct err *err)
{
	struct talk *t = arg;

	(void)err;
	(void)buf_printf(
		&t->told, "large %u %llu\n", uid, (unsigned long long)bytes);
	return 0;
}

static int fetch_piece(struct talk *t, enum session_section section,
	uint32_t offset, uint32_t bytes)
{
	const struct session_piece piece = {
		.uid = 7, .section = section, .offset = offset, .bytes = bytes};
	const struct session_sink sink = {.body = talk_on_body,
		.message = talk_on_message,
		.large = on_large,
		.arg = t};

	return session_fetch_piece(t->s, &piece, &sink, &t->err);
}

static void piece(enum session_section section, uint32_t offset, uint32_t bytes,
	const char *item, const char *answer, const char *expected)
{
	char *text = mem_printf(
		ASK "%s)\nS: * 3 FETCH (UID 7 %sS: $T OK\n", item, answer);
	struct talk t;

	talk_open_inbox(&t, "IDLE", 9, text);
	if (fetch_piece(&t, section, offset, bytes) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(buf_str(&t.told), expected);
	talk_close(&t);
	free(text);
}

static void test_pieces(void **state)
{
	(void)state;
	piece(SESSION_WHOLE, 0, 4, "]<0.4>", "BODY[]<0> {4}\nS<: abcd\nS: )\n",
		"7 \"abcd\"\n");
	piece(SESSION_WHOLE, 4000000000u, 9, "]<4000000000.9>",
		"BODY[]<4000000000> {4}\nS<: abcd\nS:  FLAGS ())\n",
		"7 f0[] \"abcd\"\n");
	piece(SESSION_TEXT, 2, 4, "TEXT]<2.4>",
		"BODY[TEXT]<2> {4}\nS<: abcd\nS: )\n", "7 \"abcd\"\n");
	piece(SESSION_TEXT, 0, 0, "TEXT]", "BODY[TEXT] {4}\nS<: abcd\nS: )\n",
		"7 \"abcd\"\n");
	piece(SESSION_HEADER, 0, 0, "HEADER]",
		"BODY[HEADER] {4}\nS<: abcd\nS: )\n", "7 \"abcd\"\n");
	/* nothing is left, and nothing there */
	piece(SESSION_WHOLE, 9, 4, "]<9.4>", "BODY[]<9> \"\")\n", "7 \"\"\n");
	piece(SESSION_WHOLE, 9, 4, "]<9.4>", "BODY[]<9> NIL)\n", "7\n");
	piece(SESSION_WHOLE, 9, 4, "]<9.4>", "FLAGS ())\n", "7 f0[]\n");
}

/* The conversation is over, before the whole has come. */
static void lie(enum session_section section, uint32_t offset, const char *item,
	const char *answer, const char *words)
{
	char *text = mem_printf(
		ASK "%s)\nS: * 3 FETCH (UID 7 %sWAIT\n", item, answer);
	struct talk t;

	talk_open_inbox(&t, "IDLE", 9, text);
	assert_int_equal(fetch_piece(&t, section, offset, 4), -1);
	assert_int_equal(t.err.class, ERR_PROTOCOL);
	assert_int_equal(t.err.scope, ERR_SCOPE_SESSION);
	assert_non_null(strstr(t.err.text, words));
	assert_string_equal(buf_str(&t.told), "");
	talk_close(&t);
	free(text);
}

static void test_lies(void **state)
{
	(void)state;
	lie(SESSION_WHOLE, 0, "]<0.4>", "BODY[] {9000000}\nR: 10000 abc\n",
		"more than the part");
	lie(SESSION_WHOLE, 0, "]<0.4>", "BODY[]<0> {5}\nS<: abcde\n",
		"more than the part");
	lie(SESSION_WHOLE, 4, "]<4.4>", "BODY[] {9000000}\nR: 10000 abc\n",
		"another part");
	lie(SESSION_WHOLE, 4, "]<4.4>", "BODY[]<0> {4}\nS<: abcd\n",
		"another part");
	lie(SESSION_WHOLE, 4, "]<4.4>", "RFC822 {4}\nS<: abcd\n",
		"another part");
	lie(SESSION_TEXT, 4, "TEXT]<4.4>", "BODY[]<4> {4}\nS<: abcd\n",
		"another part");
}

static void test_refused(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 9,
		ASK "]<4.4>)\nS: $T BAD what is that\n" ASK
		    "]<4.4>)\nS: $T OK\n");
	assert_int_equal(fetch_piece(&t, SESSION_WHOLE, 4, 4), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	assert_int_equal(fetch_piece(&t, SESSION_WHOLE, 4, 4), 0);
	assert_string_equal(buf_str(&t.told), "");
	talk_close(&t);
}

/* What is said before a body of 1 MiB, by what stands before it. */
static void announced(const char *items, const char *expected)
{
	const struct uid_range range = {7, 9};
	char *text = mem_printf(
		"C: $T UID FETCH 7:9 *\nS: * 3 FETCH (%s {1048576}\n"
		"R: 1048576 x\nS: )\nS: * 4 FETCH (UID 8 BODY[] {1}\nS<: y\n"
		"S: )\nS: $T OK\n",
		items);
	struct talk t;
	const struct session_sink sink = {.body = talk_on_body,
		.message = talk_on_meta,
		.large = on_large,
		.arg = &t};

	talk_open_inbox(&t, "IDLE", 9, text);
	buf_free(&t.body);
	buf_init(&t.body, 2 << 20);
	if (session_fetch(t.s, &range, 1, &sink, &t.err) < 0)
		fail_msg("%s", t.err.text);
	assert_int_equal(t.body.len, 1048577);
	assert_string_equal(buf_str(&t.told), expected);
	talk_close(&t);
	free(text);
}

static void test_announced(void **state)
{
	(void)state;
	announced("UID 7 BODY[]", "large 7 1048576\n7\n8\n");
	announced("FLAGS (UID \\\\Seen) INTERNALDATE \"UID 5\" "
		  "RFC822.SIZE 5 UID 7 RFC822",
		"large 7 1048576\n7 f1[UID] s5\n8\n");
	announced("BODY[]", "?\n8\n");
	announced("BODY[HEADER] {3}\nS<: abc\nS:  UID 7 BODY[]", "7\n8\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_announced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
