/* SPDX-License-Identifier: BSD-2-Clause */
/* STAT, LIST, UIDL: every number is a claim, and no list is cut short. */
#include "collector/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pop3_scan.h"

static int name_mailbox(
	void *arg, const struct mailbox_info *info, struct err *err)
{
	(void)err;
	assert_string_equal(info->name, "INBOX");
	assert_int_equal(info->attrs, MAILBOX_SUBSCRIBED);
	++*(int *)arg;
	return 0;
}

static void test_mailboxes(void **state)
{
	struct mailbox_state box;
	struct peer p;
	int n = 0;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		peer_open(&p, PEER_LOGIN "C: STAT\nS: +OK 3 99\nC: QUIT\n"), 0);
	assert_int_equal(
		p.session->ops->list(p.session, name_mailbox, &n, &p.err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(
		p.session->ops->select(p.session, "Sent", &box, &p.err), -1);
	assert_int_equal(p.err.scope, ERR_SCOPE_MAILBOX);
	assert_int_equal(
		p.session->ops->select(p.session, "INBOX", &box, &p.err), 0);
	assert_int_equal(box.exists, 3);
	assert_int_equal(session_changes(p.session, 1, NULL, NULL, &p.err), 0);
	assert_true(peer_close(&p));
}

static void check_two(const struct seen *seen)
{
	assert_int_equal(seen->count, 2);
	assert_int_equal(seen->metas[0].uid, 1);
	assert_int_equal(seen->metas[0].size_bytes, 120);
	assert_string_equal(seen->metas[0].uidl, "abc");
	assert_int_equal(seen->metas[0].has,
		MESSAGE_HAS_UID | MESSAGE_HAS_SIZE | MESSAGE_HAS_UIDL);
	assert_int_equal(seen->metas[1].uid, 2);
	assert_string_equal(seen->metas[1].uidl, "!~");
}

/* Asked together only where PIPELINING is offered. */
static void test_scan(void **state)
{
	struct seen seen;
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(scan(&p, PEER_LOGIN,
				 "C: STAT\nS: +OK 2 320\n"
				 "C: LIST\nQUIET\n"
				 "S: +OK 2 messages\nS: 1 120\n"
				 "S: 2 200 and more\nS: .\n"
				 "C: UIDL\nS: +OK\nS: 1 abc\nS: 2  !~ \nS: .\n"
				 "C: QUIT\nS: +OK\n",
				 &seen),
		0);
	check_two(&seen);
	assert_true(peer_close(&p));
	peer_init(&p);
	assert_int_equal(scan(&p, PEER_LOGIN_PIPE_ASKED,
				 "S: +OK 2 320\nS: +OK\nS: 1 120\n"
				 "S: 2 200\nS: .\n"
				 "S: +OK\nS: 1 abc\nS: 2 !~\nS: .\n"
				 "C: QUIT\nS: +OK\n",
				 &seen),
		0);
	check_two(&seen);
	assert_true(peer_close(&p));
}

/* A second select has what was asked for at the login out of its way. */
static void test_select_again(void **state)
{
	struct mailbox_state box;
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		peer_open(&p, PEER_LOGIN_PIPE_ASKED "S: +OK 1 9\n"
						    "S: +OK\nS: 1 9\nS: .\n"
						    "S: +OK\nS: 1 a\nS: .\n"
						    "C: STAT\nS: +OK 2 9\n"
						    "C: QUIT\nS: +OK\n"),
		0);
	assert_int_equal(
		p.session->ops->select(p.session, "INBOX", &box, &p.err), 0);
	assert_int_equal(box.exists, 1);
	assert_int_equal(
		p.session->ops->select(p.session, "INBOX", &box, &p.err), 0);
	assert_int_equal(box.exists, 2);
	assert_true(peer_close(&p));
}

/* Who leaves without having looked waits for no listing. */
static void test_leave_unread(void **state)
{
	struct mailbox_state box;
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		peer_open(&p, PEER_LOGIN_PIPE_ASKED "S: +OK 2 9\nC: QUIT\n"),
		0);
	assert_int_equal(
		p.session->ops->select(p.session, "INBOX", &box, &p.err), 0);
	assert_true(peer_close(&p));
}

static void test_empty(void **state)
{
	static const char *const answers[] = {
		"S: +OK\nS: .\nC: UIDL\nS: +OK\nS: .\n",
		"S: -ERR no messages\nC: UIDL\nS: -ERR none\n",
	};
	struct seen seen;
	struct peer p;
	char *text;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		text = mem_printf("C: STAT\nS: +OK 0 0\nC: LIST\n%sC: QUIT\n",
			answers[i]);
		peer_init(&p);
		assert_int_equal(scan(&p, PEER_LOGIN, text, &seen), 0);
		assert_int_equal(seen.count, 0);
		assert_true(peer_close(&p));
		free(text);
	}
}

/* Sparse, out of order, sizes that make no sense: messages all the same. */
static void test_odd_lists(void **state)
{
	struct seen seen;
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(scan(&p, PEER_LOGIN,
				 "C: STAT\nS: +OK 4 1\nC: LIST\nS: +OK\n"
				 "S: 9 90\nS: 1 -5\nS: 4\n"
				 "S: 7 99999999999999999999\nS: .\n"
				 "C: UIDL\nS: +OK\nS: 1 a\nS: 4 b\nS: 7 c\n"
				 "S: 9 d\nS: .\nC: QUIT\n",
				 &seen),
		0);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.metas[0].uid, 1);
	assert_false(seen.metas[0].has & MESSAGE_HAS_SIZE);
	assert_int_equal(seen.metas[1].uid, 4);
	assert_false(seen.metas[1].has & MESSAGE_HAS_SIZE);
	assert_int_equal(seen.metas[2].uid, 7);
	assert_false(seen.metas[2].has & MESSAGE_HAS_SIZE);
	assert_int_equal(seen.metas[3].uid, 9);
	assert_int_equal(seen.metas[3].size_bytes, 90);
	assert_true(peer_close(&p));
}

/* Lines libetpan dies of are rejected; enough good ones are left. */
static void test_rejected_lines(void **state)
{
	static const char *const lines[] = {"0 10", "-1 5", "2147483649 5",
		"2000000000 5", "4294967297 5", "99999999999999999999 5", "x 1",
		"1", "", " ", "1x 5", "\\x00 5", "1\\x00 5", "+1 5", "..",
		"0x1 5"};
	struct seen seen;
	struct peer p;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		text = mem_printf(
			"C: STAT\nS: +OK 1 120\nC: LIST\nS: +OK\nS: 1 120\n"
			"S: %s\nS: .\nC: UIDL\nS: +OK\nS: 1 abc\nS: .\n"
			"C: QUIT\n",
			lines[i]);
		peer_init(&p);
		assert_int_equal(scan(&p, PEER_LOGIN, text, &seen), 0);
		assert_int_equal(seen.count, 1);
		assert_int_equal(seen.metas[0].size_bytes, 120);
		assert_true(peer_close(&p));
		free(text);
	}
}

/* The same instead of a good line: a shorter list is no list. */
static void test_short_lists(void **state)
{
	static const char *const lines[] = {
		"0 10", "-1 5", "2147483649 5", "2000001 5", "x 1", "1 7", ""};
	static const char *const cut[] = {
		"C: LIST\nS: +OK\nS: 1 1\nS: .\nEOF\n",
		"C: LIST\nS: +OK\nS: .\nEOF\n",
		"C: LIST\nS: +OK\nS: 1 1\nS: 2 2\nS: .\n"
		"C: UIDL\nS: +OK\nS: 1 a\nS: .\nEOF\n",
		"C: LIST\nS: +OK\nS: 1 1\nS: 2 2\nS: .\n"
		"C: UIDL\nS: +OK\nS: .\nEOF\n",
		"C: LIST\nS: +OK\nS: 1 1\nS: 2 2\nS: .\n"
		"C: UIDL\nS: +OK\nS: 1 a\nS: 0 b\nS: .\nEOF\n",
		"C: LIST\nS: +OK\nS: 1 1\nS: 2 2\nS: .\n"
		"C: UIDL\nS: +OK\nS: 1 a\nS: 3 b\nS: .\nEOF\n",
		"C: LIST\nS: +OK\nS: 1 1\nS: 2 2\nS: .\n"
		"C: UIDL\nS: +OK\nS: 1 a\nS: 1 b\nS: .\nEOF\n",
		"C: LIST\nS: +OK\nS: 1 1\nS: 2 2\nS: .\n"
		"C: UIDL\nS: +OK\nS: 2 a\nS: 1 b\nS: .\nEOF\n",
		"C: LIST\nS: hm\nEOF\n",
		"C: LIST\nS: + go\nEOF\n",
		"C: LIST\nS: +OKAY\nEOF\n",
	};
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		text = mem_printf("C: STAT\nS: +OK 2 9\nC: LIST\nS: +OK\n"
				  "S: 1 4\nS: %s\nS: .\nEOF\n",
			lines[i]);
		scan_fails(PEER_LOGIN, text, ERR_PROTOCOL);
		free(text);
	}
	for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
		text = mem_printf("C: STAT\nS: +OK 2 9\n%s", cut[i]);
		scan_fails(PEER_LOGIN, text, ERR_PROTOCOL);
		free(text);
	}
}

static void test_limits(void **state)
{
	static const char *const texts[] = {
		"C: STAT\nS: +OK 11 5\nEOF\n",
		"C: STAT\nS: +OK 99999999999 5\nEOF\n",
		"C: STAT\nS: +OK 1 5\nC: LIST\nS: +OK\n"
		"R: 11 x\\r\\n\nEOF\n",
		"C: STAT\nS: +OK 1 5\nC: LIST\nS: +OK\nS: 1 1\nS: .\n"
		"C: UIDL\nS: +OK\nR: 11 x\\r\\n\nEOF\n",
		"C: STAT\nS: +OK 1 5\nC: LIST\nS: +OK\nR: 70000 1\nEOF\n",
	};
	struct seen seen;
	struct peer p;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		peer_init(&p);
		p.config.limits.messages = 10;
		assert_int_equal(scan(&p, PEER_LOGIN, texts[i], &seen), -1);
		assert_int_equal(p.err.class, ERR_LIMIT);
		assert_true(peer_close(&p));
	}
	/* exactly as many as allowed */
	peer_init(&p);
	p.config.limits.messages = 2;
	assert_int_equal(scan(&p, PEER_LOGIN,
				 "C: STAT\nS: +OK 2 5\nC: LIST\nS: +OK\n"
				 "S: 1 1\nS: 2 2\nS: .\nC: UIDL\nS: +OK\n"
				 "S: 1 a\nS: 2 b\nS: .\nC: QUIT\n",
				 &seen),
		0);
	assert_int_equal(seen.count, 2);
	assert_true(peer_close(&p));
}

/* A callback that fails ends the session; no QUIT leaves. */
static void test_callback_fails(void **state)
{
	struct mailbox_state box;
	struct seen seen = {.fail_at = 1};
	struct peer p;

	(void)state;
	peer_init(&p);
	assert_int_equal(
		peer_open(&p, PEER_LOGIN
			"C: STAT\nS: +OK 2 3\nC: LIST\nS: +OK\nS: 1 1\nS: 2 2\n"
			"S: .\nC: UIDL\nS: +OK\nS: 1 a\nS: 2 b\nS: .\nEOF\n"),
		0);
	assert_int_equal(
		p.session->ops->select(p.session, "INBOX", &box, &p.err), 0);
	assert_int_equal(
		p.session->ops->scan(p.session, 0, see, &seen, &p.err), -1);
	assert_int_equal(p.err.class, ERR_DISK);
	assert_int_equal(seen.count, 1);
	assert_int_equal(
		p.session->ops->scan(p.session, 0, see, &seen, &p.err), -1);
	assert_true(peer_close(&p));
}

/* Cut at every byte of both listings. */
static void test_cut_anywhere(void **state)
{
	static const char list[] = "+OK\\r\\n1 10\\r\\n2 20\\r\\n.\\r\\n";
	static const char uidl[] = "+OK\\r\\n1 aa\\r\\n2 bb\\r\\n.\\r\\n";
	char *text;

	(void)state;
	for (size_t cut = 0; cut < sizeof list - 1; cut++) {
		if (cut > 0 && list[cut - 1] == '\\')
			continue;
		text = mem_printf("C: STAT\nS: +OK 2 30\nC: LIST\nS<: %.*s\n"
				  "SHUT\nEOF\n",
			(int)cut, list);
		scan_fails(PEER_LOGIN, text, ERR_NETWORK);
		free(text);
		text = mem_printf("C: STAT\nS: +OK 2 30\nC: LIST\nC: UIDL\n"
				  "S<: %s%.*s\nSHUT\nEOF\n",
			list, (int)cut, uidl);
		scan_fails(PEER_LOGIN_PIPE, text, ERR_NETWORK);
		free(text);
	}
}

/* 100,000 messages: lines cross buffers. */
static void test_many(void **state)
{
	struct mailbox_state box;
	struct seen seen = {0};
	struct buf text;
	struct peer p;

	(void)state;
	buf_init(&text, (size_t)16 << 20);
	(void)buf_add_str(&text, PEER_LOGIN_PIPE
		"C: STAT\nS: +OK 100000 1\nC: LIST\nC: UIDL\nS: +OK\n");
	for (int i = 1; i <= 100000; i++)
		(void)buf_printf(&text, "S: %d %d\n", i, i * 7);
	(void)buf_add_str(&text, "S: .\nS: +OK\n");
	for (int i = 1; i <= 100000; i++)
		(void)buf_printf(&text, "S: %d uidl-%d\n", i, i);
	(void)buf_add_str(&text, "S: .\nC: QUIT\n");
	peer_init(&p);
	assert_int_equal(peer_open(&p, buf_str(&text)), 0);
	assert_int_equal(
		p.session->ops->select(p.session, "INBOX", &box, &p.err), 0);
	assert_int_equal(
		p.session->ops->scan(p.session, 0, see, &seen, &p.err), 0);
	assert_int_equal(seen.count, 100000);
	assert_true(peer_close(&p));
	buf_free(&text);
}

int main(void)
{
	log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, STDERR_FILENO);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mailboxes),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_select_again),
		cmocka_unit_test(test_leave_unread),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_odd_lists),
		cmocka_unit_test(test_rejected_lines),
		cmocka_unit_test(test_short_lists),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_callback_fails),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
