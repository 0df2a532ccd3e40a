/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/flags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Names separated by spaces, as a server would send them. */
static void fill(struct flags *f, const char *names)
{
	char name[FLAGS_KEYWORDS_MAX];

	memset(f, 0, sizeof *f);
	while (flags_next_keyword(&names, name))
		assert_int_equal(flags_add(f, name), 0);
}

static void test_add_system(void **state)
{
	static const struct {
		const char *name;
		uint8_t system;
	} rows[] = {
		{"\\Seen", FLAG_SEEN},
		{"\\SEEN", FLAG_SEEN},
		{"\\seen", FLAG_SEEN},
		{"\\Answered", FLAG_ANSWERED},
		{"\\aNSWERED", FLAG_ANSWERED},
		{"\\Flagged", FLAG_FLAGGED},
		{"\\Deleted", FLAG_DELETED},
		{"\\Draft", FLAG_DRAFT},
		{"\\Recent", 0},
		{"\\*", 0},
		{"\\", 0},
		{"\\Seen2", 0},
		{"\\See", 0},
		{"\\Important", 0},
		{"\\x(y", 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct flags f = {0};
		assert_int_equal(flags_add(&f, rows[i].name), 0);
		assert_int_equal(f.system, rows[i].system);
		assert_string_equal(f.keywords, "");
	}
}

static void test_add_keyword(void **state)
{
	struct flags f = {0};

	(void)state;
	assert_int_equal(flags_add(&f, "work"), 0);
	assert_int_equal(flags_add(&f, "$Forwarded"), 0);
	assert_int_equal(flags_add(&f, "Zebra"), 0);
	assert_string_equal(f.keywords, "$Forwarded Zebra work");
	assert_int_equal(flags_add(&f, "WORK"), 0);
	assert_int_equal(flags_add(&f, "wor"), 0);
	assert_int_equal(flags_add(&f, "works"), 0);
	assert_string_equal(f.keywords, "$Forwarded Zebra wor work works");
	assert_int_equal(f.system, 0);
	assert_int_equal(flags_add(&f, "Seen"), 0); /* no backslash: keyword */
	assert_int_equal(f.system, 0);
	assert_true(flags_has_keyword(f.keywords, "sEEN"));
	assert_int_equal(flags_add(&f, "a}b"), 0); /* an ATOM-CHAR */
}

static void test_add_refuses(void **state)
{
	static const char *const bad[] = {"", " ", "a b", "a(", ")", "{5}",
		"a%", "*", "a\"b", "a\\b", "]", "\x01", "a\tb", "a\r\nb",
		"\x7f", "caf\xc3\xa9", "\xff"};
	struct flags f = {.system = FLAG_SEEN, .keywords = "keep"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(flags_add(&f, bad[i]), -1);
		assert_string_equal(f.keywords, "keep");
		assert_int_equal(f.system, FLAG_SEEN);
	}
}

static void test_add_until_full(void **state)
{
	struct flags f = {0}, before;
	char name[FLAGS_KEYWORDS_MAX + 8];
	int n = 0;

	(void)state;
	for (;; n++) {
		before = f;
		(void)snprintf(name, sizeof name, "k%d", n);
		if (flags_add(&f, name) < 0)
			break;
	}
	assert_int_equal(n, FLAGS_KEYWORDS_COUNT);
	assert_memory_equal(&before, &f, sizeof f);
	assert_int_equal(flags_add(&f, "k0"), 0); /* there already */

	/* One name may fill the set to the last byte, and not one more. */
	memset(&f, 0, sizeof f);
	memset(name, 'x', FLAGS_KEYWORDS_MAX);
	name[FLAGS_KEYWORDS_MAX] = '\0';
	assert_int_equal(flags_add(&f, name), -1);
	name[FLAGS_KEYWORDS_MAX - 1] = '\0';
	assert_int_equal(flags_add(&f, name), 0);
	assert_int_equal(strlen(f.keywords), FLAGS_KEYWORDS_MAX - 1);
	assert_int_equal(flags_add(&f, "y"), -1);
	assert_int_equal(flags_add(&f, "\\Seen"), 0);
	memset(&f, 0, sizeof f);
	name[FLAGS_KEYWORDS_MAX - 3] = '\0';
	assert_int_equal(flags_add(&f, name), 0);
	assert_int_equal(flags_add(&f, "ab"), -1);
	assert_int_equal(flags_add(&f, "a"), 0);
	assert_int_equal(strlen(f.keywords), FLAGS_KEYWORDS_MAX - 1);
}

static void test_has_and_next(void **state)
{
	char name[FLAGS_KEYWORDS_MAX];
	const char *pos = "a bb  ccc";

	(void)state;
	assert_true(flags_has_keyword("a bb ccc", "BB"));
	assert_true(flags_has_keyword("a bb ccc", "a"));
	assert_true(flags_has_keyword("a bb ccc", "ccc"));
	assert_false(flags_has_keyword("a bb ccc", "b"));
	assert_false(flags_has_keyword("a bb ccc", "cccc"));
	assert_false(flags_has_keyword("a bb ccc", ""));
	assert_false(flags_has_keyword("", "a"));
	assert_true(flags_next_keyword(&pos, name));
	assert_string_equal(name, "a");
	assert_true(flags_next_keyword(&pos, name));
	assert_string_equal(name, "bb");
	assert_true(flags_next_keyword(&pos, name));
	assert_string_equal(name, "ccc");
	assert_false(flags_next_keyword(&pos, name));
	assert_false(flags_next_keyword(&pos, name));
}

static void test_equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{"", "", true},
		{"\\Seen", "\\Seen", true},
		{"\\Seen", "", false},
		{"a b", "b a", true},
		{"a B", "b A", true}, /* other order once sorted by bytes */
		{"a", "a b", false},
		{"a b", "a c", false},
		{"\\Seen a", "\\Flagged a", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct flags a, b;
		fill(&a, rows[i].a);
		fill(&b, rows[i].b);
		assert_int_equal(flags_equal(&a, &b), rows[i].equal);
		assert_int_equal(flags_equal(&b, &a), rows[i].equal);
	}
}

static void test_maildir(void **state)
{
	char letters[6];

	(void)state;
	for (unsigned system = 0; system < 32; system++) {
		flags_to_maildir((uint8_t)system, letters);
		assert_int_equal(flags_from_maildir(letters), system);
		for (size_t i = 1; i < strlen(letters); i++)
			assert_true(letters[i - 1] < letters[i]);
	}
	flags_to_maildir(31, letters);
	assert_string_equal(letters, "DFRST");
	flags_to_maildir(FLAG_DELETED, letters);
	assert_string_equal(letters, "T");
	assert_int_equal(flags_from_maildir("Sabz"), FLAG_SEEN);
	assert_int_equal(flags_from_maildir("PSd"), FLAG_SEEN);
	assert_int_equal(flags_from_maildir(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_system),
		cmocka_unit_test(test_add_keyword),
		cmocka_unit_test(test_add_refuses),
		cmocka_unit_test(test_add_until_full),
		cmocka_unit_test(test_has_and_next),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_maildir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
