/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * canvas: a picture of a terminal's screen: cells with a character and a
 * style. All that is put on it is made printable and cut to its room, so that
 * nothing of a server's text reaches the terminal as it came. Pure.
 */
#ifndef MAILHAUL_CLI_CANVAS_H
#define MAILHAUL_CLI_CANVAS_H

#include <stdbool.h>

#define CANVAS_CELL_BYTES 20 /* a character and marks above it */

enum canvas_style {
	CANVAS_PLAIN,
	CANVAS_DIM,
	CANVAS_STRONG,
	CANVAS_GOOD,
	CANVAS_WARN,
	CANVAS_BAD,
	CANVAS_STYLES,
};

struct cell {
	char text[CANVAS_CELL_BYTES]; /* UTF-8; "" = blank */
	unsigned char width; /* columns: 1, 2; 0 = the second half of one */
	unsigned char style;
	bool chosen; /* of the row that the keys are about */
};

struct canvas {
	int rows, columns;
	bool utf8; /* else all is shown in ASCII */
	struct cell *cells;
};

/* Blank. Caller: canvas_clear. */
void canvas_init(struct canvas *c, int rows, int columns, bool utf8);
void canvas_clear(struct canvas *c);
/*
 * Puts text at a place, into at most so many columns: what has no room is
 * cut, with … at the end. Returns the column behind it. What lies outside the
 * canvas is left out.
 */
int canvas_put(struct canvas *c, int row, int column, int columns,
	enum canvas_style style, const char *text);
/* The same, at the right end of that room. */
void canvas_put_right(struct canvas *c, int row, int column, int columns,
	enum canvas_style style, const char *text);
/* Marks a row as the chosen one. */
void canvas_choose(struct canvas *c, int row);
/* The text of a row, without the blanks at its end. Caller frees. */
char *canvas_row(const struct canvas *c, int row);
struct cell *canvas_cell(const struct canvas *c, int row, int column);

#endif
