/* SPDX-License-Identifier: BSD-2-Clause */
/* What names a message and a mailbox: EMAILID, X-GM-MSGID, MAILBOXID; and
 * headers alone. */
#include "collector/model/message.h"
#include "imap_talk.h"

struct heard {
	struct buf told;
};

static int on_name(void *arg, const struct message_meta *m, struct err *err)
{
	struct heard *h = arg;

	(void)err;
	(void)buf_printf(&h->told, "%u %s\n", m->uid,
		(m->has & MESSAGE_HAS_EMAILID) != 0 ? m->emailid : "-");
	return 0;
}

static int on_bytes(void *arg, const void *bytes, size_t n, struct err *err)
{
	struct heard *h = arg;

	(void)err;
	(void)buf_add(&h->told, bytes, n);
	return 0;
}

static int on_end(void *arg, const struct message_meta *m, struct err *err)
{
	struct heard *h = arg;

	(void)buf_printf(&h->told, "%s",
		(m->has & MESSAGE_HAS_BODY) != 0 ? "" : "nothing ");
	return on_name(arg, m, err);
}

static void names(const char *caps, const char *text, const char *expected)
{
	struct heard h;
	struct talk t;

	buf_init(&h.told, 4096);
	talk_open_inbox(&t, caps, 4, text);
	if (session_scan(t.s, SESSION_SCAN_EMAILID, on_name, &h, &t.err) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(buf_str(&h.told), expected);
	talk_close(&t);
	buf_free(&h.told);
}

static void test_emailid(void **state)
{
	(void)state;
	names("OBJECTID",
		"C: $T FETCH 1:4 (UID EMAILID)\n"
		"S: * 1 FETCH (UID 1 EMAILID (M6d99ac3275bb4e))\n"
		"S: * 2 FETCH (EMAILID (a_b-C) UID 2)\n"
		"S: * 3 FETCH (UID 3 EMAILID (a/b))\n"
		"S: * 4 FETCH (UID 4 EMAILID NIL)\n"
		"S: $T OK done\n",
		"1 M6d99ac3275bb4e\n2 a_b-C\n3 -\n4 -\n");
}

static void test_gmail(void **state)
{
	(void)state;
	names("OBJECTID X-GM-EXT-1",
		"C: $T FETCH 1:4 (UID X-GM-MSGID)\n"
		"S: * 1 FETCH (X-GM-MSGID 1278455344230334865 UID 1)\n"
		"S: * 2 FETCH (UID 2 X-GM-MSGID 18446744073709551615)\n"
		"S: * 3 FETCH (UID 3)\n"
		"S: * 4 FETCH (UID 4 X-GM-MSGID 7)\n"
		"S: $T OK done\n",
		"1 gm:1278455344230334865\n2 gm:18446744073709551615\n3 -\n"
		"4 gm:7\n");
}

static void test_not_offered(void **state)
{
	(void)state;
	names("IDLE",
		"C: $T FETCH 1:4 (UID)\n"
		"S: * 1 FETCH (UID 1)\nS: * 2 FETCH (UID 2)\n"
		"S: * 3 FETCH (UID 3)\nS: * 4 FETCH (UID 4)\n"
		"S: $T OK done\n",
		"1 -\n2 -\n3 -\n4 -\n");
}

static int on_labels(void *arg, const struct message_meta *m, struct err *err)
{
	struct heard *h = arg;

	(void)err;
	(void)buf_printf(&h->told, "%u <%s>\n", m->uid,
		(m->has & MESSAGE_HAS_LABELS) != 0 ? m->labels : "-");
	return 0;
}

/* Those of the system are no atoms to libetpan; a literal's bytes go to who
 * wants bodies; and not everything fits. */
static void test_labels(void **state)
{
	char *many = mem_alloc(9000), *text;
	struct heard h;
	struct talk t;

	(void)state;
	for (int i = 0; i < 300; i++)
		(void)sprintf(many + strlen(many), "%slabel-%03d",
			i != 0 ? " " : "", i);
	text = mem_printf(
		"C: $T FETCH 1:6 (UID X-GM-LABELS)\n"
		"S: * 1 FETCH (X-GM-LABELS (\\\\Inbox \\\\Sent Work "
		"\"a \\\\\"b\\\\\"\") UID 1)\n"
		"S: * 2 FETCH (UID 2 X-GM-LABELS (Work \"Tax &AOQ-\" Old/x))\n"
		"S: * 3 FETCH (UID 3 X-GM-LABELS ())\n"
		"S: * 4 FETCH (UID 4)\n"
		"S: * 5 FETCH (UID 5 X-GM-LABELS ({4}\n"
		"S: wide \\\\Draft) FLAGS ())\n"
		"S: * 6 FETCH (UID 6 X-GM-LABELS (%s))\n"
		"S: $T OK done\n",
		many);
	buf_init(&h.told, 8192);
	talk_open_inbox(&t, "X-GM-EXT-1", 6, text);
	if (session_scan(t.s, SESSION_SCAN_LABELS, on_labels, &h, &t.err) < 0)
		fail_msg("%s", t.err.text);
	many[204 * 10 - 1] = '\0';
	for (char *p = many; *p != '\0'; p++)
		if (*p == ' ')
			*p = '\n';
	free(text);
	text = mem_printf("1 <\\Inbox\n\\Sent\nWork\na \"b\">\n"
			  "2 <Work\nTax &AOQ-\nOld/x>\n3 <>\n4 <->\n"
			  "5 <\\Draft>\n6 <%s>\n",
		many);
	assert_string_equal(buf_str(&h.told), text);
	talk_close(&t);
	buf_free(&h.told);
	free(text);
	free(many);
}

static void test_headers(void **state)
{
	static const struct uid_range range = {.first = 1, .last = 3};
	struct heard h;
	const struct session_sink sink = {
		.body = on_bytes, .message = on_end, .arg = &h};
	struct talk t;

	(void)state;
	buf_init(&h.told, 4096);
	talk_open_inbox(&t, "OBJECTID", 3,
		"C: $T UID FETCH 1:3 (UID FLAGS INTERNALDATE RFC822.SIZE "
		"EMAILID BODY.PEEK[HEADER])\n"
		"S: * 1 FETCH (UID 1 EMAILID (x) BODY[HEADER] {6}\n"
		"S: a: b\nS: )\n"
		/* The whole was not asked for. */
		"S: * 2 FETCH (UID 2 BODY[] {6}\n"
		"S: a: c\nS: )\n"
		"S: * 3 FETCH (UID 3 BODY[HEADER] NIL)\n"
		"S: $T OK done\n");
	if (session_headers(t.s, &range, 1, &sink, &t.err) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(
		buf_str(&h.told), "a: b\r\n1 x\nnothing 2 -\nnothing 3 -\n");
	talk_close(&t);
	buf_free(&h.told);
}

static void test_mailboxid(void **state)
{
	struct mailbox_state m;
	struct talk t;

	(void)state;
	talk_open(&t, "OBJECTID",
		"C: $T EXAMINE \"a\"\n"
		"S: * 1 EXISTS\nS: * OK [UIDVALIDITY 5]\n"
		"S: * OK [MAILBOXID (F2212ea87-6097)] fine\n"
		"S: $T OK\n"
		"C: $T EXAMINE \"b\"\n"
		"S: * 1 EXISTS\nS: * OK [MAILBOXID (a b)]\n"
		"S: $T OK\n");
	assert_int_equal(session_select(t.s, "a", &m, &t.err), 0);
	assert_string_equal(m.mailboxid, "F2212ea87-6097");
	assert_int_equal(m.uidvalidity, 5);
	assert_int_equal(session_select(t.s, "b", &m, &t.err), 0);
	assert_string_equal(m.mailboxid, "");
	talk_close(&t);
}

static void test_spelling(void **state)
{
	char longest[MESSAGE_EMAILID_MAX];

	(void)state;
	assert_true(message_is_emailid("a"));
	assert_true(message_is_emailid("gm:18446744073709551615"));
	assert_false(message_is_emailid(""));
	assert_false(message_is_emailid("gm:"));
	assert_false(message_is_emailid("gm:x"));
	assert_false(message_is_emailid("a b"));
	memset(longest, 'x', sizeof longest);
	longest[MESSAGE_EMAILID_MAX - 4] = '\0';
	assert_true(message_is_emailid(longest));
	longest[MESSAGE_EMAILID_MAX - 4] = 'x';
	longest[MESSAGE_EMAILID_MAX - 1] = '\0';
	assert_false(message_is_emailid(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_emailid),
		cmocka_unit_test(test_gmail),
		cmocka_unit_test(test_not_offered),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_mailboxid),
		cmocka_unit_test(test_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
