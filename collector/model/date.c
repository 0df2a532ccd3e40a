/* SPDX-License-Identifier: BSD-2-Clause */
#include "date.h"

#include "date_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 to the first of January. */
static int64_t days_to_year(int year)
{
	int64_t y = year - 1; /* whole years since the year 1 */

	return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

int date_from_fields(int year, int month, int day, int hour, int min, int sec,
	int zone_hhmm, int64_t *ret_wall_s)
{
	int64_t days, zone_s;

	if (year < 1900 || year > 9999 || month < 1 || month > 12)
		return -1;
	if (day < 1 || day > days_in(year, month))
		return -1;
	/* 60: a leap second, RFC 5322 3.3 */
	if (hour < 0 || hour > 23 || min < 0 || min > 59 || sec < 0 || sec > 60)
		return -1;
	if (zone_hhmm < -2359 || zone_hhmm > 2359 || zone_hhmm % 100 > 59 ||
		zone_hhmm % 100 < -59)
		return -1;
	days = days_to_year(year) + day - 1;
	for (int m = 1; m < month; m++)
		days += days_in(year, m);
	zone_s = (int64_t)(zone_hhmm / 100) * 3600 + zone_hhmm % 100 * 60;
	*ret_wall_s = days * 86400 + hour * 3600 + min * 60 + sec - zone_s;
	return 0;
}

/* Exactly n digits. Moves *s; -1 where there are fewer. */
static int take_digits(const char **s, int n)
{
	int value = 0;

	for (; n > 0; n--, ++*s) {
		if (**s < '0' || **s > '9')
			return -1;
		value = value * 10 + (**s - '0');
	}
	return value;
}

static bool take(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

int date_parse_internal(const char *text, int64_t *ret_wall_s)
{
	int day, month, year, hour, min, sec, zone, sign;

	(void)take(&text, ' ');
	day = take_digits(&text, text[0] != '\0' && text[1] != '-' ? 2 : 1);
	if (day < 0 || !take(&text, '-'))
		return -1;
	month = strnlen(text, 3) == 3 ? date_month(text, 3) : 0;
	if (month == 0)
		return -1;
	text += 3;
	if (!take(&text, '-') || (year = take_digits(&text, 4)) < 0 ||
		!take(&text, ' '))
		return -1;
	if ((hour = take_digits(&text, 2)) < 0 || !take(&text, ':') ||
		(min = take_digits(&text, 2)) < 0 || !take(&text, ':') ||
		(sec = take_digits(&text, 2)) < 0 || !take(&text, ' '))
		return -1;
	sign = *text == '-' ? -1 : 1;
	if (!take(&text, '-') && !take(&text, '+'))
		return -1;
	zone = take_digits(&text, 4);
	if (zone < 0 || *text != '\0')
		return -1;
	return date_from_fields(
		year, month, day, hour, min, sec, sign * zone, ret_wall_s);
}
