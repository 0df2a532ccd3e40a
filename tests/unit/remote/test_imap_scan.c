/* SPDX-License-Identifier: BSD-2-Clause */
/* EXAMINE, the listing of a mailbox, and what changed. */
#include "imap_talk.h"

#define ALL (SESSION_SCAN_FLAGS | SESSION_SCAN_SIZE | SESSION_SCAN_DATE)
#define ASK "C: $T FETCH 1:3 (UID FLAGS)\n"

static void scans(const char *text, const char *expected)
{
	struct talk t;

	talk_open_inbox(&t, "IDLE", 3, text);
	if (session_scan(t.s, SESSION_SCAN_FLAGS, talk_on_meta, &t, &t.err) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(buf_str(&t.told), expected);
	talk_close(&t);
}

static void scan_fails(
	const char *text, enum err_scope scope, const char *words)
{
	struct talk t;

	talk_open_inbox(&t, "IDLE", 3, text);
	assert_int_equal(
		session_scan(t.s, SESSION_SCAN_FLAGS, talk_on_meta, &t, &t.err),
		-1);
	if (t.err.scope != scope || strstr(t.err.text, words) == NULL)
		fail_msg("%d %s", t.err.scope, t.err.text);
	talk_close(&t);
}

/* More keywords than a set takes: the first ones, and a word about it. */
static void test_scan_many_keywords(void **state)
{
	struct buf text;
	struct talk t;

	(void)state;
	buf_init(&text, 16384);
	(void)buf_add_str(&text, ASK "S: * 1 FETCH (UID 1 FLAGS (");
	for (int i = 0; i <= FLAGS_KEYWORDS_COUNT; i++)
		(void)buf_printf(&text, "%sk%d", i != 0 ? " " : "", i);
	(void)buf_add_str(&text, "))\n"
				 "S: * 2 FETCH (UID 2 FLAGS (a))\n"
				 "S: * 3 FETCH (UID 3 FLAGS ())\n"
				 "S: $T OK done\n");
	assert_false(text.full);
	talk_open_inbox(&t, "IDLE", 3, buf_str(&text));
	assert_int_equal(
		session_scan(t.s, SESSION_SCAN_FLAGS, talk_on_meta, &t, &t.err),
		0);
	assert_ptr_equal(
		strstr(buf_str(&t.told), "1 f0[k0 "), buf_str(&t.told));
	assert_non_null(strstr(buf_str(&t.told), " k127 "));
	assert_null(strstr(buf_str(&t.told), "k128"));
	assert_non_null(strstr(buf_str(&t.told), "] more\n2 f0[a]\n3 f0[]\n"));
	talk_close(&t);
	buf_free(&text);
}

static void test_select(void **state)
{
	struct mailbox_state m;
	struct talk t;

	(void)state;
	talk_open(&t, "CONDSTORE",
		"C: $T EXAMINE \"a\\\\\"b\" (CONDSTORE)\n"
		"S: * FLAGS (\\\\Seen)\n"
		"S: * OK [PERMANENTFLAGS ()] no\n"
		"S: * 17 EXISTS\n"
		"S: * OK [UIDVALIDITY 4294967295]\n"
		"S: * OK [UIDNEXT 4392] x\n"
		"S: * OK [HIGHESTMODSEQ 18446744073709551615]\n"
		"S: $T OK [READ-ONLY]\n"
		/* Nothing is selected after a NO. */
		"C: $T EXAMINE {3}\n"
		"S: + go\n"
		"B: 3\n"
		"C:  (CONDSTORE)\n"
		"S: $T NO [NONEXISTENT] Unsafe Login\n");
	assert_int_equal(session_select(t.s, "a\"b", &m, &t.err), 0);
	assert_int_equal(m.exists, 17);
	assert_true(m.uidvalidity == 4294967295u);
	assert_int_equal(m.uidnext, 4392);
	assert_true(m.highestmodseq == UINT64_MAX);
	assert_int_equal(session_select(t.s, "\xc3\xbcx", &m, &t.err), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	assert_non_null(strstr(t.err.text, "Unsafe Login"));
	assert_int_equal(session_scan(t.s, 0, talk_on_meta, &t, &t.err), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	assert_int_equal(talk_fetch(&t, 1, 2), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	talk_close(&t);
}

/* No UIDNEXT (Courier), MODSEQ of -1 (Zoho), EXAMINE (CONDSTORE) not
 * understood, no EXISTS, more than limits.messages. */
static void test_select_odd(void **state)
{
	struct mailbox_state m;
	struct talk t;

	(void)state;
	talk_open(&t, "CONDSTORE",
		"C: $T EXAMINE \"x\" (CONDSTORE)\n"
		"S: * 0 EXISTS\n"
		"S: * OK [HIGHESTMODSEQ -1] x\n"
		"S: * OK [UIDVALIDITY 0] x\n"
		"S: * OK [UIDNEXT 99999999999] x\n"
		"S: $T OK done\n"
		"C: $T EXAMINE \"x\" (CONDSTORE)\n"
		"S: $T BAD what\n"
		"C: $T EXAMINE \"x\"\n"
		"S: * 1 EXISTS\n"
		"S: * OK [HIGHESTMODSEQ 8] x\n"
		"S: $T OK done\n"
		"C: $T EXAMINE \"x\"\n"
		"S: $T OK done\n"
		"C: $T EXAMINE \"x\"\n"
		"S: * 2000001 EXISTS\n"
		"S: $T OK done\n");
	assert_int_equal(session_select(t.s, "x", &m, &t.err), 0);
	assert_true(m.exists == 0 && m.uidvalidity == 0 && m.uidnext == 0 &&
		    m.highestmodseq == 0);
	assert_int_equal(session_scan(t.s, ALL, talk_on_meta, &t, &t.err), 0);
	assert_int_equal(session_select(t.s, "x", &m, &t.err), 0);
	assert_true(m.exists == 1 && m.highestmodseq == 0);
	assert_int_equal(session_select(t.s, "x", &m, &t.err), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	assert_int_equal(session_select(t.s, "x", &m, &t.err), -1);
	assert_int_equal(t.err.class, ERR_LIMIT);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	talk_close(&t);
}

static void test_scan(void **state)
{
	struct talk t;

	(void)state;
	scans(ASK "S: * 1 FETCH (UID 5 FLAGS (\\\\Seen \\\\Recent))\n"
		  "S: * 2 FETCH (FLAGS ($Junk nonjunk) UID 6 MODSEQ (8))\n"
		  "S: * 3 FETCH (UID 4000000000 FLAGS (\\\\*))\n"
		  "S: $T OK done\n",
		"5 f1[]\n6 f0[$Junk nonjunk] m8\n4000000000 f0[]\n");
	talk_open_inbox(&t, "IDLE", 1,
		"C: $T FETCH 1:1 (UID FLAGS RFC822.SIZE INTERNALDATE)\n"
		"S: * 1 FETCH (UID 5 RFC822.SIZE 77 INTERNALDATE \" 1-Feb-2020 "
		"00:00:00 +0000\")\n"
		"S: $T OK\n");
	assert_int_equal(session_scan(t.s, ALL, talk_on_meta, &t, &t.err), 0);
	assert_string_equal(buf_str(&t.told), "5 d1580515200 s77\n");
	talk_close(&t);
}

/* Flags of others, messages that came meanwhile, numbers out of bounds. */
static void test_scan_unsolicited(void **state)
{
	(void)state;
	scans(ASK "S: * 1 FETCH (UID 5 FLAGS ())\n"
		  "S: * 2 FETCH (UID 6 FLAGS ())\n"
		  "S: * 1 FETCH (UID 5 FLAGS (\\\\Seen))\n"
		  "S: * 3 FETCH (FLAGS (\\\\Seen))\n"
		  "S: * 4 EXISTS\n"
		  "S: * 4 FETCH (UID 9 FLAGS (\\\\Seen))\n"
		  "S: * 3 FETCH (UID 7 FLAGS ())\n"
		  "S: $T OK\n",
		"5 f0[]\n6 f0[]\n7 f0[]\n");
}

/* Fewer than announced: only if the server says why. */
static void test_scan_short(void **state)
{
	(void)state;
	scans(ASK "S: * 1 FETCH (UID 5 FLAGS ())\n"
		  "S: * 3 FETCH (UID 7 FLAGS ())\n"
		  "S: $T OK\n"
		  "C: $T NOOP\n"
		  "S: * 2 EXPUNGE\n"
		  "S: $T OK\n",
		"5 f0[]\n7 f0[]\n");
	scan_fails(ASK "S: * 1 FETCH (UID 5 FLAGS ())\n"
		       "S: $T OK\n"
		       "C: $T NOOP\n"
		       "S: * 2 EXPUNGE\n"
		       "S: $T OK\n",
		ERR_SCOPE_MAILBOX, "announced 3 messages and listed 1");
	scan_fails(ASK "S: $T OK\nC: $T NOOP\nS: $T OK\n", ERR_SCOPE_MAILBOX,
		"listed 0");
	/* Not ascending: what is out of order is not there. */
	scan_fails(ASK "S: * 1 FETCH (UID 7 FLAGS ())\n"
		       "S: * 2 FETCH (UID 6 FLAGS ())\n"
		       "S: * 3 FETCH (UID 8 FLAGS ())\n"
		       "S: $T OK\nC: $T NOOP\nS: $T OK\n",
		ERR_SCOPE_MAILBOX, "listed 2");
	scan_fails(ASK "S: $T NO [SERVERBUG] no\n", ERR_SCOPE_MAILBOX, "no");
	scan_fails(ASK "S: * BYE shutting down\n", ERR_SCOPE_SESSION,
		"shutting down");
}

/* The first range is 5,000, the next as many as its lines let expect.
 * EXPUNGE in between shifts the numbers: something may have been missed. */
static void test_scan_ranges(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 25002,
		"C: $T FETCH 1:5000 (UID)\n"
		"S: * 1 FETCH (UID 1)\n"
		"S: * 2 EXPUNGE\n"
		"S: $T OK\n"
		"C: $T FETCH 5001:25000 (UID)\n"
		"S: * 5001 FETCH (UID 5002)\n"
		"S: $T OK\n"
		"C: $T FETCH 25001:25002 (UID)\n"
		"S: $T OK\n");
	assert_int_equal(session_scan(t.s, 0, talk_on_meta, &t, &t.err), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	assert_int_equal(t.err.retry, ERR_RETRY_NOW);
	assert_string_equal(buf_str(&t.told), "1\n5002\n");
	talk_close(&t);
}

static void test_scan_stops(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 3,
		ASK "S: * 1 FETCH (UID 5 FLAGS ())\n"
		    "S: * 2 FETCH (UID 6 FLAGS ())\n"
		    "S: $T OK\nEOF\n");
	t.stop_after = 1;
	assert_int_equal(
		session_scan(t.s, SESSION_SCAN_FLAGS, talk_on_meta, &t, &t.err),
		-1);
	assert_int_equal(t.err.class, ERR_DISK);
	assert_string_equal(buf_str(&t.told), "5 f0[]\n");
	talk_close(&t);
}

static void test_changes(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "CONDSTORE", 3,
		"C: $T FETCH 1:3 (UID FLAGS MODSEQ) (CHANGEDSINCE 70)\n"
		"S: * 2 FETCH (UID 6 FLAGS (\\\\Deleted) MODSEQ (72))\n"
		"S: $T OK\n");
	assert_int_equal(session_changes(t.s, 70, talk_on_meta, &t, &t.err), 0);
	assert_string_equal(buf_str(&t.told), "6 f8[] m72\n");
	talk_close(&t);
	talk_open_inbox(&t, "IDLE", 3, "");
	assert_int_equal(
		session_changes(t.s, 70, talk_on_meta, &t, &t.err), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	talk_close(&t);
}

#define PEEK "UID FETCH 4,6:7 (UID INTERNALDATE RFC822.SIZE)\n"
#define CHANGES "FETCH 1:3 (UID FLAGS MODSEQ) (CHANGEDSINCE 70)\n"

static int peek(struct talk *t)
{
	static const struct session_peek what = {
		.ranges = {{4, 4}, {6, 7}}, .count = 2};

	return session_changes_peek(t->s, 70, &what, talk_on_meta, t, &t->err);
}

/* One after the other: Dovecot would end the second one first. */
static void test_changes_peek(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "CONDSTORE", 3,
		"C: $T " PEEK "S: * 1 FETCH (UID 4 RFC822.SIZE 77 INTERNALDATE "
		"\"17-Jul-1996 02:44:25 -0700\")\n"
		"S: $T OK\n"
		"C: $T " CHANGES
		"S: * 2 FETCH (UID 6 FLAGS (\\\\Deleted) MODSEQ (72))\n"
		"S: $T OK\n");
	assert_int_equal(peek(&t), 0);
	assert_non_null(strstr(buf_str(&t.told), "4 "));
	assert_non_null(strstr(buf_str(&t.told), "6 f8[] m72\n"));
	talk_close(&t);
	/* no by the server is no more than no answer */
	talk_open_inbox(&t, "CONDSTORE", 3,
		"C: $T " PEEK "S: $T NO\n"
		"C: $T " CHANGES "S: * 3 FETCH (UID 7 FLAGS () MODSEQ (73))\n"
		"S: $T OK\n");
	assert_int_equal(peek(&t), 0);
	assert_string_equal(buf_str(&t.told), "7 f0[] m73\n");
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan_many_keywords),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_select_odd),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_scan_unsolicited),
		cmocka_unit_test(test_scan_short),
		cmocka_unit_test(test_scan_ranges),
		cmocka_unit_test(test_scan_stops),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_changes_peek),
	};

	catchall_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
