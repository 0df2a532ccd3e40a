/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch_row.h"

#include "../model/text.h"

#include <stdlib.h>
#include <string.h>

#define MEAN_MS 4000	/* what came before weighs as much as so long */
#define LEFT_MOST_S 1e9 /* beyond it, it is no estimate */

const char *const watch_state_names[WATCH_STATES] = {
	"running", "failed", "waiting", "queued", "idle", "paused"};
const char *const watch_sort_names[WATCH_SORTS] = {
	"state", "name", "stored", "size", "rate", "due"};
const char *const watch_only_names[WATCH_ONLYS] = {
	"all", "running", "in trouble", "queued", "paused"};

static enum watch_state state_of(const char *name)
{
	for (int i = 0; i < WATCH_STATES; i++)
		if (strcmp(watch_state_names[i], name) == 0)
			return (enum watch_state)i;
	return WATCH_IDLE;
}

static uint64_t count_of(int64_t n)
{
	return n > 0 ? (uint64_t)n : 0;
}

void watch_row_fill(struct watch_row *row, const struct account *account,
	const struct job_status *status)
{
	const struct job_progress *p = &status->progress;

	*row = (struct watch_row){.account = account, .status = status};
	row->state = state_of(status->state);
	row->source = count_of(status->messages_source);
	row->stored = count_of(status->messages_stored);
	row->bytes = count_of(status->bytes_stored);
	if (row->state != WATCH_RUNNING)
		return;
	/* The counts are those of the last run that came to its end. */
	if (p->messages_total > row->source)
		row->source = p->messages_total;
	if (row->source < p->messages_new)
		row->source = p->messages_new;
	row->stored += p->messages_done;
	row->bytes += p->bytes_done;
}

static double rate_of(uint64_t more, int64_t ms)
{
	return ms > 0 ? (double)more * 1000 / (double)ms : 0;
}

/* A moment counts for as long as it was. */
static double mean_of(double before, uint64_t more, int64_t between_ms)
{
	double share = (double)between_ms / (double)(between_ms + MEAN_MS);

	return before * (1 - share) + rate_of(more, between_ms) * share;
}

static void pace_one(struct watch_row *row, const struct watch_row *before,
	int64_t between_ms, int64_t now_ms)
{
	const struct job_progress *p = &row->status->progress, *was;

	if (before == NULL || before->state != WATCH_RUNNING ||
		before->status->progress.fence != p->fence ||
		before->status->progress.bytes_done > p->bytes_done ||
		before->status->progress.messages_done > p->messages_done) {
		row->byte_rate = rate_of(p->bytes_done, now_ms - p->started_ms);
		row->message_rate =
			rate_of(p->messages_done, now_ms - p->started_ms);
		return;
	}
	was = &before->status->progress;
	row->byte_rate = mean_of(
		before->byte_rate, p->bytes_done - was->bytes_done, between_ms);
	row->message_rate = mean_of(before->message_rate,
		p->messages_done - was->messages_done, between_ms);
}

void watch_row_pace(struct watch_row *rows, size_t count,
	const struct watch_row *before, size_t before_count, int64_t between_ms,
	int64_t now_ms)
{
	size_t next = 0;

	for (size_t i = 0; i < count; i++) {
		size_t j = next;
		if (rows[i].state != WATCH_RUNNING)
			continue;
		while (j < before_count && before[j].status->account_id !=
						   rows[i].status->account_id)
			j++;
		if (j < before_count)
			next = j + 1;
		pace_one(&rows[i], j < before_count ? &before[j] : NULL,
			between_ms, now_ms);
	}
}

static uint64_t left_of(const struct watch_row *row)
{
	const struct job_progress *p = &row->status->progress;

	switch (row->state) {
	case WATCH_RUNNING:
		return p->messages_new > p->messages_done
			       ? p->messages_new - p->messages_done
			       : 0;
	case WATCH_QUEUED:
	case WATCH_WAITING:
		return row->source > row->stored ? row->source - row->stored
						 : 0;
	case WATCH_FAILED:
	case WATCH_IDLE:
	case WATCH_PAUSED:
	case WATCH_STATES:
		break;
	}
	return 0;
}

void watch_sum(
	const struct watch_row *rows, size_t count, struct watch_sum *ret_sum)
{
	struct watch_sum s = {.accounts = count};

	for (size_t i = 0; i < count; i++) {
		const struct watch_row *row = &rows[i];
		s.states[row->state]++;
		s.uncounted += row->source == 0 && row->stored == 0 &&
			       row->status->last_success_at == 0;
		/* what is kept here though it has gone there is no more than
		 * all */
		s.source += row->source;
		s.stored +=
			row->stored < row->source ? row->stored : row->source;
		s.bytes += row->bytes;
		s.quarantined += count_of(row->status->messages_quarantined);
		s.left += left_of(row);
		s.byte_rate += row->byte_rate;
		s.message_rate += row->message_rate;
	}
	*ret_sum = s;
}

int64_t watch_left(uint64_t messages, double message_rate)
{
	double s;

	if (messages == 0 || message_rate <= 0)
		return -1;
	s = (double)messages / message_rate;
	return s < LEFT_MOST_S ? (int64_t)s : -1;
}

static bool has_part(const char *text, const char *part)
{
	size_t n = strlen(part), len = text != NULL ? strlen(text) : 0;

	for (size_t i = 0; i + n <= len; i++)
		if (text_equal_n(text + i, part, n))
			return true;
	return false;
}

static bool passes(
	const struct watch_row *row, const char *text, enum watch_only only)
{
	const struct job_status *s = row->status;
	static const unsigned states[WATCH_ONLYS] = {
		[WATCH_ALL] = ~0u,
		[WATCH_ONLY_RUNNING] = 1u << WATCH_RUNNING,
		[WATCH_ONLY_TROUBLE] = 1u << WATCH_FAILED | 1u << WATCH_WAITING,
		[WATCH_ONLY_QUEUED] = 1u << WATCH_QUEUED,
		[WATCH_ONLY_PAUSED] = 1u << WATCH_PAUSED,
	};

	if ((states[only] & 1u << row->state) == 0)
		return false;
	return *text == '\0' || has_part(row->account->name, text) ||
	       has_part(row->account->url.host, text) ||
	       has_part(row->account->group, text) ||
	       has_part(s->state, text) ||
	       (s->has_error && (has_part(err_class_name(s->err.class), text) ||
					has_part(s->err.text, text)));
}

struct order {
	const struct watch_row *rows;
	enum watch_sort sort;
	bool reversed;
};

static int larger_first(double a, double b)
{
	return (a < b) - (a > b);
}

/* Of an account that is due by itself; the others come last. */
static double due_of(const struct watch_row *row)
{
	int64_t due = row->status->next_due_at;

	return due != 0 && row->state != WATCH_PAUSED ? (double)due : 1e18;
}

static int compare(const struct order *o, const struct watch_row *a,
	const struct watch_row *b)
{
	switch (o->sort) {
	case WATCH_BY_STATE:
		return (int)a->state - (int)b->state;
	case WATCH_BY_STORED:
		return larger_first((double)a->stored, (double)b->stored);
	case WATCH_BY_SIZE:
		return larger_first((double)a->bytes, (double)b->bytes);
	case WATCH_BY_RATE:
		return larger_first(a->byte_rate, b->byte_rate);
	case WATCH_BY_DUE:
		return larger_first(due_of(b), due_of(a));
	case WATCH_BY_NAME:
	case WATCH_SORTS:
		break;
	}
	return 0;
}

static int by_order(const void *a, const void *b, void *arg)
{
	const struct order *o = arg;
	const struct watch_row *ra = &o->rows[*(const size_t *)a];
	const struct watch_row *rb = &o->rows[*(const size_t *)b];
	int r = compare(o, ra, rb);

	if (r != 0)
		return o->reversed ? -r : r;
	/* what is equal stays in the order of the names */
	if (o->reversed && o->sort == WATCH_BY_NAME)
		return strcmp(rb->account->name, ra->account->name);
	return strcmp(ra->account->name, rb->account->name);
}

size_t watch_arrange(const struct watch_row *rows, size_t count,
	const char *text, enum watch_only only, enum watch_sort sort,
	bool reversed, size_t *shown)
{
	struct order order = {rows, sort, reversed};
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (passes(&rows[i], text, only))
			shown[n++] = i;
	if (n > 1)
		qsort_r(shown, n, sizeof *shown, by_order, &order);
	return n;
}
