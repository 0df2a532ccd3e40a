/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/quirk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Every bit has one name, and one bit each. */
static void test_table(void **state)
{
	uint64_t all = 0;
	char names[QUIRK_NAMES_MAX];

	(void)state;
	for (const struct quirk_row *q = quirk_table; q->name != NULL; q++) {
		uint64_t bit = q->bit;
		assert_true(bit != 0 && (bit & (bit - 1)) == 0);
		assert_true((all & bit) == 0);
		assert_true(quirk_find(q->name) == bit);
		assert_true(strlen(q->meaning) > 10);
		all |= bit;
	}
	/* none left out of the table, and all names fit */
	assert_true((all & (all + 1)) == 0);
	assert_true((all & QUIRK_NO_MAIL_FOLDERS) != 0);
	quirk_names(all, names);
	assert_true(strlen(names) < QUIRK_NAMES_MAX - 1);
	assert_non_null(strstr(names, "id-first "));
	assert_non_null(strstr(names, " no-mail-folders"));
	quirk_names(QUIRK_NO_EXAMINE | QUIRK_TEN_ERRORS, names);
	assert_string_equal(names, "no-examine ten-errors");
	quirk_names(0, names);
	assert_string_equal(names, "");
	assert_true(quirk_find("nonsense") == 0);
}

static void test_overrides(void **state)
{
	struct quirk_overrides o;
	struct err err = {0};

	(void)state;
	assert_int_equal(quirk_overrides_parse("", &o, &err), 0);
	assert_true(o.on == 0 && o.off == 0);
	assert_int_equal(quirk_overrides_parse("no-examine=on\nten-errors=off\n"
					       "no-idle=off\nno-idle=on",
				 &o, &err),
		0);
	assert_true(o.on == (QUIRK_NO_EXAMINE | QUIRK_NO_IDLE));
	assert_true(o.off == QUIRK_TEN_ERRORS);
	assert_true(quirk_overrule(QUIRK_TEN_ERRORS | QUIRK_SHORT_LINES, &o) ==
		    (QUIRK_SHORT_LINES | QUIRK_NO_EXAMINE | QUIRK_NO_IDLE));
}

/* What is wrong is refused, with every name that there is. */
static void test_refused(void **state)
{
	static const char *const bad[] = {"no-such=on", "no-examine",
		"no-examine=", "no-examine=yes", "no-examine=ON", "=on",
		"no-examine=on\nfoo=off", "no-examine=on ",
		"a-name-that-is-much-longer-than-any-of-the-table=on"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct quirk_overrides o = {.on = 7, .off = 8};
		struct err err = {0};
		assert_int_equal(quirk_overrides_parse(bad[i], &o, &err), -1);
		assert_int_equal(err.class, ERR_CONFIG);
		assert_true(o.on == 7 && o.off == 8);
		for (const struct quirk_row *q = quirk_table; q->name != NULL;
			q++)
			assert_non_null(strstr(err.text, q->name));
	}
}

static void test_no_mail(void **state)
{
	(void)state;
	assert_true(quirk_is_no_mail(UINT64_MAX, "Calendar", '/'));
	assert_true(quirk_is_no_mail(UINT64_MAX, "calendar/Holidays", '/'));
	assert_true(quirk_is_no_mail(UINT64_MAX, "Sync Issues/Conflicts", '/'));
	assert_true(quirk_is_no_mail(UINT64_MAX, "Kalender", '\0'));
	assert_true(quirk_is_no_mail(UINT64_MAX, "予定表", '/'));
	assert_false(quirk_is_no_mail(UINT64_MAX, "Calendars", '/'));
	assert_false(quirk_is_no_mail(UINT64_MAX, "Work/Calendar", '/'));
	assert_false(quirk_is_no_mail(UINT64_MAX, "INBOX", '/'));
	assert_false(quirk_is_no_mail(
		~(uint64_t)QUIRK_NO_MAIL_FOLDERS, "Calendar", '/'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
