/* SPDX-License-Identifier: BSD-2-Clause */
/* UIDLs that can be trusted, and servers that refuse a listing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pop3_scan.h"

static void test_refused(void **state)
{
	static const char two[] = "S: +OK\nS: 1 1\nS: 2 2\nS: .\n";
	struct seen seen;
	struct peer p;
	char *text;

	(void)state;
	scan_fails(PEER_LOGIN, "C: STAT\nS: -ERR [SYS/TEMP] x\nEOF\n",
		ERR_REFUSED);
	scan_fails(PEER_LOGIN, "C: STAT\nS: +OK many\nEOF\n", ERR_PROTOCOL);
	scan_fails(PEER_LOGIN, "C: STAT\nS: +OK -1 5\nEOF\n", ERR_PROTOCOL);
	scan_fails(PEER_LOGIN,
		"C: STAT\nS: +OK 2 5\nC: LIST\nS: -ERR no\nEOF\n", ERR_REFUSED);
	/* CAPA has promised UIDL */
	text = mem_printf("C: STAT\nS: +OK 2 3\nC: LIST\n%sC: UIDL\n"
			  "S: -ERR not now\nEOF\n",
		two);
	scan_fails(PEER_LOGIN, text, ERR_REFUSED);
	free(text);
	/* CAPA has not: there are none */
	text = mem_printf("C: STAT\nS: +OK 2 3\nC: LIST\n%sC: UIDL\n"
			  "S: -ERR what?\nC: QUIT\n",
		two);
	peer_init(&p);
	assert_int_equal(
		scan(&p, PEER_LOGIN_WITH("S: USER\n"), text, &seen), 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.metas[1].has, MESSAGE_HAS_UID | MESSAGE_HAS_SIZE);
	assert_true(peer_close(&p));
	free(text);
}

/* 1 to 70 characters by RFC 1939 7, up to 128 accepted, else none. */
static void test_uidls(void **state)
{
	static const struct {
		const char *uidl;
		size_t times;
		bool trusted;
	} cases[] = {{"a", 1, true}, {"a", 70, true}, {"a", 128, true},
		{"a", 129, false}, {"a", 5000, false}, {"a b", 1, false},
		{"", 1, false}, {"a\\x00b", 1, false}, {"\\x7f", 1, false},
		{"\\xe4", 1, false}, {"../../etc/x", 1, true}};
	struct seen seen;
	struct peer p;
	struct buf text;

	(void)state;
	buf_init(&text, 65536);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_reset(&text);
		(void)buf_add_str(&text,
			"C: STAT\nS: +OK 1 1\nC: LIST\nS: +OK\n"
			"S: 1 1\nS: .\nC: UIDL\nS: +OK\n"
			"S: 1 ");
		for (size_t k = 0; k < cases[i].times; k++)
			(void)buf_add_str(&text, cases[i].uidl);
		(void)buf_add_str(&text, "\nS: .\nC: QUIT\n");
		peer_init(&p);
		assert_int_equal(
			scan(&p, PEER_LOGIN, buf_str(&text), &seen), 0);
		assert_int_equal(seen.count, 1);
		assert_int_equal((seen.metas[0].has & MESSAGE_HAS_UIDL) != 0,
			cases[i].trusted);
		if (cases[i].trusted)
			assert_int_equal(strlen(seen.metas[0].uidl),
				strlen(cases[i].uidl) * cases[i].times);
		assert_true(peer_close(&p));
	}
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_uidls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
