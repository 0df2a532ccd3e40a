/* SPDX-License-Identifier: BSD-2-Clause */
/* DELE, and who may say QUIT behind it. */
#include "collector/base/buf.h"
#include "pop3_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define STAT "C: STAT\nS: +OK 3 60\n"
#define LISTS                                                \
	"C: LIST\nS: +OK\nS: 1 10\nS: 2 20\nS: 3 30\nS: .\n" \
	"C: UIDL\nS: +OK\nS: 1 a\nS: 2 b\nS: 3 c\nS: .\n"

static int on_meta(void *arg, const struct message_meta *meta, struct err *err)
{
	(void)arg;
	(void)meta;
	(void)err;
	return 0;
}

static int on_range(void *arg, const struct uid_range *r, struct err *err)
{
	(void)err;
	return buf_printf(arg, "%u:%u ", r->first, r->last);
}

static int deletes(struct peer *p, const char *text, struct buf *told)
{
	static const struct uid_range ranges[] = {{1, 1}, {3, 3}};
	struct mailbox_state box;
	char *script = mem_printf("%s%s%s", PEER_LOGIN, STAT LISTS, text);

	peer_init(p);
	buf_init(told, 1000);
	if (peer_open(p, script) < 0)
		fail_msg("login: %s", p->err.text);
	free(script);
	if (session_select_writable(p->session, "INBOX", &box, &p->err) < 0 ||
		session_scan(p->session, 0, on_meta, NULL, &p->err) < 0)
		fail_msg("list: %s", p->err.text);
	return session_expunge(p->session, ranges, 2, on_range, told, &p->err);
}

static void test_committed(void **state)
{
	struct peer p;
	struct buf told;

	(void)state;
	assert_int_equal(deletes(&p,
				 "C: DELE 1\nS: +OK\nC: DELE 3\nS: +OK\n"
				 "C: QUIT\nS: +OK bye\nEOF\n",
				 &told),
		1);
	assert_string_equal(buf_str(&told), "1:1 3:3 ");
	assert_int_equal(session_commit(p.session, &p.err), 0);
	assert_true(peer_close(&p)); /* and no second QUIT */
	buf_free(&told);
}

static void test_one_is_refused(void **state)
{
	struct peer p;
	struct buf told;

	(void)state;
	assert_int_equal(
		deletes(&p,
			"C: DELE 1\nS: -ERR no such\nC: DELE 3\nS: +OK\n"
			"C: QUIT\nS: -ERR some were not removed\nEOF\n",
			&told),
		1);
	assert_string_equal(buf_str(&told), "3:3 ");
	assert_int_equal(session_commit(p.session, &p.err), -1);
	assert_true(peer_close(&p));
	buf_free(&told);
}

/* Closed by whoever does not want it any more: nothing is deleted. */
static void test_not_committed(void **state)
{
	struct peer p;
	struct buf told;

	(void)state;
	assert_int_equal(
		deletes(&p, "C: DELE 1\nS: +OK\nC: DELE 3\nS: +OK\nEOF\n",
			&told),
		1);
	assert_true(peer_close(&p));
	buf_free(&told);
	assert_int_equal(deletes(&p, "C: DELE 1\nS: what?\nEOF\n", &told), -1);
	assert_int_equal(session_commit(p.session, &p.err), -1);
	assert_true(peer_close(&p));
	buf_free(&told);
}

static void test_too_many(void **state)
{
	const struct uid_range all = {1, SESSION_DELETES_MAX + 1};
	struct peer p;
	struct mailbox_state box;

	(void)state;
	peer_init(&p);
	assert_int_equal(peer_open(&p, PEER_LOGIN STAT LISTS "EOF\n"), 0);
	assert_int_equal(session_select(p.session, "INBOX", &box, &p.err), 0);
	assert_int_equal(session_scan(p.session, 0, on_meta, NULL, &p.err), 0);
	assert_int_equal(
		session_expunge(p.session, &all, 1, on_range, NULL, &p.err),
		-1);
	assert_true(peer_close(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_committed),
		cmocka_unit_test(test_one_is_refused),
		cmocka_unit_test(test_not_committed),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
