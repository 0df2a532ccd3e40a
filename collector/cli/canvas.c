/* SPDX-License-Identifier: BSD-2-Clause */
#include "canvas.h"

#include "../base/mem.h"
#include "../model/text.h"
#include "columns.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define TEXT_BYTES 4096 /* more than the widest screen has room for */

void canvas_init(struct canvas *c, int rows, int columns, bool utf8)
{
	size_t n = (size_t)(rows > 0 ? rows : 0) *
		   (size_t)(columns > 0 ? columns : 0);

	*c = (struct canvas){rows, columns, utf8, NULL};
	c->cells = mem_alloc((n + 1) * sizeof *c->cells);
	for (size_t i = 0; i < n; i++)
		c->cells[i].width = 1;
}

void canvas_clear(struct canvas *c)
{
	free(c->cells);
	*c = (struct canvas){0};
}

struct cell *canvas_cell(const struct canvas *c, int row, int column)
{
	return &c->cells[(size_t)row * (size_t)c->columns + (size_t)column];
}

/* The nearest that ASCII has. */
static const char *in_ascii(utf8proc_int32_t ch)
{
	switch (ch) {
	case 0x2588: /* full block */
		return "#";
	case 0x2591: /* light shade */
		return ".";
	case 0x2026: /* ellipsis */
		return "~";
	case 0x00b7: /* middle dot */
		return "-";
	case 0x2191: /* up, down */
		return "^";
	case 0x2193:
		return "v";
	default:
		return "?";
	}
}

static void set(struct cell *cell, const char *text, size_t bytes, int width,
	enum canvas_style style)
{
	memcpy(cell->text, text, bytes);
	cell->text[bytes] = '\0';
	cell->width = (unsigned char)width;
	cell->style = (unsigned char)style;
}

/* A mark goes with the character before it, as long as there is room. */
static void add_mark(struct cell *cell, const char *mark, size_t bytes)
{
	size_t len = strlen(cell->text);

	if (len == 0 || len + bytes >= sizeof cell->text)
		return;
	memcpy(cell->text + len, mark, bytes);
	cell->text[len + bytes] = '\0';
}

/* One character; returns the columns that it took. */
static int put_char(struct canvas *c, int row, int column, bool first,
	enum canvas_style style, const char *text, size_t bytes,
	utf8proc_int32_t ch)
{
	int width = utf8proc_charwidth(ch);
	struct cell *cell = canvas_cell(c, row, column);

	if (width == 0) {
		if (!first && c->utf8) {
			cell--;
			cell -= cell->width == 0;
			add_mark(cell, text, bytes);
		}
		return 0;
	}
	if (!c->utf8 && ch >= 0x80) {
		set(cell, in_ascii(ch), 1, 1, style);
		if (width == 2)
			set(cell + 1, "", 0, 1, style);
		return width;
	}
	set(cell, text, bytes, width, style);
	if (width == 2)
		set(cell + 1, "", 0, 0, style);
	return width;
}

/* Printable text that fits. Returns the column behind it. */
static int put_fitting(struct canvas *c, int row, int column,
	enum canvas_style style, const char *text, size_t bytes)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)text;
	int at = column;

	while (bytes > 0) {
		utf8proc_int32_t ch;
		utf8proc_ssize_t n =
			utf8proc_iterate(p, (utf8proc_ssize_t)bytes, &ch);
		if (n <= 0)
			break;
		/* a mark at the very end of the row has no cell of its own */
		at += put_char(c, row, at, at == column, style, (const char *)p,
			(size_t)n, ch);
		p += n;
		bytes -= (size_t)n;
	}
	return at;
}

int canvas_put(struct canvas *c, int row, int column, int columns,
	enum canvas_style style, const char *text)
{
	char clean[TEXT_BYTES];
	int room =
		columns < c->columns - column ? columns : c->columns - column;

	if (row < 0 || row >= c->rows || column < 0 || room <= 0)
		return column;
	text_printable(text, clean, sizeof clean);
	if (columns_of(clean) <= room)
		return put_fitting(c, row, column, style, clean, strlen(clean));
	column = put_fitting(
		c, row, column, style, clean, columns_bytes(clean, room - 1));
	return put_fitting(c, row, column, style, "…", strlen("…"));
}

void canvas_put_right(struct canvas *c, int row, int column, int columns,
	enum canvas_style style, const char *text)
{
	char clean[TEXT_BYTES];
	int pad;

	text_printable(text, clean, sizeof clean);
	pad = columns - columns_of(clean);
	if (pad < 0)
		pad = 0;
	(void)canvas_put(c, row, column + pad, columns - pad, style, clean);
}

void canvas_choose(struct canvas *c, int row)
{
	if (row < 0 || row >= c->rows)
		return;
	for (int i = 0; i < c->columns; i++)
		canvas_cell(c, row, i)->chosen = true;
}

char *canvas_row(const struct canvas *c, int row)
{
	char *out = mem_array((size_t)c->columns + 1, CANVAS_CELL_BYTES);
	size_t used = 0, end = 0;

	for (int i = 0; i < c->columns; i++) {
		const struct cell *cell = canvas_cell(c, row, i);
		const char *text = cell->text;
		if (cell->width == 0)
			continue;
		if (*text == '\0')
			text = " ";
		memcpy(out + used, text, strlen(text));
		used += strlen(text);
		if (strcmp(text, " ") != 0)
			end = used;
	}
	out[end] = '\0';
	return out;
}
