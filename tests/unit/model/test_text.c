/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_duration(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
		const char *canonical;
	} rows[] = {
		{"1", 1, "1s"}, {"90", 90, "90s"}, {"90s", 90, "90s"},
		{"60s", 60, "1m"}, {"15m", 900, "15m"}, {"90m", 5400, "90m"},
		{"1h", 3600, "1h"}, {"24h", 86400, "1d"},
		{"13d", 1123200, "13d"}, {"14d", 1209600, "2w"},
		{"2w", 1209600, "2w"}, {"3650d", 315360000, "3650d"},
		{"315360000", 315360000, "3650d"}, {"315360001", -1, NULL},
		{"3651d", -1, NULL}, {"522w", -1, NULL}, {"0", -1, NULL},
		{"0s", -1, NULL}, {"", -1, NULL}, {"m", -1, NULL},
		{"-5m", -1, NULL}, {"+5m", -1, NULL}, {" 5m", -1, NULL},
		{"5m ", -1, NULL}, {"5 m", -1, NULL}, {"5mm", -1, NULL},
		{"1h30m", -1, NULL}, {"1.5h", -1, NULL},
		{"5M", -1, NULL}, /* a size, or a month? */
		{"5y", -1, NULL}, {"0x10", -1, NULL},
		{"18446744073709551617", -1, NULL},
		{"99999999999999999999999w", -1, NULL},
		{"307445734561825861m", -1, NULL}, /* wraps to 4 */
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t s = -7;
		int r = text_parse_duration(rows[i].text, &s);
		assert_int_equal(r, rows[i].seconds < 0 ? -1 : 0);
		assert_int_equal(s, rows[i].seconds < 0 ? -7 : rows[i].seconds);
		if (r < 0)
			continue;
		text_format_duration(s, out);
		assert_string_equal(out, rows[i].canonical);
		assert_int_equal(text_parse_duration(out, &s), 0);
		assert_int_equal(s, rows[i].seconds);
	}
	text_format_duration(0, out);
	assert_string_equal(out, "0s");
}

static void test_size(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t bytes;
		const char *canonical;
	} rows[] = {
		{"0", 0, 0, "0"},
		{"123", 0, 123, "123"},
		{"1024", 0, 1024, "1K"},
		{"64K", 0, 65536, "64K"},
		{"64k", 0, 65536, "64K"},
		{"128M", 0, 134217728, "128M"},
		{"1536K", 0, 1572864, "1536K"},
		{"1G", 0, 1073741824, "1G"},
		{"2t", 0, 2199023255552, "2T"},
		{"16777215T", 0, 18446742974197923840U, "16777215T"},
		{"16777216T", -1, 0, NULL},
		{"18446744073709551615", 0, UINT64_MAX, "18446744073709551615"},
		{"18446744073709551616", -1, 0, NULL},
		{"", -1, 0, NULL},
		{"K", -1, 0, NULL},
		{"1KB", -1, 0, NULL},
		{"1P", -1, 0, NULL},
		{"-1", -1, 0, NULL},
		{"1.5M", -1, 0, NULL},
		{" 1", -1, 0, NULL},
		{"none", -1, 0, NULL},
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t n = 7;
		assert_int_equal(text_parse_size(rows[i].text, &n), rows[i].r);
		assert_true(n == (rows[i].r < 0 ? 7 : rows[i].bytes));
		if (rows[i].r < 0)
			continue;
		text_format_size(n, out);
		assert_string_equal(out, rows[i].canonical);
	}
}

static void test_format_bytes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{0, "0 B"},
		{999, "999 B"},
		{1000, "1.0 kB"},
		{1049, "1.0 kB"},
		{1050, "1.1 kB"},
		{1234567, "1.2 MB"},
		{999949, "999.9 kB"},
		{999950, "1.0 MB"},
		{999999999, "1.0 GB"},
		{128000000, "128.0 MB"},
		{UINT64_MAX, "18.4 EB"},
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		text_format_bytes(rows[i].bytes, out);
		assert_string_equal(out, rows[i].text);
	}
}

static void test_bool(void **state)
{
	static const char *const yes[] = {"yes", "true", "on", "1", "YES"};
	static const char *const no[] = {"no", "false", "off", "0", "No"};
	static const char *const bad[] = {"", "y", "2", "yes ", "enable", "01"};
	bool b;

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++) {
		b = false;
		assert_int_equal(text_parse_bool(yes[i], &b), 0);
		assert_true(b);
		assert_int_equal(text_parse_bool(no[i], &b), 0);
		assert_false(b);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(text_parse_bool(bad[i], &b), -1);
}

static void test_count(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
		{0, "0"},
		{12, "12"},
		{999, "999"},
		{1000, "1,000"},
		{12345, "12,345"},
		{123456, "123,456"},
		{1234567, "1,234,567"},
		{UINT64_MAX, "18,446,744,073,709,551,615"},
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		text_format_count(rows[i].n, out);
		assert_string_equal(out, rows[i].text);
	}
}

static void test_printable(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", ""},
		{"plain text", "plain text"},
		{"Gr\xc3\xbc\xc3\x9f", "Gr\xc3\xbc\xc3\x9f"},
		{"a\r\nb\tc", "a??b?c"},
		{"\x1b[31mred", "?[31mred"},
		{"\x7f", "?"},
		{"\xc2\x9b"
		 "31m",
			"?31m"}, /* C1 CSI */
		{"a\xe2\x80\xae"
		 "b",
			"a?b"}, /* U+202E */
		{"a\xe2\x81\xa6"
		 "b",
			"a?b"}, /* U+2066 */
		{"a\xe2\x80\xa8"
		 "b",
			"a?b"}, /* U+2028 */
		{"a\xe2\x80\x8b"
		 "b",
			"a?b"}, /* zero width */
		{"a\xef\xbb\xbf"
		 "b",
			"a?b"}, /* BOM */
		{"a\xff"
		 "b",
			"a?b"},
		{"a\xc3", "a?"},
		{"\xc0\xaf", "??"},	 /* overlong */
		{"\xed\xa0\x80", "???"}, /* surrogate */
		{"\xf0\x9f\x93\xac", "\xf0\x9f\x93\xac"},
		{"\xf4\x90\x80\x80", "????"},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		text_printable(rows[i].in, out, sizeof out);
		assert_string_equal(out, rows[i].out);
	}
}

/* Cut at a character, wherever the end falls. */
static void test_printable_cut(void **state)
{
	static const char text[] = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xac.";
	static const size_t used[] = {0, 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
	char out[16];

	(void)state;
	for (size_t n = 0; n < COUNT(used); n++) {
		memset(out, 'X', sizeof out);
		text_printable(text, out, n);
		for (size_t i = n; i < sizeof out; i++)
			assert_int_equal(out[i], 'X');
		if (n == 0)
			continue;
		assert_int_equal(strlen(out), used[n]);
		assert_memory_equal(out, text, used[n]);
	}
}

static void test_equal(void **state)
{
	(void)state;
	assert_true(text_equal("INBOX", "inbox"));
	assert_true(text_equal("", ""));
	assert_false(text_equal("inbox", "inbo"));
	assert_false(text_equal("inbo", "inbox"));
	assert_false(text_equal("a@", "a`")); /* 0x40 and 0x60: no letters */
	assert_false(text_equal("a[", "a{"));
	assert_true(text_equal_n("abcX", "ABCy", 3));
	assert_false(text_equal("\xc3\x9c", "\xc3\xbc")); /* ASCII only */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_format_bytes),
		cmocka_unit_test(test_bool),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_printable_cut),
		cmocka_unit_test(test_equal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
