/* SPDX-License-Identifier: BSD-2-Clause */
/* Every element once; the newest block first. */
#include "collector/base/mem.h"
#include "collector/sync/order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void each_element_is_in_one_piece(void **state)
{
	static const size_t counts[] = {
		0, 1, 499, 500, 501, 1000, 4999, 5000, 5001, 5499, 5500, 20000};

	(void)state;
	for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
		for (int newest = 0; newest < 2; newest++) {
			unsigned char *seen = mem_alloc(counts[c] + 1);
			struct order o;
			size_t first, n, total = 0, pieces = 0;
			order_begin(&o, counts[c], newest == 1);
			while (order_next(&o, &first, &n)) {
				assert_true(n > 0);
				for (size_t i = first; i < first + n; i++)
					assert_int_equal(seen[i]++, 0);
				total += n;
				if (pieces++ == 0 && newest == 1)
					assert_int_equal(first + n, counts[c]);
			}
			assert_int_equal(total, counts[c]);
			if (newest == 0)
				assert_true(pieces <= 1);
			free(seen);
		}
}

static void newest_comes_in_blocks(void **state)
{
	struct order o;
	size_t first, n;

	(void)state;
	order_begin(&o, 5700, true);
	for (size_t at = 5200; at >= 700; at -= 500) {
		assert_true(order_next(&o, &first, &n));
		assert_int_equal(first, at);
		assert_int_equal(n, 500);
	}
	assert_true(order_next(&o, &first, &n));
	assert_int_equal(first, 0);
	assert_int_equal(n, 700);
	assert_false(order_next(&o, &first, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_element_is_in_one_piece),
		cmocka_unit_test(newest_comes_in_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
