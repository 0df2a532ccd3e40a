/* SPDX-License-Identifier: BSD-2-Clause */
/* hours: times of the day, also where clocks are set forward and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector/model/date.h"
#include "collector/model/hours.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void in_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static int64_t utc(int month, int day, int hour, int min)
{
	int64_t s;

	assert_int_equal(
		date_from_fields(2026, month, day, hour, min, 0, 0, &s), 0);
	return s;
}

static struct hours parsed(const char *text)
{
	struct hours h;

	if (!hours_parse(text, &h))
		fail_msg("%s", text);
	return h;
}

/* Three; nine are too many. */
#define MANY "01:00-02:00,01:00-02:00,01:00-02:00"

static void test_forms(void **unused)
{
	static const char *const bad[] = {"22", "22:00", "22:00-", "-06:00",
		"22:00-22:00", "24:00-06:00", "22:00-24:01", "22:60-23:00",
		"2:00-3:00", "22:00-06:00,", ",22:00-06:00", "22:00 - 06:00",
		"22:00-06:00;07:00-08:00", "22:00-06:000", "a2:00-06:00",
		(MANY "," MANY "," MANY)};
	struct hours h = {.count = 77};

	(void)unused;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (hours_parse(bad[i], &h))
			fail_msg("%s", bad[i]);
	assert_int_equal(h.count, 77);
	assert_int_equal(parsed("").count, 0);
	h = parsed("22:00-06:00,12:30-24:00");
	assert_int_equal(h.count, 2);
	assert_int_equal(h.ranges[0].from, 1320);
	assert_int_equal(h.ranges[0].to, 360);
	assert_int_equal(h.ranges[1].to, 1440);
}

static void test_over_midnight(void **unused)
{
	struct hours h = parsed("22:00-06:00");

	(void)unused;
	in_zone("UTC0");
	assert_false(hours_are_open(&h, utc(5, 1, 21, 59)));
	assert_true(hours_are_open(&h, utc(5, 1, 22, 0)));
	assert_true(hours_are_open(&h, utc(5, 2, 0, 0)));
	assert_true(hours_are_open(&h, utc(5, 2, 5, 59) + 59));
	assert_false(hours_are_open(&h, utc(5, 2, 6, 0)));
	assert_int_equal(
		hours_change(&h, utc(5, 1, 12, 3) + 7), utc(5, 1, 22, 0));
	assert_int_equal(hours_change(&h, utc(5, 1, 22, 0)), utc(5, 2, 6, 0));
	assert_int_equal(hours_change(&h, utc(5, 2, 5, 59)), utc(5, 2, 6, 0));
	assert_int_equal(hours_change(&h, utc(5, 2, 6, 0)), utc(5, 2, 22, 0));
}

static void test_several(void **unused)
{
	struct hours h = parsed("12:07-12:08,18:30-24:00");

	(void)unused;
	in_zone("UTC0");
	assert_int_equal(hours_change(&h, utc(5, 1, 0, 0)), utc(5, 1, 12, 7));
	assert_int_equal(hours_change(&h, utc(5, 1, 12, 7)), utc(5, 1, 12, 8));
	assert_int_equal(hours_change(&h, utc(5, 1, 12, 8)), utc(5, 1, 18, 30));
	assert_int_equal(hours_change(&h, utc(5, 1, 20, 0)), utc(5, 2, 0, 0));
}

static void test_never(void **unused)
{
	struct hours all = parsed(""), day = parsed("00:00-24:00");

	(void)unused;
	in_zone("UTC0");
	assert_true(hours_are_open(&all, 0));
	assert_int_equal(hours_change(&all, utc(5, 1, 0, 0)), 0);
	assert_true(hours_are_open(&day, utc(5, 1, 0, 0)));
	assert_int_equal(hours_change(&day, utc(5, 1, 0, 0)), 0);
}

/* 2026-03-29: 02:00 becomes 03:00 at 01:00 UTC. */
static void test_set_forward(void **unused)
{
	struct hours gap = parsed("02:30-04:00"), in = parsed("02:15-02:45");
	struct hours night = parsed("22:00-06:00");

	(void)unused;
	in_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_int_equal(
		hours_change(&gap, utc(3, 29, 0, 50)), utc(3, 29, 1, 0));
	assert_int_equal(
		hours_change(&gap, utc(3, 29, 1, 0)), utc(3, 29, 2, 0));
	/* a time that there is not on that day: on the next */
	assert_int_equal(
		hours_change(&in, utc(3, 29, 0, 0)), utc(3, 30, 0, 15));
	assert_int_equal(
		hours_change(&night, utc(3, 28, 21, 0)), utc(3, 29, 4, 0));
}

/* 2026-10-25: 03:00 becomes 02:00 at 01:00 UTC. */
static void test_set_back(void **unused)
{
	struct hours twice = parsed("02:00-02:30");
	struct hours night = parsed("22:00-06:00");

	(void)unused;
	in_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_int_equal(
		hours_change(&twice, utc(10, 25, 0, 10)), utc(10, 25, 0, 30));
	assert_int_equal(
		hours_change(&twice, utc(10, 25, 0, 40)), utc(10, 25, 1, 0));
	assert_int_equal(
		hours_change(&twice, utc(10, 25, 1, 0)), utc(10, 25, 1, 30));
	assert_int_equal(
		hours_change(&night, utc(10, 24, 20, 0)), utc(10, 25, 5, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_over_midnight),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_set_forward),
		cmocka_unit_test(test_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
