/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch.h"

#include "../base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void watch_init(struct watch *w)
{
	*w = (struct watch){.room = 1};
}

void watch_clear(struct watch *w)
{
	free(w->shown);
	*w = (struct watch){0};
}

void watch_take(struct watch *w, const struct watch_reading *now)
{
	w->now = *now;
	watch_sum(now->rows, now->count, &w->sum);
	watch_rearrange(w);
}

static int64_t id_at(const struct watch *w, size_t place)
{
	return w->now.rows[w->shown[place]].account->id;
}

void watch_rearrange(struct watch *w)
{
	size_t place = 0;

	w->shown = mem_grow(w->shown, w->now.count + 1, sizeof *w->shown);
	w->shown_count = watch_arrange(w->now.rows, w->now.count, w->filter,
		w->only, w->sort, w->reversed, w->shown);
	if (w->chosen == 0)
		return;
	while (place < w->shown_count && id_at(w, place) != w->chosen)
		place++;
	if (place < w->shown_count)
		w->at = place;
	else if (w->page == WATCH_LIST)
		/* Its row is out of sight, and none takes its place unasked. */
		w->chosen = 0;
}

void watch_move(struct watch *w, int64_t by)
{
	int64_t last = (int64_t)w->shown_count - 1, to;

	if (last < 0)
		return;
	/* without a choice the first step chooses what is in view */
	if (w->chosen == 0)
		to = by == 1 || by == -1 ? (int64_t)w->top : by;
	else
		to = (int64_t)w->at + by;
	if (to < 0)
		to = 0;
	if (to > last)
		to = last;
	w->at = (size_t)to;
	w->chosen = id_at(w, w->at);
}

const struct watch_row *watch_chosen(const struct watch *w)
{
	for (size_t i = 0; w->chosen != 0 && i < w->now.count; i++)
		if (w->now.rows[i].account->id == w->chosen)
			return &w->now.rows[i];
	return NULL;
}

void watch_say(struct watch *w, enum canvas_style style, int64_t now_mono_ms,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(w->message, sizeof w->message, fmt, ap);
	va_end(ap);
	w->message_style = style;
	w->message_until_ms = now_mono_ms + WATCH_MESSAGE_MS;
}
