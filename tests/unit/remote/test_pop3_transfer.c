/* SPDX-License-Identifier: BSD-2-Clause */
/* RETR in conversations: the window, refusals, ends that are none. */
#include "collector/base/log.h"
#include "collector/remote/pop3_transfer.h"
#include "pop3_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "pop3_sink.h"

static void check_body(
	const struct got *got, int i, uint32_t uid, const char *bytes, size_t n)
{
	assert_true(i < got->count);
	assert_int_equal(got->metas[i].uid, uid);
	assert_true(got->metas[i].has & MESSAGE_HAS_BODY);
	assert_int_equal(got->sizes[i], n);
	assert_memory_equal(got->bodies[i], bytes, n);
}

#define LISTED3                                  \
	"C: STAT\nS: +OK 3 9\nC: LIST\nS: +OK\n" \
	"S: 1 10\nS: 2 20\nS: 3 30\nS: .\n"

#define LISTED3_PIPE                                \
	"C: STAT\nC: LIST\nC: UIDL\nS: +OK 3 9\n"   \
	"S: +OK\nS: 1 10\nS: 2 20\nS: 3 30\nS: .\n" \
	"S: +OK\nS: 1 a\nS: 2 b\nS: 3 c\nS: .\n"

/* Without PIPELINING the next RETR waits for the end of the answer. */
static void test_one_by_one(void **state)
{
	struct uid_range all = {1, UINT32_MAX};
	struct got got = {0};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		fetch(&p, PEER_LOGIN,
			LISTED3
			"C: RETR 1\nQUIET\nS: +OK 10\nS<: \\0a.\\r\\n..\\r\\n\n"
			"S: .\n"
			"C: RETR 2\nS: -ERR gone\n"
			"C: RETR 3\nS: +OK\nS: .\nC: QUIT\n",
			&all, 1, &got),
		0);
	assert_int_equal(got.count, 3);
	check_body(&got, 0, 1, "\0a.\r\n.\r\n", 8);
	assert_int_equal(got.metas[0].has,
		MESSAGE_HAS_UID | MESSAGE_HAS_SIZE | MESSAGE_HAS_BODY);
	assert_int_equal(got.metas[1].uid, 2);
	assert_int_equal(got.metas[1].has, MESSAGE_HAS_UID | MESSAGE_HAS_SIZE);
	check_body(&got, 2, 3, "", 0);
	assert_true(peer_close(&p));
}

static int ignore(void *arg, const struct message_meta *meta, struct err *err)
{
	(void)arg;
	(void)meta;
	(void)err;
	return 0;
}

/* After a scan the UIDL comes with the message, and no second LIST. */
static void test_uidl_kept(void **state)
{
	struct uid_range some[] = {{2, 2}, {9, 12}};
	struct got got = {0};
	struct session_sink sink = sink_of(&got);
	struct mailbox_state box;
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		peer_open(&p, PEER_LOGIN
			"C: STAT\nS: +OK 3 9\nC: LIST\nS: +OK\nS: 1 10\n"
			"S: 2 20\nS: 10 30\nS: .\nC: UIDL\nS: +OK\nS: 1 one\n"
			"S: 2 two\nS: 10 \nS: .\n"
			"C: RETR 2\nS: +OK\nS: two\nS: .\n"
			"C: RETR 10\nS: +OK\nS: ten\nS: .\nC: QUIT\n"),
		0);
	assert_int_equal(
		p.session->ops->select(p.session, "INBOX", &box, &p.err), 0);
	assert_int_equal(
		p.session->ops->scan(p.session, 0, ignore, NULL, &p.err), 0);
	assert_int_equal(
		p.session->ops->fetch(p.session, some, 2, &sink, &p.err), 0);
	assert_int_equal(got.count, 2);
	assert_true(got.metas[0].has & MESSAGE_HAS_UIDL);
	assert_string_equal(got.metas[0].uidl, "two");
	assert_int_equal(got.metas[0].size_bytes, 20);
	assert_int_equal(got.metas[1].uid, 10);
	assert_false(got.metas[1].has & MESSAGE_HAS_UIDL);
	buf_free(&got.bytes);
	assert_true(peer_close(&p));
}

/* Puts "C: RETR n" or an answer for the messages from … to. */
static void say_range(struct buf *text, bool commands, int from, int to)
{
	for (int i = from; i <= to; i++)
		(void)buf_printf(text,
			commands ? "C: RETR %d\n"
				 : "S: +OK\\r\\nmessage %d\\r\\n.\n",
			i);
}

static void list_many(struct buf *text, int n, long size, bool pipe)
{
	buf_init(text, (size_t)1 << 20);
	(void)buf_printf(text, "C: STAT\nS: +OK %d 1\nC: LIST\nS: +OK\n", n);
	for (int i = 1; i <= n; i++)
		(void)buf_printf(text, "S: %d %ld\n", i, size);
	(void)buf_add_str(text, pipe ? "S: .\nC: UIDL\nS: +OK\n" : "S: .\n");
	for (int i = 1; pipe && i <= n; i++)
		(void)buf_printf(text, "S: %d u%d\n", i, i);
	if (pipe)
		(void)buf_add_str(text, "S: .\n");
}

/* 512 commands come before the first answer; 256 answers bring 256 more. */
static void test_window_count(void **state)
{
	struct uid_range all = {1, 1200};
	struct got got = {0};
	struct buf text;
	struct peer p;

	(void)state;
	list_many(&text, 1200, 100, true);
	say_range(&text, true, 1, 512);
	(void)buf_add_str(&text, "QUIET\n");
	say_range(&text, false, 1, 256);
	say_range(&text, true, 513, 768);
	(void)buf_add_str(&text, "QUIET\n");
	say_range(&text, false, 257, 512);
	say_range(&text, true, 769, 1024);
	say_range(&text, false, 513, 768);
	say_range(&text, true, 1025, 1200);
	say_range(&text, false, 769, 1200);
	(void)buf_add_str(&text, "C: QUIT\n");
	peer_init(&p);
	assert_int_equal(
		fetch(&p, PEER_LOGIN_PIPE, buf_str(&text), &all, 1, &got), 0);
	assert_int_equal(got.count, 1200);
	for (uint32_t i = 0; i < 1200; i++)
		assert_int_equal(got.metas[i].uid, i + 1);
	check_body(&got, 7, 8, "message 8\r\n", 11);
	assert_true(peer_close(&p));
	buf_free(&text);
}

/* 12 MB each: two in flight; the next when no more than half of the bytes
 * that may be is still to come. */
static void test_window_bytes(void **state)
{
	struct uid_range all = {1, 5};
	struct got got = {0};
	struct buf text;
	struct peer p;

	(void)state;
	list_many(&text, 4, 12 << 20, true);
	say_range(&text, true, 1, 2);
	(void)buf_add_str(&text, "QUIET\n");
	say_range(&text, false, 1, 1);
	say_range(&text, true, 3, 3);
	(void)buf_add_str(&text, "QUIET\n");
	say_range(&text, false, 2, 2);
	say_range(&text, true, 4, 4);
	say_range(&text, false, 3, 4);
	(void)buf_add_str(&text, "C: QUIT\n");
	peer_init(&p);
	assert_int_equal(
		fetch(&p, PEER_LOGIN_PIPE, buf_str(&text), &all, 1, &got), 0);
	assert_int_equal(got.count, 4);
	assert_true(peer_close(&p));
	buf_free(&text);
}

/* One that is larger than the window goes alone. */
static void test_window_giant(void **state)
{
	struct uid_range all = {1, 3};
	struct got got = {0};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		fetch(&p, PEER_LOGIN_PIPE,
			"C: STAT\nS: +OK 3 9\nC: LIST\nS: +OK\nS: 1 99999999\n"
			"S: 2 99999999\nS: 3 5\nS: .\n"
			"C: UIDL\nS: +OK\nS: 1 a\nS: 2 b\nS: 3 c\nS: .\n"
			"C: RETR 1\nQUIET\nS: +OK\\r\\na\\r\\n.\n"
			"C: RETR 2\nQUIET\nS: +OK\\r\\nb\\r\\n.\n"
			"C: RETR 3\nS: +OK\\r\\nc\\r\\n.\nC: QUIT\n",
			&all, 1, &got),
		0);
	assert_int_equal(got.count, 3);
	assert_true(peer_close(&p));
}

/* -ERR in the middle of a window loses nothing of the others. */
static void test_refusals_in_window(void **state)
{
	struct uid_range all = {1, 3};
	struct got got = {0};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		fetch(&p, PEER_LOGIN_PIPE,
			LISTED3_PIPE "C: RETR 1\nC: RETR 2\nC: RETR 3\n"
				     "S: -ERR a\nS: +OK\nS: two\nS: .\n"
				     "S: -ERR [SYS/TEMP] c\nC: QUIT\n",
			&all, 1, &got),
		0);
	assert_int_equal(got.count, 3);
	assert_false(got.metas[0].has & MESSAGE_HAS_BODY);
	check_body(&got, 1, 2, "two\r\n", 5);
	assert_false(got.metas[2].has & MESSAGE_HAS_BODY);
	assert_true(peer_close(&p));
}

/* A server in trouble is left alone before all is marked as refused. */
static void test_temporary_trouble(void **state)
{
	struct uid_range all = {1, 20};
	struct got got = {0};
	struct buf text;
	struct peer p;

	(void)state;
	list_many(&text, 20, 10, false);
	for (int i = 1; i <= 10; i++)
		(void)buf_printf(
			&text, "C: RETR %d\nS: -ERR [SYS/TEMP] ill\n", i);
	(void)buf_add_str(&text, "EOF\n");
	peer_init(&p);
	assert_int_equal(
		fetch(&p, PEER_LOGIN, buf_str(&text), &all, 1, &got), -1);
	assert_int_equal(p.err.class, ERR_REFUSED);
	assert_int_equal(p.err.retry, ERR_RETRY_LATER);
	assert_int_equal(got.count, 9);
	assert_true(peer_close(&p));
	buf_free(&text);
}

/* The end of the connection is not the end of a message, at any byte. */
static void test_cut_anywhere(void **state)
{
	static const char answer[] = "+OK 30\\r\\nline\\r\\n..\\r\\n.\\r\\n";
	struct uid_range one = {1, 1};
	struct peer p;
	char *text;

	(void)state;
	for (size_t cut = 0; cut < sizeof answer - 1; cut++) {
		struct got got = {0};
		if (cut > 0 && answer[cut - 1] == '\\')
			continue;
		text = mem_printf(LISTED3 "C: RETR 1\nS<: %.*s\nSHUT\nEOF\n",
			(int)cut, answer);
		peer_init(&p);
		assert_int_equal(
			fetch(&p, PEER_LOGIN, text, &one, 1, &got), -1);
		assert_int_equal(p.err.class, ERR_NETWORK);
		assert_int_equal(p.err.scope, ERR_SCOPE_SESSION);
		assert_int_equal(p.err.retry, ERR_RETRY_NOW);
		assert_non_null(strstr(p.err.text, "message 1"));
		assert_int_equal(got.count, 0);
		assert_true(peer_close(&p));
		free(text);
	}
}

/* Exchange may leave out the CRLF before the dot: that is no end. */
static void test_dot_behind_text(void **state)
{
	struct uid_range one = {1, 1};
	struct got got = {0};
	struct peer p;

	(void)state;
	peer_init(&p);
	p.config.limits.idle_ms = 200;
	assert_int_equal(fetch(&p, PEER_LOGIN,
				 LISTED3 "C: RETR 1\nS: +OK\n"
					 "S: no line end.\nEOF\n",
				 &one, 1, &got),
		-1);
	assert_int_equal(p.err.class, ERR_TIMEOUT);
	assert_int_equal(got.count, 0);
	assert_true(peer_close(&p));
}

static void test_bad_answers(void **state)
{
	static const struct {
		const char *text;
		enum err_class class;
	} cases[] = {
		{"S: what\nEOF\n", ERR_PROTOCOL},
		{"S: + \nEOF\n", ERR_PROTOCOL},
		{"R: 70000 +\nEOF\n", ERR_LIMIT},
		{"S: +OK\nR: 90000 aaaaaaaaaaaaaaaaaaa\\r\\n\nEOF\n",
			ERR_LIMIT},
	};
	struct uid_range one = {1, 1};
	struct peer p;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct got got = {.count_only = true};
		text = mem_printf(LISTED3 "C: RETR 1\n%s", cases[i].text);
		peer_init(&p);
		p.config.limits.message_bytes = 1000000;
		assert_int_equal(
			fetch(&p, PEER_LOGIN, text, &one, 1, &got), -1);
		assert_int_equal(p.err.class, cases[i].class);
		assert_int_equal(got.count, 0);
		assert_true(peer_close(&p));
		free(text);
	}
}

/* A sink that fails ends the session; what is in flight is left there. */
static void test_sink_fails(void **state)
{
	struct uid_range all = {1, 3};
	struct got got = {.fail_after = 2};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		fetch(&p, PEER_LOGIN_PIPE,
			LISTED3_PIPE "C: RETR 1\nC: RETR 2\nC: RETR 3\n"
				     "S: +OK\nS: a\nS: .\nS: +OK\nS: b\nS: .\n"
				     "S: +OK\nS: c\nS: .\nEOF\n",
			&all, 1, &got),
		-1);
	assert_int_equal(p.err.class, ERR_DISK);
	assert_int_equal(got.count, 1);
	assert_true(peer_close(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_by_one),
		cmocka_unit_test(test_uidl_kept),
		cmocka_unit_test(test_window_count),
		cmocka_unit_test(test_window_bytes),
		cmocka_unit_test(test_window_giant),
		cmocka_unit_test(test_refusals_in_window),
		cmocka_unit_test(test_temporary_trouble),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_dot_behind_text),
		cmocka_unit_test(test_bad_answers),
		cmocka_unit_test(test_sink_fails),
	};

	log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, STDERR_FILENO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
