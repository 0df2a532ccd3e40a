/* SPDX-License-Identifier: BSD-2-Clause */
/* What the plots of a report show: which bars, of which width in time. */
#include "report_plots.h"

#include "../base/mem.h"
#include "html_text.h"
#include "plot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINES_MAX 24
#define COLUMNS_MAX 72
#define YEARS_MAX 80

static void figure(const char *title, FILE *out)
{
	(void)fprintf(out, "<h3>%s</h3>\n<figure>\n", title);
}

/* ---- mailboxes */

static int by_value(const void *a, const void *b)
{
	const struct plot_bar *x = a, *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return strcmp(x->label, y->label);
}

/* The largest, and the rest as one. */
static size_t cut(struct plot_bar *bars, size_t count, char rest[64])
{
	struct plot_bar *last = &bars[LINES_MAX - 1];

	if (count <= LINES_MAX)
		return count;
	for (size_t i = LINES_MAX; i < count; i++) {
		last->value += bars[i].value;
		last->bytes += bars[i].bytes;
	}
	(void)snprintf(rest, 64, "%zu others", count - LINES_MAX + 1);
	last->label = rest;
	return LINES_MAX;
}

void report_plot_mailboxes(const struct report_account *a, FILE *out)
{
	struct plot_bar *bars = mem_array(a->mailbox_count + 1, sizeof *bars);
	char rest[64];
	size_t n = 0;

	for (size_t i = 0; i < a->mailbox_count; i++)
		if (a->mailboxes[i].collected != 0)
			bars[n++] = (struct plot_bar){
				.label = a->mailboxes[i].mailbox,
				.value = a->mailboxes[i].collected,
				.bytes = a->mailboxes[i].bytes};
	if (n != 0) {
		qsort(bars, n, sizeof *bars, by_value);
		n = cut(bars, n, rest);
		figure("Messages by mailbox", out);
		(void)fputs("<figcaption>Collected messages, and their bytes "
			    "as received</figcaption>\n",
			out);
		plot_lines(bars, n, "Messages by mailbox", "bar", out);
		(void)fputs("</figure>\n", out);
	}
	free(bars);
}

/* ---- years */

/* The years in between, too, where they are not too many. */
static size_t fill_years(const struct report_counts *years,
	struct plot_bar *bars, char (*labels)[24])
{
	size_t n = 0;
	long last = 0;

	for (size_t i = 0; i < years->count; i++) {
		const struct report_count *c = &years->list[i];
		long year = strtol(c->label, NULL, 10);
		for (long y = last + 1; last != 0 && y < year &&
					n + years->count - i < YEARS_MAX;
			y++) {
			(void)snprintf(labels[n], 24, "%ld", y);
			bars[n] = (struct plot_bar){.label = labels[n]};
			n++;
		}
		if (n < YEARS_MAX + 1)
			bars[n++] = (struct plot_bar){.label = c->label,
				.value = c->messages,
				.bytes = c->bytes};
		last = year;
	}
	return n;
}

void report_plot_years(const struct report_account *a, FILE *out)
{
	char labels[YEARS_MAX + 1][24];
	struct plot_bar bars[YEARS_MAX + 1];
	size_t n = fill_years(&a->years, bars, labels);

	if (n == 0)
		return;
	figure("Messages by year", out);
	(void)fputs("<figcaption>When they arrived at the source, as it says "
		    "itself</figcaption>\n",
		out);
	plot_columns(bars, n, "Messages by year", 0, out);
	(void)fputs("</figure>\n", out);
}

/* ---- collection over time */

enum form { FORM_TIME, FORM_DAY_TIME, FORM_DAY, FORM_MONTH, FORM_YEAR };

static const struct width {
	int64_t minutes;
	const char *name;
	enum form form;
} widths[] = {
	{1, "minute", FORM_TIME},
	{5, "5 minutes", FORM_TIME},
	{15, "15 minutes", FORM_TIME},
	{60, "hour", FORM_DAY_TIME},
	{6 * 60, "6 hours", FORM_DAY_TIME},
	{24 * 60, "day", FORM_DAY},
	{7 * 24 * 60, "week", FORM_DAY},
	{30 * 24 * 60, "30 days", FORM_MONTH},
	{365 * 24 * 60, "365 days", FORM_YEAR},
};

static void format_time(int64_t minute, enum form form, char out[32])
{
	time_t at = (time_t)(minute * 60);
	struct tm tm;
	size_t n = 0;

	out[0] = '\0';
	if (gmtime_r(&at, &tm) == NULL)
		return;
	switch (form) {
	case FORM_TIME:
		n = strftime(out, 32, "%H:%M", &tm);
		break;
	case FORM_DAY_TIME:
		n = strftime(out, 32, "%m-%d %Hh", &tm);
		break;
	case FORM_DAY:
		n = strftime(out, 32, "%m-%d", &tm);
		break;
	case FORM_MONTH:
		n = strftime(out, 32, "%Y-%m", &tm);
		break;
	case FORM_YEAR:
		n = strftime(out, 32, "%Y", &tm);
		break;
	}
	out[n] = '\0';
}

static const struct width *find_width(int64_t span)
{
	const size_t n = sizeof widths / sizeof widths[0];

	for (size_t i = 0; i < n; i++)
		if (span / widths[i].minutes < COLUMNS_MAX)
			return &widths[i];
	return &widths[n - 1];
}

struct times {
	const struct width *width;
	int64_t from; /* minute */
	struct plot_bar bars[COLUMNS_MAX + 1];
	char labels[COLUMNS_MAX + 1][32];
	size_t count;
};

static void fill_times(const struct report_account *a, struct times *t)
{
	int64_t first = a->minutes[0].minute;
	int64_t last = a->minutes[a->minute_count - 1].minute;

	t->width = find_width(last - first + 1);
	t->from = first - first % t->width->minutes;
	t->count = (size_t)((last - t->from) / t->width->minutes) + 1;
	if (t->count > COLUMNS_MAX + 1)
		t->count = COLUMNS_MAX + 1;
	for (size_t i = 0; i < t->count; i++) {
		format_time(t->from + (int64_t)i * t->width->minutes,
			t->width->form, t->labels[i]);
		t->bars[i].label = t->labels[i];
	}
	for (size_t i = 0; i < a->minute_count; i++) {
		size_t k = (size_t)((a->minutes[i].minute - t->from) /
				    t->width->minutes);
		if (k >= t->count)
			k = t->count - 1;
		t->bars[k].value += a->minutes[i].messages;
		t->bars[k].bytes += a->minutes[i].bytes;
	}
}

void report_plot_times(const struct report_account *a, FILE *out)
{
	struct times *t = mem_alloc(sizeof *t);
	char from[64] = "";
	struct tm tm;
	time_t at;

	if (a->minute_count != 0) {
		fill_times(a, t);
		at = (time_t)(t->from * 60);
		if (gmtime_r(&at, &tm) != NULL)
			(void)strftime(
				from, sizeof from, "%Y-%m-%d %H:%M", &tm);
		figure("Collected over time", out);
		(void)fprintf(out,
			"<figcaption>Messages per %s (bars) and in all (line), "
			"from %s UTC",
			t->width->name, from);
		if (a->undated != 0) {
			(void)fputs("; without ", out);
			html_count(a->undated, out);
			(void)fputs(" that came before times were kept", out);
		}
		(void)fputs("</figcaption>\n", out);
		plot_columns(t->bars, t->count, "Collected over time", 1, out);
		(void)fputs("</figure>\n", out);
	}
	free(t);
}

/* ---- what is not collected */

void report_plot_reasons(const struct report_account *a, FILE *out)
{
	struct plot_bar *bars = mem_array(a->reasons.count + 2, sizeof *bars);
	char rest[64];
	size_t n = 0;

	for (size_t i = 0; i < a->reasons.count; i++)
		bars[n++] = (struct plot_bar){.label = a->reasons.list[i].label,
			.value = a->reasons.list[i].messages};
	if (a->left_out_there != 0)
		bars[n++] = (struct plot_bar){
			.label = "left out: marked \\Deleted at the source",
			.value = a->left_out_there};
	if (n != 0) {
		n = cut(bars, n, rest);
		figure("Not collected, by reason", out);
		plot_lines(bars, n, "Not collected, by reason", "bad", out);
		(void)fputs("</figure>\n", out);
	}
	free(bars);
}
