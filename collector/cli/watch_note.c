/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch_note.h"

#include "../model/text.h"
#include "bar.h"
#include "columns.h"
#include "cutover_options.h"
#include "status_cutover.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BAR_LEAST 6
#define BAR_MOST 14
#define WHERE_LEAST 7 /* less of a mailbox's name says nothing */

__attribute__((format(printf, 2, 3))) static void add(
	char out[WATCH_NOTE_BYTES], const char *fmt, ...)
{
	size_t len = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(out + len, WATCH_NOTE_BYTES - len, fmt, ap);
	va_end(ap);
}

/* "3m" from now until then. */
static const char *until(
	const struct watch *w, int64_t then, char out[BAR_SPAN_BYTES])
{
	bar_span(then - w->now.now_s, out);
	return out;
}

static const char *since(
	const struct watch *w, int64_t then, char out[BAR_SPAN_BYTES])
{
	bar_span(w->now.now_s - then, out);
	return out;
}

static void note_error(const struct watch *w, const struct watch_row *row,
	char out[WATCH_NOTE_BYTES])
{
	const struct job_status *s = row->status;
	char span[BAR_SPAN_BYTES];

	add(out, "%s", err_class_name(s->err.class));
	if (row->state == WATCH_WAITING && s->retry_at > w->now.now_s)
		add(out, ", again in %s", until(w, s->retry_at, span));
	add(out, ": %s", s->err.text);
	if (s->err.hint[0] != '\0')
		add(out, " (%s)", s->err.hint);
}

/* What of its host is used up, so that it has to wait. */
static void note_host(const struct watch *w, const struct watch_row *row,
	char out[WATCH_NOTE_BYTES])
{
	const struct budget_row *h;
	size_t i = 0;
	uint64_t sessions, logins;

	while (i < w->now.host_count &&
		strcmp(w->now.hosts[i].host, row->account->url.host) != 0)
		i++;
	if (i == w->now.host_count)
		return;
	h = &w->now.hosts[i];
	sessions = budget_lower(
		(uint64_t)(h->sessions != 0 ? h->sessions : w->now.per_host),
		(uint64_t)h->learned_sessions);
	logins = budget_lower((uint64_t)h->logins, (uint64_t)h->learned_logins);
	if (sessions != 0 && (uint64_t)h->running >= sessions)
		add(out, "; %s has its %" PRIu64 " session%s", h->host,
			sessions, sessions == 1 ? "" : "s");
	else if (logins != 0 && (uint64_t)h->last_minute >= logins)
		add(out, "; %s has had its %" PRIu64 " login%s a minute",
			h->host, logins, logins == 1 ? "" : "s");
}

static void note_queued(const struct watch *w, const struct watch_row *row,
	char out[WATCH_NOTE_BYTES])
{
	int64_t opens_at = cutover_options_opens_at(row->account);
	int64_t due_at = row->status->next_due_at;
	char span[BAR_SPAN_BYTES];

	if (opens_at > w->now.now_s) {
		add(out, "outside its hours (%s), goes on in %s",
			row->account->hours, until(w, opens_at, span));
		return;
	}
	if (due_at != 0 && w->now.now_s - due_at >= 2)
		add(out, "due for %s", since(w, due_at, span));
	else
		add(out, "due now");
	if (!w->now.served)
		add(out, "; no daemon is running");
	else
		note_host(w, row, out);
}

static void note_idle(const struct watch *w, const struct watch_row *row,
	char out[WATCH_NOTE_BYTES])
{
	const struct job_status *s = row->status;
	char span[BAR_SPAN_BYTES];

	if (s->push == JOB_PUSH_WAITS)
		add(out, "waits for new mail");
	else if (s->next_due_at != 0)
		add(out, "next in %s", until(w, s->next_due_at, span));
	else
		add(out, "done");
	if (s->push == JOB_PUSH_CANNOT)
		add(out, "; the server has no IDLE for --push");
}

/* Behind what is said already. */
static void note_beside(const struct watch *w, const struct watch_row *row,
	char out[WATCH_NOTE_BYTES])
{
	const struct job_status *s = row->status;
	char count[32], span[BAR_SPAN_BYTES];

	if (s->finish == FINISH_COLLECTS)
		add(out, "; its last run, then no more");
	else if (s->finish == FINISH_COMPARES)
		add(out, "; to be compared, then no more");
	if (s->stalled)
		add(out, "; nothing has come for %s",
			since(w,
				s->moved_at != 0 ? s->moved_at
						 : row->account->created_at,
				span));
	if (s->messages_quarantined > 0) {
		text_format_count((uint64_t)s->messages_quarantined, count);
		add(out, "; %s in quarantine", count);
	}
	if (s->deletions_waiting > 0) {
		text_format_count((uint64_t)s->deletions_waiting, count);
		add(out, "; %s to be deleted at the source", count);
	}
}

void watch_note(const struct watch *w, const struct watch_row *row,
	char out[WATCH_NOTE_BYTES])
{
	const struct job_progress *p = &row->status->progress;

	out[0] = '\0';
	switch (row->state) {
	case WATCH_RUNNING:
		add(out, "%s%s%s", p->phase[0] != '\0' ? p->phase : "starting",
			p->mailbox[0] != '\0' ? " " : "", p->mailbox);
		break;
	case WATCH_FAILED:
	case WATCH_WAITING:
		if (row->status->has_error)
			note_error(w, row, out);
		else
			note_queued(w, row, out);
		break;
	case WATCH_QUEUED:
		note_queued(w, row, out);
		break;
	case WATCH_PAUSED:
		if (status_note_end(row->status, out, WATCH_NOTE_BYTES))
			return;
		add(out, row->status->has_error ? "" : "paused");
		if (row->status->has_error)
			note_error(w, row, out);
		break;
	case WATCH_IDLE:
	case WATCH_STATES:
		note_idle(w, row, out);
		break;
	}
	note_beside(w, row, out);
}

/* Puts text where it has all the room that it needs, after two blanks. */
static void put_whole(struct canvas *c, int line, int *column, int end,
	enum canvas_style style, const char *text)
{
	if (text[0] == '\0' || *column + 2 + columns_of(text) > end)
		return;
	*column = canvas_put(c, line, *column + 2, end, style, text);
}

static void draw_running(const struct watch_row *row, struct canvas *c,
	int line, int column, int columns)
{
	const struct job_progress *p = &row->status->progress;
	const char *where = p->mailbox[0] != '\0' ? p->mailbox : p->phase;
	int end = column + columns, bar = columns / 3;
	char blocks[BAR_BYTES], text[64], amount[32], span[BAR_SPAN_BYTES];
	int64_t left_s = watch_left(p->messages_new > p->messages_done
					    ? p->messages_new - p->messages_done
					    : 0,
		row->message_rate);

	bar = bar > BAR_MOST ? BAR_MOST : bar;
	bar = bar < BAR_LEAST ? BAR_LEAST : bar;
	bar_draw(p->messages_done, p->messages_new, bar, true, blocks);
	column = canvas_put(c, line, column, columns, CANVAS_GOOD, blocks);
	(void)snprintf(text, sizeof text, "%4d%%",
		bar_percent(p->messages_done, p->messages_new));
	column = canvas_put(c, line, column, end - column, CANVAS_PLAIN, text);
	bar_span(left_s, span);
	(void)snprintf(text, sizeof text, "%s left", span);
	if (left_s >= 0)
		put_whole(c, line, &column, end, CANVAS_PLAIN, text);
	text_format_bytes((uint64_t)row->byte_rate, amount);
	(void)snprintf(text, sizeof text, "%s/s", amount);
	put_whole(c, line, &column, end, CANVAS_PLAIN, text);
	column += 2;
	if (columns_of(where) <= end - column || end - column >= WHERE_LEAST)
		(void)canvas_put(
			c, line, column, end - column, CANVAS_DIM, where);
}

static enum canvas_style style_of(const struct watch_row *row)
{
	if (row->state == WATCH_FAILED)
		return CANVAS_BAD;
	if (row->state == WATCH_WAITING || row->status->stalled ||
		row->status->messages_quarantined > 0)
		return CANVAS_WARN;
	return row->state == WATCH_IDLE || row->state == WATCH_PAUSED
		       ? CANVAS_DIM
		       : CANVAS_PLAIN;
}

void watch_note_draw(const struct watch *w, const struct watch_row *row,
	struct canvas *c, int line, int column, int columns)
{
	const struct job_progress *p = &row->status->progress;
	char note[WATCH_NOTE_BYTES];

	if (row->state == WATCH_RUNNING && p->messages_new != 0 &&
		columns >= BAR_LEAST + 5) {
		draw_running(row, c, line, column, columns);
		return;
	}
	watch_note(w, row, note);
	(void)canvas_put(c, line, column, columns, style_of(row), note);
}
