/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a header, and of a message, tells who it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/content.h"

#include <stdlib.h>
#include <string.h>

/* In pieces of n bytes. */
static void know(const char *text, size_t n, struct content_id *id)
{
	struct content c = {.sha = NULL};

	assert_int_equal(content_begin(&c, NULL), 0);
	for (size_t at = 0, len = strlen(text); at < len; at += n)
		content_add(&c, text + at, len - at < n ? len - at : n);
	content_end(&c, id);
	content_clear(&c);
}

static bool same_header(const struct content_id *a, const struct content_id *b)
{
	return memcmp(a->header_hash, b->header_hash, sizeof a->header_hash) ==
	       0;
}

static bool same_bare(const struct content_id *a, const struct content_id *b)
{
	return memcmp(a->bare_sha256, b->bare_sha256, sizeof a->bare_sha256) ==
	       0;
}

#define PLAIN "Date: x\r\nSubject: a\r\n b\r\n\r\nStatus: body\r\n"

static void test_lines_of_servers(void **state)
{
	static const char *const others[] = {
		"Date: x\r\nStatus: RO\r\nSubject: a\r\n b\r\n\r\n"
		"Status: body\r\n",
		"X-IMAPbase: 1\r\n 2\r\n\t3\r\nDate: x\r\nSubject: a\r\n b\r\n"
		"x-uid : 9\r\nContent-Length: 5\r\n\r\nStatus: body\r\n",
		"Date: x\r\nSubject: a\r\n b\r\nX-Status: \r\nX-KEYWORDS:\r\n"
		"X-UIDL: q\r\nX-Mozilla-Status2: 1\r\n\r\nStatus: body\r\n",
	};
	struct content_id plain, other;

	(void)state;
	know(PLAIN, 1000, &plain);
	assert_int_equal(plain.dropped, 0);
	assert_memory_equal(plain.sha256, plain.bare_sha256, 32);
	for (size_t i = 0; i < 3; i++)
		for (size_t n = 1; n < 40; n += 3) {
			know(others[i], n, &other);
			assert_true(same_header(&plain, &other));
			assert_true(same_bare(&plain, &other));
			assert_int_equal(other.dropped,
				strlen(others[i]) - strlen(PLAIN));
			assert_memory_not_equal(plain.sha256, other.sha256, 32);
		}
}

/* There over one protocol and not over the other. */
static void test_lines_of_one_protocol(void **state)
{
	static const char *const others[] = {
		"Return-Path: <a>\r\n" PLAIN,
		"From a@b Mon Jan 1\r\n" PLAIN,
		"Date: x\nSubject: a\n b\n\nStatus: body\r\n",
		"Date: x\r\nSubject: a\r\n \t\r\n b\r\n\r\nStatus: body\r\n",
		"Date: x\r\nb\xc3\xa4 d: e\r\nSubject: a\r\n b\r\n\r\nx",
		"Date: x\r\nSubject: a\r\n b\r\n",
	};
	struct content_id plain, other;

	(void)state;
	know(PLAIN, 1000, &plain);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		know(others[i], 7, &other);
		assert_true(same_header(&plain, &other));
		assert_memory_equal(other.sha256, other.bare_sha256, 32);
	}
}

static void test_what_differs(void **state)
{
	static const char *const others[] = {
		"Date: y\r\nSubject: a\r\n b\r\n\r\nStatus: body\r\n",
		"Date: x\r\nSubject: a b\r\n\r\nStatus: body\r\n",
		"Date: x\r\nSubject: a\r\n b\r\nStatusx: RO\r\n\r\n",
		"Date: x\r\n\r\nSubject: a\r\n b\r\n",
	};
	struct content_id plain, other;

	(void)state;
	know(PLAIN, 1000, &plain);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		know(others[i], 5, &other);
		assert_false(same_header(&plain, &other));
		assert_false(same_bare(&plain, &other));
	}
}

static void test_no_header(void **state)
{
	static const unsigned char none[LEDGER_HEADER_HASH];
	char *long_one = malloc(80000);
	struct content_id id;

	(void)state;
	memset(long_one, 'a', 79999);
	long_one[79999] = '\0';
	know(long_one, 4096, &id);
	assert_memory_equal(id.header_hash, none, sizeof none);
	assert_memory_equal(id.sha256, id.bare_sha256, 32);
	know("\r\nbody", 3, &id);
	assert_memory_equal(id.header_hash, none, sizeof none);
	know("", 3, &id);
	assert_memory_equal(id.header_hash, none, sizeof none);
	free(long_one);
}

/* Again and again with the same memory. */
static void test_used_again(void **state)
{
	struct content c = {.sha = NULL};
	struct content_id first, id;

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(content_begin(&c, NULL), 0);
		if (i % 2 != 0)
			content_add(&c, "Status: RO\r\n", 12);
		content_add(&c, PLAIN, strlen(PLAIN));
		content_end(&c, i == 0 ? &first : &id);
		if (i != 0)
			assert_true(same_bare(&first, &id));
	}
	content_clear(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_of_servers),
		cmocka_unit_test(test_lines_of_one_protocol),
		cmocka_unit_test(test_what_differs),
		cmocka_unit_test(test_no_header),
		cmocka_unit_test(test_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
