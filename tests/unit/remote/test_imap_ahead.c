/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands in flight: what is asked for comes, whatever was foretold. */
#include "imap_talk.h"

#define ITEMS " (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])\n"
#define STATE(exists, uidnext)        \
	"S: * " #exists " EXISTS\n"   \
	"S: * OK [UIDVALIDITY 7] x\n" \
	"S: * OK [UIDNEXT " #uidnext "] x\n"
#define BODY(n, text) "S: * " #n " FETCH (UID " #n " BODY[] \"" text "\")\n"

static void foretell(
	struct talk *t, const char *mailbox, uint32_t exists, bool last)
{
	struct session_ahead what = {
		.status = {.uidvalidity = 7, .exists = exists},
		.uids = {.first = exists != 0, .last = exists},
		.last = last};

	what.status.uidnext = exists + 1;
	(void)snprintf(what.mailbox, sizeof what.mailbox, "%s", mailbox);
	session_ahead(t->s, &what);
}

static void selects(struct talk *t, const char *mailbox, uint32_t exists)
{
	struct mailbox_state state;

	if (session_select(t->s, mailbox, &state, &t->err) < 0)
		fail_msg("%s: %s", mailbox, t->err.text);
	assert_int_equal(state.exists, exists);
	(void)buf_printf(&t->told, "%s\n", mailbox);
}

static void fetches(struct talk *t, uint32_t last)
{
	if (talk_fetch(t, 1, last) < 0)
		fail_msg("%s", t->err.text);
}

/* All three mailboxes are asked for before anything is answered. */
static void test_in_flight(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "IDLE",
		"C: $T1 EXAMINE \"a\"\n"
		"C: $T2 UID FETCH 1:2" ITEMS "C: $T3 EXAMINE \"b\"\n"
		"C: $T4 EXAMINE \"c\"\n"
		"C: $T5 UID FETCH 1" ITEMS STATE(2, 3) "S: $T1 OK\n" BODY(
			1, "x") BODY(2, "y") "S: $T2 OK\n" STATE(0,
			1) "S: $T3 OK\n" STATE(1, 2) "S: $T4 OK\n" BODY(1,
			"z") "S: $T5 OK\n");
	foretell(&t, "a", 2, false);
	foretell(&t, "b", 0, false);
	foretell(&t, "c", 1, false);
	selects(&t, "a", 2);
	fetches(&t, 2);
	selects(&t, "b", 0);
	selects(&t, "c", 1);
	fetches(&t, 1);
	assert_string_equal(
		buf_str(&t.told), "a\n1 \"x\"\n2 \"y\"\nb\nc\n1 \"z\"\n");
	talk_close(&t);
}

/* A message came between: what was sent for the old state is dropped, b has
 * been selected meanwhile, so a is selected again. */
static void test_other_fetch(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "IDLE",
		"C: $T1 EXAMINE \"a\"\n"
		"C: $T2 UID FETCH 1" ITEMS "C: $T3 EXAMINE \"b\"\n"
		"C: $T4 UID FETCH 1" ITEMS STATE(2, 3) "S: $T1 OK\n" BODY(
			1, "dropped") "S: $T2 OK\n" STATE(1,
			2) "S: $T3 OK\n" BODY(1,
			"not a's") "S: $T4 OK\n"
				   "C: $T5 EXAMINE \"a\"\n" STATE(2,
					   3) "S: $T5 OK\n"
					      "C: $T6 UID FETCH 1:2" ITEMS BODY(
						      1, "x") BODY(2,
						      "y") "S: $T6 OK\n"
							   "C: $T7 EXAMINE "
							   "\"b\"\n" STATE(1,
								   2) "S: $T7 "
								      "OK\n");
	foretell(&t, "a", 1, false);
	foretell(&t, "b", 1, false);
	selects(&t, "a", 2);
	fetches(&t, 2);
	selects(&t, "b", 1);
	assert_string_equal(buf_str(&t.told), "a\n1 \"x\"\n2 \"y\"\nb\n");
	talk_close(&t);
}

/* A mailbox that is refused takes its FETCH with it, nothing else. */
static void test_refused(void **state)
{
	struct mailbox_state m;
	struct talk t;

	(void)state;
	talk_open(&t, "IDLE",
		"C: $T1 EXAMINE \"a\"\n"
		"C: $T2 UID FETCH 1" ITEMS "C: $T3 EXAMINE \"b\"\n"
		"C: $T4 UID FETCH 1" ITEMS "S: $T1 NO gone\n" BODY(1,
			"of whoever was selected before") "S: $T2 OK\n" STATE(1,
			2) "S: $T3 OK\n" BODY(1, "b") "S: $T4 OK\n");
	foretell(&t, "a", 1, false);
	foretell(&t, "b", 1, false);
	assert_int_equal(session_select(t.s, "a", &m, &t.err), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	selects(&t, "b", 1);
	fetches(&t, 1);
	assert_string_equal(buf_str(&t.told), "b\n1 \"b\"\n");
	talk_close(&t);
}

/* Another mailbox than the one foretold; a listing instead of a fetch. */
static void test_other_order(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "IDLE",
		"C: $T1 EXAMINE \"a\"\n"
		"C: $T2 UID FETCH 1" ITEMS "C: $T3 EXAMINE \"b\"\n"
		"C: $T4 UID FETCH 1" ITEMS STATE(1, 2) "S: $T1 OK\n" BODY(
			1, "a") "S: $T2 OK\n" STATE(1, 2) "S: $T3 OK\n" BODY(1,
			"b") "S: $T4 OK\n"
			     "C: $T5 EXAMINE \"a\"\n" STATE(
				     1, 2) "S: $T5 OK\n"
					   "C: $T6 FETCH 1:1 (UID)\n"
					   "S: * 1 FETCH (UID 1)\nS: $T6 OK\n"
					   "C: $T7 EXAMINE \"c\"\n" STATE(
						   0, 1) "S: $T7 OK\n");
	foretell(&t, "a", 1, false);
	foretell(&t, "b", 1, false);
	selects(&t, "a", 1);
	if (session_scan(t.s, 0, talk_on_meta, &t, &t.err) < 0)
		fail_msg("%s", t.err.text);
	selects(&t, "c", 0);
	assert_string_equal(buf_str(&t.told), "a\n1\nc\n");
	talk_close(&t);
}

/* Nothing is sent behind a mailbox of which more will be asked, nor behind a
 * fetch that takes two commands. */
static void test_last(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "IDLE",
		"C: $T1 EXAMINE \"a\"\nQUIET\n" STATE(0,
			1) "S: $T1 OK\n"
			   "C: $T2 EXAMINE \"b\"\n"
			   "C: $T3 UID FETCH 1:2000" ITEMS "QUIET\n" STATE(3000,
				   3001) "S: $T2 OK\nS: $T3 OK\n"
					 "C: $T4 UID FETCH 2001:3000" ITEMS
					 "S: $T4 OK\n"
					 "C: $T5 EXAMINE \"c\"\n" STATE(
						 0, 1) "S: $T5 OK\n");
	foretell(&t, "a", 0, true);
	foretell(&t, "b", 3000, false);
	selects(&t, "a", 0);
	foretell(&t, "b", 3000, false);
	foretell(&t, "c", 0, false);
	selects(&t, "b", 3000);
	fetches(&t, 3000);
	selects(&t, "c", 0);
	talk_close(&t);
}

/* ID, NAMESPACE and LIST together, with the state of each mailbox. */
static void test_list_ahead(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "ID NAMESPACE LIST-EXTENDED SPECIAL-USE LIST-STATUS",
		"C: $T1 ID *\nC: $T2 NAMESPACE\n"
		"C: $T3 LIST \"\" \"\\*\" RETURN (SUBSCRIBED SPECIAL-USE "
		"STATUS (MESSAGES UIDNEXT UIDVALIDITY))\n"
		"S: * ID (\"name\" \"Dove\")\nS: $T1 OK\n"
		"S: * NAMESPACE ((\"\" \"/\")) NIL NIL\nS: $T2 OK\n"
		"S: * LIST () \"/\" INBOX\n"
		"S: * STATUS inbox (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 5)\n"
		"S: * LIST () \"/\" \"a b\"\n"
		"S: * STATUS \"a b\" (MESSAGES 0 UIDNEXT 1)\n"
		"S: $T3 OK\n");
	if (session_list(t.s, talk_on_mailbox, &t, &t.err) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(buf_str(&t.told), "INBOX|/|0|5 9 3\na b|/|0\n");
	talk_close(&t);
}

/* Another prefix: asked for again, below it. Not asked for at all: dropped. */
static void test_list_ahead_in_vain(void **state)
{
	static const char begin[] =
		"C: $T1 ID *\nC: $T2 NAMESPACE\nC: $T3 LIST*\n"
		"S: * ID NIL\nS: $T1 OK\n"
		"S: * NAMESPACE ((\"INBOX.\" \".\")) NIL ((\"pub.\" \".\"))\n"
		"S: $T2 OK\nS: * LIST () \".\" pub.x\n"
		"S: * LIST () \".\" elsewhere\nS: $T3 OK\n";
	struct talk t;
	char *text = mem_printf("%sC: $T4 LIST \"\" \"INBOX.\\*\" RETURN *\n"
				"S: * LIST () \".\" INBOX.a\n"
				"S: $T4 OK\n",
		begin);

	(void)state;
	talk_open(&t, "ID NAMESPACE LIST-EXTENDED LIST-STATUS", text);
	if (session_list(t.s, talk_on_mailbox, &t, &t.err) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(buf_str(&t.told), "INBOX|.|0\nINBOX.a|.|0\n");
	talk_close(&t);
	free(text);
	text = mem_printf(
		"%sC: $T4 EXAMINE \"a\"\n" STATE(0, 1) "S: $T4 OK\n", begin);
	talk_open(&t, "ID NAMESPACE LIST-EXTENDED LIST-STATUS", text);
	selects(&t, "a", 0);
	talk_close(&t);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_other_fetch),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_other_order),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_list_ahead),
		cmocka_unit_test(test_list_ahead_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
