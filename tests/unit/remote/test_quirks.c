/* SPDX-License-Identifier: BSD-2-Clause */
/* Which server gets which switches, and what the switches change of the
 * conversation. */
#include "collector/remote/quirks.h"
#include "imap_talk.h"

#define GREETING "S: * OK [CAPABILITY IMAP4rev1] hello\n"
#define LOGIN "C: $T LOGIN \"ann\" \"" TALK_PASSWORD "\"\n"

static void names(const char *host, const char *greeting, const char *id,
	const char *caps, const char *expected)
{
	const struct quirks_signs signs = {host, greeting, id, caps};
	char text[QUIRK_NAMES_MAX];

	quirk_names(quirks_recognise(&signs) & ~QUIRK_ALWAYS, text);
	assert_string_equal(text, expected);
}

#define EXCHANGE "ten-errors stub-bodies no-mail-folders"
#define ICLOUD "no-qresync no-esearch peek-sets-seen"

static void test_by_host(void **state)
{
	(void)state;
	names("imap.example.org", "", "", "", "");
	names("imap.163.com", "", "", "", "id-first");
	names("IMAP.126.com", "", "", "", "id-first");
	names("imap.1263.com", "", "", "", "");
	names("notyeah.net", "", "", "", "");
	names("yeah.net", "", "", "", "id-first");
	names("imap.mail.me.com", "", "", "", ICLOUD);
	names("imap.purelymail.com", "", "", "", "peek-sets-seen");
	names("imap.mail.yahoo.com", "", "", "", "short-lines view-10000");
	names("export.imap.mail.yahoo.com", "", "", "", "short-lines");
	names("export.imap.mail.yahoo.com", "", "",
		"IMAP4rev1 XYMHIGHESTMODSEQ", "short-lines");
	names("imap.aol.com", "", "", "", "short-lines view-10000");
	names("outlook.office365.com", "", "", "", EXCHANGE);
	names("imappro.zoho.com", "", "", "", "no-pipelining");
	names("imap.yandex.ru", "", "", "", "no-search");
	names("imap.exmail.qq.com", "", "", "", "no-search");
	names("imap.strato.de", "", "", "", "no-list-extended");
}

static void test_by_words(void **state)
{
	(void)state;
	names("m", "* OK The Microsoft Exchange IMAP4 service is ready.", "",
		"", EXCHANGE);
	names("m",
		"* OK Microsoft Exchange Server 2003 IMAP4rev1 server version "
		"6.5 (m) ready.",
		"", "", "no-namespace " EXCHANGE);
	names("m", "* OK [CAPABILITY IMAP4rev1] m IMAP4rev1 2007f.404 at Mon",
		"", "", "short-lines");
	names("m", "* OK iSCREAM ready to rumble (18H) m", "", "", ICLOUD);
	names("m", "* OK Courier-IMAP ready. Copyright 1998", "", "",
		"fake-expunged");
	names("m", "", "NAME Zimbra VERSION 8.8", "",
		"empty-header "
		"mailbox-bye");
	names("127.0.0.1", "* OK Proton Mail Bridge 03.10 ready", "", "",
		"no-list-extended");
	names("m", "* OK Kerio Connect 9 IMAP4rev1 server ready", "", "",
		"no-search");
	names("m", "* OK m Cyrus IMAP v2.4.17 server ready", "", "",
		"no-esearch");
	names("m", "* OK m Cyrus IMAP 3.6 server ready", "", "", "");
	names("m", "* OK [CAPABILITY …] Dovecot ready.", "name Dovecot", "",
		"");
}

static void test_by_capability(void **state)
{
	(void)state;
	names("mail.corp.cn", "", "", "IMAP4rev1 ID X-CM-EXT-1", "id-first");
	names("mail.corp.cn", "", "", "IMAP4rev1 ID X-CM-EXT-10", "");
}

static void opens(struct talk *t, const char *host,
	const struct quirk_overrides *quirks, const char *text)
{
	struct session_config c;

	talk_init(t);
	talk_config(&c);
	if (host != NULL)
		(void)snprintf(c.url.host, sizeof c.url.host, "%s", host);
	if (quirks != NULL)
		c.quirks = *quirks;
	if (talk_open_as(t, &c, text) < 0)
		fail_msg("open: %s", t->err.text);
}

/* 163 and its like: ID before anything, offered or not, and nothing until it
 * is answered. */
static void test_id_first(void **state)
{
	static const char *const caps[] = {"ID NAMESPACE LIST-EXTENDED "
					   "LIST-STATUS",
		"IDLE"};
	struct talk t;

	(void)state;
	for (int i = 0; i < 2; i++) {
		char *text = mem_printf(GREETING LOGIN
			"S: $T OK [CAPABILITY IMAP4rev1 %s] in\n"
			"C: $T ID (\"name\" \"mailhaul\" *\n"
			"QUIET\n"
			"S: * ID (\"name\" \"Coremail Imap\")\n"
			"S: $T OK\n"
			"C: $T EXAMINE \"INBOX\"\n"
			"S: * 0 EXISTS\n"
			"S: $T OK\n",
			caps[i]);
		opens(&t, "imap.163.com", NULL, text);
		assert_int_equal(session_select(t.s, "INBOX",
					 &(struct mailbox_state){0}, &t.err),
			0);
		talk_close(&t);
		free(text);
	}
}

/* What is not to be used is not offered, also where it comes anew. */
static void test_masks(void **state)
{
	const struct quirk_overrides off = {
		.on = QUIRK_NO_NAMESPACE | QUIRK_NO_CONDSTORE |
		      QUIRK_NO_LIST_EXTENDED | QUIRK_NO_LITERAL_PLUS};
	struct session_info info;
	struct talk t;

	(void)state;
	opens(&t, NULL, &off,
		GREETING LOGIN
		"S: $T OK [CAPABILITY IMAP4rev1 NAMESPACE LIST-EXTENDED "
		"SPECIAL-USE LIST-STATUS QRESYNC LITERAL+] in\n"
		"C: $T LIST \"\" \"*\"\n"
		"S: * LIST () \"/\" INBOX\n"
		"S: $T OK\n"
		"C: $T LSUB \"\" \"*\"\n"
		"S: * CAPABILITY IMAP4rev1 CONDSTORE LITERAL+\n"
		"S: $T OK\n"
		"C: $T EXAMINE {3}\n"
		"S: + go\n"
		"B: 3\n"
		"C: \n"
		"S: * 0 EXISTS\n"
		"S: * OK [HIGHESTMODSEQ 8] x\n"
		"S: $T OK\n");
	session_info(t.s, &info);
	assert_false(info.condstore);
	assert_true(info.quirks == (off.on | QUIRK_ALWAYS));
	assert_int_equal(session_list(t.s, talk_on_mailbox, &t, &t.err), 0);
	assert_int_equal(session_select(t.s, "\xc3\xbcx",
				 &(struct mailbox_state){0}, &t.err),
		0);
	talk_close(&t);
}

/* Recognised by the greeting, and overruled. */
static void test_overruled(void **state)
{
	const struct quirk_overrides off = {.off = QUIRK_NO_NAMESPACE};
	struct session_info info;
	struct talk t;

	(void)state;
	for (int i = 0; i < 2; i++) {
		char *text = mem_printf(
			"S: * OK Microsoft Exchange Server 2003 IMAP4rev1 "
			"server\n"
			"C: $T CAPABILITY\n"
			"S: * CAPABILITY IMAP4rev1 NAMESPACE\n"
			"S: $T OK\n" LOGIN "S: $T OK\n"
			"C: $T CAPABILITY\n"
			"S: * CAPABILITY IMAP4rev1 NAMESPACE\n"
			"S: $T OK\n"
			"%sC: $T LIST \"\" \"*\"\nS: $T OK\n"
			"C: $T LSUB \"\" \"*\"\nS: $T OK\n",
			i == 0 ? "" : "C: $T NAMESPACE\nS: $T OK\n");
		opens(&t, NULL, i == 0 ? NULL : &off, text);
		session_info(t.s, &info);
		assert_int_equal(
			(info.quirks & QUIRK_NO_NAMESPACE) != 0, i == 0);
		assert_true((info.quirks & QUIRK_TEN_ERRORS) != 0);
		assert_int_equal(
			session_list(t.s, talk_on_mailbox, &t, &t.err), 0);
		talk_close(&t);
		free(text);
	}
}

static void test_no_examine(void **state)
{
	const struct quirk_overrides on = {.on = QUIRK_NO_EXAMINE};
	struct session_ahead ahead = {.mailbox = "b", .last = true};
	struct talk t;

	(void)state;
	opens(&t, NULL, &on,
		GREETING LOGIN "S: $T OK [CAPABILITY IMAP4rev1] in\n"
			       "C: $T SELECT \"a\"\n"
			       "S: * 0 EXISTS\nS: $T OK [READ-WRITE]\n"
			       "C: $T SELECT \"b\"\n"
			       "S: * 0 EXISTS\nS: $T OK [READ-WRITE]\n");
	assert_int_equal(
		session_select(t.s, "a", &(struct mailbox_state){0}, &t.err),
		0);
	session_ahead(t.s, &ahead);
	assert_int_equal(
		session_select(t.s, "b", &(struct mailbox_state){0}, &t.err),
		0);
	talk_close(&t);
}

/* Zoho: nothing is sent before the answer to what was sent. */
static void test_no_pipelining(void **state)
{
	struct session_ahead a = {.mailbox = "a", .uids = {1, 5}},
			     b = {.mailbox = "b", .uids = {1, 5}};
	struct session_info info;
	struct talk t;

	(void)state;
	opens(&t, "imap.zoho.eu", NULL,
		GREETING LOGIN
		"S: $T OK [CAPABILITY IMAP4rev1 ID NAMESPACE LIST-EXTENDED "
		"LIST-STATUS] in\n"
		"C: $T ID *\nQUIET\nS: $T OK\n"
		"C: $T EXAMINE \"a\"\nQUIET\n"
		"S: * 0 EXISTS\nS: $T OK\n"
		"C: $T EXAMINE \"b\"\nQUIET\n"
		"S: * 0 EXISTS\nS: $T OK\n");
	session_info(t.s, &info);
	assert_false(info.pipelining);
	session_ahead(t.s, &a);
	session_ahead(t.s, &b);
	assert_int_equal(
		session_select(t.s, "a", &(struct mailbox_state){0}, &t.err),
		0);
	assert_int_equal(
		session_select(t.s, "b", &(struct mailbox_state){0}, &t.err),
		0);
	talk_close(&t);
}

/* Exchange closes at the tenth refused command: the tenth is not sent, and a
 * new session is asked for at once. */
static void test_ten_errors(void **state)
{
	const struct quirk_overrides on = {.on = QUIRK_TEN_ERRORS};
	struct mailbox_state m;
	struct buf text;
	struct talk t;

	(void)state;
	for (int i = 0; i < 2; i++) {
		buf_init(&text, 4096);
		(void)buf_add_str(&text,
			GREETING LOGIN "S: $T OK [CAPABILITY IMAP4rev1] in\n");
		for (int n = 0; n < (i == 0 ? 9 : 12); n++)
			(void)buf_add_str(
				&text, "C: $T EXAMINE \"x\"\nS: $T NO gone\n");
		(void)buf_add_str(&text, i == 0 ? "EOF\n" : "");
		opens(&t, NULL, i == 0 ? &on : NULL, buf_str(&text));
		for (int n = 0; n < (i == 0 ? 9 : 12); n++) {
			assert_int_equal(
				session_select(t.s, "x", &m, &t.err), -1);
			assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
		}
		if (i == 0) {
			assert_int_equal(
				session_select(t.s, "x", &m, &t.err), -1);
			assert_int_equal(t.err.class, ERR_NETWORK);
			assert_int_equal(t.err.scope, ERR_SCOPE_SESSION);
			assert_int_equal(t.err.retry, ERR_RETRY_NOW);
			assert_int_equal(t.err.in_flight, 0);
		}
		talk_close(&t);
		buf_free(&text);
	}
}

/* What was under way when the connection broke is told. */
static void test_in_flight(void **state)
{
	struct session_ahead a = {.mailbox = "a"}, b = {.mailbox = "b"};
	struct mailbox_state m;
	struct talk t;

	(void)state;
	for (uint32_t n = 1; n <= 2; n++) {
		opens(&t, NULL, NULL,
			GREETING LOGIN "S: $T OK [CAPABILITY IMAP4rev1] in\n"
				       "C: $T EXAMINE \"a\"\nCLOSE\n");
		session_ahead(t.s, &a);
		if (n == 2)
			session_ahead(t.s, &b);
		assert_int_equal(session_select(t.s, "a", &m, &t.err), -1);
		assert_int_equal(t.err.class, ERR_NETWORK);
		assert_int_equal(t.err.in_flight, n);
		talk_close(&t);
	}
}

/* iCloud, Purelymail: what was unread is unread afterwards, and told so. */
static void test_peek_sets_seen(void **state)
{
	const struct quirk_overrides on = {.on = QUIRK_PEEK_SETS_SEEN};
	struct session_ahead a = {.mailbox = "INBOX", .uids = {1, 103}};
	struct mailbox_state m;
	struct talk t;

	(void)state;
	opens(&t, NULL, &on,
		GREETING LOGIN
		"S: $T OK [CAPABILITY IMAP4rev1] in\n"
		"C: $T SELECT \"INBOX\"\nQUIET\n"
		"S: * 4 EXISTS\nS: $T OK [READ-WRITE] done\n"
		"C: $T UID FETCH 1:100 (UID FLAGS)\n"
		"S: * 1 FETCH (UID 5 FLAGS (\\\\Flagged))\n"
		"S: * 2 FETCH (UID 6 FLAGS ())\n"
		"S: * 3 FETCH (UID 9 FLAGS (\\\\Seen))\n"
		"S: $T OK\n"
		"C: $T UID FETCH 1:100 (UID FLAGS INTERNALDATE RFC822.SIZE "
		"BODY.PEEK[])\n"
		"S: * 1 FETCH (UID 5 FLAGS (\\\\Flagged \\\\Seen) BODY[] {1}\n"
		"S<: a\nS: )\n"
		"S: * 2 FETCH (UID 6 FLAGS (\\\\Seen) BODY[] {1}\n"
		"S<: b\nS: )\n"
		"S: * 3 FETCH (UID 9 FLAGS (\\\\Seen) BODY[] {1}\n"
		"S<: c\nS: )\n"
		"S: $T NO [SERVERBUG] some are missing\n"
		"C: $T UID STORE 5:6 -FLAGS.SILENT (*Seen)\n"
		"S: $T OK\n"
		/* nothing unread, nothing to restore */
		"C: $T UID FETCH 103 (UID FLAGS)\n"
		"S: * 4 FETCH (UID 103 FLAGS (\\\\Seen))\n"
		"S: $T OK\n"
		"C: $T UID FETCH 103 (UID FLAGS *\n"
		"S: * 4 FETCH (UID 103 FLAGS (\\\\Seen) BODY[] {1}\n"
		"S<: d\nS: )\n"
		"S: $T OK\n"
		"C: $T LOGOUT\nS: $T OK\n");
	session_ahead(t.s, &a);
	assert_int_equal(session_select(t.s, "INBOX", &m, &t.err), 0);
	assert_int_equal(talk_fetch(&t, 1, 102), -1);
	assert_int_equal(t.err.scope, ERR_SCOPE_MAILBOX);
	assert_int_equal(talk_fetch(&t, 103, 103), 0);
	assert_string_equal(buf_str(&t.told),
		"5 f4[] \"a\"\n6 f0[] \"b\"\n9 f1[] \"c\"\n103 f1[] \"d\"\n");
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_host),
		cmocka_unit_test(test_by_words),
		cmocka_unit_test(test_by_capability),
		cmocka_unit_test(test_id_first),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_overruled),
		cmocka_unit_test(test_no_examine),
		cmocka_unit_test(test_no_pipelining),
		cmocka_unit_test(test_ten_errors),
		cmocka_unit_test(test_peek_sets_seen),
		cmocka_unit_test(test_in_flight),
	};

	catchall_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
