/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of a manifest against files: what is found, and by what. */
#include "collector/cli/manifest_match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct match match;

static void add(unsigned char content, const char *dir, const char *file)
{
	struct manifest_message m = {.mailbox = "INBOX", .key = "uid:1.1"};

	memset(m.sha256, content, sizeof m.sha256);
	(void)snprintf(m.dir, sizeof m.dir, "%s", dir);
	(void)snprintf(m.file, sizeof m.file, "%s", file);
	match_add(&match, &m);
}

static void file(unsigned char plain, unsigned char crlf, const char *dir,
	const char *base)
{
	struct stock_file f = {.dir = dir, .base = base};

	memset(f.sha256, plain, sizeof f.sha256);
	memset(f.crlf_sha256, crlf, sizeof f.crlf_sha256);
	if (match_wants(&match, base))
		match_file(&match, &f);
}

static void expect(size_t same, size_t changed, size_t missing, size_t moved,
	size_t additional)
{
	size_t n = 0, rest = 0;

	match_finish(&match);
	for (size_t i = 0; i < match.count; i++)
		n += match.messages[i].moved;
	for (size_t i = 0; i < match.file_count; i++)
		rest += !match.files[i].used;
	assert_int_equal(match_count(&match, MATCH_SAME), same);
	assert_int_equal(match_count(&match, MATCH_CHANGED), changed);
	assert_int_equal(match_count(&match, MATCH_MISSING), missing);
	assert_int_equal(n, moved);
	assert_int_equal(rest, additional);
}

static int setup(void **unused)
{
	(void)unused;
	match_init(&match);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	match_clear(&match);
	return 0;
}

static void test_nothing(void **unused)
{
	(void)unused;
	match_seal(&match);
	expect(0, 0, 0, 0, 0);
	file(1, 1, "", "x");
	expect(0, 0, 0, 0, 1);
}

static void test_each(void **unused)
{
	(void)unused;
	add(1, "", "a"); /* as it was */
	add(2, "", "b"); /* with LF */
	add(3, "", "c"); /* moved */
	add(4, "", "d"); /* renamed */
	add(5, "", "e"); /* changed */
	add(6, "", "f"); /* lost */
	match_seal(&match);
	file(1, 91, "", "a");
	file(92, 2, "", "b");
	file(3, 93, ".X", "c");
	file(94, 4, ".Y", "other");
	file(55, 56, "", "e");
	file(77, 78, "", "new");
	expect(4, 1, 1, 2, 1);
	/* another pass finds what was missed, and forgets the rest */
	match_again(&match);
	file(6, 96, "", "f");
	file(5, 95, "", "e");
	expect(6, 0, 0, 2, 0);
}

/* A copy beside it changes nothing; two alike need two files. */
static void test_alike(void **unused)
{
	(void)unused;
	add(1, "", "a");
	add(1, "", "b");
	add(2, "", "c");
	match_seal(&match);
	file(9, 9, ".Copy", "c"); /* a bad copy, and the good one after it */
	file(2, 2, "", "c");
	file(2, 2, ".Copy", "c");
	file(1, 1, "", "x");
	expect(2, 0, 1, 1, 0);
}

/* Changed where it was, whole elsewhere: it is there. */
static void test_whole_elsewhere(void **unused)
{
	(void)unused;
	add(1, "", "a");
	match_seal(&match);
	file(8, 8, "", "a");
	file(1, 1, ".X", "z");
	expect(1, 0, 0, 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alike, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_whole_elsewhere, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
