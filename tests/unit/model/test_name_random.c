/* SPDX-License-Identifier: BSD-2-Clause */
/* What has to hold for any name a server may think of. */
#include "collector/base/mem.h"
#include "collector/model/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FOLDER_BYTES (NAME_FOLDER_MAX * 3 + 64)

/* NAMES=N in the environment: so many instead, as 1000000. */
static size_t names_count(void)
{
	const char *n = getenv("NAMES");

	return n != NULL ? (size_t)strtoul(n, NULL, 10) : 240000;
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* Pieces that mean something to some layer, and now and then any octet. */
static void random_name(uint32_t *seed, char *out, size_t max)
{
	static const char *const pieces[] = {".", "..", "/", "\\", "%", "%2E",
		"~", "~1", " ", "  ", "&", "&-", "&AOk-", "&AC4-", "&AC8-",
		"&2D3cjA-", "&Awg-", "\xc3\xa9", "e\xcc\x81", "E\xcc\x81",
		"\xc3\x89", "\xc2\x85", "\xe2\x98\xba", "\xf0\x9f\x92\x8c",
		"INBOX", "inbox", "cur", "new", "tmp", "dovecot", "mailhaul",
		"a", "A", "b", "Sent", "sent", "\r\n", "\x1b", "\x7f", ",S=1",
		":2,", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"\xff", "\xed\xa0\x80", "\xcd\x84", "\xf0\x9d\x85\xa0"};
	size_t used = 0, count = next_random(seed) % 9;

	while (next_random(seed) % 40 == 0)
		count += 40;
	for (size_t i = 0; i < count; i++) {
		char octet[2] = {(char)(1 + next_random(seed) % 255), '\0'};
		const char *piece =
			next_random(seed) % 4 == 0
				? octet
				: pieces[next_random(seed) % COUNT(pieces)];
		if (used + strlen(piece) >= max)
			break;
		memcpy(out + used, piece, strlen(piece));
		used += strlen(piece);
	}
	out[used] = '\0';
}

static void check_dir(const char *dir, bool inbox)
{
	size_t n = strnlen(dir, NAME_DIR_MAX);

	assert_in_range(n, inbox ? 0 : 2, NAME_DIR_MAX - 1);
	if (inbox) {
		assert_int_equal(n, 0);
		return;
	}
	assert_int_equal(dir[0], '.');
	assert_int_not_equal(dir[n - 1], '.');
	assert_null(strchr(dir, '/'));
	assert_null(strstr(dir, ".."));
	for (size_t i = 0; i < n; i++) /* modified UTF-7 */
		assert_in_range(dir[i], 0x20, 0x7e);
}

static bool is_cut(const char *dir)
{
	size_t n = strlen(dir);

	return n > 180 && dir[n - 11] == '~';
}

/* No level of it, with or without the dot, is a Maildir's own. */
static void check_levels(const char *dir)
{
	static const char *const words[] = {".cur.", ".new.", ".tmp."};
	char closed[NAME_DIR_MAX + 1];

	(void)snprintf(closed, sizeof closed, "%s.", dir);
	for (size_t i = 0; i < COUNT(words); i++)
		assert_null(strstr(closed, words[i]));
}

struct seen {
	char *folded_dir;
	char *folded_folder;
};

static int compare_seen(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return strcmp(x->folded_dir, y->folded_dir);
}

static char *fold(const char *text)
{
	size_t max = 3 * strlen(text) * 2 + 16;
	char *out = mem_alloc(max);

	assert_int_equal(name_casefold(text, out, max), 0);
	return out;
}

/* Directories equal without regard to case come from folders that are equal
 * without regard to case: those the ledger tells apart by asking again. A
 * directory holds base64, so the folding of ASCII is what a file system that
 * ignores case would do. */
static void check_injective(struct seen *seen, size_t count)
{
	size_t distinct = 1;

	qsort(seen, count, sizeof *seen, compare_seen);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(seen[i - 1].folded_dir, seen[i].folded_dir) != 0) {
			distinct++;
			continue;
		}
		if (strchr(seen[i].folded_dir, '&') != NULL)
			continue; /* base64 that differs by case only */
		assert_string_equal(
			seen[i - 1].folded_folder, seen[i].folded_folder);
	}
	assert_true(distinct > count / 3);
}

static int compare_exact(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int r = strcmp(x->folded_dir, y->folded_dir);

	return r != 0 ? r : strcmp(x->folded_folder, y->folded_folder);
}

/* Case apart, nothing is ever shared: hashes included. */
static void check_exact(struct seen *seen, size_t count)
{
	qsort(seen, count, sizeof *seen, compare_exact);
	for (size_t i = 1; i < count; i++)
		if (strcmp(seen[i - 1].folded_dir, seen[i].folded_dir) == 0)
			assert_string_equal(seen[i - 1].folded_folder,
				seen[i].folded_folder);
}

static void check_one(const char *mailbox, char delimiter, char *folder,
	char *dir, bool *ret_cut)
{
	char back[FOLDER_BYTES], again[NAME_DIR_MAX], numbered[NAME_DIR_MAX];
	bool inbox = name_is_inbox(mailbox);

	assert_int_equal(
		name_folder_of(mailbox, delimiter, folder, FOLDER_BYTES), 0);
	assert_int_equal(name_is_inbox(folder), inbox);
	assert_int_equal(name_folder_dir(folder, 0, dir), 0);
	check_dir(dir, inbox);
	check_levels(dir);
	assert_int_equal(name_folder_dir(folder, 7, numbered), 0);
	check_dir(numbered, false);
	assert_string_equal(numbered + strlen(numbered) - 2, "~7");
	assert_int_equal(name_folder_from_dir(dir, back, sizeof back), 0);
	*ret_cut = is_cut(dir);
	if (!*ret_cut)
		assert_string_equal(back, folder);
	assert_int_equal(name_folder_dir(back, 0, again), 0);
	assert_string_equal(again, dir);
	/* The octets themselves, as if a person had typed them. */
	assert_int_equal(name_folder_dir(mailbox, 0, again), 0);
	check_dir(again, inbox);
}

static void test_random(void **state)
{
	static const char delimiters[] = {
		'/', '.', '\\', ' ', '\0', '%', '&', '~', '\xff'};
	const size_t names = names_count();
	struct seen *folded = mem_array(names, sizeof *folded);
	struct seen *exact = mem_array(names, sizeof *exact);
	char mailbox[NAME_MAILBOX_MAX], folder[FOLDER_BYTES];
	char dir[NAME_DIR_MAX];
	uint32_t seed = 20247;
	size_t cuts = 0;

	(void)state;
	for (size_t i = 0; i < names; i++) {
		bool cut;
		random_name(&seed, mailbox, sizeof mailbox);
		check_one(mailbox,
			delimiters[next_random(&seed) % sizeof delimiters],
			folder, dir, &cut);
		cuts += cut;
		exact[i].folded_dir = mem_strdup(dir);
		exact[i].folded_folder = mem_strdup(folder);
		folded[i].folded_dir = fold(dir);
		folded[i].folded_folder = fold(folder);
	}
	assert_true(cuts > names / 240);
	check_injective(folded, names);
	check_exact(exact, names);
	for (size_t i = 0; i < names; i++) {
		free(folded[i].folded_dir);
		free(folded[i].folded_folder);
		free(exact[i].folded_dir);
		free(exact[i].folded_folder);
	}
	free(folded);
	free(exact);
}

/* Two mailboxes share a folder only if they read alike: octets, UTF-7 and
 * UTF-8 of one name, or the case of INBOX. Plain ASCII never does. */
static void test_ascii_is_injective(void **state)
{
	static const char alphabet[] = "./%~ abEc2";
	char a[8], fa[FOLDER_BYTES];
	struct seen *seen = mem_array(11111, sizeof *seen);
	size_t count = 0;

	(void)state;
	for (size_t n = 0; n < 11111; n++) {
		size_t len = 0, rest = n;
		/* Every string of up to four of these characters. */
		for (; rest > 0; rest = (rest - 1) / 10)
			a[len++] = alphabet[(rest - 1) % 10];
		a[len] = '\0';
		assert_int_equal(name_folder_of(a, '/', fa, sizeof fa), 0);
		seen[count].folded_dir = mem_strdup(fa);
		seen[count++].folded_folder = mem_strdup(a);
	}
	qsort(seen, count, sizeof *seen, compare_seen);
	for (size_t i = 1; i < count; i++)
		assert_string_not_equal(
			seen[i - 1].folded_dir, seen[i].folded_dir);
	for (size_t i = 0; i < count; i++) {
		free(seen[i].folded_dir);
		free(seen[i].folded_folder);
	}
	free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_ascii_is_injective),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
