/* SPDX-License-Identifier: BSD-2-Clause */
#include "hours.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define DAY_MIN 1440
/* Time zones differ by multiples of it, also where they change. */
#define ZONE_MIN 15

/* "HH:MM" at *text, which moves behind it; -1: it is none. 24:00 is one. */
static int take_minute(const char **text)
{
	const char *t = *text;
	int hour, min;

	for (int i = 0; i < 5; i++)
		if (i == 2 ? t[i] != ':' : !isdigit((unsigned char)t[i]))
			return -1;
	hour = (t[0] - '0') * 10 + (t[1] - '0');
	min = (t[3] - '0') * 10 + (t[4] - '0');
	if (min > 59 || hour * 60 + min > DAY_MIN)
		return -1;
	*text = t + 5;
	return hour * 60 + min;
}

bool hours_parse(const char *text, struct hours *ret_hours)
{
	struct hours h = {0};

	if (strlen(text) >= HOURS_TEXT_MAX)
		return false;
	while (*text != '\0') {
		int from = take_minute(&text), to;
		if (from < 0 || from == DAY_MIN || *text++ != '-')
			return false;
		to = take_minute(&text);
		if (to < 0 || to == from || h.count == HOURS_MAX)
			return false;
		h.ranges[h.count].from = from;
		h.ranges[h.count++].to = to;
		if (*text == ',' && text[1] != '\0')
			text++;
		else if (*text != '\0')
			return false;
	}
	*ret_hours = h;
	return true;
}

bool hours_are_open(const struct hours *h, int64_t wall_s)
{
	time_t t = (time_t)wall_s;
	struct tm tm;
	int at;

	if (h->count == 0 || localtime_r(&t, &tm) == NULL)
		return true;
	at = tm.tm_hour * 60 + tm.tm_min;
	for (int i = 0; i < h->count; i++) {
		int from = h->ranges[i].from, to = h->ranges[i].to;
		if (from < to ? at >= from && at < to : at >= from || at < to)
			return true;
	}
	return false;
}

static int common(int a, int b)
{
	while (b != 0) {
		int rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* Looks at every moment at which it could change: nothing that clocks do in
 * between is missed, and nothing has to be known of it. */
int64_t hours_change(const struct hours *h, int64_t wall_s)
{
	bool open = hours_are_open(h, wall_s);
	int step_min = ZONE_MIN;
	int64_t step_s, at_s;

	if (h->count == 0)
		return 0;
	for (int i = 0; i < h->count; i++) {
		step_min = common(step_min, h->ranges[i].from);
		step_min = common(step_min, h->ranges[i].to);
	}
	step_s = (int64_t)step_min * 60;
	at_s = wall_s - wall_s % step_s;
	for (int i = 0; i < 2 * DAY_MIN / step_min; i++) {
		at_s += step_s;
		if (hours_are_open(h, at_s) != open)
			return at_s;
	}
	return 0;
}
