/* SPDX-License-Identifier: BSD-2-Clause */
/* Greeting, CAPA, login, close: what is said, and what never is. */
#include "pop3_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* "\0u@x\0s3cret" */
#define BLOB "AHVAeABzM2NyZXQ="
#define CAPA_PLAIN "C: CAPA\nS: +OK\nS: SASL LOGIN PLAIN\nS: .\n"

static void check_class(const struct peer *p, enum err_class class,
	enum err_scope scope, enum err_retry retry)
{
	if (p->err.class != class)
		fail_msg("class %s, wanted %s: %s",
			err_class_name(p->err.class), err_class_name(class),
			p->err.text);
	assert_int_equal(p->err.scope, scope);
	assert_int_equal(p->err.retry, retry);
}

/* The session must not open; the script sees no further byte. */
static void refuse(struct peer *p, const char *text, enum err_class class)
{
	assert_int_equal(peer_open(p, text), -1);
	assert_null(p->session);
	if (p->err.class != class)
		fail_msg("class %s, wanted %s: %s",
			err_class_name(p->err.class), err_class_name(class),
			p->err.text);
	assert_true(peer_close(p));
}

static void test_user_pass(void **state)
{
	struct session_info info = {0};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		peer_open(&p, "S: +OK \\x1bhi <1896.697@mail.test>\n"
			      "C: CAPA\nS: +OK\nS: USER\nS: .\n"
			      "C: USER u@x\nS: +OK\nC: PASS s3cret\nS: +OK\n"
			      "C: CAPA\nS: +OK\nS: UIDL\nS: PIPELINING\n"
			      "S: IMPLEMENTATION Test 1.0\nS: .\n"
			      "C: QUIT\nS: +OK bye\n"),
		0);
	p.session->ops->info(p.session, &info);
	assert_string_equal(info.tls, "");
	assert_string_equal(info.greeting, "?hi <1896.697@mail.test>");
	assert_string_equal(info.server_id, "Test 1.0");
	assert_string_equal(
		info.capabilities, "UIDL PIPELINING IMPLEMENTATION Test 1.0");
	assert_true(info.pipelining);
	assert_true(peer_close(&p));
}

/* CAPA refused after the login: what was said before it still holds. */
static void test_capa_refused_later(void **state)
{
	struct session_info info = {0};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		peer_open(&p, "S: +OK\nC: CAPA\nS: +OK\nS: PIPELINING\nS: .\n"
			      "C: USER u@x\nS: +OK\nC: PASS s3cret\nS: +OK\n"
			      "C: CAPA\nC: STAT\nC: LIST\nC: UIDL\n"
			      "S: -ERR\nC: QUIT\n"),
		0);
	p.session->ops->info(p.session, &info);
	assert_true(info.pipelining);
	assert_true(peer_close(&p));
}

static void test_auth_plain(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(peer_open(&p, "S: +OK\n" CAPA_PLAIN
				       "C: AUTH PLAIN " BLOB "\nS: +OK\n"
				       "C: CAPA\nS: -ERR\nC: QUIT\nS: +OK\n"),
		0);
	assert_true(peer_close(&p));
}

/* RFC 5034 4: at most 255 octets with the CRLF; one more goes by challenge. */
static void test_auth_plain_length(void **state)
{
	static const struct {
		size_t secret;
		bool at_once;
	} cases[] = {{175, true}, {176, false}, {9000, false}};
	char secret[9000];
	struct peer p;

	(void)state;
	memset(secret, 'p', sizeof secret);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		peer_init(&p);
		secret_set(&p.config.secret, secret, cases[i].secret);
		assert_int_equal(
			peer_open(&p,
				cases[i].at_once
					? "S: +OK\n" CAPA_PLAIN
					  "C: AUTH PLAIN AHVAeABw*\nS: +OK\n"
					  "C: CAPA\nS: -ERR\nC: QUIT\n"
					: "S: +OK\n" CAPA_PLAIN
					  "C: AUTH PLAIN\nS: + \n"
					  "C: AHVAeABw*\nS: +OK\n"
					  "C: CAPA\nS: -ERR\nC: QUIT\n"),
			0);
		assert_true(peer_close(&p));
	}
}

/* A refused secret is not tried again another way. */
static void test_auth_plain_refused(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p);
	refuse(&p,
		"S: +OK\n" CAPA_PLAIN "C: AUTH PLAIN " BLOB
		"\nS: -ERR [AUTH] wrong\nEOF\n",
		ERR_AUTH);
	check_class(&p, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE);
	assert_non_null(strstr(p.err.text, "wrong"));
}

/* The mechanism may be refused before the secret was said. */
static void test_auth_plain_unsupported(void **state)
{
	char secret[300];
	struct peer p;

	(void)state;
	memset(secret, 'q', sizeof secret);
	peer_init(&p);
	secret_set(&p.config.secret, secret, sizeof secret);
	assert_int_equal(peer_open(&p, "S: +OK\n" CAPA_PLAIN
				       "C: AUTH PLAIN\nS: -ERR unknown\n"
				       "C: AUTH LOGIN\nS: -ERR unknown\n"
				       "C: USER u@x\nS: +OK\nC: PASS qqq*\n"
				       "S: +OK\nC: CAPA\nS: -ERR\nC: QUIT\n"),
		0);
	assert_true(peer_close(&p));
}

/* RFC 1734: a server that overlooks the initial response asks for it. */
static void test_auth_plain_old_server(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(peer_open(&p, "S: +OK\n" CAPA_PLAIN
				       "C: AUTH PLAIN " BLOB "\nS: +\n"
				       "C: " BLOB "\nS: +OK\n"
				       "C: CAPA\nS: -ERR\nC: QUIT\n"),
		0);
	assert_true(peer_close(&p));
	peer_init(&p);
	refuse(&p,
		"S: +OK\n" CAPA_PLAIN "C: AUTH PLAIN " BLOB "\nS: + \nC: " BLOB
		"\nS: + \nEOF\n",
		ERR_PROTOCOL);
}

static void test_long_user_pass(void **state)
{
	char secret[5000], user[500], *text;
	struct peer p;

	(void)state;
	memset(secret, 'p', sizeof secret - 1);
	secret[sizeof secret - 1] = '\0';
	memset(user, 'u', sizeof user - 1);
	user[sizeof user - 1] = '\0';
	peer_init(&p);
	memcpy(p.config.url.user, user, sizeof user);
	secret_set(&p.config.secret, secret, strlen(secret));
	text = mem_printf("S: +OK\nC: CAPA\nS: -ERR\nC: USER %s\nS: +OK\n"
			  "C: PASS %s\nS: +OK\nC: CAPA\nS: -ERR\nC: QUIT\n",
		user, secret);
	assert_int_equal(peer_open(&p, text), 0);
	free(text);
	assert_true(peer_close(&p));
}

static void test_codes(void **state)
{
	static const struct {
		const char *words;
		enum err_class class;
		enum err_retry retry;
	} cases[] = {
		{"-ERR", ERR_AUTH, ERR_RETRY_LATER},
		{"-ERR no such user", ERR_AUTH, ERR_RETRY_LATER},
		{"-ERR [auth] no", ERR_AUTH, ERR_RETRY_CHANGE},
		{"-ERR [WEBALERT] go there", ERR_AUTH, ERR_RETRY_CHANGE},
		{"-ERR [IN-USE] locked", ERR_REFUSED, ERR_RETRY_LATER},
		{"-ERR [LOGIN-DELAY] slow", ERR_REFUSED, ERR_RETRY_LATER},
		{"-ERR [SYS/TEMP] sorry", ERR_REFUSED, ERR_RETRY_LATER},
		{"-ERR [SYS/TEMP/DISK] x", ERR_REFUSED, ERR_RETRY_LATER},
		{"-ERR [SYS/PERM] off", ERR_REFUSED, ERR_RETRY_CHANGE},
		{"-ERR Can't get lock.  Mailbox in use", ERR_REFUSED,
			ERR_RETRY_LATER},
		{"-ERR maildrop already locked", ERR_REFUSED, ERR_RETRY_LATER},
		{"-ERR account locked", ERR_AUTH, ERR_RETRY_CHANGE},
		{"-ERR [AUTH] no such mailbox, blocked", ERR_AUTH,
			ERR_RETRY_CHANGE},
	};
	struct peer p;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		peer_init(&p);
		text = mem_printf("S: +OK\nC: CAPA\nS: +OK\nS: USER\n"
				  "S: LOGIN-DELAY 900 USER\nS: .\n"
				  "C: USER u@x\nS: +OK\n"
				  "C: PASS s3cret\nS: %s\nEOF\n",
			cases[i].words);
		refuse(&p, text, cases[i].class);
		check_class(
			&p, cases[i].class, ERR_SCOPE_ACCOUNT, cases[i].retry);
		assert_int_equal(p.err.retry_after_s,
			strstr(text, "[LOGIN-DELAY]") != NULL ? 900 : 0);
		free(text);
	}
}

/* After -ERR to USER the secret stays at home. */
static void test_user_refused(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p);
	refuse(&p, "S: +OK\nC: CAPA\nS: -ERR\nC: USER u@x\nS: -ERR who?\nEOF\n",
		ERR_AUTH);
	peer_init(&p);
	refuse(&p,
		"S: +OK\nC: CAPA\nS: +OK\nS: SASL GSSAPI\nS: .\n"
		"C: USER u@x\nS: -ERR not so\nEOF\n",
		ERR_REFUSED);
	check_class(&p, ERR_REFUSED, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE);
}

/* A server that repeats the secret does not get it into an error text. */
static void test_scrub(void **state)
{
	char *text, filler[240];
	struct peer p;

	(void)state;
	peer_init(&p);
	refuse(&p,
		"S: +OK\nC: CAPA\nS: -ERR\nC: USER u@x\nS: +OK\nC: PASS *\n"
		"S: -ERR bad s3cret, s3crets3cret\nEOF\n",
		ERR_AUTH);
	assert_null(strstr(p.err.text, "s3cret"));
	assert_non_null(strstr(p.err.text, "bad ***, ******"));
	peer_init(&p);
	refuse(&p,
		"S: +OK\n" CAPA_PLAIN "C: AUTH PLAIN *\nS: -ERR what is " BLOB
		"?\nEOF\n",
		ERR_AUTH);
	assert_null(strstr(p.err.text, BLOB));
	/* cut in the middle of it */
	for (size_t k = 0; k < 8; k++) {
		memset(filler, 'x', sizeof filler);
		filler[sizeof filler - 1] = '\0';
		text = mem_printf(
			"S: +OK\nC: CAPA\nS: -ERR\nC: USER u@x\n"
			"S: +OK\nC: PASS *\nS: -ERR %s%s long-s3cret\n"
			"EOF\n",
			filler, &"yyyyyyyy"[k]);
		peer_init(&p);
		secret_set(&p.config.secret, "long-s3cret", 11);
		refuse(&p, text, ERR_AUTH);
		assert_null(strstr(p.err.text, "long"));
		free(text);
	}
}

static void test_unspeakable(void **state)
{
	static const struct {
		const char *secret;
		size_t n;
	} cases[] = {{"a\rb", 3}, {"a\nb", 3}, {"a\0b", 3}};
	struct peer p;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		peer_init(&p);
		secret_set(&p.config.secret, cases[i].secret, cases[i].n);
		refuse(&p, "S: +OK\nC: CAPA\nS: -ERR\nEOF\n", ERR_CONFIG);
	}
	peer_init(&p);
	memcpy(p.config.url.user, "a\r\nDELE 1", 10);
	refuse(&p, "S: +OK\n" CAPA_PLAIN "EOF\n", ERR_CONFIG);
	/* AUTH PLAIN can say what PASS cannot */
	peer_init(&p);
	secret_set(&p.config.secret, "a\nb", 3);
	assert_int_equal(peer_open(&p, "S: +OK\n" CAPA_PLAIN
				       "C: AUTH PLAIN AHVAeABhCmI=\n"
				       "S: +OK\nC: CAPA\nS: -ERR\nC: QUIT\n"),
		0);
	assert_true(peer_close(&p));
}

static void test_greetings(void **state)
{
	static const struct {
		const char *text;
		enum err_class class;
	} cases[] = {
		{"S: -ERR [SYS/TEMP] full\nEOF\n", ERR_REFUSED},
		{"S: * OK IMAP4rev1\nEOF\n", ERR_PROTOCOL},
		{"S: 220 smtp\nEOF\n", ERR_PROTOCOL},
		{"S: + \nEOF\n", ERR_PROTOCOL},
		{"S: +ok here\nEOF\n", ERR_PROTOCOL},
		{"S:\nEOF\n", ERR_PROTOCOL},
		{"S: \\0+OK\nEOF\n", ERR_PROTOCOL},
		{"S<: +O\nSHUT\nEOF\n", ERR_NETWORK},
		{"CLOSE\n", ERR_NETWORK},
		{"R: 30000 +OK aaaaaaaaaaaaaaaaaaaaaa\nEOF\n", ERR_LIMIT},
	};
	struct peer p;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		peer_init(&p);
		refuse(&p, cases[i].text, cases[i].class);
	}
}

static void test_hostile_capa(void **state)
{
	static const struct {
		const char *text;
		enum err_class class;
	} cases[] = {
		{"S: +OK\nC: CAPA\nS: +OK\nR: 300 X\\r\\n\nEOF\n", ERR_LIMIT},
		{"S: +OK\nC: CAPA\nS: +OK\nR: 70000 X\nEOF\n", ERR_LIMIT},
		{"S: +OK\nC: CAPA\nR: 70000 X\nEOF\n", ERR_LIMIT},
		{"S: +OK\nC: CAPA\nS: what?\nEOF\n", ERR_PROTOCOL},
		{"S: +OK\nC: CAPA\nS: +OK\nS: USER\nSHUT\nEOF\n", ERR_NETWORK},
	};
	struct peer p;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		peer_init(&p);
		refuse(&p, cases[i].text, cases[i].class);
	}
}

/* The conversation cut at every byte: never a session, never a crash. */
static void test_cut_anywhere(void **state)
{
	static const char *const steps[] = {"S<: +OK hi\\r\\n", "C: CAPA",
		"S<: +OK\\r\\nUSER\\r\\n.\\r\\n", "C: USER u@x",
		"S<: +OK\\r\\n", "C: PASS s3cret", "S<: +OK\\r\\n", "C: CAPA",
		"S<: +OK\\r\\nUIDL\\r\\n.\\r\\n"};
	struct buf text;
	struct peer p;

	(void)state;
	buf_init(&text, 4096);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (steps[i][0] == 'C')
			continue;
		for (size_t cut = 4; cut < strlen(steps[i]); cut++) {
			if (steps[i][cut - 1] == '\\')
				continue;
			buf_reset(&text);
			for (size_t k = 0; k < i; k++)
				(void)buf_printf(&text, "%s\n", steps[k]);
			(void)buf_add(&text, steps[i], cut);
			(void)buf_add_str(&text, "\nSHUT\nEOF\n");
			peer_init(&p);
			refuse(&p, buf_str(&text), ERR_NETWORK);
			assert_int_equal(p.err.scope, ERR_SCOPE_SESSION);
		}
	}
	buf_free(&text);
}

/* A server that does not answer QUIT holds nobody for longer than 2 s. */
static void test_quit_unanswered(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(peer_open(&p, PEER_LOGIN "C: QUIT\nWAIT\n"), 0);
	assert_true(peer_close(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user_pass),
		cmocka_unit_test(test_capa_refused_later),
		cmocka_unit_test(test_auth_plain),
		cmocka_unit_test(test_auth_plain_length),
		cmocka_unit_test(test_auth_plain_refused),
		cmocka_unit_test(test_auth_plain_unsupported),
		cmocka_unit_test(test_auth_plain_old_server),
		cmocka_unit_test(test_long_user_pass),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_user_refused),
		cmocka_unit_test(test_scrub),
		cmocka_unit_test(test_unspeakable),
		cmocka_unit_test(test_greetings),
		cmocka_unit_test(test_hostile_capa),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_quit_unanswered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
