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

/* xorshift: the same on every machine. */
static uint64_t next_random(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* Appends a code point, also surrogates and what is beyond Unicode. */
static size_t put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (c >> 18 & 7));
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Bytes, code points of all planes, and what is known to do harm. */
static void put_random(char text[256])
{
	static const uint32_t harmful[] = {0x1b, 0x07, 0x08, 0x0a, 0x0d, 0x09,
		0x7f, 0x85, 0x9b, 0x9d, 0xad, 0x61c, 0x200b, 0x200e, 0x200f,
		0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066,
		0x2067, 0x2068, 0x2069, 0xfeff, 0xfff9, 0xe0041, 0xd800,
		0x110000};
	size_t n = 0;

	while (n < 240 && next_random() % 24 != 0) {
		uint64_t r = next_random();
		switch (r % 4) {
		case 0:
			text[n++] = (char)(1 + (r >> 8) % 255);
			break;
		case 1:
			n += put_utf8(
				text + n, harmful[(r >> 8) % COUNT(harmful)]);
			break;
		case 2:
			n += put_utf8(text + n, 1 + (r >> 8) % 0x2fff);
			break;
		default:
			n += put_utf8(text + n, 1 + (r >> 8) % 0x10ffff);
			break;
		}
	}
	text[n] = '\0';
}

/* Of valid UTF-8; written down by hand: bidi controls, C0, DEL, C1, line
 * and paragraph separators, zero width, tags, private use, surrogates. */
static bool does_harm(uint32_t c)
{
	static const uint32_t ranges[][2] = {{0, 0x1f}, {0x7f, 0x9f},
		{0xad, 0xad}, {0x600, 0x605}, {0x61c, 0x61c}, {0x180e, 0x180e},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
		{0xd800, 0xf8ff}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb},
		{0xfffe, 0xffff}, {0xe0000, 0xe00ff}, {0xf0000, 0xffffffff}};

	for (size_t i = 0; i < COUNT(ranges); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

static uint32_t take_utf8(const unsigned char **p)
{
	const unsigned char *s = *p;
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));

	assert_true(n == 1 || s[0] >= 0xc2);
	for (size_t i = 1; i < n; i++) {
		assert_int_equal(s[i] & 0xc0, 0x80);
		c = c << 6 | (s[i] & 0x3fu);
	}
	assert_true(n < 3 || c >= (n == 3 ? 0x800u : 0x10000u));
	*p = s + n;
	return c;
}

/* Whatever a server sends: valid UTF-8 of one line that moves nothing, and
 * shown again it stays as it is. */
static void test_printable_random(void **state)
{
	char text[256], out[256], again[256];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		size_t room = i % 3 != 0 ? sizeof out : 1 + next_random() % 64;
		const unsigned char *p = (const unsigned char *)out;
		put_random(text);
		text_printable(text, out, room);
		assert_true(strlen(out) < room);
		while (*p != '\0')
			if (does_harm(take_utf8(&p)))
				fail_msg(
					"case %d shows a harmful character", i);
		text_printable(out, again, sizeof again);
		assert_string_equal(out, again);
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
		cmocka_unit_test(test_printable_random),
		cmocka_unit_test(test_equal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
