/* SPDX-License-Identifier: BSD-2-Clause */
/* watch_body: text that may be longer than the screen: its lines are added
 * one after the other, and those in view are put on a canvas. */
#ifndef MAILHAUL_CLI_WATCH_BODY_H
#define MAILHAUL_CLI_WATCH_BODY_H

#include "canvas.h"

#include <stddef.h>

struct watch_body {
	struct canvas *canvas;
	int first, end; /* rows of the canvas */
	size_t scroll;	/* lines above the first in view */
	size_t lines;	/* added so far */
};

/* The row of the next line; -1: it is not in view. */
int watch_body_row(struct watch_body *b);
/* A text of one line, cut. */
void watch_body_line(
	struct watch_body *b, enum canvas_style style, const char *text);
/* One of as many lines as it needs, the later ones indented as well. */
void watch_body_wrap(struct watch_body *b, int indent, enum canvas_style style,
	const char *text);
/* How far it can be scrolled, once all is added. */
size_t watch_body_most(const struct watch_body *b);

#endif
