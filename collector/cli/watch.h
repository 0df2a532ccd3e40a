/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: what `status --watch` shows, and where a person is in it. What was
 * read comes in by watch_take, keys by watch_key, and watch_draw makes the
 * picture. No terminal and no database: pure.
 */
#ifndef MAILHAUL_CLI_WATCH_H
#define MAILHAUL_CLI_WATCH_H

#include "../../storage/budgets.h"
#include "canvas.h"
#include "watch_row.h"

#define WATCH_FILTER_BYTES 64
#define WATCH_MESSAGE_BYTES 1024
#define WATCH_MESSAGE_MS 8000

enum watch_page { WATCH_LIST, WATCH_ACCOUNT, WATCH_HELP };

/* What was read at a moment. Owned by whoever read it, until the next. */
struct watch_reading {
	const struct watch_row *rows; /* by name */
	size_t count;
	const struct budget_row *hosts;
	size_t host_count;
	const struct job_notice *notices;
	size_t notice_count;
	int64_t per_host; /* sessions, where a host's row says nothing else */
	bool served;	  /* a daemon runs, or `mailhaul run` */
	int64_t now_s;	  /* wall clock */
	/* of the account that is open; else 0 */
	const struct job_mailbox *mailboxes;
	size_t mailbox_count;
	const struct job_failure *failures;
	size_t failure_count;
};

struct watch {
	struct watch_reading now;
	struct watch_sum sum;
	size_t *shown; /* numbers of rows, in order */
	size_t shown_count;
	enum watch_page page, before_help;
	enum watch_sort sort;
	enum watch_only only;
	bool reversed;
	char filter[WATCH_FILTER_BYTES];
	bool typing; /* the filter */
	/* The account that the keys are about, 0 = none. It stays the same
	 * wherever its row goes: a key must never hit another one. */
	int64_t chosen;
	size_t at;		    /* its place in shown */
	size_t top;		    /* the first in view */
	int room;		    /* rows in view, as last drawn */
	size_t scroll, scroll_most; /* of the other pages */
	char message[WATCH_MESSAGE_BYTES];
	enum canvas_style message_style;
	int64_t message_until_ms; /* monotonic */
};

void watch_init(struct watch *w);
void watch_clear(struct watch *w);
/* What is shown from now on. */
void watch_take(struct watch *w, const struct watch_reading *now);
/* The order and the filter have changed, or the rows. */
void watch_rearrange(struct watch *w);
/* Chooses the row that is so many places further; out of all range: the first
 * or the last. */
void watch_move(struct watch *w, int64_t by);
/* The chosen one; NULL. */
const struct watch_row *watch_chosen(const struct watch *w);
/* Says something at the foot for a while. */
void watch_say(struct watch *w, enum canvas_style style, int64_t now_mono_ms,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Draws all of it on a blank canvas. */
void watch_draw(struct watch *w, struct canvas *c, int64_t now_mono_ms);

#endif
