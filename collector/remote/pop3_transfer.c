/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The body reader looks for dots, not for lines: most of a message's bulk is
 * base64, which has none, so whole buffers pass in one piece. A dot counts
 * only behind an LF or at the very start.
 *
 * The window keeps commands ahead of answers, so that the round trip is paid
 * once per window. It is refilled when half of it is used up, by commands or
 * by the bytes they will bring: one small write for many messages. 512
 * commands are at most 8.5 KiB: they fit any socket's buffers, so a write never
 * waits for a server that waits for us to read.
 */
#include "pop3_transfer.h"

#include "../base/clock.h"
#include "../base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SIZE_GUESS (POP3_WINDOW_BYTES / POP3_WINDOW)
#define TOP_GUESS ((uint64_t)4096)
#define EXPECT_STEP ((uint64_t)1 << 20) /* bytes per deadline */
#define SINK_PAUSE_MS 500		/* a sink that waited for the disk */
#define TEMP_FAILURES_MAX 10

/* ---- body ---- */

static int give(struct pop3_body *body, const struct session_sink *sink,
	const char *p, size_t n, struct err *err)
{
	if (n == 0)
		return 0;
	body->bytes += n;
	return sink->body(sink->arg, p, n, err);
}

/* What was kept back at the end of the last piece. 0 the body has ended, 1 go
 * on at *ret_used, -1. */
static int settle_dot(struct pop3_body *body, const char *p, size_t n,
	const struct session_sink *sink, size_t *ret_used, struct err *err)
{
	size_t i = 0;

	if (body->place == POP3_AFTER_DOT && i < n) {
		if (p[i] == '\r') {
			body->place = POP3_AFTER_DOT_CR;
			i++;
		} else if (p[i] == '\n') {
			*ret_used = i + 1;
			return 0;
		} else {
			body->place = POP3_LINE_INSIDE;
		}
	}
	if (body->place == POP3_AFTER_DOT_CR && i < n) {
		if (p[i] == '\n') {
			*ret_used = i + 1;
			return 0;
		}
		body->place = POP3_LINE_INSIDE;
		if (give(body, sink, "\r", 1, err) < 0)
			return -1;
	}
	*ret_used = i;
	return 1;
}

/* p[at] is a dot that begins a line. 0 the body ends before *ret_next, 1 go
 * on there (n: the rest is kept back). */
static int judge_dot(struct pop3_body *body, const char *p, size_t n, size_t at,
	size_t *ret_next)
{
	*ret_next = n;
	if (at + 1 == n) {
		body->place = POP3_AFTER_DOT;
		return 1;
	}
	if (p[at + 1] == '\n') {
		*ret_next = at + 2;
		return 0;
	}
	if (p[at + 1] == '\r' && at + 2 == n) {
		body->place = POP3_AFTER_DOT_CR;
		return 1;
	}
	if (p[at + 1] == '\r' && p[at + 2] == '\n') {
		*ret_next = at + 3;
		return 0;
	}
	*ret_next = at + 1;
	return 1;
}

int pop3_body_feed(struct pop3_body *body, const char *bytes, size_t n,
	const struct session_sink *sink, size_t *ret_used, struct err *err)
{
	const char *dot;
	size_t start = 0, from, look, next;
	int r = settle_dot(body, bytes, n, sink, &start, err);

	*ret_used = start;
	if (r <= 0 || start == n)
		return r;
	from = look = start;
	while ((dot = memchr(bytes + look, '.', n - look)) != NULL) {
		size_t at = (size_t)(dot - bytes);

		look = at + 1;
		if (at == start ? body->place != POP3_LINE_START
				: bytes[at - 1] != '\n')
			continue;
		if (give(body, sink, bytes + from, at - from, err) < 0)
			return -1;
		r = judge_dot(body, bytes, n, at, &next);
		*ret_used = next;
		if (r == 0 || next == n)
			return r;
		from = next;
	}
	if (give(body, sink, bytes + from, n - from, err) < 0)
		return -1;
	body->place = bytes[n - 1] == '\n' ? POP3_LINE_START : POP3_LINE_INSIDE;
	*ret_used = n;
	return 1;
}

/* An announced size is a claim; what counts is that bytes keep coming. */
int pop3_body_read(struct pop3_wire *w, uint64_t message_bytes,
	const struct session_sink *sink, uint64_t *ret_bytes, struct err *err)
{
	struct pop3_body body = {0};
	uint64_t next_step = EXPECT_STEP;
	const char *bytes;
	size_t n, used;
	int64_t began;
	int r;

	do {
		if (pop3_fill(w, &bytes, &n, err) < 0)
			return err_where(
				err, "cut after %" PRIu64 " bytes", body.bytes);
		began = clock_mono_ms();
		r = pop3_body_feed(&body, bytes, n, sink, &used, err);
		if (r < 0)
			return -1;
		pop3_consume(w, used);
		if (message_bytes != 0 && body.bytes > message_bytes)
			return err_set(err, ERR_LIMIT, ERR_SCOPE_SESSION,
				ERR_RETRY_LATER,
				"larger than %" PRIu64
				" bytes (limits.message)",
				message_bytes);
		if (body.bytes >= next_step ||
			clock_mono_ms() - began > SINK_PAUSE_MS) {
			next_step = body.bytes + EXPECT_STEP;
			pop3_expect(w, EXPECT_STEP);
		}
	} while (r > 0);
	*ret_bytes = body.bytes;
	return 0;
}

/* ---- window ---- */

struct transfer {
	struct pop3_wire *w;
	const struct pop3_listing *l;
	const struct session_sink *sink;
	uint64_t message_bytes;
	const struct uid_range *ranges;
	size_t count, range; /* the range in work */
	uint64_t next;	     /* the number in it to look at */
	unsigned window;
	uint32_t numbers[POP3_WINDOW]; /* in flight, a ring */
	unsigned first, flying;
	uint64_t flying_bytes;
	int temp_failures; /* in a row */
	bool top;	   /* TOP, not RETR */
	bool top_works;
	bool over; /* nothing more is asked */
};

static const char *command_of(const struct transfer *x)
{
	return x->top ? "TOP" : "RETR";
}

static uint64_t announced(const struct transfer *x, uint32_t number)
{
	uint64_t bytes = x->top ? TOP_GUESS : SIZE_GUESS;

	if (x->top)
		return bytes;
	(void)pop3_listing_size(x->l, number, &bytes);
	return bytes;
}

/* The next number to ask for; false when there is none. */
static bool peek(struct transfer *x, uint32_t *ret_number)
{
	for (; !x->over && x->range < x->count; x->range++, x->next = 0) {
		const struct uid_range *r = &x->ranges[x->range];
		if (x->next < r->first)
			x->next = r->first;
		for (; x->next <= r->last && x->next <= x->l->top; x->next++)
			if (pop3_listing_has(x->l, (uint32_t)x->next)) {
				*ret_number = (uint32_t)x->next;
				return true;
			}
	}
	return false;
}

static int refill(struct transfer *x, struct err *err)
{
	unsigned window = x->top && !x->top_works ? 1 : x->window;
	unsigned sent = 0;
	uint32_t number;
	char line[32];

	if (x->flying > window / 2 ||
		(x->flying != 0 && x->flying_bytes > POP3_WINDOW_BYTES / 2))
		return 0;
	while (x->flying < window && peek(x, &number)) {
		uint64_t bytes = announced(x, number);
		if (x->flying != 0 &&
			(bytes > POP3_WINDOW_BYTES ||
				x->flying_bytes + bytes > POP3_WINDOW_BYTES))
			break;
		(void)snprintf(line, sizeof line,
			x->top ? "TOP %u 0" : "RETR %u", number);
		if (pop3_put(x->w, line, err) < 0)
			return -1;
		x->numbers[(x->first + x->flying) % POP3_WINDOW] = number;
		x->flying++;
		x->flying_bytes += bytes;
		x->next++;
		sent++;
	}
	if (sent == 0)
		return 0;
	/* the sink may have taken its time: that is not the server's */
	pop3_expect(x->w, EXPECT_STEP);
	return pop3_flush(x->w, err);
}

static int count_refusal(
	struct transfer *x, const struct pop3_answer *answer, struct err *err)
{
	x->over = x->top && !x->top_works;
	LOG(LOG_LEVEL_DEBUG, NULL, "pop3_refused",
		LOG_STR("command", command_of(x)),
		LOG_NUM("number", x->numbers[x->first]),
		LOG_STR("text", answer->text));
	if (answer->code != POP3_CODE_SYS_TEMP) {
		x->temp_failures = 0;
		return 0;
	}
	if (++x->temp_failures < TEMP_FAILURES_MAX)
		return 0;
	return pop3_refused(answer, command_of(x), err);
}

/* A connection that was lost among messages is worth another one at once. */
static int message_lost(struct err *err, uint32_t number)
{
	if (err != NULL && err->class == ERR_NETWORK)
		err->retry = ERR_RETRY_NOW;
	return err_where(err, "message %u", number);
}

static int read_message(struct transfer *x, struct err *err)
{
	uint32_t number = x->numbers[x->first];
	struct pop3_answer answer;
	struct message_meta meta;
	uint64_t bytes;

	pop3_listing_meta(x->l, number, &meta);
	pop3_expect(x->w, EXPECT_STEP);
	if (pop3_read_answer(x->w, &answer, err) < 0)
		return message_lost(err, number);
	if (answer.status == POP3_OK) {
		if (pop3_body_read(
			    x->w, x->message_bytes, x->sink, &bytes, err) < 0)
			return message_lost(err, number);
		meta.has |= MESSAGE_HAS_BODY;
		x->temp_failures = 0;
		x->top_works = true;
	} else if (count_refusal(x, &answer, err) < 0) {
		return -1;
	}
	return x->sink->message(x->sink->arg, &meta, err);
}

static int run(struct transfer *x, unsigned window, struct err *err)
{
	x->window = window < POP3_WINDOW ? window : POP3_WINDOW;
	if (x->window == 0)
		x->window = 1;
	for (;;) {
		if (refill(x, err) < 0)
			return -1;
		if (x->flying == 0)
			return 0;
		if (read_message(x, err) < 0)
			return -1;
		x->flying_bytes -= announced(x, x->numbers[x->first]);
		x->first = (x->first + 1) % POP3_WINDOW;
		x->flying--;
	}
}

int pop3_transfer(struct pop3_wire *w, const struct pop3_listing *l,
	const struct uid_range *ranges, size_t count, unsigned window,
	uint64_t message_bytes, const struct session_sink *sink,
	struct err *err)
{
	struct transfer x = {.w = w,
		.l = l,
		.sink = sink,
		.message_bytes = message_bytes,
		.ranges = ranges,
		.count = count};

	return run(&x, window, err);
}

int pop3_transfer_headers(struct pop3_wire *w, const struct pop3_listing *l,
	const struct uid_range *ranges, size_t count, unsigned window,
	uint64_t message_bytes, const struct session_sink *sink,
	struct err *err)
{
	struct transfer x = {.w = w,
		.l = l,
		.sink = sink,
		.message_bytes = message_bytes,
		.ranges = ranges,
		.count = count,
		.top = true};

	return run(&x, window, err);
}
