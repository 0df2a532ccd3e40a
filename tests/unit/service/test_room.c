/* SPDX-License-Identifier: BSD-2-Clause */
/* When a file system counts as full, and when no longer. */
#include "collector/service/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static struct room_facts disk(uint64_t bytes, uint64_t all)
{
	return (struct room_facts){.bytes = bytes,
		.bytes_all = all,
		.files = 1000000,
		.files_all = 2000000};
}

static void low_is_little_of_any_disk(void **state)
{
	const struct room_facts none = {.bytes = 0};
	struct room_facts f;

	(void)state;
	f = disk(63 * MIB, 1000 * GIB);
	assert_true(room_is_low(&f));
	f = disk(64 * MIB, 1000 * GIB);
	assert_false(room_is_low(&f));
	f = disk(MIB / 4, 8 * MIB);
	assert_false(room_is_low(&f));
	f = disk(MIB / 8, 8 * MIB);
	assert_true(room_is_low(&f));
	f = disk(0, 8 * MIB);
	assert_true(room_is_low(&f));
	/* a file system that tells nothing of itself */
	assert_false(room_is_low(&none));
}

static void inodes_count_too(void **state)
{
	struct room_facts f = disk(GIB, 2 * GIB);

	(void)state;
	f.files = 999;
	assert_true(room_is_low(&f));
	f.files = 1000;
	assert_false(room_is_low(&f));
	f.files_all = 20;
	f.files = 1;
	assert_true(room_is_low(&f));
	f.files = 2;
	assert_false(room_is_low(&f));
	f.files = f.files_all = 0; /* btrfs counts none */
	assert_false(room_is_low(&f));
}

/* Who is full at 64 MiB is not well again at 65. */
static void it_is_over_when_there_is_more(void **state)
{
	struct room_facts then = disk(0, 1000 * GIB), now;

	(void)state;
	now = disk(65 * MIB, 1000 * GIB);
	assert_false(room_is_low(&now));
	assert_false(room_is_back(&now, &then, 0));
	assert_false(room_is_back(&now, &then, 100 * ROOM_PROBE_MS));
	now = disk(128 * MIB, 1000 * GIB);
	assert_true(room_is_back(&now, &then, 0));
	now.files = 1500;
	assert_false(room_is_back(&now, &then, 0));
}

/* A write failed where much was free: what was free then does not help. */
static void what_did_not_help_then_does_not_now(void **state)
{
	struct room_facts then = disk(GIB, 1000 * GIB), now = then;

	(void)state;
	assert_false(room_is_back(&now, &then, 0));
	assert_false(room_is_back(&now, &then, ROOM_PROBE_MS - 1));
	now.bytes += 100 * MIB;
	assert_false(room_is_back(&now, &then, 0));
	now.bytes += 100 * MIB;
	assert_true(room_is_back(&now, &then, 0));
	now = then;
	now.files += 100;
	assert_false(room_is_back(&now, &then, 0));
	now.files += 3000;
	assert_true(room_is_back(&now, &then, 0));
	/* and in the end it is tried */
	assert_true(room_is_back(&then, &then, ROOM_PROBE_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(low_is_little_of_any_disk),
		cmocka_unit_test(inodes_count_too),
		cmocka_unit_test(it_is_over_when_there_is_more),
		cmocka_unit_test(what_did_not_help_then_does_not_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
