/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NONE INT64_MIN
#define T INT64_C(1795447716) /* 2026-11-23 15:28:36 UTC */

static void test_internal(void **state)
{
	static const struct {
		const char *text;
		int64_t wall_s;
	} rows[] = {
		{"17-Jul-1996 02:44:25 -0700", 837596665},
		{"23-Nov-2026 15:28:36 +0000", T},
		{"23-nov-2026 15:28:36 +0000", T},
		{"23-Nov-2026 16:28:36 +0100", T},
		{"23-Nov-2026 20:58:36 +0530", T},
		{"23-Nov-2026 14:58:36 -0030", T},
		{"24-Nov-2026 05:28:36 +1400", T},
		{" 1-Jan-1970 00:00:00 +0000", 0},
		{"1-Jan-1970 00:00:00 +0000", 0},
		{"01-Jan-1970 00:00:00 +0000", 0},
		{"31-Dec-1969 23:59:59 +0000", -1},
		{"29-Feb-2000 00:00:00 +0000", 951782400},
		{"31-Dec-2016 23:59:60 +0000", 1483228800},
		{"19-Jan-2038 03:14:08 +0000", INT64_C(2147483648)},
		{"31-Dec-9999 23:59:59 +0000", INT64_C(253402300799)},
		{"01-Jan-1900 00:00:00 +0000", INT64_C(-2208988800)},
		{"00-Jan-0000 00:00:00 +0000", NONE},
		{"01-Jan-0000 00:00:00 +0000", NONE},
		{"01-Jan-0001 00:00:00 +0000", NONE},
		{"31-Dec-1899 23:59:59 +0000", NONE},
		{"00-Jan-2026 00:00:00 +0000", NONE},
		{"32-Jan-2026 00:00:00 +0000", NONE},
		{"29-Feb-2026 00:00:00 +0000", NONE},
		{"29-Feb-1900 00:00:00 +0000", NONE},
		{"31-Apr-2026 00:00:00 +0000", NONE},
		{"01-Jan-2026 24:00:00 +0000", NONE},
		{"01-Jan-2026 00:60:00 +0000", NONE},
		{"01-Jan-2026 00:00:61 +0000", NONE},
		{"01-Jan-2026 00:00:00 +0060", NONE},
		{"01-Jan-2026 00:00:00 -0099", NONE},
		{"01-Jan-2026 00:00:00 +2400", NONE},
		{"01-Jan-2026 00:00:00", NONE},
		{"01-Jan-2026 00:00:00 ", NONE},
		{"01-Jan-2026 00:00:00 0000", NONE},
		{"01-Jan-2026 00:00:00 GMT", NONE},
		{"01-Jan-2026 00:00:00 +000", NONE},
		{"01-Jan-2026 00:00:00 +00000", NONE},
		{"01-Jan-2026  00:00:00 +0000", NONE},
		{"01-Jan-26 00:00:00 +0000", NONE},
		{"01-Foo-2026 00:00:00 +0000", NONE},
		{"01-Ja", NONE},
		{"01-", NONE},
		{"1", NONE},
		{"", NONE},
		{" ", NONE},
		{"-1-Jan-2026 00:00:00 +0000", NONE},
		{"001-Jan-2026 00:00:00 +0000", NONE},
		{"01-Jan-2026 0:00:00 +0000", NONE},
		{"+1-Jan-2026 00:00:00 +0000", NONE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t wall_s = NONE;
		int r = date_parse_internal(rows[i].text, &wall_s);
		if (r != (rows[i].wall_s == NONE ? -1 : 0) ||
			wall_s != rows[i].wall_s)
			fail_msg("\"%s\": %d %lld", rows[i].text, r,
				(long long)wall_s);
	}
}

/* Against the C library, over four centuries and both sides of 1970. */
static void test_fields(void **state)
{
	(void)state;
	for (int64_t t = -2208988800; t < INT64_C(13500000000);
		t += 86400 * 3 + 12345) {
		time_t in = (time_t)t;
		struct tm tm;
		int64_t wall_s = 0;

		assert_non_null(gmtime_r(&in, &tm));
		assert_int_equal(date_from_fields(tm.tm_year + 1900,
					 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
					 tm.tm_min, tm.tm_sec, 0, &wall_s),
			0);
		assert_true(wall_s == t);
	}
}

static void test_fields_bad(void **state)
{
	static const int rows[][7] = {
		{1899, 1, 1, 0, 0, 0, 0},
		{10000, 1, 1, 0, 0, 0, 0},
		{-1, 1, 1, 0, 0, 0, 0},
		{2026, 0, 1, 0, 0, 0, 0},
		{2026, 13, 1, 0, 0, 0, 0},
		{2026, -1, 1, 0, 0, 0, 0},
		{2026, 1, 0, 0, 0, 0, 0},
		{2026, 1, -1, 0, 0, 0, 0},
		{2026, 6, 31, 0, 0, 0, 0},
		{2026, 1, 1, -1, 0, 0, 0},
		{2026, 1, 1, 0, -1, 0, 0},
		{2026, 1, 1, 0, 0, -1, 0},
		{2026, 1, 1, 0, 0, 0, 2360},
		{2026, 1, 1, 0, 0, 0, -2360},
		{2026, 1, 1, 0, 0, 0, 160},
		{2026, 1, 1, 0, 0, 0, -160},
		{2026, 1, 1, 0, 0, 0, INT32_MAX},
		{2026, 1, 1, 0, 0, 0, INT32_MIN},
		{INT32_MAX, INT32_MAX, INT32_MAX, 0, 0, 0, 0},
		{INT32_MIN, 1, 1, 0, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int *f = rows[i];
		int64_t wall_s = NONE;
		assert_int_equal(date_from_fields(f[0], f[1], f[2], f[3], f[4],
					 f[5], f[6], &wall_s),
			-1);
		assert_true(wall_s == NONE);
	}
}

static void test_rfc5322(void **state)
{
	static const struct {
		const char *text;
		int64_t wall_s;
	} rows[] = {
		{"Mon, 23 Nov 2026 15:28:36 +0000", T},
		{" Mon, 23 Nov 2026 15:28:36 +0000\r\n", T},
		{"Mon, 23 Nov 2026 16:28:36 +0100 (CET)", T},
		{"Mon, 23 Nov 2026 10:28:36 -0500 (Eastern (US) Time)", T},
		{"23 Nov 2026 15:28:36 +0000", T},
		{"Mon, 23 Nov 2026 15:28 +0000", T - 36},
		{"Mon,23 Nov 2026 15:28:36 +0000", T},
		{"Mon 23 Nov 2026 15:28:36 +0000", T},
		{"Mon,  23  Nov  2026  15:28:36   +0000", T},
		{"Mon,\r\n\t23 Nov 2026\r\n 15:28:36 +0000", T},
		{"Mon (comment), 23 (another\\) one) Nov 2026 15:28:36 GMT", T},
		{"(x(y(z)))Mon, 23 Nov 2026 15:28:36 GMT", T},
		{"Mon, 23 Nov 26 15:28:36 GMT", T},
		{"Mon, 23 Nov 126 15:28:36 GMT", T},
		{"Sat, 1 Jan 100 00:00:00 GMT", 946684800},
		{"Fri, 31 Dec 99 23:59:59 GMT", 946684799},
		{"Thu, 1 Jan 70 00:00:00 GMT", 0},
		{"Fri, 1 Jan 49 00:00:00 GMT", INT64_C(2493072000)},
		{"Mon, 23 Nov 2026 15:28:36 UT", T},
		{"Mon, 23 Nov 2026 15:28:36 UTC", T},
		{"Mon, 23 Nov 2026 15:28:36 Z", T},
		{"Mon, 23 Nov 2026 15:28:36 A", T}, /* military: no meaning */
		{"Mon, 23 Nov 2026 10:28:36 EST", T},
		{"Mon, 23 Nov 2026 08:28:36 PDT", T},
		{"Mon, 23 Nov 2026 16:28:36 CET", T},
		{"Mon, 23 Nov 2026 16:28:36 MEZ", T},
		{"Tue, 24 Nov 2026 00:28:36 JST", T},
		{"Mon, 23 Nov 2026 15:28:36 XYZ", T},
		{"Mon, 23 Nov 2026 15:28:36", T},
		{"Mon, 23 Nov 2026 15:28:36 -0000", T},
		{"Mon, 23 Nov 2026 16:28:36 +01:00", T},
		{"Mon, 23 Nov 2026 16:28:36 +01", T},
		{"Mon, 23 Nov 2026 16:28:36 GMT+0100", T},
		{"Mon, 23 Nov 2026 16:28:36 GMT+01:00", T},
		{"Mon, 23 Nov 2026 16:28:36 UTC+1", T},
		{"Mon, 23 Nov 2026 16:28:36 \"GMT+1\"", T},
		{"Mon, 23 Nov 2026 15:28:36 +0000 (GMT+00:00)", T},
		{"Mon, 23 Nov 2026 15:28:36.123 +0000", T},
		{"Mon, 23 Nov 2026 15.28.36 +0000", T},
		{"Mon, 23 Nov 2026 3:28:36 PM +0000", T},
		{"Mon, 23 Nov 2026 3:28:36PM", T},
		{"Mon, 23 Nov 2026 12:28:36 AM", T - 15 * 3600},
		{"Mon, 23 Nov 2026 12:28:36 PM", T - 3 * 3600},
		{"Mon, 23 November 2026 15:28:36 +0000", T},
		{"Monday, 23-Nov-26 15:28:36 GMT", T},
		{"23-Nov-2026 15:28:36 GMT", T},
		{"MON, 23 NOV 2026 15:28:36 GMT", T},
		{"Mon., 23 Nov. 2026 15:28:36 GMT", T},
		{"Mo, 23 Nov 2026 15:28:36 GMT", T},
		{"s\xc3\xa1"
		 "b, 23 nov 2026 15:28:36 GMT",
			T},
		{"lun, 23 nov 2026 15:28:36 GMT", T},
		{"Mon Nov 23 15:28:36 2026", T},
		{"Mon Nov 23 10:28:36 EST 2026", T},
		{"Mon Nov 23 16:28:36 2026 +0100", T},
		{"Mon Nov 23 2026 15:28:36 GMT", T},
		{"Mon Nov  1 15:28:36 2026", T - 22 * 86400},
		{"Nov 23, 2026 3:28:36 PM", T},
		{"November 23, 2026 15:28:36", T},
		{"Mon, Nov 23, 2026 15:28:36 +0000", T},
		{"2026-11-23T15:28:36Z", T}, {"2026-11-23 15:28:36 +0000", T},
		{"2026-11-23T16:28:36.5+01:00", T},
		{"2026-11-23", T - 15 * 3600 - 28 * 60 - 36},
		{"Mon, 23 Nov 2026", T - 15 * 3600 - 28 * 60 - 36},
		{"Mon, 23 Nov 2026 15:28:36 +0000; trailing", T},
		{"Thu, 30 Feb 2026 15:28:36 +0000", NONE},
		{"Mon, 00 Nov 2026 15:28:36 +0000", NONE},
		{"Mon, 23 Nov 0000 15:28:36 +0000", NONE},
		{"Mon, 23 Nov 1826 15:28:36 +0000", NONE},
		{"Mon, 23 Nov 20026 15:28:36 +0000", NONE},
		{"Mon, 23 Nov 6 15:28:36 +0000", NONE},
		{"Mon, 23 Nov 2026 25:28:36 +0000", NONE},
		{"Mon, 23 Nov 2026 15:61:36 +0000", NONE},
		{"Mon, 23 Nov 2026 15:28:36 +9900", NONE},
		{"Mon, 23 Nov 2026 15:28:36 +00000", NONE},
		{"Mon, 23 Nov 2026 13:28:36 PM", NONE},
		{"Mon, 23 Nov 2026 0:28:36 AM", NONE},
		{"Mon, 23 Nov 2026 15: +0000", NONE},
		{"Mon, 23 Nov 2026 15 +0000", NONE},
		{"Mon, 23 Foo 2026 15:28:36 +0000", NONE},
		{"Mon, 123 Nov 2026 15:28:36 +0000", NONE},
		{"99999999999999999999 Nov 2026", NONE},
		{"11/23/2026 15:28:36", NONE}, {"23.11.2026 15:28:36", NONE},
		{"Mon, 23 Nov", NONE}, {"Mon Nov 23", NONE},
		{"Mon Nov 23 15:28:36", NONE}, {"2026-13-01T00:00:00Z", NONE},
		{"2026-11", NONE}, {"1795447716", NONE}, {"Mon", NONE},
		{"Mon Tue 23 Nov 2026", NONE}, {"(", NONE}, {"((((", NONE},
		{"(\\", NONE}, {"", NONE}, {"   ", NONE}, {"\xff\xfe", NONE},
		{"-1 Nov 2026 00:00:00", 1793491200}, /* "-" is a separator */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t wall_s = NONE;
		int r = date_parse_rfc5322(
			rows[i].text, strlen(rows[i].text), &wall_s);
		if (r != (rows[i].wall_s == NONE ? -1 : 0) ||
			wall_s != rows[i].wall_s)
			fail_msg("\"%s\": %d %lld", rows[i].text, r,
				(long long)wall_s);
	}
}

/* Every beginning of a date, with nothing readable behind it. */
static void test_rfc5322_bounds(void **state)
{
	static const char text[] = "Mon, 23 Nov 2026 16:28:36 +0100 (CET)";
	int64_t wall_s;

	(void)state;
	for (size_t n = 0; n < sizeof text; n++) {
		char *exact = test_malloc(n != 0 ? n : 1);
		memcpy(exact, text, n);
		wall_s = NONE;
		if (date_parse_rfc5322(exact, n, &wall_s) == 0)
			assert_true(n >= strlen("Mon, 23 Nov 20"));
		if (n >= strlen("Mon, 23 Nov 2026 16:28:36 +0100"))
			assert_true(wall_s == T);
		test_free(exact);
	}
	wall_s = NONE;
	assert_int_equal(date_parse_rfc5322("1 Nov\0 2026", 11, &wall_s), -1);
}

static void test_header(void **state)
{
	static const struct {
		const char *header;
		int64_t wall_s;
	} rows[] = {
		{"Date: Mon, 23 Nov 2026 15:28:36 +0000\r\n\r\nx", T},
		{"Date: Mon, 23 Nov 2026 15:28:36 +0000", T},
		{"date : Mon, 23 Nov 2026 15:28:36 +0000\n\n", T},
		{"DATE:Mon, 23 Nov 2026 15:28:36 +0000\r\r", T},
		{"Received: from a by b; Mon, 23 Nov 2026 15:28:36 +0000\r\n"
		 "Date: Tue, 24 Nov 2026 15:28:36 +0000\r\n\r\n",
			T},
		{"Date: Tue, 24 Nov 2026 15:28:36 +0000\r\n"
		 "Received: from a by b;\r\n\tMon, 23 Nov 2026\r\n"
		 " 15:28:36 +0000\r\n\r\n",
			T},
		/* the topmost */
		{"Received: by c; Mon, 23 Nov 2026 15:28:36 +0000\r\n"
		 "Received: by b; Sun, 22 Nov 2026 15:28:36 +0000\r\n\r\n",
			T},
		/* the topmost without a date, so Date */
		{"Received: by c\r\n"
		 "Received: by b; Sun, 22 Nov 2026 15:28:36 +0000\r\n"
		 "Date: Mon, 23 Nov 2026 15:28:36 +0000\r\n\r\n",
			T},
		{"Received: by c; yesterday\r\n"
		 "Date: Mon, 23 Nov 2026 15:28:36 +0000\r\n\r\n",
			T},
		/* semicolons before and behind the date */
		{"Received: from a (x; y) by b (z;);\r\n"
		 " Mon, 23 Nov 2026 15:28:36 +0000\r\n\r\n",
			T},
		{"Received: by b; Mon, 23 Nov 2026 15:28:36 +0000 (a; b)\r\n",
			T},
		/* the first Date that can be read */
		{"Date: unknown\r\nDate: Mon, 23 Nov 2026 15:28:36 +0000\r\n",
			T},
		{"Date: Mon, 23 Nov 2026 15:28:36 +0000\r\n"
		 "Date: Tue, 24 Nov 2026 15:28:36 +0000\r\n",
			T},
		/* lines that are no field */
		{"From joe Mon Nov 23 15:28:36 2026\n"
		 "Date: Mon, 23 Nov 2026 15:28:36 +0000\n\n",
			T},
		{" leading blank\nDate: Mon, 23 Nov 2026 15:28:36 +0000\n", T},
		{"garbage\r\nDate: Mon, 23 Nov 2026 15:28:36 +0000\r\n", T},
		/* other fields */
		{"X-Date: Mon, 23 Nov 2026 15:28:36 +0000\r\n\r\n", NONE},
		{"Resent-Date: Mon, 23 Nov 2026 15:28:36 +0000\r\n\r\n", NONE},
		{"Subject: x\r\n Date: Mon, 23 Nov 2026 15:28:36 +0000\r\n",
			NONE},
		/* not in the body */
		{"Subject: x\r\n\r\nDate: Mon, 23 Nov 2026 15:28:36 +0000\r\n",
			NONE},
		{"\r\nDate: Mon, 23 Nov 2026 15:28:36 +0000\r\n", NONE},
		{"Received: by b\r\n\r\n", NONE},
		{"Received:;;;;;;;;;;;;\r\n\r\n", NONE},
		{"Date:\r\n\r\n", NONE},
		{"Date:", NONE},
		{":", NONE},
		{"\r", NONE},
		{"", NONE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t wall_s = NONE;
		int r = date_of_header(
			rows[i].header, strlen(rows[i].header), &wall_s);
		if (r != (rows[i].wall_s == NONE ? -1 : 0) ||
			wall_s != rows[i].wall_s)
			fail_msg("\"%s\": %d %lld", rows[i].header, r,
				(long long)wall_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_internal),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_fields_bad),
		cmocka_unit_test(test_rfc5322),
		cmocka_unit_test(test_rfc5322_bounds),
		cmocka_unit_test(test_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
