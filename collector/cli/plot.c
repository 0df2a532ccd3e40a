/* SPDX-License-Identifier: BSD-2-Clause */
#include "plot.h"

#include "html_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define WIDTH 720.0

/* ---- lying */

#define ROW 26
#define LABEL_WIDTH 210.0
#define VALUE_WIDTH 150.0
#define LABEL_COLUMNS 30

static uint64_t highest(const struct plot_bar *bars, size_t count)
{
	uint64_t most = 0;

	for (size_t i = 0; i < count; i++)
		if (bars[i].value > most)
			most = bars[i].value;
	return most;
}

static void put_begin(const char *what, double height, FILE *out)
{
	(void)fprintf(out,
		"<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
		WIDTH, height);
	html_text(what, out);
	(void)fputs("\">\n", out);
}

static void put_title(const struct plot_bar *b, FILE *out)
{
	(void)fputs("<title>", out);
	html_text(b->label, out);
	(void)fputs(": ", out);
	html_count(b->value, out);
	if (b->bytes != 0) {
		(void)fputs(" (", out);
		html_bytes(b->bytes, out);
		(void)fputs(")", out);
	}
	(void)fputs("</title>", out);
}

static void put_line(const struct plot_bar *b, size_t i, uint64_t most,
	const char *class, FILE *out)
{
	double room = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
	double y = (double)(i * ROW);
	double width = most != 0 ? room * (double)b->value / (double)most : 0.0;

	if (b->value != 0 && width < 1.5)
		width = 1.5;
	(void)fputs("<g>", out);
	put_title(b, out);
	(void)fprintf(out,
		"<text class=\"name\" x=\"%.0f\" y=\"%.0f\" "
		"text-anchor=\"end\">",
		LABEL_WIDTH - 10, y + 17);
	html_text_cut(b->label, LABEL_COLUMNS, out);
	(void)fprintf(out,
		"</text><rect class=\"%s\" x=\"%.0f\" y=\"%.0f\" "
		"width=\"%.1f\" height=\"%d\" rx=\"2\"/>"
		"<text class=\"value\" x=\"%.1f\" y=\"%.0f\">",
		class, LABEL_WIDTH, y + 4, width, ROW - 8,
		LABEL_WIDTH + width + 8, y + 17);
	html_count(b->value, out);
	if (b->bytes != 0) {
		(void)fputs(" · ", out);
		html_bytes(b->bytes, out);
	}
	(void)fputs("</text></g>\n", out);
}

void plot_lines(const struct plot_bar *bars, size_t count, const char *what,
	const char *class, FILE *out)
{
	uint64_t most = highest(bars, count);

	put_begin(what, (double)(count * ROW), out);
	for (size_t i = 0; i < count; i++)
		put_line(&bars[i], i, most, class, out);
	(void)fputs("</svg>\n", out);
}

/* ---- standing */

#define HEIGHT 230.0
#define LEFT 58.0
#define RIGHT 58.0
#define TOP 14.0
#define BOTTOM 28.0
#define LABEL_ROOM 54.0 /* for one below the axis */
#define TICKS 4

struct frame {
	double x, y, width, height; /* of what is drawn in */
	uint64_t top;		    /* value at its upper end */
	uint64_t sum;
	size_t count;
	FILE *out;
};

/* 1, 2 or 5 with zeros, so that TICKS of them reach it. */
static uint64_t step_for(uint64_t most)
{
	static const uint64_t steps[] = {1, 2, 5};
	uint64_t ten = 1;

	for (; ten < UINT64_MAX / 100; ten *= 10)
		for (size_t i = 0; i < 3; i++)
			if (steps[i] * ten * TICKS >= most)
				return steps[i] * ten;
	return ten;
}

static void put_scale(const struct frame *f, uint64_t step, uint64_t most)
{
	for (uint64_t v = 0; v <= f->top; v += step) {
		double y = f->y + f->height -
			   f->height * (double)v / (double)f->top;
		(void)fprintf(f->out,
			"<line class=\"grid\" x1=\"%.0f\" y1=\"%.1f\" "
			"x2=\"%.0f\" y2=\"%.1f\"/><text class=\"tick\" "
			"x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">",
			f->x, y, f->x + f->width, y, f->x - 8, y + 4);
		html_count(v, f->out);
		(void)fputs("</text>\n", f->out);
		if (v >= most)
			break;
	}
}

static void put_column(const struct frame *f, const struct plot_bar *b,
	size_t i, bool labelled)
{
	double slot = f->width / (double)f->count;
	double width = slot > 48 ? 36 : slot * 0.76;
	double middle = f->x + slot * ((double)i + 0.5);
	double height = f->height * (double)b->value / (double)f->top;

	if (b->value != 0 && height < 1.5)
		height = 1.5;
	(void)fputs("<g>", f->out);
	put_title(b, f->out);
	(void)fprintf(f->out,
		"<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		"height=\"%.1f\"/>",
		middle - width / 2, f->y + f->height - height, width, height);
	if (labelled) {
		(void)fprintf(f->out,
			"<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" "
			"text-anchor=\"middle\">",
			middle, f->y + f->height + 17);
		html_text(b->label, f->out);
		(void)fputs("</text>", f->out);
	}
	(void)fputs("</g>\n", f->out);
}

/* From 0 to all, on the whole height. */
static void put_sum(const struct frame *f, const struct plot_bar *bars)
{
	double slot = f->width / (double)f->count;
	uint64_t so_far = 0;

	(void)fprintf(f->out, "<polyline class=\"sum\" points=\"%.1f,%.1f",
		f->x, f->y + f->height);
	for (size_t i = 0; i < f->count; i++) {
		so_far += bars[i].value;
		(void)fprintf(f->out, " %.1f,%.1f",
			f->x + slot * (double)(i + 1),
			f->y + f->height -
				f->height * (double)so_far / (double)f->sum);
	}
	(void)fprintf(f->out,
		"\"/><text class=\"tick sum-label\" x=\"%.0f\" y=\"%.1f\">",
		f->x + f->width + 6, f->y + 4);
	html_count(f->sum, f->out);
	(void)fputs("</text>\n", f->out);
}

void plot_columns(const struct plot_bar *bars, size_t count, const char *what,
	int sum, FILE *out)
{
	uint64_t most = highest(bars, count);
	uint64_t step = step_for(most != 0 ? most : 1);
	struct frame f = {.x = LEFT,
		.y = TOP,
		.width = WIDTH - LEFT - RIGHT,
		.height = HEIGHT - TOP - BOTTOM,
		.count = count,
		.out = out};
	size_t each = 1;

	while (f.top < most || f.top == 0)
		f.top += step;
	while ((double)count / (double)each > f.width / LABEL_ROOM)
		each++;
	for (size_t i = 0; i < count; i++)
		f.sum += bars[i].value;
	put_begin(what, HEIGHT, out);
	put_scale(&f, step, most);
	for (size_t i = 0; i < count; i++)
		put_column(&f, &bars[i], i, i % each == 0);
	if (sum && f.sum != 0)
		put_sum(&f, bars);
	(void)fputs("</svg>\n", out);
}
