/* SPDX-License-Identifier: BSD-2-Clause */
/* What a name server's bytes become; and that one who does not answer, or
 * answers nonsense, costs a bounded time. */
#include "collector/remote/dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned char answer[8192];
static size_t len;

static void put(const char *bytes, size_t n)
{
	assert_true(len + n <= sizeof answer);
	memcpy(answer + len, bytes, n);
	len += n;
}

static void begin(unsigned records, unsigned kind)
{
	const char head[] = {0, 1, '\x81', '\x80', 0, 1, 0, (char)records, 0, 0,
		0, 0, 1, 'q', 0, 0, (char)kind, 0, 1};

	len = 0;
	put(head, sizeof head);
}

static void put_u16(unsigned n)
{
	const char bytes[] = {(char)(n >> 8), (char)n};

	put(bytes, 2);
}

/* fixed: the numbers before the name. */
static void record(unsigned kind, const unsigned *fixed, size_t numbers,
	const char *name, size_t n)
{
	put("\xc0\x0c", 2);
	put_u16(kind);
	put("\0\1\0\0\0\1", 6);
	put_u16((unsigned)(2 * numbers + n));
	for (size_t i = 0; i < numbers; i++)
		put_u16(fixed[i]);
	put(name, n);
}

static void srv(unsigned priority, unsigned weight, unsigned port,
	const char *name, size_t n)
{
	const unsigned fixed[] = {priority, weight, port};

	record(33, fixed, 3, name, n);
}

static int read_srv(struct srv_record *records)
{
	unsigned char *copy = malloc(len != 0 ? len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, answer, len);
	r = dns_read_srv(copy, len, records);
	free(copy);
	return r;
}

#define NAME(s) s, sizeof s

static void records(void **state)
{
	struct srv_record r[DNS_RECORDS_MAX];

	(void)state;
	begin(4, 33);
	srv(20, 7, 993, NAME("\4IMAP\1a\4test"));
	srv(10, 0, 143, NAME("\1b\4test"));
	srv(0, 0, 0, NAME(""));		 /* not offered */
	srv(5, 0, 0, NAME("\1c\4test")); /* no port: no server */
	assert_int_equal(read_srv(r), 3);
	assert_string_equal(r[0].target, "");
	assert_string_equal(r[1].target, "b.test");
	assert_int_equal(r[1].port, 143);
	assert_string_equal(r[2].target, "imap.a.test");
	assert_int_equal(r[2].priority, 20);
	assert_int_equal(r[2].weight, 7);
}

/* c-ares refuses an answer with some of them, others are left out; none comes
 * through. */
static void names_that_are_none(void **state)
{
	static const struct {
		const char *name;
		size_t n;
	} names[] = {
		{NAME("\4a\0b.\4test")},
		{NAME("\3a/b\4test")},
		{NAME("\3a b\4test")},
		{NAME("\3a\r\n\4test")},
		{NAME("\4test")},
		{NAME("\003127\0010\0010\0011")},
		{NAME("\2-a\4test")},
	};
	struct srv_record r[DNS_RECORDS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		begin(2, 33);
		srv(1, 0, 1, names[i].name, names[i].n);
		srv(1, 0, 9, NAME("\1a\4test"));
		if (read_srv(r) != -1) {
			assert_int_equal(read_srv(r), 1);
			assert_int_equal(r[0].port, 9);
		}
	}
}

static void too_many(void **state)
{
	struct srv_record r[DNS_RECORDS_MAX];

	(void)state;
	begin(100, 33);
	for (unsigned i = 0; i < 100; i++)
		srv(i, 0, 1, NAME("\1a\4test"));
	assert_int_equal(read_srv(r), DNS_RECORDS_MAX);
}

static void malformed(void **state)
{
	struct srv_record r[DNS_RECORDS_MAX];
	size_t whole;

	(void)state;
	begin(1, 33);
	srv(1, 2, 3, NAME("\1a\4test"));
	whole = len;
	for (len = 0; len < whole; len++)
		assert_int_equal(read_srv(r), -1);
	/* names that point at themselves, or outside */
	begin(1, 33);
	srv(1, 2, 3, "\xc0\x2d", 2);
	assert_int_equal(read_srv(r), -1);
	begin(1, 33);
	srv(1, 2, 3, "\xff\xff", 2);
	assert_int_equal(read_srv(r), -1);
	/* an answer of another kind is none */
	begin(1, 33);
	record(1, NULL, 0, "\177\0\0\1", 4);
	assert_int_equal(read_srv(r), 0);
}

static void exchangers(void **state)
{
	static const unsigned ten[] = {10}, five[] = {5};
	struct srv_record r[DNS_RECORDS_MAX];

	(void)state;
	begin(3, 15);
	record(15, ten, 1, NAME("\2MX\1a\4test"));
	record(15, five, 1, NAME("\1b\4test"));
	record(15, five, 1, NAME("")); /* RFC 7505: no mail */
	assert_int_equal(dns_read_mx(answer, len, r), 2);
	assert_string_equal(r[0].target, "b.test");
	assert_string_equal(r[1].target, "mx.a.test");
	assert_int_equal(dns_read_mx(answer, len - 4, r), -1);
}

static void resolvers_that_are_none(void **state)
{
	struct srv_record r[DNS_RECORDS_MAX];
	struct err err = {0};
	size_t count;

	(void)state;
	assert_int_equal(dns_srv("nonsense", "a.test", r, &count, &err), -1);
	assert_int_equal(err.class, ERR_NETWORK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(too_many),
		cmocka_unit_test(malformed),
		cmocka_unit_test(exchangers),
		cmocka_unit_test(resolvers_that_are_none),
	};

	dns_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
