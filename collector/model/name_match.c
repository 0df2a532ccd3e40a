/* SPDX-License-Identifier: BSD-2-Clause */
#include "name.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static int map(const char *utf8, utf8proc_option_t options, char *out,
	size_t out_bytes)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t n;
	int r = -1;

	n = utf8proc_map((const utf8proc_uint8_t *)utf8, 0, &mapped,
		UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE |
			options);
	if (n >= 0 && (size_t)n < out_bytes) {
		memcpy(out, mapped, (size_t)n + 1);
		r = 0;
	}
	free(mapped);
	return r;
}

int name_casefold(const char *utf8, char *out, size_t out_bytes)
{
	return map(utf8, UTF8PROC_CASEFOLD, out, out_bytes);
}

int name_compose(const char *utf8, char *out, size_t out_bytes)
{
	return map(utf8, 0, out, out_bytes);
}

/* Bytes of the character at s, which is not at its end. */
static size_t char_bytes(const char *s)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s,
		(utf8proc_ssize_t)strnlen(s, 4), &c);

	return n > 0 ? (size_t)n : 1;
}

/* On a mismatch only the last '*' takes one character more: no pattern costs
 * more than its length times that of the name. */
bool name_glob(const char *pattern, const char *name)
{
	bool inbox = name_is_inbox(name);
	const char *star = NULL, *resume = NULL;

	while (*name != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			resume = name;
		} else if (*pattern == '?') {
			pattern++;
			name += char_bytes(name);
		} else if (*pattern == *name ||
			   (inbox && text_equal_n(pattern, name, 1))) {
			pattern++;
			name++;
		} else if (star != NULL) {
			resume += char_bytes(resume);
			pattern = star;
			name = resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
