/* SPDX-License-Identifier: BSD-2-Clause */
/* QRESYNC: enabled in front of the first EXAMINE, asked by our own line. */
#include "imap_talk.h"

#define OK "S: $T OK done\n"
#define ENABLE "C: $T1 ENABLE QRESYNC\n"
#define EXAMINE(exists)                         \
	"C: $T EXAMINE \"INBOX\" (CONDSTORE)\n" \
	"S: * ENABLED QRESYNC CONDSTORE\n"      \
	"S: $T1 OK enabled\n"                   \
	"S: * " exists " EXISTS\n"              \
	"S: * OK [UIDVALIDITY 42] x\n"          \
	"S: * OK [UIDNEXT 100] x\n"             \
	"S: * OK [HIGHESTMODSEQ 77] x\n" OK

#define ASK(set) "C: $T UID FETCH " set " (UID) (CHANGEDSINCE 70 VANISHED)\n"

static int on_range(void *arg, const struct uid_range *r, struct err *err)
{
	struct talk *t = arg;

	(void)buf_printf(&t->told, "%u:%u ", r->first, r->last);
	return talk_count(t, err);
}

static void select_inbox(struct talk *t, const char *text)
{
	struct mailbox_state m;

	talk_open(t, "ENABLE CONDSTORE QRESYNC", text);
	if (session_select(t->s, "INBOX", &m, &t->err) < 0)
		fail_msg("%s", t->err.text);
}

static void tells(
	uint64_t since, int result, const char *text, const char *expected)
{
	struct talk t;
	int r;

	select_inbox(&t, text);
	r = session_vanished(t.s, since, on_range, &t, &t.err);
	if (r != result)
		fail_msg("%d %s\n%s", r, t.err.text, text);
	assert_string_equal(buf_str(&t.told), expected);
	talk_close(&t);
}

static void test_vanished(void **state)
{
	(void)state;
	tells(70, 1,
		ENABLE EXAMINE("3")
			ASK("1:99") "S: * VANISHED (EARLIER) 41,43:50,9\n"
				    "S: * 2 FETCH (UID 51 MODSEQ (75))\n"
				    "S: * VANISHED (EARLIER) 42,90\n" OK,
		"9:9 41:50 90:90 ");
	tells(70, 1, ENABLE EXAMINE("3") ASK("1:99") OK, "");
	/* an empty mailbox answers that itself */
	tells(70, 1, ENABLE EXAMINE("0"), "1:99 ");
}

static void test_it_cannot(void **state)
{
	struct session_info info;
	struct talk t;

	(void)state;
	tells(0, 0, ENABLE EXAMINE("3"), "");
	/* the mark is of another time than the server */
	tells(78, 0, ENABLE EXAMINE("3"), "");
	tells(70, 0, ENABLE EXAMINE("3") ASK("1:99") "S: $T BAD no\n", "");
	tells(70, 0,
		ENABLE EXAMINE("3")
			ASK("1:99") "S: * VANISHED (EARLIER) 4:*\n" OK,
		"");
	/* not offered */
	talk_open_inbox(&t, "CONDSTORE", 3, "");
	assert_int_equal(session_vanished(t.s, 70, on_range, &t, &t.err), 0);
	talk_close(&t);
	/* offered, and OK without ENABLED (iCloud), or BAD */
	for (int i = 0; i < 2; i++) {
		select_inbox(&t,
			i == 0 ? ENABLE "C: $T EXAMINE \"INBOX\" (CONDSTORE)\n"
					"S: $T1 OK\n"
					"S: * 3 EXISTS\n"
					"S: * OK [HIGHESTMODSEQ 77] x\n" OK
			       : ENABLE "C: $T EXAMINE \"INBOX\" (CONDSTORE)\n"
					"S: $T1 BAD never heard\n"
					"S: * 3 EXISTS\n"
					"S: * OK [HIGHESTMODSEQ 77] x\n" OK);
		assert_int_equal(
			session_vanished(t.s, 70, on_range, &t, &t.err), 0);
		session_info(t.s, &info);
		assert_false(info.qresync);
		talk_close(&t);
	}
}

/* A name that needs a literal cannot be sent in the same flight. */
static void test_enable_before_a_literal(void **state)
{
	struct mailbox_state m;
	struct talk t;

	(void)state;
	talk_open(&t, "ENABLE QRESYNC",
		"C: $T ENABLE QRESYNC\n"
		"S: * ENABLED QRESYNC\n" OK "C: $T EXAMINE {3}\n"
		"S: + go\n"
		"B: 3\n"
		"C:  (CONDSTORE)\n"
		"S: * 0 EXISTS\n" OK
		/* and never again */
		"C: $T EXAMINE \"x\" (CONDSTORE)\n"
		"S: * 0 EXISTS\n" OK);
	assert_int_equal(session_select(t.s, "\xc3\xbcx", &m, &t.err), 0);
	assert_int_equal(session_select(t.s, "x", &m, &t.err), 0);
	talk_close(&t);
}

/* From then on VANISHED is what EXPUNGE was. */
static void test_vanished_counts_as_expunge(void **state)
{
	struct talk t;

	(void)state;
	select_inbox(&t,
		ENABLE EXAMINE("3") "C: $T FETCH 1:3 (UID)\n"
				    "S: * 1 FETCH (UID 4)\n"
				    "S: * 3 FETCH (UID 9)\n" OK "C: $T NOOP\n"
				    "S: * VANISHED 5\n" OK);
	assert_int_equal(session_scan(t.s, 0, talk_on_meta, &t, &t.err), 0);
	assert_string_equal(buf_str(&t.told), "4\n9\n");
	talk_close(&t);
}

/* Large mailboxes are asked in ranges of 20,000 messages, whatever their
 * UIDs; above the highest message some may be gone, too. */
static void test_cuts(void **state)
{
	(void)state;
	tells(70, 1,
		ENABLE EXAMINE(
			"45000") "C: $T FETCH 20000,40000 (UID)\n"
				 "S: * 20000 FETCH (UID 30)\n"
				 "S: * 7 FETCH (FLAGS ())\n"
				 "S: * 40000 FETCH (UID 60)\n" OK ASK(
					 "1:30") "S: * VANISHED (EARLIER) "
						 "1:9\n" OK ASK("31:60") OK ASK(
							 "61:99") "S: * "
								  "VANISHED"
								  " ("
								  "EARLIER)"
								  " 95"
								  "\n" OK,
		"1:9 95:95 ");
	/* no cut comes: all at once, and no second question */
	tells(70, 1,
		ENABLE EXAMINE("45000") "C: $T FETCH 20000,40000 (UID)\n" OK
			ASK("1:99") OK,
		"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vanished),
		cmocka_unit_test(test_it_cannot),
		cmocka_unit_test(test_enable_before_a_literal),
		cmocka_unit_test(test_vanished_counts_as_expunge),
		cmocka_unit_test(test_cuts),
	};

	catchall_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
