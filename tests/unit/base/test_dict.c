/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/base/dict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MANY 20000

static void one_number_a_name(void **state)
{
	struct dict *d = dict_new();
	size_t value = 99;

	(void)state;
	assert_false(dict_get(d, "", &value));
	assert_true(dict_add(d, "", 1));
	assert_false(dict_add(d, "", 2));
	assert_true(dict_get(d, "", &value));
	assert_int_equal(value, 1);
	dict_put(d, "", 3);
	dict_put(d, "\xff\x01", 4);
	assert_true(dict_get(d, "", &value));
	assert_int_equal(value, 3);
	assert_true(dict_get(d, "\xff\x01", NULL));
	assert_false(dict_get(d, "\xff", NULL));
	dict_free(&d);
	assert_null(d);
	dict_free(&d);
}

static void it_grows(void **state)
{
	struct dict *d = dict_new();
	char key[32];
	size_t value;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(key, sizeof key, "box %zu", i);
		assert_true(dict_add(d, key, i));
	}
	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(key, sizeof key, "box %zu", i);
		assert_true(dict_get(d, key, &value));
		assert_int_equal(value, i);
		(void)snprintf(key, sizeof key, "Box %zu", i);
		assert_false(dict_get(d, key, &value));
	}
	dict_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_number_a_name),
		cmocka_unit_test(it_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
