/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame of the picture: what holds for all accounts above, what the keys
 * do below. */
#include "watch.h"

#include "../base/clock.h"
#include "../model/text.h"
#include "bar.h"
#include "columns.h"
#include "watch_pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TALL 18 /* rows from which there is air */
#define SMALL 8 /* rows below which the list comes first */
#define BAR_LEAST 10
#define BAR_MOST 60
#define TEXT_BYTES 256

static void draw_title(const struct watch *w, struct canvas *c, int row)
{
	char when[CLOCK_RFC3339_BYTES], count[32], text[TEXT_BYTES];
	const char *served = w->now.served ? "" : "no daemon is running  ";
	int column =
		canvas_put(c, row, 0, c->columns, CANVAS_STRONG, "mailhaul");
	int end = c->columns - 9; /* of the clock */

	text_format_count(w->sum.accounts, count);
	(void)snprintf(text, sizeof text, "%s account%s", count,
		w->sum.accounts == 1 ? "" : "s");
	column = canvas_put(
		c, row, column + 2, end - column - 2, CANVAS_PLAIN, text);
	if (end - column > columns_of(served) + 2)
		canvas_put_right(c, row, column + 2, end - column - 2,
			CANVAS_WARN, served);
	else if (!w->now.served)
		canvas_put_right(c, row, column + 1, c->columns - column - 1,
			CANVAS_WARN, "no daemon");
	if (w->now.served || end - column > columns_of(served) + 2) {
		/* "14:22:07Z" of 2026-12-01T14:22:07Z */
		(void)clock_rfc3339(w->now.now_s, when);
		if (strlen(when) > 11)
			canvas_put_right(c, row, end, c->columns - end,
				CANVAS_DIM, when + 11);
	}
}

/* "12 running  2 failed  31 queued"; what is nobody's is left out, and so is
 * what has no room. */
static void draw_states(const struct watch *w, struct canvas *c, int row)
{
	static const enum canvas_style styles[WATCH_STATES] = {
		[WATCH_RUNNING] = CANVAS_GOOD,
		[WATCH_FAILED] = CANVAS_BAD,
		[WATCH_WAITING] = CANVAS_WARN,
	};
	char count[32], text[TEXT_BYTES];
	int column = 0;

	for (int i = 0; i < WATCH_STATES; i++) {
		if (w->sum.states[i] == 0)
			continue;
		text_format_count(w->sum.states[i], count);
		(void)snprintf(text, sizeof text, "%s %s", count,
			watch_state_names[i]);
		if (column + columns_of(text) > c->columns)
			return;
		column = canvas_put(
				 c, row, column, c->columns, styles[i], text) +
			 2;
	}
	if (w->sum.quarantined == 0)
		return;
	text_format_count(w->sum.quarantined, count);
	(void)snprintf(text, sizeof text, "%s in quarantine", count);
	if (column + columns_of(text) <= c->columns)
		(void)canvas_put(c, row, column, c->columns, CANVAS_WARN, text);
}

static void add(char text[TEXT_BYTES], int room, const char *more)
{
	size_t len = strlen(text);

	if (columns_of(text) + columns_of(more) + 2 <= room)
		(void)snprintf(text + len, TEXT_BYTES - len, "  %s", more);
}

/* Behind the bar: what has room, the more useful first. */
static void format_total(const struct watch *w, int room, char text[TEXT_BYTES])
{
	const struct watch_sum *s = &w->sum;
	int64_t left_s = watch_left(s->left, s->message_rate);
	char more[TEXT_BYTES], stored[32], source[32], span[BAR_SPAN_BYTES];

	text[0] = '\0';
	if (s->source == 0) {
		add(text, room, "nothing is counted yet");
		return;
	}
	(void)snprintf(
		text, TEXT_BYTES, "%4d%%", bar_percent(s->stored, s->source));
	bar_span(left_s, span);
	(void)snprintf(more, sizeof more, "%s left", span);
	if (left_s >= 0)
		add(text, room, more);
	text_format_bytes((uint64_t)s->byte_rate, stored);
	(void)snprintf(more, sizeof more, "%s/s", stored);
	if (s->states[WATCH_RUNNING] != 0)
		add(text, room, more);
	text_format_count(s->stored, stored);
	text_format_count(s->source, source);
	(void)snprintf(more, sizeof more, "%s of %s", stored, source);
	add(text, room, more);
	text_format_bytes(s->bytes, stored);
	add(text, room, stored);
	text_format_count(s->uncounted, stored);
	(void)snprintf(more, sizeof more, "%s not counted yet", stored);
	if (s->uncounted != 0)
		add(text, room, more);
}

static void draw_total(const struct watch *w, struct canvas *c, int row)
{
	char blocks[BAR_BYTES], text[TEXT_BYTES];
	int bar = c->columns / 3;

	bar = bar < BAR_LEAST ? BAR_LEAST : bar;
	bar = bar > BAR_MOST ? BAR_MOST : bar;
	bar_draw(w->sum.stored, w->sum.source, bar, true, blocks);
	format_total(w, c->columns - bar, text);
	bar = canvas_put(c, row, 0, c->columns, CANVAS_GOOD, blocks);
	(void)canvas_put(c, row, bar, c->columns - bar, CANVAS_PLAIN, text);
}

static void draw_notice(const struct watch *w, struct canvas *c, int row)
{
	char text[TEXT_BYTES * 4], span[BAR_SPAN_BYTES];

	if (w->now.notice_count == 0)
		return;
	bar_span(w->now.now_s - w->now.notices[0].since, span);
	(void)snprintf(text, sizeof text, "%s (for %s)%s",
		w->now.notices[0].text, span,
		w->now.notice_count > 1 ? ", and more: mailhaul status" : "");
	(void)canvas_put(c, row, 0, c->columns, CANVAS_BAD, text);
}

/* What is shown of all, or what was said last. */
static void draw_foot(
	const struct watch *w, struct canvas *c, int row, int64_t now_mono_ms)
{
	char text[TEXT_BYTES], shown[32];

	if (w->typing) {
		(void)snprintf(text, sizeof text, "filter: %s_", w->filter);
		(void)canvas_put(c, row, 0, c->columns, CANVAS_STRONG, text);
		return;
	}
	if (now_mono_ms < w->message_until_ms) {
		(void)canvas_put(
			c, row, 0, c->columns, w->message_style, w->message);
		return;
	}
	if (w->page != WATCH_LIST)
		return;
	text_format_count(w->shown_count, shown);
	(void)snprintf(text, sizeof text, "%s shown, by %s%s%s%s%s%s%s", shown,
		watch_sort_names[w->sort], w->reversed ? ", reversed" : "",
		w->only != WATCH_ALL ? ", only " : "",
		w->only != WATCH_ALL ? watch_only_names[w->only] : "",
		w->filter[0] != '\0' ? ", with \"" : "", w->filter,
		w->filter[0] != '\0' ? "\"" : "");
	(void)canvas_put(c, row, 0, c->columns, CANVAS_DIM, text);
}

struct key_word {
	const char *key, *does;
};

/* Those that have room; returns the column behind them. */
static int put_keys(struct canvas *c, int row, int column,
	const struct key_word *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct key_word *w = &words[i];
		if (column + columns_of(w->key) + 1 + columns_of(w->does) >
			c->columns)
			return c->columns;
		column = canvas_put(
			c, row, column, c->columns, CANVAS_STRONG, w->key);
		column = canvas_put(c, row, column + 1, c->columns, CANVAS_DIM,
				 w->does) +
			 2;
	}
	return column;
}

static void draw_keys(const struct watch *w, struct canvas *c, int row)
{
	static const struct key_word typing[] = {
		{"Enter", "keep"}, {"Esc", "all again"}};
	static const struct key_word list[] = {{"?", "help"}, {"q", "quit"},
		{"Enter", "open"}, {"/", "filter"}, {"s", "sort"},
		{"f", "only"}};
	static const struct key_word account[] = {
		{"Esc", "back"}, {"?", "help"}};
	static const struct key_word help[] = {{"Esc", "back"}, {"q", "quit"}};
	static const struct key_word chosen[] = {
		{"p", "pause"}, {"r", "resume"}, {"t", "retry"}, {"n", "now"}};
	int column;

	if (w->typing) {
		(void)put_keys(c, row, 0, typing, 2);
		return;
	}
	if (w->page == WATCH_HELP) {
		(void)put_keys(c, row, 0, help, 2);
		return;
	}
	column = w->page == WATCH_ACCOUNT ? put_keys(c, row, 0, account, 2)
					  : put_keys(c, row, 0, list, 6);
	(void)put_keys(c, row, column, chosen, 4);
}

void watch_draw(struct watch *w, struct canvas *c, int64_t now_mono_ms)
{
	bool tall = c->rows >= TALL, small = c->rows < SMALL;
	/* the keys give way to what is said, where both have no room */
	bool says = w->typing || now_mono_ms < w->message_until_ms;
	int first = 0, end = c->rows - 1;

	if (w->page == WATCH_ACCOUNT && watch_chosen(w) == NULL)
		w->page = WATCH_LIST;
	if (!small)
		draw_title(w, c, first++);
	if (c->rows > 3)
		draw_states(w, c, first++);
	if (!small)
		draw_total(w, c, first++);
	if (tall || w->now.notice_count != 0)
		draw_notice(w, c, first++);
	if (tall) {
		draw_keys(w, c, end);
		draw_foot(w, c, --end, now_mono_ms);
	} else if (says) {
		draw_foot(w, c, end, now_mono_ms);
	} else {
		draw_keys(w, c, end);
	}
	if (w->page == WATCH_LIST)
		watch_draw_list(w, c, first, end);
	else if (w->page == WATCH_ACCOUNT)
		watch_draw_account(w, c, first, end);
	else
		watch_draw_help(w, c, first, end);
}
