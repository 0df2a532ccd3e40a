/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#define DURATION_MAX_S ((int64_t)10 * 365 * 86400)

/* tolower() asks the locale, and Turkish has another opinion on "I". */
static unsigned char fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool text_equal_n(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fold(a[i]) != fold(b[i]))
			return false;
	return true;
}

bool text_equal(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n == strlen(b) && text_equal_n(a, b, n);
}

/* Digits only, no sign, no blank. Moves *s behind them; -1 if there are none
 * or the number does not fit. */
static int parse_digits(const char **s, uint64_t *ret)
{
	uint64_t n = 0;

	if (**s < '0' || **s > '9')
		return -1;
	for (; **s >= '0' && **s <= '9'; ++*s) {
		unsigned digit = (unsigned)(**s - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*ret = n;
	return 0;
}

static const struct {
	char letter;
	int64_t seconds;
} duration_units[] = {
	{'w', 604800},
	{'d', 86400},
	{'h', 3600},
	{'m', 60},
	{'s', 1},
};

#define DURATION_UNITS (sizeof duration_units / sizeof duration_units[0])

int text_parse_duration(const char *s, int64_t *ret_s)
{
	uint64_t n, unit = 1;

	if (parse_digits(&s, &n) < 0)
		return -1;
	if (*s != '\0') {
		unit = 0;
		for (size_t i = 0; i < DURATION_UNITS; i++)
			if (duration_units[i].letter == *s)
				unit = (uint64_t)duration_units[i].seconds;
		if (unit == 0 || s[1] != '\0')
			return -1;
	}
	if (n < 1 || n > (uint64_t)DURATION_MAX_S / unit)
		return -1;
	*ret_s = (int64_t)(n * unit);
	return 0;
}

void text_format_duration(int64_t seconds, char out[32])
{
	for (size_t i = 0; i < DURATION_UNITS; i++) {
		int64_t unit = duration_units[i].seconds;
		if (seconds % unit != 0 || (seconds == 0 && unit != 1))
			continue;
		(void)snprintf(out, 32, "%" PRId64 "%c", seconds / unit,
			duration_units[i].letter);
		return;
	}
}

int text_parse_size(const char *s, uint64_t *ret_bytes)
{
	static const char units[] = "kmgt";
	const char *unit;
	unsigned shift = 0;
	uint64_t n;

	if (parse_digits(&s, &n) < 0)
		return -1;
	if (*s != '\0') {
		unit = strchr(units, (char)fold(*s));
		if (unit == NULL || s[1] != '\0')
			return -1;
		shift = 10 * (unsigned)(unit - units + 1);
	}
	if (n > UINT64_MAX >> shift)
		return -1;
	*ret_bytes = n << shift;
	return 0;
}

void text_format_size(uint64_t bytes, char out[32])
{
	static const char units[] = "KMGT";
	unsigned n = 0;

	while (n < 4 && bytes != 0 && bytes % 1024 == 0) {
		bytes /= 1024;
		n++;
	}
	(void)snprintf(out, 32, "%" PRIu64 "%.*s", bytes, n > 0 ? 1 : 0,
		n > 0 ? &units[n - 1] : "");
}

void text_format_bytes(uint64_t bytes, char out[32])
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	uint64_t unit = 1000, tenths;
	size_t i = 0;

	if (bytes < 1000) {
		(void)snprintf(out, 32, "%" PRIu64 " B", bytes);
		return;
	}
	/* Rounded first: 999,999 is 1.0 MB, not 1000.0 kB. */
	for (;; i++, unit *= 1000) {
		uint64_t tenth = unit / 10;
		tenths = bytes / tenth + (bytes % tenth >= tenth / 2);
		if (tenths < 10000 || i == 5)
			break;
	}
	(void)snprintf(out, 32, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10,
		tenths % 10, units[i]);
}

int text_parse_bool(const char *s, bool *ret_b)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{"yes", true},
		{"no", false},
		{"true", true},
		{"false", false},
		{"on", true},
		{"off", false},
		{"1", true},
		{"0", false},
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (text_equal(words[i].word, s)) {
			*ret_b = words[i].value;
			return 0;
		}
	}
	return -1;
}

void text_format_count(uint64_t n, char out[32])
{
	char digits[24];
	size_t len, used = 0;

	(void)snprintf(digits, sizeof digits, "%" PRIu64, n);
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[used++] = ',';
		out[used++] = digits[i];
	}
	out[used] = '\0';
}

/* What a terminal shows as one mark where it stands, and nothing that moves
 * the cursor, turns the direction of the line, or cannot be seen. */
static bool is_shown(utf8proc_int32_t c)
{
	switch ((int)utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_CN: /* unassigned */
	case UTF8PROC_CATEGORY_CC: /* C0, DEL, C1 */
	case UTF8PROC_CATEGORY_CF: /* bidi controls, zero width, tags */
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return false;
	default:
		return true;
	}
}

void text_printable(const char *s, char *out, size_t out_bytes)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)s;
	size_t left = strlen(s), used = 0;

	if (out_bytes == 0)
		return;
	while (left > 0) {
		utf8proc_int32_t c = -1;
		utf8proc_ssize_t n =
			utf8proc_iterate(p, (utf8proc_ssize_t)left, &c);
		size_t take = n > 0 ? (size_t)n : 1;
		bool shown = n > 0 && is_shown(c);
		size_t need = shown ? take : 1;

		if (need >= out_bytes - used)
			break;
		if (shown)
			memcpy(out + used, p, take);
		else
			out[used] = '?';
		used += need;
		p += take;
		left -= take;
	}
	out[used] = '\0';
}
