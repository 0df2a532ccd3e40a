/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses to listen on: good ones, bad ones, and back to text. */
#include "collector/model/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void test_good(void **state)
{
	static const struct {
		const char *text;
		int family;
		const char *back; /* NULL: the same */
	} good[] = {
		{"127.0.0.1:9180", AF_INET, NULL},
		{"0.0.0.0:0", AF_INET, NULL},
		{"255.255.255.255:65535", AF_INET, NULL},
		{"[::1]:9180", AF_INET6, NULL},
		{"[::]:1", AF_INET6, NULL},
		{"[2001:DB8:0:0::1]:80", AF_INET6, "[2001:db8::1]:80"},
		{"[::ffff:10.0.0.1]:80", AF_INET6, NULL},
		{"unix:/run/mailhaul/http.sock", AF_UNIX, NULL},
		{"unix:/x:1", AF_UNIX, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct endpoint all[ENDPOINTS_MAX];
		char back[ENDPOINT_TEXT_MAX];
		size_t count = 99;

		assert_int_equal(endpoints_parse(good[i].text, all, &count), 0);
		assert_int_equal(count, 1);
		assert_int_equal(all[0].address.ss_family, good[i].family);
		assert_string_equal(all[0].text, good[i].text);
		endpoint_format(&all[0].address, back);
		assert_string_equal(back,
			good[i].back != NULL ? good[i].back : good[i].text);
	}
}

static void test_several(void **state)
{
	struct endpoint all[ENDPOINTS_MAX];
	size_t count = 99;

	(void)state;
	assert_int_equal(endpoints_parse("", all, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(endpoints_parse("   ", all, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(
		endpoints_parse(" 127.0.0.1:1  [::1]:1 unix:/a 127.0.0.1:2 ",
			all, &count),
		0);
	assert_int_equal(count, 4);
	assert_string_equal(all[3].text, "127.0.0.1:2");
}

static void test_bad(void **state)
{
	static const char *const bad[] = {"localhost:1", "1", ":1", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:000001",
		"127.0.0.1:+1", "127.0.0.1:1x", "127.0.0.1 :1", "127.1:1",
		"0127.0.0.1:1", "256.0.0.1:1", "::1:1", "[::1]", "[::1]1",
		"[::1:1", "::1]:1", "[]:1", "[127.0.0.1]:1", "[fe80::1%lo]:1",
		"[:1", "[", ":", "unix", "unix:", "unix:/", "unix:a", "UNIX:/a",
		"127.0.0.1:1,[::1]:1", "127.0.0.1:1 127.0.0.1:1",
		"127.0.0.1:1 x",
		"127.0.0.1:1 127.0.0.1:2 127.0.0.1:3 127.0.0.1:4 127.0.0.1:5",
		"127.0.0.1:1\t[::1]:1", "127.0.0.1:1\n"};
	struct endpoint all[ENDPOINTS_MAX];
	char text[300] = "unix:/";
	size_t count = 99;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (endpoints_parse(bad[i], all, &count) != -1)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(count, 99);
	for (size_t n = strlen(text); n < sizeof text - 1; n++)
		text[n] = 'x';
	assert_false(endpoints_are_good(text));
	text[112] = '\0'; /* 107 bytes of path: what an address holds */
	assert_true(endpoints_are_good(text));
	text[112] = 'x';
	text[113] = '\0';
	assert_false(endpoints_are_good(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
