/* SPDX-License-Identifier: BSD-2-Clause */
/* Which word of a synopsis a typed word is. */
#include "collector/cli/complete.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct row {
	const char *synopsis;
	size_t place;
	const char *form[2]; /* what each form has there; NULL: nothing */
};

static const struct row rows[] = {
	{"list", 0, {NULL}},
	{"show NAME", 0, {"NAME"}},
	{"show NAME", 1, {NULL}},
	{"set NAME [URL] [options]", 1, {"URL"}},
	{"set NAME [URL] [options]", 2, {NULL}},
	{"key list|rotate", 0, {"list|rotate"}},
	{"status [NAME...] [--watch]", 7, {"NAME..."}},
	{"remove NAME... [--yes]", 3, {"NAME..."}},
	{"sync NAME...|--all [--wait]", 1, {"NAME...|--all"}},
	{"sync NAME...|--group NAME|--all [--wait]", 2, {"NAME...|--group"}},
	{"run [NAME...|--group NAME]", 4, {"NAME...|--group"}},
	{"list [--group NAME]", 0, {NULL}},
	{"check NAME|URL [options] | check NAME...|--all|--from FILE", 0,
		{"NAME|URL", "NAME...|--all|--from"}},
	{"check NAME|URL [options] | check NAME...|--all|--from FILE", 1,
		{NULL, "NAME...|--all|--from"}},
	{"completion bash|zsh|fish", 0, {"bash|zsh|fish"}},
};

static void test_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *synopsis = rows[i].synopsis;
		for (size_t form = 0; *synopsis != '\0'; form++) {
			char *got = complete_word_at(&synopsis, rows[i].place);
			assert_true(form < 2);
			if (rows[i].form[form] == NULL)
				assert_null(got);
			else
				assert_string_equal(got, rows[i].form[form]);
			free(got);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_places)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
