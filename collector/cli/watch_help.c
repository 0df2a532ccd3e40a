/* SPDX-License-Identifier: BSD-2-Clause */
/* The page that says what the keys do. */
#include "watch_body.h"
#include "watch_pages.h"

#define KEY 12 /* columns */

static const struct {
	const char *key, *meaning;
} keys[] = {
	{"Up Down", "choose an account (also k j)"},
	{"PgUp PgDn", "a screen further"},
	{"Home End", "the first, the last (also g G)"},
	{"Enter", "open it: mailboxes, errors (also Right)"},
	{"Esc", "back; in the list: show all again (also Left)"},
	{"", ""},
	{"/", "show only what has a text: part of the name, the host, the "
	      "group, the state or the failure"},
	{"f", "show only: running, in trouble, queued, paused, all"},
	{"s S", "order by: state, name, stored, size, rate, due; S turns it "
		"around"},
	{"", ""},
	{"p", "pause the chosen account; its run ends"},
	{"r", "resume it"},
	{"t", "retry: due now, with what is quarantined"},
	{"n", "sync now: due now"},
	{"", ""},
	{"Ctrl-L", "draw the screen anew"},
	{"q", "quit; what runs goes on"},
};

static const struct {
	enum canvas_style style;
	const char *state, *meaning;
} states[] = {
	{CANVAS_GOOD, "running", "mail is coming; the bar is of what is new"},
	{CANVAS_BAD, "failed",
		"a person has to act; mailhaul explain says how"},
	{CANVAS_WARN, "waiting", "it failed and is tried again by itself"},
	{CANVAS_PLAIN, "queued", "due, and waits for its turn"},
	{CANVAS_DIM, "idle", "up to date"},
	{CANVAS_DIM, "paused", "a person has stopped it"},
};

static void draw_pair(struct watch_body *b, enum canvas_style style,
	const char *word, const char *meaning)
{
	struct watch_body word_alone = *b;
	int row = watch_body_row(&word_alone);

	if (row >= 0)
		(void)canvas_put(b->canvas, row, 0, KEY, style, word);
	if (meaning[0] != '\0')
		watch_body_wrap(b, KEY, CANVAS_PLAIN, meaning);
	else
		*b = word_alone;
}

void watch_draw_help(struct watch *w, struct canvas *c, int first, int end)
{
	struct watch_body b = {c, first, end, w->scroll, 0};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		draw_pair(&b, CANVAS_STRONG, keys[i].key, keys[i].meaning);
	(void)watch_body_row(&b);
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		draw_pair(&b, states[i].style, states[i].state,
			states[i].meaning);
	w->room = end - first > 0 ? end - first : 1;
	w->scroll_most = watch_body_most(&b);
}
