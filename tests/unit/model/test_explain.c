/* SPDX-License-Identifier: BSD-2-Clause */
/* Every class that a user can see has all its texts, and they are sentences
 * of their own. */
#include "collector/model/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_text(const char *class, const char *text, size_t least)
{
	size_t n;

	assert_non_null(text);
	n = strlen(text);
	if (n < least || text[n - 1] != '.' || text[0] < 'A' ||
		strstr(text, "  ") != NULL || strchr(text, '\n') != NULL)
		if (strncmp(text, "mailhaul ", 9) != 0)
			fail_msg("%s: \"%s\"", class, text);
	for (const char *c = text; *c != '\0'; c++)
		assert_true(
			(unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f);
}

static void all_have_all(void **state)
{
	(void)state;
	for (int c = ERR_NONE + 1; c < ERR_CANCELLED; c++) {
		const char *name = err_class_name((enum err_class)c);
		const struct explanation *e = explain_class((enum err_class)c);

		if (e == NULL)
			fail_msg("nothing explains %s", name);
		assert_int_equal(e->class, c);
		assert_non_null(e->title);
		assert_true(strlen(e->title) > 10);
		assert_true(e->title[strlen(e->title) - 1] != '.');
		check_text(name, e->user, 40);
		check_text(name, e->happened, 40);
		check_text(name, e->lost, 20);
		check_text(name, e->itself, 20);
		check_text(name, e->todo, 20);
		/* whose mail it is knows no commands and no settings */
		assert_null(strstr(e->user, "mailhaul"));
		assert_null(strstr(e->user, "limits."));
		assert_ptr_equal(
			strstr(e->lost, "Nothing"), e->lost); /* a promise */
	}
}

static void each_once(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct explanation *e = explanations; e->class != ERR_NONE;
		e++, n++)
		for (const struct explanation *o = explanations; o != e; o++) {
			assert_int_not_equal(o->class, e->class);
			assert_string_not_equal(o->title, e->title);
			assert_string_not_equal(o->user, e->user);
		}
	assert_int_equal(n, ERR_CANCELLED - 1);
	assert_null(explain_class(ERR_NONE));
	assert_null(explain_class(ERR_CANCELLED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_have_all),
		cmocka_unit_test(each_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
