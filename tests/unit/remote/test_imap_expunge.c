/* SPDX-License-Identifier: BSD-2-Clause */
/* Exactly these messages are expunged, or none. */
#include "imap_talk.h"

#define OK "S: $T OK done\n"
#define SELECT                                    \
	"C: $T SELECT \"INBOX\"\nS: * 9 EXISTS\n" \
	"S: * OK [UIDVALIDITY 42] x\n"            \
	"S: $T OK [READ-WRITE] done\n"
#define STORE "C: $T UID STORE 2:3,7 +FLAGS.SILENT (\\\\Deleted)\n"
#define BACK "C: $T UID STORE 2:3,7 -FLAGS.SILENT (\\\\Deleted)\n"
#define SEARCH "C: $T UID SEARCH DELETED\n"
#define GONE "S: * 7 EXPUNGE\nS: * 3 EXPUNGE\nS: * 2 EXPUNGE\n"
/* both of a flight */
#define PLUS                                                   \
	"C: $T1 UID STORE 2:3,7 +FLAGS.SILENT (\\\\Deleted)\n" \
	"C: $T2 UID EXPUNGE 2:3,7\n"

static int on_range(void *arg, const struct uid_range *r, struct err *err)
{
	struct talk *t = arg;

	(void)err;
	return buf_printf(&t->told, "%u:%u ", r->first, r->last);
}

static void expunges(
	const char *caps, const char *text, int result, const char *told)
{
	static const struct uid_range ranges[] = {{2, 3}, {7, 7}};
	struct mailbox_state m;
	struct talk t;
	char *all = mem_printf("%s%s", SELECT, text);
	int r;

	talk_open(&t, caps, all);
	free(all);
	if (session_select_writable(t.s, "INBOX", &m, &t.err) < 0)
		fail_msg("%s", t.err.text);
	assert_int_equal(m.uidvalidity, 42);
	r = session_expunge(t.s, ranges, 2, on_range, &t, &t.err);
	if (r != result)
		fail_msg("%d %s\n%s", r, t.err.text, text);
	assert_string_equal(buf_str(&t.told), told);
	if (r >= 0)
		assert_int_equal(session_commit(t.s, &t.err), 0);
	talk_close(&t);
}

static void test_uidplus(void **state)
{
	(void)state;
	expunges("UIDPLUS", PLUS "S: $T1 OK stored\n" GONE "S: $T2 OK done\n",
		1, "2:3 7:7 ");
	/* what is not reported as gone does not count as done */
	expunges("UIDPLUS",
		PLUS "S: $T1 OK stored\nS: * 2 EXPUNGE\nS: $T2 OK done\n", 1,
		"");
	expunges("UIDPLUS", PLUS "S: $T1 NO read-only\nS: $T2 OK done\n", -1,
		"");
	expunges("UIDPLUS", PLUS "S: $T1 OK stored\nS: $T2 NO [NOPERM] no\n",
		-1, "");
}

static void test_without(void **state)
{
	(void)state;
	expunges("",
		SEARCH "S: * SEARCH\n" OK STORE OK SEARCH
		       "S: * SEARCH 7 2 3\n" OK "C: $T EXPUNGE\n" GONE OK,
		1, "2:3 7:7 ");
	/* marked by the last run already */
	expunges("",
		SEARCH "S: * SEARCH 2\n" OK STORE OK SEARCH
		       "S: * SEARCH 2 3 7\n" OK "C: $T EXPUNGE\n" GONE OK,
		1, "2:3 7:7 ");
}

static void test_without_and_others_marked(void **state)
{
	(void)state;
	expunges("", SEARCH "S: * SEARCH 2 5\n" OK, 0, "");
	/* another client's mark came in between; ours are taken back */
	expunges("",
		SEARCH "S: * SEARCH\n" OK STORE OK SEARCH
		       "S: * SEARCH 2 3 5 7\n" OK BACK OK,
		0, "");
	/* a mark that did not stick, or an answer that cannot be read */
	expunges("",
		SEARCH "S: * SEARCH\n" OK STORE OK SEARCH
		       "S: * SEARCH 2 3\n" OK BACK OK,
		0, "");
	expunges("",
		SEARCH "S: * SEARCH\n" OK STORE OK SEARCH
		       "S: * SEARCH 2 3 7 x\n" OK BACK OK,
		0, "");
	expunges("", SEARCH "S: $T NO not here\n", 0, "");
}

static void test_only_to_be_read(void **state)
{
	struct mailbox_state m;
	struct talk t;

	(void)state;
	talk_open(&t, "UIDPLUS",
		"C: $T SELECT \"INBOX\"\nS: * 9 EXISTS\n"
		"S: $T OK [READ-ONLY] done\n");
	assert_int_equal(session_select_writable(t.s, "INBOX", &m, &t.err), -1);
	assert_int_equal(t.err.class, ERR_REFUSED);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uidplus),
		cmocka_unit_test(test_without),
		cmocka_unit_test(test_without_and_others_marked),
		cmocka_unit_test(test_only_to_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
