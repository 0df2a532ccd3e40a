/* SPDX-License-Identifier: BSD-2-Clause */
/* Greeting, STARTTLS, capabilities, login, ID. */
#include "collector/base/log.h"
#include "imap_talk.h"
#include "tls_server.h"

#define GREETING "S: * OK [CAPABILITY IMAP4rev1] hello\n"
#define LOGIN "C: $T LOGIN \"ann\" \"" TALK_PASSWORD "\"\n"
/* AUTHENTICATE PLAIN of ann and TALK_PASSWORD */
#define SASL "AGFubgBwYTU1d29yZA=="

/* Must fail; the peer must have been left without another word. */
static void refuses(const char *text, enum err_class class, const char *words)
{
	struct session_config c;
	struct talk t;

	talk_init(&t);
	talk_config(&c);
	assert_int_equal(talk_open_as(&t, &c, text), -1);
	assert_null(t.s);
	if (t.err.class != class || strstr(t.err.text, words) == NULL)
		fail_msg("%d: %s", t.err.class, t.err.text);
	talk_close(&t);
}

static void test_capability_asked(void **state)
{
	struct session_config c;
	struct session_info info;
	struct talk t;

	(void)state;
	talk_init(&t);
	talk_config(&c);
	assert_int_equal(
		talk_open_as(&t, &c,
			"S: * OK hello \\x1b[31m\n"
			"C: $T CAPABILITY\n"
			"S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\n"
			"S: $T OK\n"
			"C: $T AUTHENTICATE PLAIN " SASL "\n"
			"S: $T OK in\n"
			"C: $T CAPABILITY\n"
			"S: * CAPABILITY IMAP4rev1 CONDSTORE ID\n"
			"S: $T OK done\n"
			"C: $T ID (\"name\" \"mailhaul\" \"version\" \"*\" "
			"\"vendor\" \"mailhaul\")\n"
			"S: * ID (\"name\" \"Dove\" \"version\" NIL)\n"
			"S: $T OK done\n"
			"C: $T LOGOUT\n"
			"S: * BYE\n"
			"S: $T OK\n"),
		0);
	session_info(t.s, &info);
	assert_string_equal(info.greeting, "* OK hello ?[31m");
	assert_string_equal(info.capabilities, "IMAP4rev1 CONDSTORE ID");
	assert_string_equal(info.server_id, "name Dove version NIL");
	assert_string_equal(info.tls, "");
	assert_true(info.condstore);
	talk_close(&t);
}

/* libetpan's own mailimap_capability crashes on this. */
static void test_capability_without_data(void **state)
{
	struct session_config c;
	struct talk t;

	(void)state;
	talk_init(&t);
	talk_config(&c);
	assert_int_equal(
		talk_open_as(&t, &c,
			"S: * OK hello\n"
			"C: $T CAPABILITY\nS: $T OK none\n" LOGIN "S: $T OK\n"
			"C: $T CAPABILITY\nS: $T BAD what\n"),
		0);
	talk_close(&t);
}

/* Without an initial response; and LOGIN where PLAIN is turned down before
 * the password has left. */
static void test_sasl_without_ir(void **state)
{
	struct session_config c;
	struct talk t;

	(void)state;
	talk_init(&t);
	talk_config(&c);
	assert_int_equal(
		talk_open_as(&t, &c,
			"S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\n"
			"C: $T AUTHENTICATE PLAIN\n"
			"S: * OK still here\n"
			"S: +\n"
			"C: " SASL "\n"
			"S: * CAPABILITY IMAP4rev1\n"
			"S: $T OK in\n"),
		0);
	talk_close(&t);
	talk_init(&t);
	talk_config(&c);
	assert_int_equal(
		talk_open_as(&t, &c,
			"S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\n"
			"C: $T AUTHENTICATE PLAIN\n"
			"S: $T NO not that one\n" LOGIN
			"S: $T OK [CAPABILITY IMAP4rev1] in\n"),
		0);
	talk_close(&t);
}

/* One attempt, whatever the answer, and nothing after it. */
static void test_refused_once(void **state)
{
	(void)state;
	refuses(GREETING LOGIN "S: $T NO [AUTHENTICATIONFAILED] wrong\nEOF\n",
		ERR_AUTH, "[AUTHENTICATIONFAILED] wrong");
	refuses(GREETING LOGIN "S: $T NO LOGIN failed \\x07\nEOF\n", ERR_AUTH,
		"LOGIN failed ?");
	refuses(GREETING LOGIN "S: $T BAD invalid state\nEOF\n", ERR_AUTH,
		"invalid state");
	refuses(GREETING LOGIN "S: $T NO\nEOF\n", ERR_AUTH, "no reason");
	refuses("S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hello\n"
		"C: $T AUTHENTICATE PLAIN " SASL "\n"
		"S: $T NO no\nEOF\n",
		ERR_AUTH, "no");
}

/* RFC 2221: where else the user may be; we go where we were sent. */
static void test_referral(void **state)
{
	struct session_config c;
	struct talk t;

	(void)state;
	refuses(GREETING LOGIN
		"S: $T NO [REFERRAL IMAP://ann;AUTH=*@other.example/] moved\n"
		"EOF\n",
		ERR_AUTH, "[REFERRAL] moved");
	talk_init(&t);
	talk_config(&c);
	assert_int_equal(
		talk_open_as(&t, &c,
			GREETING LOGIN
			"S: $T OK [REFERRAL IMAP://ann@other.example/] in\n"
			"C: $T CAPABILITY\nS: * CAPABILITY IMAP4rev1\n"
			"S: $T OK\n"),
		0);
	talk_close(&t);
}

static void test_refused_for_now(void **state)
{
	(void)state;
	refuses(GREETING LOGIN "S: $T NO [UNAVAILABLE] later\nEOF\n",
		ERR_REFUSED, "later");
	refuses(GREETING LOGIN "S: $T NO [LIMIT] enough\nEOF\n", ERR_THROTTLED,
		"enough");
	refuses(GREETING LOGIN "S: $T NO Too many connections\nEOF\n",
		ERR_THROTTLED, "Too many");
	refuses(GREETING LOGIN
		"S: $T BAD User is authenticated but not connected.\nEOF\n",
		ERR_REFUSED, "not connected");
	refuses("S: * BYE overloaded\nEOF\n", ERR_REFUSED, "overloaded");
	refuses(GREETING LOGIN "S: * BYE too many errors\nCLOSE\n",
		ERR_THROTTLED, "too many errors");
}

static void test_backoff(void **state)
{
	struct session_config c;
	struct talk t;

	(void)state;
	talk_init(&t);
	talk_config(&c);
	assert_int_equal(
		talk_open_as(&t, &c,
			GREETING LOGIN
			"S: $T BAD Request is throttled. Suggested Backoff "
			"Time: 299961 milliseconds\n"),
		-1);
	assert_int_equal(t.err.class, ERR_THROTTLED);
	assert_int_equal(t.err.retry, ERR_RETRY_LATER);
	assert_int_equal(t.err.retry_after_s, 300);
	assert_int_equal(t.err.retry_after_ms, 299961);
	talk_close(&t);
}

static void test_refused_keeps_secret(void **state)
{
	struct session_config c;
	struct talk t;

	(void)state;
	talk_init(&t);
	talk_config(&c);
	assert_int_equal(
		talk_open_as(&t, &c,
			GREETING LOGIN "S: $T BAD LOGIN ann " TALK_PASSWORD
				       " unknown\n"),
		-1);
	assert_null(strstr(t.err.text, TALK_PASSWORD));
	assert_non_null(strstr(t.err.text, "LOGIN ann *** unknown"));
	assert_int_equal(t.err.scope, ERR_SCOPE_ACCOUNT);
	/* it gives no reason: sync/policy.c tries again after hours */
	assert_int_equal(t.err.retry, ERR_RETRY_LATER);
	talk_close(&t);
}

/* The wire log shows the conversation, and of the login what it was. */
static void test_wire_log(void **state)
{
	char text[8192] = "";
	struct session_config c;
	FILE *log = tmpfile();
	struct talk t;

	(void)state;
	assert_non_null(log);
	log_setup(LOG_LEVEL_WIRE, LOG_FORMAT_TEXT, fileno(log));
	for (int i = 0; i < 2; i++) {
		talk_init(&t);
		talk_config(&c);
		c.wire_log = true;
		assert_int_equal(
			talk_open_as(&t, &c,
				i == 0 ? GREETING LOGIN
					"S: $T NO [X] LOGIN ann " TALK_PASSWORD
					"\n"
				       : "S: * OK [CAPABILITY AUTH=PLAIN] x\n"
					 "C: $T AUTHENTICATE PLAIN\n"
					 "S: +\n"
					 "C: " SASL "\n"
					 "S: $T BAD " SASL "\n"),
			-1);
		talk_close(&t);
	}
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, STDERR_FILENO);
	rewind(log);
	assert_true(fread(text, 1, sizeof text - 1, log) > 0);
	(void)fclose(log);
	assert_non_null(strstr(text, "hello"));
	assert_non_null(strstr(text, "AUTHENTICATE PLAIN"));
	assert_non_null(strstr(text, "NO [X] (not shown)"));
	assert_null(strstr(text, TALK_PASSWORD));
	assert_null(strstr(text, SASL));
}

static void test_logindisabled(void **state)
{
	(void)state;
	refuses("S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] x\n"
		"EOF\n",
		ERR_TLS, "without TLS");
}

static void test_greeting_nonsense(void **state)
{
	(void)state;
	refuses("S: 220 smtp.example ESMTP\nEOF\n", ERR_PROTOCOL,
		"a greeting that is none of IMAP");
	refuses("S: * PREAUTH hello ann\nEOF\n", ERR_PROTOCOL, "PREAUTH");
	refuses("S: * OK [BADCHARSET (\"x\")] hi\nWAIT\n", ERR_PROTOCOL, "");
	refuses("CLOSE\n", ERR_NETWORK, "greeting");
}

/* What quotes cannot carry. */
static void test_odd_password(void **state)
{
	struct session_config c;
	struct talk t;

	(void)state;
	talk_init(&t);
	talk_config(&c);
	(void)snprintf(c.url.user, sizeof c.url.user, "a\"n\\n");
	secret_set(&c.secret, "p\xc3\xa4ss\r\n", 7);
	assert_int_equal(
		talk_open_as(&t, &c,
			GREETING "C: $T LOGIN \"a\\\\\"n\\\\\\\\n\" {7}\n"
				 "S: + go\n"
				 "B: 7\n"
				 "C: \n"
				 "S: $T OK [CAPABILITY IMAP4rev1] in\n"),
		0);
	talk_close(&t);
	talk_init(&t);
	talk_config(&c);
	secret_set(&c.secret, "a\0b", 3);
	assert_int_equal(talk_open_as(&t, &c, GREETING "EOF\n"), -1);
	assert_int_equal(t.err.class, ERR_AUTH);
	talk_close(&t);
}

/* ---- STARTTLS ---- */

static int starttls(struct talk *t, struct tls_server *srv, const char *text)
{
	struct session_config c;
	int fd, r;

	tls_server_init(srv, TLS_SERVER_VALID);
	talk_init(t);
	talk_config(&c);
	c.url.tls = TLS_STARTTLS;
	fd = tls_server_start(srv, &t->script, text);
	r = session_open_direct(
		&c, fd, srv->ca_pem, strlen(srv->ca_pem), -1, &t->s, &t->err);
	secret_clear(&c.secret);
	return r;
}

static void starttls_fails(enum err_class class, const char *text)
{
	struct tls_server srv;
	struct talk t;

	assert_int_equal(starttls(&t, &srv, text), -1);
	if (t.err.class != class)
		fail_msg("%d: %s", t.err.class, t.err.text);
	session_close(&t.s);
	assert_true(script_finish(&t.script));
	assert_false(script_heard(&t.script, TALK_PASSWORD));
	assert_false(script_heard(&t.script, SASL));
	script_free(&t.script);
	tls_server_clear(&srv);
}

static void test_starttls(void **state)
{
	struct session_info info;
	struct tls_server srv;
	struct talk t;

	(void)state;
	assert_int_equal(
		starttls(&t, &srv,
			"S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR "
			"LITERAL+] hello\n"
			"C: $T STARTTLS\n"
			"S: $T OK go\n"
			"TLS\n"
			"C: $T CAPABILITY\n"
			"S: * CAPABILITY IMAP4rev1\n"
			"S: $T OK\n" LOGIN
			"S: $T OK [CAPABILITY IMAP4rev1 IDLE] in\n"),
		0);
	session_info(t.s, &info);
	assert_string_equal(info.capabilities, "IMAP4rev1 IDLE");
	assert_int_equal(strncmp(info.tls, "TLSv1.", 6), 0);
	talk_close(&t);
	tls_server_clear(&srv);
}

static void test_starttls_refused(void **state)
{
	(void)state;
	starttls_fails(
		ERR_TLS, "S: * OK hi\nC: $T STARTTLS\nS: $T NO no\nEOF\n");
	starttls_fails(
		ERR_TLS, "S: * OK hi\nC: $T STARTTLS\nS: $T BAD no\nEOF\n");
	starttls_fails(ERR_TLS, "S: * PREAUTH welcome\nEOF\n");
	/* No handshake, or what is no TLS. */
	starttls_fails(ERR_NETWORK,
		"S: * OK hi\nC: $T STARTTLS\nS: $T OK go\nCLOSE\n");
	starttls_fails(ERR_TLS,
		"S: * OK hi\nC: $T STARTTLS\nS: $T OK go\n"
		"B: 5\nS: * OK [CAPABILITY AUTH=PLAIN] go on\n");
	/* More than the answer, or the answer before the question. */
	starttls_fails(ERR_TLS, "S: * OK hi\nC: $T STARTTLS\n"
				"S<: $T OK a\\r\\n$T OK b\\r\\n\nWAIT\n");
	starttls_fails(ERR_TLS,
		"S: * OK hi\nC: $T STARTTLS\n"
		"S<: $T OK go\\r\\n* OK [CAPABILITY X]\\r\\n\nWAIT\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capability_asked),
		cmocka_unit_test(test_capability_without_data),
		cmocka_unit_test(test_sasl_without_ir),
		cmocka_unit_test(test_refused_once),
		cmocka_unit_test(test_referral),
		cmocka_unit_test(test_refused_for_now),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_refused_keeps_secret),
		cmocka_unit_test(test_wire_log),
		cmocka_unit_test(test_logindisabled),
		cmocka_unit_test(test_greeting_nonsense),
		cmocka_unit_test(test_odd_password),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_starttls_refused),
	};

	catchall_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
