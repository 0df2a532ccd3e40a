/* SPDX-License-Identifier: BSD-2-Clause */
#include "cutover_options.h"

#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/date.h"
#include "../model/hours.h"
#include "../model/text.h"
#include "json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Slower, a session would have to wait for so long that it is given up. */
#define MAX_RATE_MIN ((uint64_t)64 << 10)
#define MAX_RATE_MAX ((uint64_t)1 << 30)

static int refuse(
	struct err *err, const char *option, const char *value, const char *why)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"--%s %s: %s", option, value, why);
}

/* Typed as a word of a command line, again and again. */
static int apply_group(struct account *a, const char *value, struct err *err)
{
	bool good = value[0] != '-' && strlen(value) < ACCOUNT_NAME_MAX;

	for (const char *p = value; good && *p != '\0'; p++)
		good = *p > 0x20 && *p < 0x7f && *p != '"';
	if (!good)
		return refuse(err, "group", value,
			"it takes 1 to 128 printable ASCII characters without "
			"space and quote, and does not begin with -");
	free(a->group);
	a->group = mem_strdup(value);
	return 0;
}

static int apply_priority(struct account *a, const char *value, struct err *err)
{
	if (!isdigit((unsigned char)value[0]) || value[1] != '\0')
		return refuse(err, "priority", value,
			"it takes a digit from 0 (last) to 9 (first)");
	a->priority = value[0] - '0';
	return 0;
}

/* RFC 3339 5.6: a full-date, which counts to its end, or a date-time. */
static bool parse_until(const char *value, int64_t *ret_wall_s)
{
	int year, month, day, hour = 24, min = 0, sec = 0, zh = 0, zm = 0;
	int used = 0, at = 0;
	char t = '\0', sign = '+';

	if (sscanf(value, "%4d-%2d-%2d%n", &year, &month, &day, &at) != 3 ||
		at != 10)
		return false;
	if (value[at] != '\0') {
		if (sscanf(value + at, "%c%2d:%2d:%2d%n", &t, &hour, &min, &sec,
			    &used) != 4 ||
			used != 9 || strchr("Tt ", t) == NULL || hour > 23)
			return false;
		at += used;
		if (value[at] == '.')
			at += 1 + (int)strspn(value + at + 1, "0123456789");
		used = 0;
		if (strcmp(value + at, "Z") != 0 &&
			strcmp(value + at, "z") != 0 &&
			(sscanf(value + at, "%c%2d:%2d%n", &sign, &zh, &zm,
				 &used) != 3 ||
				used != 6 || strchr("+-", sign) == NULL ||
				value[at + used] != '\0'))
			return false;
	}
	if (date_from_fields(year, month, day, hour == 24 ? 0 : hour, min, sec,
		    (zh * 100 + zm) * (sign == '-' ? -1 : 1), ret_wall_s) < 0)
		return false;
	*ret_wall_s += hour == 24 ? 86400 : 0;
	return true;
}

static int apply_until(struct account *a, const char *value, struct err *err)
{
	int64_t until_at = 0;

	if (strcmp(value, "") != 0 && strcmp(value, "none") != 0 &&
		!parse_until(value, &until_at))
		return refuse(err, "until", value,
			"it takes a date such as 2027-03-31 (to its end, UTC), "
			"a time such as 2027-03-31T18:00:00+02:00, or none");
	a->until_at = until_at;
	if (a->finish == FINISH_UNTIL && !account_is_over(a, clock_wall_s()))
		a->paused = false;
	return 0;
}

static int apply_hours(struct account *a, const char *value, struct err *err)
{
	struct hours hours;

	if (strcmp(value, "none") == 0)
		value = "";
	if (!hours_parse(value, &hours))
		return refuse(err, "between", value,
			"it takes times of the day such as 22:00-06:00, "
			"several with commas between, or none");
	free(a->hours);
	a->hours = mem_strdup(value);
	return 0;
}

static int apply_rate(struct account *a, const char *value, struct err *err)
{
	uint64_t rate = 0;

	if (strcmp(value, "") != 0 && strcmp(value, "none") != 0 &&
		(text_parse_size(value, &rate) < 0 || rate < MAX_RATE_MIN ||
			rate > MAX_RATE_MAX))
		return refuse(err, "max-rate", value,
			"it takes bytes a second such as 2M, from 64K to 1G, "
			"or none");
	a->max_rate = (int64_t)rate;
	return 0;
}

int cutover_options_apply(
	struct account *a, const struct args *args, struct err *err)
{
	const char *group = args_value(args, "group");
	const char *priority = args_value(args, "priority");
	const char *until = args_value(args, "until");
	const char *hours = args_value(args, "between");
	const char *rate = args_value(args, "max-rate");

	/* who says how often has more in mind than the last run */
	if (a->finish == FINISH_DONE && args_value(args, "every") != NULL)
		a->paused = false;
	if ((group != NULL && apply_group(a, group, err) < 0) ||
		(priority != NULL && apply_priority(a, priority, err) < 0) ||
		(until != NULL && apply_until(a, until, err) < 0) ||
		(hours != NULL && apply_hours(a, hours, err) < 0) ||
		(rate != NULL && apply_rate(a, rate, err) < 0))
		return -1;
	return 0;
}

json_t *cutover_options_json(const struct account *a)
{
	char when[CLOCK_RFC3339_BYTES], rate[32];

	text_format_size((uint64_t)a->max_rate, rate);
	return json_pack("{s:o, s:i, s:o, s:o, s:o}", "group",
		a->group[0] != '\0' ? json_text(a->group) : json_null(),
		"priority", a->priority, "until",
		a->until_at != 0 ? json_string(clock_rfc3339(a->until_at, when))
				 : json_null(),
		"between",
		a->hours[0] != '\0' ? json_text(a->hours) : json_null(),
		"max_rate", a->max_rate != 0 ? json_string(rate) : json_null());
}

int64_t cutover_options_opens_at(const struct account *a)
{
	struct hours hours;
	int64_t now_s = clock_wall_s();

	if (!hours_parse(a->hours, &hours) || hours_are_open(&hours, now_s))
		return 0;
	return hours_change(&hours, now_s);
}
