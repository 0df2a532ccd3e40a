/* SPDX-License-Identifier: BSD-2-Clause */
/* All UIDs of a mailbox, by whatever the server does right. */
#include "imap_talk.h"

#define FETCH "C: $T FETCH 1:3 (UID)\n"
#define FETCHED                  \
	"S: * 1 FETCH (UID 4)\n" \
	"S: * 2 FETCH (UID 5)\n" \
	"S: * 3 FETCH (UID 9)\n" \
	"S: $T OK done\n"
#define ESEARCH "C: $T UID SEARCH RETURN (ALL) 1:3\n"
#define SEARCH "C: $T UID SEARCH 1:3\n"
#define OK "S: $T OK done\n"
#define NOOP "C: $T NOOP\n" OK

static int on_range(void *arg, const struct uid_range *r, struct err *err)
{
	struct talk *t = arg;

	(void)buf_printf(&t->told, "%u:%u ", r->first, r->last);
	return talk_count(t, err);
}

static void lists_of(
	const char *caps, unsigned n, const char *text, const char *expected)
{
	struct talk t;

	talk_open_inbox(&t, caps, n, text);
	if (session_uids(t.s, on_range, &t, &t.err) < 0)
		fail_msg("%s\n%s", t.err.text, text);
	assert_string_equal(buf_str(&t.told), expected);
	talk_close(&t);
}

static void lists(const char *caps, const char *text)
{
	lists_of(caps, 3, text, "4:5 9:9 ");
}

static void test_each_way(void **state)
{
	(void)state;
	lists("ESEARCH",
		ESEARCH "S: * ESEARCH (TAG \"$T\") UID ALL 4:5,9\n" OK);
	lists("ESEARCH", ESEARCH
		"S: * ESEARCH (TAG \"$T\") UID MODSEQ 77 ALL 9,5:4\n" OK);
	lists("IDLE", SEARCH "S: * SEARCH 9 4 5 \n" OK);
	lists("IDLE", SEARCH "S: * SEARCH 4 5 9 (MODSEQ 917162500)\n" OK);
	lists("IDLE", SEARCH "S: * SEARCH 4\nS: * SEARCH 5 9\n" OK);
	/* said twice is said */
	lists("IDLE", SEARCH "S: * SEARCH 4 5 9 4\n" OK);
	/* nothing is asked of an empty mailbox */
	lists_of("ESEARCH", 0, "", "");
}

/* What is no complete answer is not believed, and not asked again. */
static void test_ways_that_fail(void **state)
{
	(void)state;
	lists("ESEARCH",
		ESEARCH "S: $T BAD what\n" SEARCH "S: * SEARCH 4 5 9\n" OK);
	lists("ESEARCH", ESEARCH "S: $T NO [SERVERBUG] what\n" SEARCH
				 "S: $T BAD no search\n" FETCH FETCHED);
	/* numbers of messages, not UIDs */
	lists("ESEARCH", ESEARCH "S: * ESEARCH (TAG \"$T\") ALL 1:3\n" OK SEARCH
				 "S: * SEARCH 4 5 9\n" OK);
	/* no answer at all; a star; nonsense */
	lists("ESEARCH", ESEARCH OK NOOP SEARCH "S: * SEARCH 4 5 9\n" OK);
	lists("ESEARCH", ESEARCH "S: * ESEARCH UID ALL 4:*\n" OK SEARCH
				 "S: * SEARCH 4 five 9\n" OK FETCH FETCHED);
	/* capped: fewer than there are, and nothing was expunged */
	lists("IDLE", SEARCH "S: * SEARCH 5 9\n" OK NOOP FETCH FETCHED);
	/* more than there are */
	lists("IDLE", SEARCH "S: * SEARCH 4 5 7 9\n" OK FETCH FETCHED);
	lists("IDLE", SEARCH "S: * SEARCH 0 5 9\n" OK FETCH FETCHED);
	lists("IDLE", SEARCH "S: * SEARCH 4 5 99999999999\n" OK FETCH FETCHED);
}

static void test_a_way_that_failed_is_left(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "ESEARCH", 3,
		ESEARCH "S: * ESEARCH (TAG \"$T\") UID ALL 4:9\n" OK SEARCH
			"S: * SEARCH 4 5 9\n" OK SEARCH
			"S: * SEARCH 4 5 9\n" OK);
	assert_int_equal(session_uids(t.s, on_range, &t, &t.err), 0);
	assert_int_equal(session_uids(t.s, on_range, &t, &t.err), 0);
	assert_string_equal(buf_str(&t.told), "4:5 9:9 4:5 9:9 ");
	talk_close(&t);
}

/* 1 to EXISTS, though higher UIDs were given: FETCH tells. */
static void test_numbers_in_doubt(void **state)
{
	struct mailbox_state m;
	struct talk t;

	(void)state;
	talk_open(&t, "IDLE",
		"C: $T EXAMINE \"INBOX\"\n"
		"S: * 3 EXISTS\n"
		"S: * OK [UIDNEXT 10] x\n" OK SEARCH
		"S: * SEARCH 1 2 3\n" OK FETCH FETCHED);
	assert_int_equal(session_select(t.s, "INBOX", &m, &t.err), 0);
	assert_int_equal(session_uids(t.s, on_range, &t, &t.err), 0);
	assert_string_equal(buf_str(&t.told), "4:5 9:9 ");
	talk_close(&t);
}

static void test_expunged_meanwhile(void **state)
{
	struct talk t;

	(void)state;
	lists_of("ESEARCH", 3,
		ESEARCH "S: * 2 EXPUNGE\n"
			"S: * ESEARCH (TAG \"$T\") UID ALL 4,9\n" OK
			"C: $T NOOP\n" OK,
		"4:4 9:9 ");
	lists_of("IDLE", 3,
		SEARCH "S: * SEARCH 4 9\n" OK "C: $T NOOP\n"
		       "S: * VANISHED 5\n" OK,
		"4:4 9:9 ");
	/* with more than one command the numbers have shifted */
	talk_open_inbox(&t, "ESEARCH", 20001,
		"C: $T UID SEARCH RETURN (ALL) 1:20000\n"
		"S: * ESEARCH (TAG \"$T\") UID ALL 1:20000\n" OK
		"C: $T UID SEARCH RETURN (ALL) 20001:20001\n"
		"S: * 1 EXPUNGE\n" OK "C: $T NOOP\n" OK);
	assert_int_equal(session_uids(t.s, on_range, &t, &t.err), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	assert_int_equal(t.err.retry, ERR_RETRY_NOW);
	assert_string_equal(buf_str(&t.told), "");
	talk_close(&t);
}

static void test_ranges(void **state)
{
	(void)state;
	lists_of("ESEARCH", 45000,
		"C: $T UID SEARCH RETURN (ALL) 1:20000\n"
		"S: * ESEARCH (TAG \"$T\") UID ALL 1:20000\n" OK
		"C: $T UID SEARCH RETURN (ALL) 20001:40000\n"
		"S: * ESEARCH (TAG \"$T\") UID ALL 20001:40000\n" OK
		"C: $T UID SEARCH RETURN (ALL) 40001:45000\n"
		"S: * ESEARCH (TAG \"$T\") UID ALL 50001:55000\n" OK,
		"1:40000 50001:55000 ");
}

/* Even FETCH leaves some out: an error, never a shorter list. */
static void test_nothing_helps(void **state)
{
	struct talk t;

	(void)state;
	talk_open_inbox(&t, "IDLE", 3,
		SEARCH "S: * SEARCH 4 9\n" OK NOOP FETCH
		       "S: * 1 FETCH (UID 4)\n" OK NOOP);
	assert_int_equal(session_uids(t.s, on_range, &t, &t.err), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	assert_string_equal(buf_str(&t.told), "");
	talk_close(&t);
	/* throttled is no reason to ask another way */
	talk_open_inbox(&t, "IDLE", 3, SEARCH "S: $T NO [LIMIT] Rate limit\n");
	assert_int_equal(session_uids(t.s, on_range, &t, &t.err), -1);
	assert_int_equal(t.err.class, ERR_THROTTLED);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_way),
		cmocka_unit_test(test_ways_that_fail),
		cmocka_unit_test(test_a_way_that_failed_is_left),
		cmocka_unit_test(test_numbers_in_doubt),
		cmocka_unit_test(test_expunged_meanwhile),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_nothing_helps),
	};

	catchall_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
