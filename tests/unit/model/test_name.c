/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FOLDER_BYTES (NAME_FOLDER_MAX * 3 + 64)

static const struct {
	const char *mailbox;
	char delimiter;
	const char *folder, *dir;
} rows[] = {
	{"INBOX", '/', "INBOX", ""},
	{"inbox", '.', "INBOX", ""},
	{"InBoX", 0, "INBOX", ""},
	{"inbox/x", '/', "INBOX/x", ".INBOX.x"},
	{"Inbox.x", '.', "INBOX/x", ".INBOX.x"},
	{"inboxes/x", '/', "inboxes/x", ".inboxes.x"},
	{"x/inbox", '/', "x/inbox", ".x.inbox"},
	{"inbox.x", '/', "inbox%2Ex", ".inbox%2Ex"},
	{"INBOX.Sent", '.', "INBOX/Sent", ".INBOX.Sent"},
	{"INBOX/", '/', "INBOX/%", ".INBOX.%"},
	{"INBOX ", '/', "INBOX%20", ".INBOX%20"},
	{"/INBOX", '/', "%/INBOX", ".%.INBOX"},
	{"INBOXX", '/', "INBOXX", ".INBOXX"},
	{"Archive/2024", '/', "Archive/2024", ".Archive.2024"},
	{"Archive.2024", '.', "Archive/2024", ".Archive.2024"},
	{"Archive.2024", '/', "Archive%2E2024", ".Archive%2E2024"},
	{"Archive/2024", '.', "Archive%2F2024", ".Archive%2F2024"},
	{"Archive/2024", 0, "Archive%2F2024", ".Archive%2F2024"},
	{"a.b/c", 0, "a%2Eb%2Fc", ".a%2Eb%2Fc"},
	{"Archive\\2024", '\\', "Archive/2024", ".Archive.2024"},
	{"Archive 2024", ' ', "Archive/2024", ".Archive.2024"},
	{"Archive\\2024", '/', "Archive\\2024", ".Archive\\2024"},
	{"a\xff"
	 "b",
		'\xff', "a/b", ".a.b"},
	{"[Gmail]/All Mail", '/', "[Gmail]/All Mail", ".[Gmail].All Mail"},
	{"", '/', "%", ".%"},
	{"", 0, "%", ".%"},
	{"/", '/', "%/%", ".%.%"},
	{"a//b", '/', "a/%/b", ".a.%.b"},
	{"/a", '/', "%/a", ".%.a"},
	{"a/", '/', "a/%", ".a.%"},
	{".", '/', "%2E", ".%2E"},
	{"..", '/', "%2E%2E", ".%2E%2E"},
	{"..", '.', "%/%/%", ".%.%.%"},
	{"a/../b", '/', "a/%2E%2E/b", ".a.%2E%2E.b"},
	{"../../etc/passwd", '/', "%2E%2E/%2E%2E/etc/passwd",
		".%2E%2E.%2E%2E.etc.passwd"},
	{"..\\..\\x", '\\', "%2E%2E/%2E%2E/x", ".%2E%2E.%2E%2E.x"},
	{"/etc/passwd", '.', "%2Fetc%2Fpasswd", ".%2Fetc%2Fpasswd"},
	{"~x", '/', "%7Ex", ".%7Ex"},
	{"~", '/', "%7E", ".%7E"},
	{"a~x/~y", '/', "a~x/%7Ey", ".a~x.%7Ey"},
	{"100%", '/', "100%25", ".100%25"},
	{"%2E", '/', "%252E", ".%252E"},
	{"%", '/', "%25", ".%25"},
	{"a ", '/', "a%20", ".a%20"},
	{"  a b  ", '/', "%20%20a b%20%20", ".%20%20a b%20%20"},
	{"   ", '/', "%20%20%20", ".%20%20%20"},
	{"a / b", '/', "a%20/%20b", ".a%20.%20b"},
	{"cur", '/', "%63ur", ".%63ur"},
	{"a/new/tmp", '/', "a/%6Eew/%74mp", ".a.%6Eew.%74mp"},
	{"New", '/', "New", ".New"},
	{"current", '/', "current", ".current"},
	{"dovecot", '/', "%64ovecot", ".%64ovecot"},
	{"dovecot-uidlist", '/', "%64ovecot-uidlist", ".%64ovecot-uidlist"},
	{"mailhaul.stage", '/', "%6Dailhaul%2Estage", ".%6Dailhaul%2Estage"},
	{"mailhauler", '/', "%6Dailhauler", ".%6Dailhauler"},
	{"a\r\nb", '/', "a%0D%0Ab", ".a%0D%0Ab"},
	{"\x1b[31m", '/', "%1B[31m", ".%1B[31m"},
	{"\x7f", '/', "%7F", ".%7F"},
	{"tab\there", '/', "tab%09here", ".tab%09here"},
	{"Entw&APw-rfe", '/', "Entw\xc3\xbcrfe", ".Entw&APw-rfe"},
	{"Entw\xc3\xbcrfe", '/', "Entw\xc3\xbcrfe", ".Entw&APw-rfe"},
	{"Entwu\xcc\x88rfe", '/', "Entw\xc3\xbcrfe", ".Entw&APw-rfe"},
	{"Entw&AHUDCA-rfe", '/', "Entw&AHUDCA-rfe", ".Entw&-AHUDCA-rfe"},
	{"Entwu&Awg-rfe", '/', "Entw\xc3\xbcrfe", ".Entw&APw-rfe"},
	{"&Jjo-", '/', "\xe2\x98\xba", ".&Jjo-"},
	{"&2D3cjA-", '/', "\xf0\x9f\x92\x8c", ".&2D3cjA-"},
	{"R&-D", '/', "R&D", ".R&-D"},
	{"R&D", '/', "R&D", ".R&-D"}, /* no UTF-7: kept as it is */
	{"&AC4ALg-", '/', "&AC4ALg-", ".&-AC4ALg-"}, /* ".." in base64 */
	{"&AC8-", '/', "&AC8-", ".&-AC8-"},
	{"&AEkATgBCAE8AWA-", '/', "&AEkATgBCAE8AWA-", ".&-AEkATgBCAE8AWA-"},
	{"x&AAA-y", '/', "x&AAA-y", ".x&-AAA-y"}, /* NUL */
	{"&AAoADQ-", '/', "%0A%0D", ".%0A%0D"},
	{"&AIU-", '/', "%C2%85", ".%C2%85"},
	{"\xc2\x85x", '/', "%C2%85x", ".%C2%85x"},
	{"\xc2\xa0x", '/', "\xc2\xa0x", ".&AKA-x"},
	{"caf\xe9", '/', "caf%E9", ".caf%E9"}, /* Latin-1 */
	{"\xc2"
	 "A\xff",
		'/', "%C2A%FF", ".%C2A%FF"},
	{"\xc0\xae\xc0\xae", '/', "%C0%AE%C0%AE", ".%C0%AE%C0%AE"},
	{"\xed\xa0\x80", '/', "%ED%A0%80", ".%ED%A0%80"},
	{"*?[x]", '/', "*?[x]", ".*?[x]"},
	{"a:2,S", '/', "a:2,S", ".a:2,S"},
	{"-rf", '/', "-rf", ".-rf"},
};

static void test_rows(void **state)
{
	char folder[FOLDER_BYTES], dir[NAME_DIR_MAX], back[FOLDER_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
			name_folder_of(rows[i].mailbox, rows[i].delimiter,
				folder, sizeof folder),
			0);
		assert_string_equal(folder, rows[i].folder);
		assert_int_equal(name_folder_dir(folder, 0, dir), 0);
		assert_string_equal(dir, rows[i].dir);
		assert_int_equal(
			name_folder_from_dir(dir, back, sizeof back), 0);
		assert_string_equal(back, folder);
	}
}

/* Folders that a person typed, or that are nobody's. */
static void test_dir_of_anything(void **state)
{
	static const struct {
		const char *folder, *dir;
	} typed[] = {
		{"Inbox", ""},
		{"Inbox/a", ".INBOX.a"},
		{"Inboxes", ".Inboxes"},
		{"", ".%"},
		{"/", ".%.%"},
		{"a/", ".a.%"},
		{"/a", ".%.a"},
		{".hidden", ".%2Ehidden"},
		{"a.b", ".a%2Eb"},
		{"../x", ".%2E%2E.x"},
		{"..", ".%2E%2E"},
		{"a\xff"
		 "b",
			".a%FFb"},
		{"a\nb", ".a&AAo-b"},
	};
	char dir[NAME_DIR_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(typed); i++) {
		assert_int_equal(name_folder_dir(typed[i].folder, 0, dir), 0);
		assert_string_equal(dir, typed[i].dir);
	}
}

static void test_try(void **state)
{
	char dir[NAME_DIR_MAX], folder[FOLDER_BYTES];

	(void)state;
	assert_int_equal(name_folder_dir("a/b", 1, dir), 0);
	assert_string_equal(dir, ".a.b~1");
	assert_int_equal(name_folder_dir("a/b", 4294967295U, dir), 0);
	assert_string_equal(dir, ".a.b~4294967295");
	assert_int_equal(name_folder_dir("INBOX", 2, dir), 0);
	assert_string_equal(dir, ".INBOX~2");
	assert_int_equal(name_folder_dir("\xc3\xbc", 3, dir), 0);
	assert_string_equal(dir, ".&APw-~3");
	assert_int_equal(name_folder_from_dir(dir, folder, sizeof folder), 0);
	assert_string_equal(folder, "\xc3\xbc~3");
}

static void test_levels(void **state)
{
	char name[200] = "", folder[FOLDER_BYTES], dir[NAME_DIR_MAX];
	char deeper[FOLDER_BYTES + 2];
	size_t slashes = 0, dots = 0;

	(void)state;
	for (int i = 0; i < 30; i++)
		(void)snprintf(name + strlen(name), sizeof name - strlen(name),
			"%s%d", i > 0 ? "/" : "", i);
	assert_int_equal(name_folder_of(name, '/', folder, sizeof folder), 0);
	for (const char *p = folder; *p != '\0'; p++)
		slashes += *p == '/';
	assert_int_equal(slashes, NAME_LEVELS_MAX - 1);
	assert_non_null(strstr(folder, "/18/19%2F20%2F21%2F"));
	/* A prefix in front of it does not make it deeper. */
	(void)snprintf(deeper, sizeof deeper, "p/%s", folder);
	assert_int_equal(name_folder_dir(deeper, 0, dir), 0);
	for (const char *p = dir; *p != '\0'; p++)
		dots += *p == '.';
	assert_int_equal(dots, NAME_LEVELS_MAX);
	assert_non_null(strstr(dir, ".18%2F19%2F20"));
}

/* Cut names end in "~" and ten digits and differ by their whole name. */
static void check_cut(const char *dir, size_t least)
{
	size_t n = strlen(dir);

	assert_in_range(n, least, NAME_DIR_MAX - 1);
	assert_int_equal(dir[n - 11], '~');
	assert_int_equal(
		strspn(dir + n - 10, "abcdefghijklmnopqrstuvwxyz234567"), 10);
}

static void test_long(void **state)
{
	char name[NAME_MAILBOX_MAX + 1], folder[FOLDER_BYTES];
	char a[NAME_DIR_MAX], b[NAME_DIR_MAX];

	(void)state;
	memset(name, 'n', sizeof name);
	name[199] = '\0';
	assert_int_equal(name_folder_dir(name, 0, a), 0);
	assert_int_equal(strlen(a), 200);
	assert_null(strchr(a, '~'));
	assert_int_equal(name_folder_dir(name, 1, b), 0);
	assert_int_equal(strlen(b), 200);
	assert_string_equal(b + 198, "~1");
	assert_int_equal(b[187], '~');
	name[199] = 'n';
	name[200] = '\0';
	assert_int_equal(name_folder_dir(name, 0, a), 0);
	check_cut(a, 200);
	name[250] = '\0';
	name[199] = 'm';
	assert_int_equal(name_folder_dir(name, 0, b), 0);
	check_cut(b, 200);
	assert_string_not_equal(a, b);
	assert_memory_equal(a, b, 190);

	/* The longest names there are, all of it escaped, then too long. */
	memset(name, '.', sizeof name);
	name[NAME_MAILBOX_MAX] = '\0';
	assert_int_equal(name_folder_of(name, 0, folder, sizeof folder), -1);
	name[NAME_MAILBOX_MAX - 1] = '\0';
	assert_int_equal(name_folder_of(name, 0, folder, sizeof folder), 0);
	assert_int_equal(strlen(folder), 3 * (NAME_MAILBOX_MAX - 1));
	assert_int_equal(name_folder_dir(folder, 0, a), 0);
	check_cut(a, 195);
	assert_int_equal(a[strlen(a) - 14], '%'); /* no escape is torn */
	assert_int_equal(name_folder_of(name, '.', folder, sizeof folder), 0);
	assert_int_equal(name_folder_dir(folder, 0, a), 0);
}

/* Wherever the cut falls, the characters before it are whole. */
static void test_cut_at_characters(void **state)
{
	static const char *const units[] = {"\xc3\xbc", "\xe2\x98\xba",
		"\xf0\x9f\x92\x8c", "x\xc3\xbc", "%2E", "ab/", "&"};
	char folder[FOLDER_BYTES], back[FOLDER_BYTES], dir[NAME_DIR_MAX];

	(void)state;
	for (size_t u = 0; u < COUNT(units); u++) {
		for (size_t lead = 0; lead < 12; lead++) {
			size_t kept;
			memset(folder, 'l', lead);
			folder[lead] = '\0';
			while (strlen(folder) < 600)
				(void)strcat(folder, units[u]);
			assert_int_equal(name_folder_dir(folder, 0, dir), 0);
			check_cut(dir, u == 5 ? 60 : 180);
			assert_int_equal(
				name_folder_from_dir(dir, back, sizeof back),
				0);
			kept = strlen(back) - 11;
			if (u != 5) /* "/" becomes %2F behind level 20 */
				assert_memory_equal(back, folder, kept);
			assert_true(
				((unsigned char)folder[kept] & 0xc0) != 0x80);
			assert_int_not_equal(back[kept - 1], '/');
		}
	}
}

static void test_small(void **state)
{
	char out[64];

	(void)state;
	for (size_t n = 0; n <= 6; n++) {
		int want = n < 6 ? -1 : 0;
		memset(out, 'X', sizeof out);
		assert_int_equal(name_folder_of("inbox", '/', out, n), want);
		assert_int_equal(out[n], 'X');
		assert_int_equal(name_folder_from_dir("", out, n), want);
		assert_int_equal(out[n], 'X');
		assert_int_equal(name_folder_of("a/.", '/', out, n), want);
		assert_int_equal(out[n], 'X');
		assert_int_equal(name_folder_from_dir(".abc.d", out, n), want);
		assert_int_equal(out[n], 'X');
	}
}

static void test_from_dir(void **state)
{
	char out[NAME_FOLDER_MAX];

	(void)state;
	/* Directories of others: what does not decode stays. */
	assert_int_equal(name_folder_from_dir(".&AOk.x", out, sizeof out), 0);
	assert_string_equal(out, "&AOk/x");
	assert_int_equal(name_folder_from_dir(".caf\xe9", out, sizeof out), 0);
	assert_string_equal(out, "caf\xe9");
	assert_int_equal(name_folder_from_dir("a.b", out, sizeof out), 0);
	assert_string_equal(out, "a/b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_dir_of_anything),
		cmocka_unit_test(test_try),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_cut_at_characters),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_from_dir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
