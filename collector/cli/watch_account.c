/* SPDX-License-Identifier: BSD-2-Clause */
/* The page of one account: how far it is, its mailboxes, what is missing. */
#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/text.h"
#include "bar.h"
#include "columns.h"
#include "watch_body.h"
#include "watch_note.h"
#include "watch_pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 2
#define COUNT 10
#define WITH_FOLDER 70 /* columns from which there is room for it */

static void draw_head(const struct watch *w, const struct watch_row *row,
	struct watch_body *b)
{
	char url[URL_TEXT_MAX];
	struct canvas *c = b->canvas;
	int line = watch_body_row(b), column;

	if (line >= 0) {
		column = canvas_put(c, line, 0, c->columns, CANVAS_STRONG,
			row->account->name);
		(void)canvas_put(c, line, column + 2, c->columns, CANVAS_PLAIN,
			watch_state_names[row->state]);
	}
	url_format(&row->account->url, url);
	line = watch_body_row(b);
	if (line >= 0)
		(void)canvas_put(c, line, 0, c->columns, CANVAS_DIM, url);
	/* an error is told in full below */
	if (row->status->has_error && row->state != WATCH_RUNNING) {
		(void)watch_body_row(b);
		return;
	}
	line = watch_body_row(b);
	if (line >= 0)
		watch_note_draw(w, row, c, line, 0, c->columns);
	(void)watch_body_row(b);
}

static void draw_counts(const struct watch_row *row, struct watch_body *b)
{
	const struct job_status *s = row->status;
	char stored[32], source[32], bytes[32], runs[32], text[256],
		when[CLOCK_RFC3339_BYTES];

	text_format_count(row->stored, stored);
	text_format_count(row->source, source);
	text_format_bytes(row->bytes, bytes);
	text_format_count((uint64_t)s->runs, runs);
	(void)snprintf(text, sizeof text,
		"%s of %s messages stored, %s; %s run%s%s%s", stored, source,
		bytes, runs, s->runs == 1 ? "" : "s",
		s->last_success_at != 0 ? ", the last good one ended " : "",
		clock_rfc3339(s->last_success_at, when));
	watch_body_wrap(b, 0, CANVAS_PLAIN, text);
}

static void draw_error(const struct watch *w, const struct watch_row *row,
	struct watch_body *b)
{
	const struct job_status *s = row->status;
	char text[1024], when[CLOCK_RFC3339_BYTES], span[BAR_SPAN_BYTES];

	if (!s->has_error)
		return;
	(void)watch_body_row(b);
	(void)snprintf(text, sizeof text, "%s: %s",
		err_class_name(s->err.class), s->err.text);
	watch_body_wrap(b, 0, CANVAS_BAD, text);
	if (s->err.hint[0] != '\0')
		watch_body_wrap(b, INDENT, CANVAS_PLAIN, s->err.hint);
	if (s->failing_since != 0) {
		bar_span(w->now.now_s - s->failing_since, span);
		(void)snprintf(text, sizeof text, "failing for %s (since %s)",
			span, clock_rfc3339(s->failing_since, when));
		watch_body_wrap(b, INDENT, CANVAS_DIM, text);
	}
	if (s->retry_at > w->now.now_s) {
		bar_span(s->retry_at - w->now.now_s, span);
		(void)snprintf(text, sizeof text, "next try in %s (%s)", span,
			clock_rfc3339(s->retry_at, when));
		watch_body_wrap(b, INDENT, CANVAS_DIM, text);
	}
	(void)snprintf(text, sizeof text, "see: mailhaul explain %s",
		err_class_name(s->err.class));
	watch_body_wrap(b, INDENT, CANVAS_DIM, text);
}

/* Room of the names; the counts stand behind them. */
struct widths {
	int mailbox, folder;
};

static struct widths measure(const struct watch *w, int columns)
{
	int most = columns - 3 * (COUNT + 2);
	struct widths widths = {8, 7};

	for (size_t i = 0; i < w->now.mailbox_count; i++) {
		int m = columns_of(w->now.mailboxes[i].mailbox);
		int f = columns_of(w->now.mailboxes[i].folder);
		widths.mailbox = m > widths.mailbox ? m : widths.mailbox;
		widths.folder = f > widths.folder ? f : widths.folder;
	}
	if (columns < WITH_FOLDER)
		widths.folder = 0;
	most -= widths.folder != 0 ? 2 : 0;
	if (widths.folder > most / 2)
		widths.folder = most / 2;
	if (widths.mailbox > most - widths.folder)
		widths.mailbox = most - widths.folder;
	return widths;
}

static void draw_columns(struct watch_body *b, const struct widths *widths,
	enum canvas_style style, const char *const cells[5])
{
	int line = watch_body_row(b), at = 0;
	struct canvas *c = b->canvas;

	if (line < 0)
		return;
	(void)canvas_put(c, line, 0, widths->mailbox, style, cells[0]);
	at += widths->mailbox + 2;
	if (widths->folder > 0) {
		(void)canvas_put(c, line, at, widths->folder, style, cells[1]);
		at += widths->folder + 2;
	}
	for (int i = 2; i < 5; i++) {
		canvas_put_right(c, line, at, COUNT, style, cells[i]);
		at += COUNT + 2;
	}
}

static void draw_mailboxes(const struct watch *w, struct watch_body *b)
{
	static const char *const heads[] = {
		"MAILBOX", "FOLDER", "STORED", "SOURCE", "QUARANTINE"};
	struct widths widths = measure(w, b->canvas->columns);

	if (w->now.mailbox_count == 0)
		return;
	(void)watch_body_row(b);
	draw_columns(b, &widths, CANVAS_STRONG, heads);
	for (size_t i = 0; i < w->now.mailbox_count; i++) {
		const struct job_mailbox *m = &w->now.mailboxes[i];
		char stored[32], source[32], bad[32];
		text_format_count((uint64_t)m->stored, stored);
		text_format_count((uint64_t)m->source, source);
		text_format_count((uint64_t)m->quarantined, bad);
		draw_columns(b, &widths,
			m->quarantined > 0 ? CANVAS_WARN : CANVAS_PLAIN,
			(const char *const[]){m->mailbox, m->folder, stored,
				source, m->quarantined > 0 ? bad : ""});
		if (m->notice != NULL && m->notice[0] != '\0')
			watch_body_wrap(b, INDENT, CANVAS_WARN, m->notice);
	}
}

static void draw_failures(const struct watch *w, struct watch_body *b)
{
	if (w->now.failure_count == 0)
		return;
	(void)watch_body_row(b);
	watch_body_line(b, CANVAS_STRONG, "NOT TO BE HAD");
	for (size_t i = 0; i < w->now.failure_count; i++) {
		const struct job_failure *f = &w->now.failures[i];
		char next[BAR_SPAN_BYTES + 16] = "next run",
					   span[BAR_SPAN_BYTES];
		char *text;
		if (f->next_try_at > w->now.now_s) {
			bar_span(f->next_try_at - w->now.now_s, span);
			(void)snprintf(next, sizeof next, "in %s", span);
		}
		if (f->uid != 0)
			text = mem_printf(
				"%s, UID %" PRIu32, f->mailbox, f->uid);
		else
			text = mem_printf("%s%s%s", f->mailbox,
				f->uidl[0] != '\0' ? ", UIDL " : ", all of it",
				f->uidl);
		watch_body_wrap(b, 0, CANVAS_PLAIN, text);
		free(text);
		text = mem_printf("%s: %s; tried %" PRId64 " time%s, again %s",
			err_class_name(f->class), f->text, f->tries,
			f->tries == 1 ? "" : "s", next);
		watch_body_wrap(b, INDENT, CANVAS_WARN, text);
		free(text);
	}
}

void watch_draw_account(struct watch *w, struct canvas *c, int first, int end)
{
	const struct watch_row *row = watch_chosen(w);
	struct watch_body b = {c, first, end, w->scroll, 0};

	draw_head(w, row, &b);
	draw_counts(row, &b);
	draw_error(w, row, &b);
	draw_mailboxes(w, &b);
	draw_failures(w, &b);
	w->room = end - first > 0 ? end - first : 1;
	w->scroll_most = watch_body_most(&b);
}
