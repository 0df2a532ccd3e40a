/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_inbox(void **state)
{
	(void)state;
	assert_true(name_is_inbox("INBOX"));
	assert_true(name_is_inbox("inbox"));
	assert_true(name_is_inbox("iNbOx"));
	assert_false(name_is_inbox(""));
	assert_false(name_is_inbox("INBO"));
	assert_false(name_is_inbox("INBOXX"));
	assert_false(name_is_inbox("INBOX/x"));
	assert_false(name_is_inbox("\xc4\xb0NBOX")); /* Turkish dotted I */
}

static void test_casefold(void **state)
{
	static const struct {
		const char *text, *folded;
	} rows[] = {
		{"", ""},
		{"Sent Items", "sent items"},
		{"ENTW\xc3\x9cRFE", "entw\xc3\xbcrfe"},
		{"ENTWU\xcc\x88RFE", "entw\xc3\xbcrfe"},
		{"stra\xc3\x9f"
		 "e",
			"strasse"},
		{"\xce\xa3\xcf\x82\xcf\x83", "\xcf\x83\xcf\x83\xcf\x83"},
		{".&AMk-", ".&amk-"},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t need = strlen(rows[i].folded) + 1;
		assert_int_equal(
			name_casefold(rows[i].text, out, sizeof out), 0);
		assert_string_equal(out, rows[i].folded);
		memset(out, 'X', sizeof out);
		assert_int_equal(
			name_casefold(rows[i].text, out, need - 1), -1);
		assert_int_equal(out[need - 1], 'X');
		assert_int_equal(name_casefold(rows[i].text, out, need), 0);
	}
	assert_int_equal(name_casefold("\xff", out, sizeof out), -1);
}

static void test_glob(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} rows[] = {
		{"", "", true},
		{"", "a", false},
		{"a", "", false},
		{"*", "", true},
		{"*", "Archive/2024", true},
		{"**", "a", true},
		{"?", "a", true},
		{"?", "", false},
		{"?", "ab", false},
		{"?", "\xc3\xbc", true},
		{"??", "\xc3\xbc", false},
		{"?", "\xf0\x9f\x92\x8c", true},
		{"?", "\xff", true},
		{"Archive/*", "Archive/2024/05", true},
		{"Archive/*", "Archive", false},
		{"Archive*", "Archive", true},
		{"*/2024", "Archive/2024", true},
		{"*/2024", "Archive/2024/x", false},
		{"*a*b*c", "xxaxxbxxbxxc", true},
		{"*a*b*c", "xxaxxcxxb", false},
		{"a*a", "a", false},
		{"a*a", "aa", true},
		{"a*?", "a", false},
		{"*?x", "\xc3\xbcx", true},
		{"*\xbc", "\xc3\xbc", false}, /* not inside a character */
		{"archive", "Archive", false},
		{"INBOX", "INBOX", true},
		{"inbox", "INBOX", true},
		{"InB*", "INBOX", true},
		{"inb?x", "INBOX", true},
		{"INBOX", "inbox", true},
		{"inbox/x", "INBOX/x", false},
		{"INBOX/*", "INBOX", false},
		{"[ab]", "a", false},
		{"[ab]", "[ab]", true},
		{"a\\*", "a*", false},
		{"*", "*", true},
		{"?", "?", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (name_glob(rows[i].pattern, rows[i].name) != rows[i].match)
			fail_msg("%s on %s", rows[i].pattern, rows[i].name);
}

/* What takes others exponential time. */
static void test_glob_is_quick(void **state)
{
	char name[1000], pattern[400];

	(void)state;
	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '\0';
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = i % 2 == 0 ? 'a' : '*';
	pattern[sizeof pattern - 2] = 'b';
	pattern[sizeof pattern - 1] = '\0';
	assert_false(name_glob(pattern, name));
	name[sizeof name - 2] = 'b';
	assert_true(name_glob(pattern, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inbox),
		cmocka_unit_test(test_casefold),
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_glob_is_quick),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
