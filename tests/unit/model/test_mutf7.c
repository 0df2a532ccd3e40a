/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *mutf7, *utf8;
} pairs[] = {
	{"", ""},
	{"INBOX", "INBOX"},
	{"&-", "&"},
	{"&-&-", "&&"},
	{"a&-b", "a&b"},
	{"~peter/mail/&U,BTFw-/&ZeVnLIqe-",
		"~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/"
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"},
	{"&Jjo-", "\xe2\x98\xba"},
	{"&Jjo-!", "\xe2\x98\xba!"},
	{"Entw&APw-rfe", "Entw\xc3\xbcrfe"},
	{"&AOk--", "\xc3\xa9-"},
	{"&AOk-&-", "\xc3\xa9&"},
	{"&-&AOk-", "&\xc3\xa9"},
	{"&BBoEPgRABDcEOAQ9BDA-",
		"\xd0\x9a\xd0\xbe\xd1\x80\xd0\xb7\xd0\xb8\xd0\xbd\xd0\xb0"},
	{"&2D3cjA-", "\xf0\x9f\x92\x8c"}, /* U+1F48C */
	{"&2ADcAA-", "\xf0\x90\x80\x80"}, /* U+10000 */
	{"&2,,f,w-", "\xf4\x8f\xbf\xbf"}, /* U+10FFFF */
	{"&2D3cjADp-x", "\xf0\x9f\x92\x8c\xc3\xa9x"},
	{"&AAE-", "\x01"},
	{"&AAoADQ-", "\n\r"},
	{"&AH8-", "\x7f"},
	{"&AIA-", "\xc2\x80"},
	{"&,,8-", "\xef\xbf\xbf"},
	{"+,AOk-", "+,AOk-"},
	{" ~!\"#$%'()*", " ~!\"#$%'()*"},
};

static void test_pairs(void **state)
{
	char out[256];

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		if (name_from_mutf7(pairs[i].mutf7, out, sizeof out) < 0)
			fail_msg("refused: %s", pairs[i].mutf7);
		assert_string_equal(out, pairs[i].utf8);
		assert_int_equal(
			name_to_mutf7(pairs[i].utf8, out, sizeof out), 0);
		assert_string_equal(out, pairs[i].mutf7);
	}
}

static void test_bad_mutf7(void **state)
{
	static const char *const bad[] = {
		"&",
		"a&",
		"&AOk", /* no end */
		"&AOk&-",
		"&AOk-&AOk-",	      /* a superfluous shift */
		"&U,BTFw-&ZeVnLIqe-", /* the RFC's own example */
		"&AA-",		      /* half a unit */
		"&A-",
		"&AOl-",  /* bits left over are not 0 */
		"&AOkA-", /* a digit too many */
		"&AOkAA-",
		"&AC8-",    /* "/" in base64 */
		"&AC4-",    /* "." */
		"&AEE-",    /* "A" */
		"&ACY-",    /* "&" */
		"&ACA-",    /* " " */
		"&AH4-",    /* "~" */
		"&AOkALw-", /* "/" behind something that may */
		"&AAA-",    /* NUL */
		"&AOkAAA-",
		"&2D0-", /* half a pair */
		"&3Iw-",
		"&2D0AQQ-",
		"&2D3YPQ-",
		"&3IzYPQ-",
		"&AO/k-", /* "/" is no digit here */
		"&AO k-",
		"&AOk=-",
		"&\xc3\xa9-",
		"\xc3\xa9",
		"\x01",
		"a\r\nb",
		"\x7f",
		"\xff",
		"&AOk-\xff",
	};
	char out[256];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (name_from_mutf7(bad[i], out, sizeof out) == 0)
			fail_msg("accepted: %s", bad[i]);
}

static void test_bad_utf8(void **state)
{
	static const char *const bad[] = {"\xff", "\xc3", "a\xc3(", "\xc0\xaf",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xe2\x98",
		"ok\xfe"};
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(name_to_mutf7(bad[i], out, sizeof out), -1);
}

/* Every size that is too small is refused and nothing is written past it. */
static void test_small(void **state)
{
	char out[256];

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		size_t need = strlen(pairs[i].utf8) + 1;
		for (size_t n = 0; n <= need; n++) {
			memset(out, 'X', sizeof out);
			assert_int_equal(
				name_from_mutf7(pairs[i].mutf7, out, n),
				n < need ? -1 : 0);
			assert_int_equal(out[n], 'X');
		}
		need = strlen(pairs[i].mutf7) + 1;
		for (size_t n = 0; n <= need; n++) {
			memset(out, 'X', sizeof out);
			assert_int_equal(name_to_mutf7(pairs[i].utf8, out, n),
				n < need ? -1 : 0);
			assert_int_equal(out[n], 'X');
		}
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* A character from any of the ranges that are coded in their own way. */
static int32_t random_char(uint32_t *seed)
{
	static const int32_t ranges[][2] = {{0x20, 0x7e}, {1, 0x1f},
		{0x7f, 0xa0}, {0xa1, 0x7ff}, {0x800, 0xd7ff}, {0xe000, 0xffff},
		{0x10000, 0x10ffff}, {'&', '&'}, {'-', '-'}};
	const int32_t *r = ranges[next_random(seed) % COUNT(ranges)];

	return r[0] +
	       (int32_t)(next_random(seed) % (uint32_t)(r[1] - r[0] + 1));
}

static void test_round_trip(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		char utf8[128], mutf7[512], back[128];
		size_t n = 0, chars = next_random(&seed) % 24;

		for (size_t i = 0; i < chars; i++)
			n += (size_t)utf8proc_encode_char(random_char(&seed),
				(utf8proc_uint8_t *)utf8 + n);
		utf8[n] = '\0';
		assert_int_equal(name_to_mutf7(utf8, mutf7, sizeof mutf7), 0);
		for (const char *p = mutf7; *p != '\0'; p++)
			assert_in_range(*p, 0x20, 0x7e);
		assert_int_equal(name_from_mutf7(mutf7, back, sizeof back), 0);
		assert_string_equal(back, utf8);
	}
}

/* What is read is the one spelling: written again it is the same text. */
static void test_one_spelling(void **state)
{
	static const char digits[] = "AOk&-2D3cjAC8,/x.";
	uint32_t seed = 2;
	int read = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		char in[16], utf8[64], back[128];
		size_t n = 1 + next_random(&seed) % 12;

		in[0] = '&';
		for (size_t i = 1; i < n; i++)
			in[i] = digits[next_random(&seed) %
				       (sizeof digits - 1)];
		in[n] = '\0';
		if (name_from_mutf7(in, utf8, sizeof utf8) < 0)
			continue;
		read++;
		assert_int_equal(name_to_mutf7(utf8, back, sizeof back), 0);
		assert_string_equal(back, in);
	}
	assert_true(read > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_bad_mutf7),
		cmocka_unit_test(test_bad_utf8),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_one_spelling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
