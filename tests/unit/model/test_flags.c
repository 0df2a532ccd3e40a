/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/flags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t all_flags[] = {
	FLAG_SEEN, FLAG_ANSWERED, FLAG_FLAGGED, FLAG_DELETED, FLAG_DRAFT};

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

/* Indexed by source then, source now, local then, local now (8 4 2 1). */
static const bool expected[16] = {
	false, true,  /* 0 0 | 0 0, 0 1: put on here */
	false, true,  /* 0 0 | 1 0: taken off here, 1 1 */
	true, true,   /* 0 1 | 0 0: the source put it on, 0 1: both did */
	false, true,  /* 0 1 | 1 0: taken off here: stays off, 1 1 */
	false, true,  /* 1 0 | 0 0, 0 1: put on here: stays on */
	false, false, /* 1 0 | 1 0: both took it off, 1 1: the source did */
	false, true,  /* 1 1 | 0 0, 0 1 */
	false, true,  /* 1 1 | 1 0: taken off here, 1 1 */
};

static void test_merge_every_case(void **state)
{
	(void)state;
	for (size_t f = 0; f < sizeof all_flags; f++) {
		for (unsigned n = 0; n < 16; n++) {
			struct flags v[4], merged;
			bool then = (n & 2) != 0, now = (n & 1) != 0;
			for (unsigned i = 0; i < 4; i++) {
				bool on = (n >> (3 - i) & 1) != 0;
				fill(&v[i], on ? "kw" : "");
				v[i].system = on ? all_flags[f] : 0;
			}
			flags_merge(&v[0], &v[1], &v[2], &v[3], &merged);
			assert_int_equal(
				merged.system, expected[n] ? all_flags[f] : 0);
			assert_string_equal(
				merged.keywords, expected[n] ? "kw" : "");
			/* A change made here is never undone. */
			if (then != now)
				assert_int_equal(merged.system != 0, now);
		}
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* All flags at once, at random: each behaves as if it were alone, and so in
 * whichever input the result is put. */
static void test_merge_random(void **state)
{
	static const char *const names[] = {"alpha", "Beta", "$x", "zz"};
	uint32_t seed = 20261123;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct flags v[4] = {0}, merged;
		for (int i = 0; i < 4; i++) {
			v[i].system = (uint8_t)(next_random(&seed) & 31);
			for (int k = 0; k < 4; k++)
				if ((next_random(&seed) & 1) != 0)
					(void)flags_add(&v[i], names[k]);
		}
		flags_merge(&v[0], &v[1], &v[2], &v[3], &merged);
		for (unsigned f = 0; f < 9; f++) {
			unsigned n = 0;
			bool on;
			for (unsigned i = 0; i < 4; i++)
				n = n << 1 |
				    (f < 5 ? (v[i].system & all_flags[f]) != 0
					   : flags_has_keyword(v[i].keywords,
						     names[f - 5]));
			on = f < 5 ? (merged.system & all_flags[f]) != 0
				   : flags_has_keyword(
					     merged.keywords, names[f - 5]);
			assert_int_equal(on, expected[n]);
		}
		flags_merge(&v[0], &v[1], &v[2], &v[3], &v[round & 3]);
		assert_memory_equal(&v[round & 3], &merged, sizeof merged);
	}
}

static void test_merge_spelling(void **state)
{
	struct flags st, sn, lt, ln, merged;

	(void)state;
	/* One keyword in four spellings is one keyword. */
	fill(&st, "work");
	fill(&sn, "WORK new");
	fill(&lt, "Work");
	fill(&ln, "wORK");
	flags_merge(&st, &sn, &lt, &ln, &merged);
	assert_string_equal(merged.keywords, "new wORK");
}

/* Where both do not fit, what is here stays and the source's gives way. */
static void test_merge_full(void **state)
{
	struct flags st = {0}, sn = {0}, lt = {0}, ln = {0}, merged;
	const int locals = FLAGS_KEYWORDS_COUNT * 3 / 4;
	char name[64];

	(void)state;
	for (int i = 0; i < FLAGS_KEYWORDS_COUNT; i++) {
		(void)snprintf(name, sizeof name, "s%d", i);
		assert_int_equal(flags_add(&sn, name), 0);
		(void)snprintf(name, sizeof name, "l%d", i);
		if (i < locals)
			assert_int_equal(flags_add(&ln, name), 0);
	}
	flags_merge(&st, &sn, &lt, &ln, &merged);
	for (int i = 0; i < locals; i++) {
		(void)snprintf(name, sizeof name, "l%d", i);
		assert_true(flags_has_keyword(merged.keywords, name));
	}
	assert_true(strlen(merged.keywords) < FLAGS_KEYWORDS_MAX);
	assert_true(flags_has_keyword(merged.keywords, "s0"));
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
		cmocka_unit_test(test_merge_every_case),
		cmocka_unit_test(test_merge_random),
		cmocka_unit_test(test_merge_spelling),
		cmocka_unit_test(test_merge_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
