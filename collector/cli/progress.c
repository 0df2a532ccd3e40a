/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"

#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/account.h"
#include "../model/text.h"
#include "bar.h"
#include "cli.h"
#include "columns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINES_MAX 16 /* running accounts shown; the others are counted */
#define COLUMNS_LEAST 10
#define NAME 16 /* columns */
#define BAR 20

struct line {
	struct line *next;
	char account[ACCOUNT_NAME_MAX];
	struct job_progress now;
};

struct progress {
	FILE *out;
	bool live;
	bool quiet;
	bool utf8;
	struct line *lines;
	int drawn; /* lines of the block on the screen */
};

struct progress *progress_new(FILE *out, bool live, bool quiet)
{
	struct progress *p = mem_alloc(sizeof *p);

	p->out = out;
	p->live = live && !quiet;
	p->quiet = quiet;
	p->utf8 = columns_utf8();
	return p;
}

static void erase(struct progress *p)
{
	if (p->drawn > 0)
		(void)fprintf(p->out, "\033[%dA\033[J", p->drawn);
	p->drawn = 0;
}

void progress_free(struct progress **p)
{
	if (*p == NULL)
		return;
	erase(*p);
	(void)fflush((*p)->out);
	for (struct line *l = (*p)->lines, *next; l != NULL; l = next) {
		next = l->next;
		free(l);
	}
	free(*p);
	*p = NULL;
}

static struct line **find(struct progress *p, const char *account)
{
	struct line **l = &p->lines;

	while (*l != NULL && strcmp((*l)->account, account) != 0)
		l = &(*l)->next;
	return l;
}

void progress_update(
	struct progress *p, const char *account, const struct job_progress *now)
{
	struct line **l = find(p, account);

	if (*l == NULL) {
		*l = mem_alloc(sizeof **l);
		(void)snprintf(
			(*l)->account, sizeof(*l)->account, "%s", account);
		if (!p->live && !p->quiet)
			(void)fprintf(p->out, "%s: started\n", account);
	}
	(*l)->now = *now;
}

static int64_t elapsed_ms(const struct job_progress *now)
{
	int64_t ms = clock_wall_us() / 1000 - now->started_ms;

	return ms > 0 ? ms : 1;
}

/* "12s left" at the pace so far; "" while there is nothing to go by. */
static void eta(const struct job_progress *now, char out[32])
{
	int64_t left_s = bar_left(
		now->messages_done, now->messages_new, elapsed_ms(now));
	char span[BAR_SPAN_BYTES];

	bar_span(left_s, span);
	out[0] = '\0';
	if (left_s >= 0)
		(void)snprintf(out, 32, "%.20s left", span);
}

static void draw_line(
	const struct progress *p, const struct line *l, int columns)
{
	const struct job_progress *now = &l->now;
	char text[512 + BAR_BYTES], blocks[BAR_BYTES], done[32], all[32],
		bytes[32], rate[32], left[32], mailbox[64];
	int name = (int)columns_bytes(l->account, NAME);

	bar_draw(now->messages_done, now->messages_new, BAR, p->utf8, blocks);
	text_format_count(now->messages_done, done);
	text_format_count(now->messages_new, all);
	text_format_bytes(now->bytes_done, bytes);
	text_format_bytes(
		now->bytes_done * 1000 / (uint64_t)elapsed_ms(now), rate);
	eta(now, left);
	text_printable(now->mailbox, mailbox, 40);
	(void)snprintf(text, sizeof text,
		"%.*s%*s %s %s/%s  %s  %s/s  %s  %s %s", name, l->account,
		NAME - columns_of(l->account) > 0
			? NAME - columns_of(l->account)
			: 0,
		"", blocks, done, all, bytes, rate, left, now->phase, mailbox);
	/* Never wider than the screen: a wrapped line could not be erased. */
	text[columns_bytes(text, columns - 1)] = '\0';
	(void)fprintf(p->out, "%s\n", text);
}

struct screen {
	int columns;
	int lines; /* of the block; more would scroll away unerased */
};

static struct screen look_at_screen(FILE *out)
{
	struct screen screen = {80, LINES_MAX};
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0)
		return screen;
	if (size.ws_col != 0)
		screen.columns = size.ws_col > COLUMNS_LEAST ? size.ws_col
							     : COLUMNS_LEAST;
	/* one line is the cursor's, one the count's of those not shown */
	if (size.ws_row != 0 && size.ws_row < LINES_MAX + 2)
		screen.lines = size.ws_row > 3 ? size.ws_row - 2 : 1;
	return screen;
}

void progress_draw(struct progress *p)
{
	struct screen screen;
	int n = 0, more = 0;

	if (!p->live)
		return;
	screen = look_at_screen(p->out);
	erase(p);
	for (const struct line *l = p->lines; l != NULL; l = l->next) {
		if (n == screen.lines) {
			more++;
			continue;
		}
		draw_line(p, l, screen.columns);
		n++;
	}
	if (more != 0)
		(void)fprintf(p->out, "and %d more running\n", more);
	p->drawn = n + (more != 0);
	(void)fflush(p->out);
}

static void say_done(struct progress *p, const char *account,
	const struct job_progress *now, const struct job_result *result)
{
	char new[32], bytes[32], stored[32], took[32] = "";
	uint64_t done = now != NULL ? now->messages_done : 0;

	text_format_count(done, new);
	text_format_bytes(now != NULL ? now->bytes_done : 0, bytes);
	text_format_count((uint64_t)result->messages_stored, stored);
	if (now != NULL && now->started_ms != 0)
		(void)snprintf(took, sizeof took, " in %.1f s",
			(double)elapsed_ms(now) / 1000);
	(void)fprintf(p->out,
		"%s: up to date: %s new message%s (%s)%s, %s in all\n", account,
		new, done == 1 ? "" : "s", bytes, took, stored);
	if (result->messages_quarantined != 0)
		(void)fprintf(p->out,
			"%s: %" PRId64 " message%s could not be fetched: in "
			"quarantine, tried again later; mailhaul failures %s "
			"says why\n",
			account, result->messages_quarantined,
			result->messages_quarantined == 1 ? "" : "s", account);
}

void progress_finish(struct progress *p, const char *account,
	const struct job_progress *now, const struct job_result *result)
{
	struct line **l = find(p, account);

	erase(p);
	if (*l != NULL) {
		struct line *gone = *l;
		*l = gone->next;
		free(gone);
	}
	(void)fflush(p->out);
	if (result->yielded) {
		if (!p->quiet)
			(void)fprintf(p->out,
				"%s: makes way for others that wait; it goes "
				"on behind them\n",
				account);
	} else if (result->cancelled)
		(void)fprintf(stderr,
			"mailhaul: %s: stopped; it goes on next time\n",
			account);
	else if (!result->ok)
		(void)cli_fail(account, &result->err);
	else if (!p->quiet)
		say_done(p, account, now, result);
	(void)fflush(p->out);
	progress_draw(p);
}
