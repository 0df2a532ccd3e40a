/* SPDX-License-Identifier: BSD-2-Clause */
/* TOP in conversations; and ends without QUIT. */
#include "collector/model/quirk.h"
#include "collector/remote/pop3_transfer.h"
#include "pop3_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "pop3_sink.h"

#define LISTED "C: LIST\nS: +OK\nS: 1 10\nS: 2 20\nS: 3 30\nS: .\n"
#define STAT "C: STAT\nS: +OK 3 60\n"
#define LOGIN_TOP PEER_LOGIN_WITH("S: USER\nS: TOP\nS: UIDL\n")
#define LOGIN_TOP_PIPE                                            \
	"S: +OK hi\nC: CAPA\nS: +OK\nS: TOP\n"                    \
	"S: USER\nS: PIPELINING\nS: UIDL\nS: .\n"                 \
	"C: USER u@x\nS: +OK\nC: PASS s3cret\nS: +OK in\n"        \
	"C: CAPA\nC: STAT\nC: LIST\nC: UIDL\n"                    \
	"S: +OK\nS: TOP\nS: USER\nS: UIDL\nS: PIPELINING\nS: .\n" \
	"S: +OK 3 60\nS: +OK\nS: 1 10\nS: 2 20\nS: 3 30\nS: .\n"  \
	"S: +OK\nS: 1 a\nS: 2 b\nS: 3 c\nS: .\n"

static int headers(
	struct peer *p, const char *login, const char *text, struct got *got)
{
	struct uid_range all = {1, UINT32_MAX};
	struct session_sink sink = sink_of(got);
	char *script = mem_printf("%s%s", login, text);
	struct mailbox_state box;
	int r = peer_open(p, script);

	free(script);
	if (r < 0)
		fail_msg("login: %s", p->err.text);
	if (p->session->ops->select(p->session, "INBOX", &box, &p->err) < 0)
		fail_msg("select: %s", p->err.text);
	return session_headers(p->session, &all, 1, &sink, &p->err);
}

static void test_plain(void **state)
{
	struct got got = {0};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		headers(&p, LOGIN_TOP,
			STAT LISTED "C: TOP 1 0\nS: +OK\nS: A: b\nS: \nS: .\n"
				    "C: TOP 2 0\nS: -ERR gone\n"
				    "C: TOP 3 0\nS: +OK\nS: ..x\nS: \nS: .\n"
				    "C: QUIT\n",
			&got),
		0);
	assert_int_equal(got.count, 3);
	assert_memory_equal(got.bodies[0], "A: b\r\n\r\n", 8);
	assert_true(got.metas[0].has & MESSAGE_HAS_BODY);
	assert_false(got.metas[1].has & MESSAGE_HAS_BODY);
	assert_memory_equal(got.bodies[2], ".x\r\n\r\n", 6);
	assert_true(peer_close(&p));
	buf_free(&got.bytes);
}

/* The first goes alone, the others together. */
static void test_pipelined(void **state)
{
	struct got got = {0};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(headers(&p, LOGIN_TOP_PIPE,
				 "C: TOP 1 0\nQUIET\n"
				 "S: +OK\nS: A: b\nS: \nS: .\n"
				 "C: TOP 2 0\nC: TOP 3 0\n"
				 "S: +OK\nS: A: c\nS: \nS: .\n"
				 "S: +OK\nS: A: d\nS: \nS: .\nC: QUIT\n",
				 &got),
		0);
	assert_int_equal(got.count, 3);
	assert_true(peer_close(&p));
	buf_free(&got.bytes);
}

static void test_refused(void **state)
{
	struct got got = {0};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(headers(&p, LOGIN_TOP_PIPE,
				 "C: TOP 1 0\nQUIET\nS: -ERR what\n"
				 "C: QUIT\n",
				 &got),
		0);
	assert_int_equal(got.count, 1);
	assert_false(got.metas[0].has & MESSAGE_HAS_BODY);
	assert_true(peer_close(&p));
	buf_free(&got.bytes);
}

static void test_not_offered(void **state)
{
	struct got got = {0};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(headers(&p, PEER_LOGIN, STAT "C: QUIT\n", &got), 0);
	assert_int_equal(got.count, 0);
	assert_true(peer_close(&p));
	buf_free(&got.bytes);
}

/* All of the message, or nothing behind the last line of the header. */
static void test_odd_headers(void **state)
{
	struct got got = {0};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		headers(&p, LOGIN_TOP,
			STAT LISTED
			"C: TOP 1 0\nS: +OK\nS: A: b\nS: \nS: body\nS: .\n"
			"C: TOP 2 0\nS: +OK\nS: A: b\nS: .\n"
			"C: TOP 3 0\nS: +OK\nS: .\nC: QUIT\n",
			&got),
		0);
	assert_int_equal(got.count, 3);
	assert_int_equal(got.sizes[1], 6);
	assert_int_equal(got.sizes[2], 0);
	assert_true(peer_close(&p));
	buf_free(&got.bytes);
}

static void test_gmail_is_recognised(void **state)
{
	struct session_info info = {.quirks = 0};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		peer_open(&p, "S: +OK Gpop ready for requests from ::1 x\n"
			      "C: CAPA\nS: -ERR\nC: USER u@x\nS: +OK\n"
			      "C: PASS s3cret\nS: +OK\nC: CAPA\nS: -ERR\n"
			      "C: QUIT\n"),
		0);
	session_info(p.session, &info);
	assert_true(info.quirks & QUIRK_POP3_BATCHES);
	assert_true(peer_close(&p));
}

/* RFC 6856 2: before the login; a refusal is no failure. */
static void test_utf8(void **state)
{
	static const char *const answers[] = {"+OK", "-ERR [SYS/TEMP] no"};
	struct peer p;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char text[400];

		(void)snprintf(text, sizeof text,
			"S: +OK hi\nC: CAPA\nS: +OK\nS: USER\n"
			"S: UTF8 USER\nS: .\nC: UTF8\nS: %s\n"
			"C: USER u@x\nS: +OK\nC: PASS s3cret\nS: +OK\n"
			"C: CAPA\nS: -ERR\nC: QUIT\n",
			answers[i]);
		peer_init(&p);
		assert_int_equal(peer_open(&p, text), 0);
		assert_true(peer_close(&p));
	}
}

/* A dot behind text would make two messages one, were there more in flight. */
static void test_exchange_one_at_a_time(void **state)
{
	static const char *const greetings[] = {
		"The Microsoft Exchange POP3 service is ready.",
		"Microsoft Exchange Server 2003 POP3 server version 6.5 ready",
		"Microsoft Exchange 2000 POP3 server version 6.0 ready"};
	struct session_info info = {0};
	struct peer p;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char text[400];

		(void)snprintf(text, sizeof text,
			"S: +OK %s\nC: CAPA\nS: +OK\nS: PIPELINING\nS: .\n"
			"C: USER u@x\nS: +OK\nC: PASS s3cret\nS: +OK\n"
			"C: CAPA\nS: +OK\nS: PIPELINING\nS: .\nC: QUIT\n",
			greetings[i]);
		peer_init(&p);
		assert_int_equal(peer_open(&p, text), 0);
		session_info(p.session, &info);
		assert_false(info.pipelining);
		assert_true(peer_close(&p));
	}
}

/* Nothing is said any more. */
static void test_abandoned(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(peer_open(&p, PEER_LOGIN "QUIET\n"), 0);
	session_abandon(&p.session);
	assert_null(p.session);
	assert_true(peer_close(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_not_offered),
		cmocka_unit_test(test_odd_headers),
		cmocka_unit_test(test_gmail_is_recognised),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_exchange_one_at_a_time),
		cmocka_unit_test(test_abandoned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
