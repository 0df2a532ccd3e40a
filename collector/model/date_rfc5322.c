/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 5322 3.3 and 4.3, and what mailers have written instead:
 *
 *     Mon, 23 Nov 2026 15:28:36 +0100 (CET)     as it should be
 *     Monday, 23-Nov-26 15:28:36 GMT            RFC 850
 *     Mon Nov 23 15:28:36 [CET] 2026 [+0100]    asctime, with or without
 *     Nov 23, 2026 3:28:36 PM                   month first
 *     2026-11-23T15:28:36Z                      RFC 3339
 *
 * Numbers alone (11/12/2026) are no date: nobody knows which is the month.
 * Words are recognised by what they are, so that a missing comma does not
 * matter; what follows a complete date is not read.
 */
#include "date.h"

#include "date_words.h"

#include <stdbool.h>

struct scan {
	const char *p;
	const char *end;
};

struct fields {
	int year, month, day, hour, min, sec, zone;
	bool has_year, has_time;
};

static char peek(const struct scan *s)
{
	return (char)(s->p < s->end ? *s->p : '\0');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Weekdays come in all languages. */
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (unsigned char)c >= 0x80;
}

/* Blanks, line ends and comments, which nest: RFC 5322 3.2.2. */
static void skip_blank(struct scan *s)
{
	unsigned depth = 0;

	for (; s->p < s->end; s->p++) {
		char c = *s->p;
		if (c == '(') {
			depth++;
		} else if (c == ')' && depth > 0) {
			depth--;
		} else if (c == '\\' && depth > 0) {
			if (s->p + 1 < s->end)
				s->p++;
		} else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' &&
			   c != '\n' && c != '"') {
			return;
		}
	}
}

static bool take(struct scan *s, char c)
{
	if (peek(s) != c || s->p >= s->end)
		return false;
	s->p++;
	return true;
}

/* Between the parts of a date. */
static void skip_separators(struct scan *s)
{
	do
		skip_blank(s);
	while (take(s, ',') || take(s, '-') || take(s, '.'));
}

/* A number of at most max digits; -1 where there is none. */
static int take_number(struct scan *s, int max, int *ret_digits)
{
	int value = 0, n = 0;

	for (; is_digit(peek(s)); s->p++, n++) {
		if (n == max)
			return -1;
		value = value * 10 + (peek(s) - '0');
	}
	*ret_digits = n;
	return n > 0 ? value : -1;
}

static size_t take_word(struct scan *s, const char **ret_word)
{
	*ret_word = s->p;
	while (is_letter(peek(s)))
		s->p++;
	return (size_t)(s->p - *ret_word);
}

/* RFC 5322 4.3 for years of two and three digits. */
static int take_year(struct scan *s, struct fields *f)
{
	int digits, year;

	skip_separators(s);
	year = take_number(s, 4, &digits);
	if (year < 0 || digits < 2)
		return -1;
	if (digits == 2)
		year += year < 50 ? 2000 : 1900;
	else if (digits == 3)
		year += 1900;
	f->year = year;
	f->has_year = true;
	return 0;
}

/* hh:mm[:ss[.fraction]] or with dots; then perhaps AM or PM. */
static int take_time(struct scan *s, struct fields *f)
{
	struct scan ahead;
	const char *word;
	bool afternoon;
	int digits;
	char colon;
	size_t n;

	f->hour = take_number(s, 2, &digits);
	colon = peek(s);
	if (f->hour < 0 || (colon != ':' && colon != '.'))
		return -1;
	s->p++;
	f->min = take_number(s, 2, &digits);
	if (f->min < 0)
		return -1;
	if (take(s, colon)) {
		f->sec = take_number(s, 2, &digits);
		if (f->sec < 0)
			return -1;
		if (peek(s) == '.' || peek(s) == ',')
			for (s->p++; is_digit(peek(s));)
				s->p++;
	}
	f->has_time = true;
	ahead = *s;
	skip_blank(&ahead);
	n = take_word(&ahead, &word);
	if (!date_is_half_day(word, n, &afternoon))
		return 0;
	if (f->hour < 1 || f->hour > 12)
		return -1;
	f->hour = f->hour % 12 + (afternoon ? 12 : 0);
	*s = ahead;
	return 0;
}

/* [name][±hhmm | ±hh:mm | ±hh]; none at all is UTC. */
static int take_zone(struct scan *s, struct fields *f)
{
	const char *word;
	int sign, zone, minutes, digits;
	size_t n;

	skip_blank(s);
	n = take_word(s, &word);
	if (n > 0)
		f->zone = date_zone(word, n);
	if (n == 0 || is_digit((char)(s->end - s->p > 1 ? s->p[1] : '\0'))) {
		sign = peek(s) == '-' ? -1 : 1;
		if (!take(s, '-') && !take(s, '+'))
			return 0;
		zone = take_number(s, 4, &digits);
		if (zone < 0)
			return -1;
		if (digits <= 2)
			zone *= 100;
		if (digits <= 2 && take(s, ':')) {
			minutes = take_number(s, 2, &digits);
			if (minutes < 0)
				return -1;
			zone += minutes;
		}
		f->zone = sign * zone;
	}
	return 0;
}

/* The number here is an hour: a ':' follows it. */
static bool is_time(struct scan s)
{
	int digits;

	return take_number(&s, 2, &digits) >= 0 && peek(&s) == ':';
}

static int take_month_first(struct scan *s, struct fields *f)
{
	int digits;

	skip_separators(s);
	f->day = take_number(s, 2, &digits);
	skip_separators(s);
	if (f->day < 0 || !is_digit(peek(s)))
		return -1;
	return is_time(*s) ? 0 : take_year(s, f);
}

/* 2026-11-23, then "T" or a blank. The year is taken. */
static int take_iso(struct scan *s, struct fields *f)
{
	int digits;

	if (!take(s, '-') || (f->month = take_number(s, 2, &digits)) < 0 ||
		!take(s, '-') || (f->day = take_number(s, 2, &digits)) < 0)
		return -1;
	f->has_year = true;
	if (!take(s, 'T'))
		(void)take(s, 't');
	return 0;
}

static int take_day_first(struct scan *s, struct fields *f)
{
	const char *word;
	int digits;
	size_t n;

	f->day = take_number(s, 4, &digits);
	if (f->day >= 0 && digits == 4) {
		f->year = f->day;
		return take_iso(s, f);
	}
	if (f->day < 0 || digits > 2)
		return -1;
	skip_separators(s);
	n = take_word(s, &word);
	f->month = date_month(word, n);
	return f->month > 0 ? take_year(s, f) : -1;
}

static int take_date(struct scan *s, struct fields *f)
{
	const char *word;
	size_t n;

	/* A weekday, whatever its language, then perhaps a month. */
	for (int words = 0; words < 2; words++) {
		skip_separators(s);
		n = take_word(s, &word);
		if (n == 0)
			return take_day_first(s, f);
		f->month = date_month(word, n);
		if (f->month > 0)
			return take_month_first(s, f);
	}
	return -1;
}

int date_parse_rfc5322(const char *text, size_t n, int64_t *ret_wall_s)
{
	struct scan s = {text, text + n};
	struct fields f = {0};

	if (n == 0 || take_date(&s, &f) < 0)
		return -1;
	skip_blank(&s);
	(void)take(&s, ',');
	skip_blank(&s);
	if (is_digit(peek(&s)) && take_time(&s, &f) < 0)
		return -1;
	if (f.has_time && take_zone(&s, &f) < 0)
		return -1;
	if (!f.has_year && (take_year(&s, &f) < 0 ||
				   (f.zone == 0 && take_zone(&s, &f) < 0)))
		return -1;
	return date_from_fields(f.year, f.month, f.day, f.hour, f.min, f.sec,
		f.zone, ret_wall_s);
}
