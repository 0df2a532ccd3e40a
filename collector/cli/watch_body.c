/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch_body.h"

#include "../base/mem.h"
#include "../model/text.h"
#include "columns.h"

#include <stdlib.h>
#include <string.h>

int watch_body_row(struct watch_body *b)
{
	size_t line = b->lines++;

	if (line < b->scroll ||
		line - b->scroll >=
			(size_t)(b->end > b->first ? b->end - b->first : 0))
		return -1;
	return b->first + (int)(line - b->scroll);
}

void watch_body_line(
	struct watch_body *b, enum canvas_style style, const char *text)
{
	int row = watch_body_row(b);

	if (row >= 0)
		(void)canvas_put(
			b->canvas, row, 0, b->canvas->columns, style, text);
}

/* Bytes of the next line, and those up to the line after it. */
static size_t next_line(const char *text, int columns, size_t *ret_skip)
{
	size_t fit = columns_bytes(text, columns), n = fit;

	*ret_skip = fit;
	if (text[fit] == '\0')
		return fit;
	while (n > 0 && text[n] != ' ')
		n--;
	if (n == 0)
		return fit; /* a word that is longer than the line */
	*ret_skip = n + 1;
	return n;
}

void watch_body_wrap(struct watch_body *b, int indent, enum canvas_style style,
	const char *text)
{
	int columns = b->canvas->columns - indent;
	size_t bytes = strlen(text) + 1;
	char *clean = mem_alloc(bytes), *at = clean;

	text_printable(text, clean, bytes);
	while (*at != '\0') {
		size_t skip, n = next_line(at, columns, &skip);
		int row;
		char kept = at[n];
		if (skip == 0)
			break; /* no room for even one character */
		at[n] = '\0';
		row = watch_body_row(b);
		if (row >= 0)
			(void)canvas_put(
				b->canvas, row, indent, columns, style, at);
		at[n] = kept;
		at += skip;
	}
	free(clean);
}

size_t watch_body_most(const struct watch_body *b)
{
	size_t room = (size_t)(b->end > b->first ? b->end - b->first : 0);

	return b->lines > room ? b->lines - room : 0;
}
