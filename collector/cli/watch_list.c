/* SPDX-License-Identifier: BSD-2-Clause */
/* The page with all accounts. */
#include "../model/text.h"
#include "columns.h"
#include "watch_note.h"
#include "watch_pages.h"

#include <stdio.h>
#include <string.h>

#define GAP 2
#define NAME_LEAST 8
#define STATE 7
#define COUNT 10
#define SIZE 9
#define WITH_STORED 60 /* columns from which there is room for it */
#define WITH_SIZE 100
#define WITH_SOURCE 130

/* Where the columns begin; below 0: not shown. */
struct layout {
	int name, name_width;
	int state, stored, source, size, note;
};

/* As wide as the longest name, up to a third of the screen. */
static int name_width(const struct watch *w, int columns)
{
	int most = columns / 3, widest = NAME_LEAST;

	for (size_t i = 0; i < w->shown_count && widest < most; i++) {
		int width = columns_of(w->now.rows[w->shown[i]].account->name);
		if (width > widest)
			widest = width;
	}
	return widest < most ? widest : most;
}

static int place(int *next, int width, bool shown)
{
	int at = *next;

	if (!shown)
		return -1;
	*next += width + GAP;
	return at;
}

static struct layout lay_out(const struct watch *w, int columns)
{
	struct layout l = {.name = 0};
	int next = GAP;

	l.name_width = name_width(w, columns);
	l.name = place(&next, l.name_width, true);
	l.state = place(&next, STATE, true);
	l.stored = place(&next, COUNT, columns >= WITH_STORED);
	l.source = place(&next, COUNT, columns >= WITH_SOURCE);
	l.size = place(&next, SIZE, columns >= WITH_SIZE);
	l.note = next;
	return l;
}

static void draw_heads(const struct layout *l, struct canvas *c, int row)
{
	(void)canvas_put(
		c, row, l->name, l->name_width, CANVAS_STRONG, "ACCOUNT");
	(void)canvas_put(c, row, l->state, STATE, CANVAS_STRONG, "STATE");
	if (l->stored >= 0)
		canvas_put_right(
			c, row, l->stored, COUNT, CANVAS_STRONG, "STORED");
	if (l->source >= 0)
		canvas_put_right(
			c, row, l->source, COUNT, CANVAS_STRONG, "SOURCE");
	if (l->size >= 0)
		canvas_put_right(c, row, l->size, SIZE, CANVAS_STRONG, "SIZE");
	(void)canvas_put(
		c, row, l->note, c->columns - l->note, CANVAS_STRONG, "NOTE");
}

static const enum canvas_style state_styles[WATCH_STATES] = {
	[WATCH_RUNNING] = CANVAS_GOOD,
	[WATCH_FAILED] = CANVAS_BAD,
	[WATCH_WAITING] = CANVAS_WARN,
	[WATCH_IDLE] = CANVAS_DIM,
	[WATCH_PAUSED] = CANVAS_DIM,
};

static void draw_row(const struct watch *w, const struct layout *l,
	const struct watch_row *row, struct canvas *c, int line)
{
	char text[32];

	(void)canvas_put(c, line, l->name, l->name_width, CANVAS_PLAIN,
		row->account->name);
	(void)canvas_put(c, line, l->state, STATE, state_styles[row->state],
		watch_state_names[row->state]);
	text_format_count(row->stored, text);
	if (l->stored >= 0)
		canvas_put_right(c, line, l->stored, COUNT, CANVAS_PLAIN, text);
	text_format_count(row->source, text);
	if (l->source >= 0)
		canvas_put_right(c, line, l->source, COUNT, CANVAS_DIM, text);
	text_format_bytes(row->bytes, text);
	if (l->size >= 0)
		canvas_put_right(c, line, l->size, SIZE, CANVAS_PLAIN, text);
	watch_note_draw(w, row, c, line, l->note, c->columns - l->note);
	if (row->account->id != w->chosen)
		return;
	(void)canvas_put(c, line, 0, 1, CANVAS_STRONG, ">");
	canvas_choose(c, line);
}

/* The chosen row stays in view, and the view stays where it is if it can. */
static void scroll(struct watch *w)
{
	size_t room = (size_t)w->room;

	if (w->chosen != 0 && w->at < w->top)
		w->top = w->at;
	if (w->chosen != 0 && w->at >= w->top + room)
		w->top = w->at - room + 1;
	if (w->top + room > w->shown_count)
		w->top = w->shown_count > room ? w->shown_count - room : 0;
}

void watch_draw_list(struct watch *w, struct canvas *c, int first, int end)
{
	struct layout l = lay_out(w, c->columns);

	if (end - first > 3)
		draw_heads(&l, c, first++);
	w->room = end - first > 0 ? end - first : 1;
	scroll(w);
	for (int i = 0; i < w->room && first + i < end; i++) {
		size_t at = w->top + (size_t)i;
		if (at >= w->shown_count)
			break;
		draw_row(w, &l, &w->now.rows[w->shown[at]], c, first + i);
	}
	if (w->shown_count != 0)
		return;
	(void)canvas_put(c, first, GAP, c->columns - GAP, CANVAS_DIM,
		w->now.count != 0
			? "no account is like that (Esc shows all again)"
			: "no account is enrolled yet; see: mailhaul help add");
}
