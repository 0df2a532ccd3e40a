/* SPDX-License-Identifier: BSD-2-Clause */
/* NAMESPACE, LIST, LSUB: what servers really send. */
#include "imap_talk.h"

#define ASK "C: $T LIST \"\" \"\\*\"\n"
#define ASK_LSUB "C: $T LSUB \"\" \"\\*\"\n"
#define ASK_EXTENDED "C: $T LIST \"\" \"\\*\" RETURN (SUBSCRIBED SPECIAL-USE)\n"

static void lists(const char *caps, const char *text, const char *expected)
{
	struct talk t;

	talk_open(&t, caps, text);
	if (session_list(t.s, talk_on_mailbox, &t, &t.err) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(buf_str(&t.told), expected);
	talk_close(&t);
}

static void test_plain(void **state)
{
	(void)state;
	lists("IDLE",
		ASK "S: * LIST (\\\\HasNoChildren \\\\Sent) \"/\" Sent\n"
		    "S: * LIST (\\\\Noselect) \"/\" \"a b\"\n"
		    "S: * LIST () \"/\" inbox\n"
		    "S: $T OK\n" ASK_LSUB "S: * LSUB () \"/\" Sent\n"
		    "S: * LSUB () \"/\" \"Gone\"\n"
		    "S: $T OK done\n",
		"INBOX|/|0\nSent|/|82\na b|/|1\n");
}

static void test_extended(void **state)
{
	(void)state;
	lists("LIST-EXTENDED SPECIAL-USE",
		ASK_EXTENDED
		"S: * LIST (\\\\Subscribed \\\\Trash) \".\" \"INBOX.Bin\"\n"
		"S: * LIST (\\\\Subscribed) \".\" INBOX\n"
		"S: * LIST (\\\\Subscribed) \".\" x (\"CHILDINFO\" "
		"(\"SUBSCRIBED\"))\n"
		"S: $T OK done\n",
		"INBOX|.|2\nINBOX.Bin|.|102\nx|.|2\n");
}

/* Cyrus 3.6 answers MAILBOXID here from memory it has freed: line ends,
 * quotes, anything. It tells it with EXAMINE, too. */
static void test_mailboxid_not_asked(void **state)
{
	(void)state;
	lists("LIST-EXTENDED SPECIAL-USE LIST-STATUS CONDSTORE OBJECTID",
		"C: $T LIST \"\" \"\\*\" RETURN (SUBSCRIBED SPECIAL-USE STATUS "
		"(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))\n"
		"S: * LIST () \".\" INBOX\n"
		"S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3)\n"
		"S: $T OK done\n",
		"INBOX|.|0|3 2 1\n");
}

/* BAD to RETURN (ProtonMail Bridge), and OK with nothing (strato.de). */
static void test_extended_refused(void **state)
{
	(void)state;
	lists("LIST-EXTENDED SPECIAL-USE",
		ASK_EXTENDED
		"S: $T BAD RETURN?\n" ASK "S: * LIST () NIL INBOX\n"
		"S: $T OK done\n" ASK_LSUB "S: $T NO no LSUB here\n",
		"INBOX|0|0\n");
	lists("LIST-EXTENDED SPECIAL-USE",
		ASK_EXTENDED "S: $T OK\n" ASK "S: * LIST () \"/\" a\n"
			     "S: $T OK\n" ASK_LSUB
			     "S: * LSUB () \"/\" a\nS: $T OK\n",
		"INBOX|/|0\na|/|2\n");
}

/* home.pl's lone backslash, Gmail's unquoted names, literals, 8-bit, a name
 * with stray quotes, no quotes round the delimiter, double spaces. */
static void test_lenient(void **state)
{
	(void)state;
	lists("IDLE",
		ASK "S: * LIST (\\\\HasNoChildren \\\\) \".\" \"INBOX.ARCH\"\n"
		    "S: * LIST () / [Gmail]/All Mail\n"
		    "S: * LIST () \"/\" {5}\n"
		    "S: a\"b\\\\c\n"
		    "S: * LIST () \"/\" \"Entw\\xc3\\xbcrfe\"\n"
		    "S: * LIST () \"/\" \"say \"hi\" now\"\n"
		    "S: *  LIST  (\\\\All  \\\\foo(bar))  \"\\\\\\\\\"  "
		    "\"w\\\\\\\\x\"\n"
		    "S: * LIST () \"\" foo(bar)\n"
		    "S: * LIST () \"/\" \"c\" (\"OLDNAME\" (\"d\"))\n"
		    "S: * LIST\n"
		    "S: * LIST (\n"
		    "S: * LIST () \"/\" \"\"\n"
		    "S: $T OK\n" ASK_LSUB "S: $T OK\n",
		"Entw\xc3\xbcrfe|/|0\n"
		"INBOX|.|0\n"
		"INBOX.ARCH|.|0\n"
		"[Gmail]/All Mail|/|0\n"
		"a\"b\\c|/|0\n"
		"c|/|0\n"
		"foo(bar)|0|0\n"
		"say \"hi\" now|/|0\n"
		"w\\x|\\|4\n");
}

/* Others' and shared mailboxes are not ours; duplicates are one. */
static void test_namespaces(void **state)
{
	(void)state;
	lists("NAMESPACE",
		"C: $T NAMESPACE\n"
		"S: * NAMESPACE ((\"INBOX.\" \".\")(\"arch/\" \"/\" \"X\" "
		"(\"y\"))) ((\"INBOX.user.\" \".\")) NIL\n"
		"S: $T OK\n"
		"C: $T LIST \"\" \"INBOX.\\*\"\n"
		"S: * LIST () \".\" INBOX.a\n"
		"S: * LIST (\\\\Junk) \".\" INBOX.a\n"
		"S: * LIST () \".\" INBOX.user.bob\n"
		"S: $T OK\n"
		"C: $T LIST \"\" \"arch/\\*\"\n"
		"S: * LIST () \"/\" arch/1\n"
		"S: $T OK\n"
		"C: $T LSUB \"\" \"INBOX.\\*\"\nS: $T OK\n"
		"C: $T LSUB \"\" \"arch/\\*\"\nS: $T OK\n",
		"INBOX|.|0\nINBOX.a|.|40\narch/1|/|0\n");
	/* NIL everywhere, and BAD: as if there were none. */
	lists("NAMESPACE LIST-EXTENDED SPECIAL-USE",
		"C: $T NAMESPACE\n"
		"S: * NAMESPACE NIL NIL NIL\n"
		"S: $T OK\n" ASK_EXTENDED
		"S: * LIST () \"/\" INBOX\nS: $T OK\n",
		"INBOX|/|0\n");
	lists("NAMESPACE LIST-EXTENDED SPECIAL-USE",
		"C: $T NAMESPACE\n"
		"S: $T BAD what\n" ASK_EXTENDED
		"S: * LIST () \"/\" INBOX\nS: $T OK\n",
		"INBOX|/|0\n");
}

static int on_survey(
	void *arg, const struct mailbox_info *info, struct err *err)
{
	struct talk *t = arg;

	(void)err;
	(void)buf_printf(&t->told, "%s %x p%u", info->name, info->attrs,
		info->prefix_bytes);
	if (info->status.uidvalidity != 0)
		(void)buf_printf(&t->told, " n%u", info->status.exists);
	if (info->bytes_known)
		(void)buf_printf(
			&t->told, " b%llu", (unsigned long long)info->bytes);
	(void)buf_add_str(&t->told, "\n");
	return 0;
}

static void surveys(const char *caps, const char *text, const char *expected)
{
	char *all = mem_printf("S: * OK [CAPABILITY IMAP4rev1] hello\n"
			       "C: $T LOGIN \"ann\" \"" TALK_PASSWORD "\"\n"
			       "S: $T OK [CAPABILITY IMAP4rev1 %s] in\n%s",
		caps, text);
	struct session_config c;
	struct talk t;

	talk_init(&t);
	talk_config(&c);
	c.shared = c.counts = true;
	if (talk_open_as(&t, &c, all) < 0)
		fail_msg("open: %s", t.err.text);
	free(all);
	if (session_list(t.s, on_survey, &t, &t.err) < 0)
		fail_msg("%s", t.err.text);
	assert_string_equal(buf_str(&t.told), expected);
	talk_close(&t);
}

/* Others' mailboxes where they are asked for; a namespace that is refused
 * takes nothing else with it. */
static void test_shared(void **state)
{
	(void)state;
	surveys("NAMESPACE LIST-EXTENDED SPECIAL-USE LIST-STATUS STATUS=SIZE",
		"C: $T NAMESPACE\n"
		"S: * NAMESPACE ((\"INBOX.\" \".\")) ((\"user.\" \".\")) "
		"((\"\" \".\")(\"pub.\" \".\"))\n"
		"S: $T OK\n"
		"C: $T LIST \"\" \"INBOX.\\*\" RETURN (SUBSCRIBED SPECIAL-USE "
		"STATUS (MESSAGES UIDNEXT UIDVALIDITY SIZE))\n"
		"S: * LIST (\\\\Sent) \".\" Inbox.Sent\n"
		"S: * STATUS Inbox.Sent (MESSAGES 2 UIDNEXT 9 UIDVALIDITY 3 "
		"SIZE 4294967296)\n"
		"S: $T OK\n"
		"C: $T LIST \"\" \"user.\\*\" RETURN *\n"
		"S: * LIST (\\\\Noselect) \".\" user.bob\n"
		"S: $T OK\n"
		"C: $T LIST \"\" \"\\*\" RETURN *\n"
		"S: * LIST () \".\" INBOX\n"
		"S: * LIST () \".\" news\n"
		"S: $T OK\n"
		"C: $T LIST \"\" \"pub.\\*\" RETURN *\n"
		"S: $T NO not today\n"
		"C: $T LIST \"\" \"pub.\\*\"\n"
		"S: $T NO never\n"
		"C: $T LSUB \"\" \"pub.\\*\"\n"
		"S: $T NO never\n"
		"C: $T STATUS \"INBOX\" (MESSAGES UIDNEXT UIDVALIDITY SIZE)\n"
		"S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3 SIZE "
		"5)\n"
		"S: $T OK\n"
		"C: $T STATUS \"news\" *\n"
		"S: $T NO locked\n",
		"INBOX 0 p0 n1 b5\n"
		"Inbox.Sent 80 p6 n2 b4294967296\n"
		"news 800 p0\n"
		"user.bob 401 p0\n");
}

/* No STATUS=SIZE: counts only; nothing with the list: one by one. */
static void test_survey(void **state)
{
	(void)state;
	surveys("IDLE",
		ASK "S: * LIST () \"/\" INBOX\nS: * LIST (\\\\Noselect) "
		    "\"/\" top\nS: $T OK\n" ASK_LSUB "S: $T OK\n"
		    "C: $T STATUS \"INBOX\" (MESSAGES UIDNEXT UIDVALIDITY)\n"
		    "S: * STATUS INBOX ()\n"
		    "S: $T OK\n",
		"INBOX 0 p0\ntop 1 p0\n");
}

static void test_too_many(void **state)
{
	struct session_config c;
	struct talk t;

	(void)state;
	talk_init(&t);
	talk_config(&c);
	c.limits.mailboxes = 3;
	assert_int_equal(talk_open_as(&t, &c,
				 "S: * OK [CAPABILITY IMAP4rev1] hello\n"
				 "C: $T LOGIN *\n"
				 "S: $T OK [CAPABILITY IMAP4rev1] in\n" ASK
				 "S: * LIST () \"/\" a\n"
				 "S: * LIST () \"/\" a\n"
				 "S: * LIST () \"/\" b\n"
				 "S: * LIST () \"/\" c\n"
				 "S: $T OK\n"),
		0);
	assert_int_equal(session_list(t.s, talk_on_mailbox, &t, &t.err), -1);
	assert_int_equal(t.err.class, ERR_LIMIT);
	assert_string_equal(buf_str(&t.told), "");
	talk_close(&t);
}

/* LIST lines that nobody asked for are not taken for an answer. */
static void test_refused(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, "IDLE", ASK "S: $T NO [UNAVAILABLE] later\n");
	assert_int_equal(session_list(t.s, talk_on_mailbox, &t, &t.err), -1);
	assert_int_equal(t.err.class, ERR_REFUSED);
	assert_int_equal(t.err.scope, ERR_SCOPE_SESSION);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_extended),
		cmocka_unit_test(test_mailboxid_not_asked),
		cmocka_unit_test(test_extended_refused),
		cmocka_unit_test(test_lenient),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_survey),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_refused),
	};

	catchall_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
