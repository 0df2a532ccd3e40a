/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script_text: the little language in the lines of a script (script.h):
 * escapes in what is sent, globs in what is expected, tags in both.
 */
#ifndef MAILHAUL_TESTS_SCRIPT_TEXT_H
#define MAILHAUL_TESTS_SCRIPT_TEXT_H

#include "collector/base/buf.h"

#include <stdbool.h>
#include <string.h>

struct script_tags {
	char tag[10][64]; /* $T, $T1 … $T9 */
};

static inline int script_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static inline char script_escape(const char **p)
{
	char c = *++*p;

	switch (c) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '0':
		return '\0';
	case 'x':
		if (script_hex((*p)[1]) < 0 || script_hex((*p)[2]) < 0)
			return 'x';
		*p += 2;
		return (char)(script_hex((*p)[-1]) * 16 + script_hex(**p));
	case '\0':
		--*p;
		return '\\';
	default:
		return c;
	}
}

static inline int script_tag(const char **p)
{
	*p += 2;
	if (**p >= '1' && **p <= '9')
		return *(*p)++ - '0';
	return 0;
}

static inline void script_expand(
	const struct script_tags *tags, const char *text, struct buf *out)
{
	for (const char *p = text; *p != '\0';) {
		if (p[0] == '$' && p[1] == 'T') {
			(void)buf_add_str(out, tags->tag[script_tag(&p)]);
			continue;
		}
		char c = *p == '\\' ? script_escape(&p) : *p;
		(void)buf_add(out, &c, 1);
		p++;
	}
}

static inline bool script_match(
	struct script_tags *tags, const char *pattern, const char *line)
{
	for (const char *p = pattern; *p != '\0'; p++, line++) {
		if (p[0] == '$' && p[1] == 'T') {
			size_t n = strcspn(line, " ");
			int tag = script_tag(&p);
			if (n == 0 || n >= sizeof tags->tag[0])
				return false;
			memcpy(tags->tag[tag], line, n);
			tags->tag[tag][n] = '\0';
			line += n - 1;
			p--;
			continue;
		}
		if (*p == '*') {
			for (;; line++) {
				if (script_match(tags, p + 1, line))
					return true;
				if (*line == '\0')
					return false;
			}
		}
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (*p != *line)
			return false;
	}
	return *line == '\0';
}

#endif
