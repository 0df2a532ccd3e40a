/* SPDX-License-Identifier: BSD-2-Clause */
/* STATUS of many, in flight together; who does not tell is left out. */
#include "imap_talk.h"

#define ASK(tag, name) \
	"C: " tag " STATUS \"" name "\" (MESSAGES UIDNEXT UIDVALIDITY)\n"

static int on_status(
	void *arg, size_t index, const struct mailbox_state *m, struct err *err)
{
	struct talk *t = arg;

	(void)buf_printf(&t->told, "%zu: %u %u %u %llu\n", index,
		m->uidvalidity, m->uidnext, m->exists,
		(unsigned long long)m->highestmodseq);
	return talk_count(t, err);
}

static void tells(const char *caps, const char *const *names, size_t count,
	const char *text, const char *expected)
{
	struct talk t;

	talk_open(&t, caps, text);
	if (session_statuses(t.s, names, count, on_status, &t, &t.err) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(buf_str(&t.told), expected);
	talk_close(&t);
}

static void test_together(void **state)
{
	static const char *const names[] = {
		"INBOX", "a\"b", "\xc3\xbc", "Sent"};

	(void)state;
	tells("IDLE", names, 4,
		ASK("$T1", "INBOX") ASK("$T2", "a\\\\\"b") ASK("$T3",
			"Sent") "S: * STATUS inbox (MESSAGES 3 UIDNEXT 9 "
				"UIDVALIDITY 7)\n"
				/* of a mailbox nobody asked for */
				"S: * STATUS x (MESSAGES 3 UIDNEXT 9 "
				"UIDVALIDITY 7)\n"
				"S: $T1 OK\n"
				/* an empty list (163) */
				"S: * STATUS \"a\\\\\"b\" ()\n"
				"S: $T2 OK\n"
				"S: * STATUS {4}\n"
				"S: Sent (UIDVALIDITY 8 UIDNEXT 1 MESSAGES 0)\n"
				"S: $T3 OK\n",
		"0: 7 9 3 0\n3: 8 1 0 0\n");
	tells("CONDSTORE", names, 1,
		"C: $T STATUS \"INBOX\" (MESSAGES UIDNEXT UIDVALIDITY "
		"HIGHESTMODSEQ)\n"
		"S: * STATUS INBOX (HIGHESTMODSEQ 5 MESSAGES 3 UIDNEXT 9 "
		"UIDVALIDITY 7)\n"
		"S: $T OK\n",
		"0: 7 9 3 5\n");
	tells("IDLE", names, 0, "", "");
}

/* Refused three times in a row: enough of it. 32 are in flight then, and one
 * more for each of the two answers before. */
static void test_refused(void **state)
{
	const char *names[40];
	struct buf text;
	struct talk t;

	(void)state;
	buf_init(&text, 16384);
	for (size_t i = 0; i < 40; i++)
		names[i] = "gone";
	for (int i = 2; i < 34; i++)
		(void)buf_printf(&text, "C: %d STATUS *\n", i);
	for (int i = 2; i < 36; i++)
		(void)buf_printf(&text, "S: %d NO what\n", i);
	(void)buf_add_str(&text, "WAIT\n");
	talk_open(&t, "IDLE", buf_str(&text));
	assert_int_equal(
		session_statuses(t.s, names, 40, on_status, &t, &t.err), 0);
	assert_string_equal(buf_str(&t.told), "");
	session_close(&t.s);
	assert_true(script_finish(&t.script));
	assert_true(script_heard(&t.script, "35 STATUS"));
	assert_false(script_heard(&t.script, "36 STATUS"));
	script_free(&t.script);
	buf_free(&t.told);
	buf_free(&t.body);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_refused),
	};

	catchall_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
