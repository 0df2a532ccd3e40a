/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread's own clock: computing counts, waiting does not, and a thread that
 * has gone has none. */
#include "collector/base/effort.h"
#include "collector/base/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

static struct effort effort;
static atomic_int step; /* 0: compute; 1: mark and wait; 2: end */

static void *work(void *arg)
{
	effort_begin(&effort);
	while (atomic_load(&step) == 0)
		;
	effort_mark(&effort);
	while (atomic_load(&step) == 1)
		(void)usleep(1000);
	effort_end(&effort);
	return arg;
}

static void wait_for_effort(int64_t ms)
{
	for (int i = 0; i < 6000 && effort_ms(&effort) < ms; i++)
		(void)usleep(10000);
	assert_true(effort_ms(&effort) >= ms);
}

static void computing_counts(void **state)
{
	struct task task;

	(void)state;
	assert_int_equal(effort_ms(&effort), 0);
	effort_mark(NULL);
	effort_mark(&effort); /* of nobody */
	assert_int_equal(task_start(&task, work, NULL, NULL), 0);
	wait_for_effort(400);
	atomic_store(&step, 1);
	(void)usleep(700000);
	assert_true(effort_ms(&effort) < 350); /* of 700 */
	atomic_store(&step, 2);
	task_join(&task);
	assert_int_equal(effort_ms(&effort), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(computing_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
