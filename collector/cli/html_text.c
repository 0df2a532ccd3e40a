/* SPDX-License-Identifier: BSD-2-Clause */
#include "html_text.h"

#include "../base/mem.h"
#include "../model/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static char *printable(const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *line = mem_alloc(bytes);

	text_printable(text, line, bytes);
	return line;
}

static void put(const char *text, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		switch (text[i]) {
		case '&':
			(void)fputs("&amp;", out);
			break;
		case '<':
			(void)fputs("&lt;", out);
			break;
		case '>':
			(void)fputs("&gt;", out);
			break;
		case '"':
			(void)fputs("&quot;", out);
			break;
		case '\'':
			(void)fputs("&#39;", out);
			break;
		default:
			(void)fputc(text[i], out);
		}
	}
}

void html_text(const char *text, FILE *out)
{
	char *line = printable(text);

	put(line, strlen(line), out);
	free(line);
}

/* Bytes of the first characters that fit; the text is valid UTF-8. */
static size_t fitting(const char *s, int columns)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)s;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(s), at = 0;
	int width = 0;

	while (at < left) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate(p + at, left - at, &c);
		if (n <= 0)
			break;
		width += utf8proc_charwidth(c);
		if (width > columns)
			break;
		at += n;
	}
	return (size_t)at;
}

void html_text_cut(const char *text, int columns, FILE *out)
{
	char *line = printable(text);
	size_t n = fitting(line, columns);

	if (line[n] != '\0')
		n = fitting(line, columns - 1);
	put(line, n, out);
	if (line[n] != '\0')
		(void)fputs("…", out);
	free(line);
}

void html_count(uint64_t n, FILE *out)
{
	char text[32];

	text_format_count(n, text);
	(void)fputs(text, out);
}

void html_bytes(uint64_t bytes, FILE *out)
{
	char text[32];

	text_format_bytes(bytes, text);
	(void)fputs(text, out);
}
