/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line is held back until it is known of which kind it is ("* LIS…" may
 * become the tap's), then goes, as it comes, into the tap's buffer or to
 * libetpan; guard_line.c says where it ends. Blank lines and blanks before a
 * line, which libetpan would skip, are taken out, so that both sides agree
 * where a line begins.
 * Bytes held back at the end of a piece go in front of the next one. Where
 * that makes the output longer than the piece, its end waits in `spill`.
 */
#include "guard.h"

#include "../base/buf.h"
#include "../base/mem.h"
#include "guard_line.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "* CAPABILITY" and its delimiter are shorter. */
#define HEAD_MAX 16

enum head_state { HEAD_START, HEAD_STAR, HEAD_WORD };

struct guard {
	struct guard_limits limits;
	guard_line_fn *tap;
	void *tap_arg;
	const char *why;
	bool why_limit;
	bool greeted;
	bool at_rest;
	bool bye;  /* the present line is "* BYE" */
	bool over; /* it has ended */
	struct guard_line line;
	uint64_t line_bytes;
	uint64_t kept_bytes;   /* of the command, outside bodies */
	uint64_t tapped_bytes; /* of the command */
	uint64_t literal_left;
	struct buf tapped; /* the line being tapped */

	enum head_state head_state;
	char head[HEAD_MAX];
	size_t head_len;
	size_t carried; /* bytes of head from earlier pieces */

	char spill[HEAD_MAX];
	size_t spill_len;
};

/* One call of guard_feed: bytes[0 … out) are kept, bytes[in … n) to come. */
struct feed {
	char *bytes;
	size_t n, in, out;
	char before[HEAD_MAX]; /* kept, to stand before bytes[0] */
	size_t before_len;
};

struct guard *guard_new(
	const struct guard_limits *limits, guard_line_fn *tap, void *tap_arg)
{
	struct guard *g = mem_alloc(sizeof *g);
	struct guard_limits *l = &g->limits;

	*l = *limits;
	if (l->line_bytes == 0)
		l->line_bytes = (uint64_t)1 << 20;
	if (l->nesting == 0)
		l->nesting = 100;
	if (l->literal_bytes == 0)
		l->literal_bytes = (uint64_t)128 << 20;
	if (l->command_bytes == 0)
		l->command_bytes = (uint64_t)4 << 20;
	if (l->greeting_bytes == 0)
		l->greeting_bytes = 4096;
	g->tap = tap;
	g->tap_arg = tap_arg;
	g->at_rest = true;
	g->line.depth_max = l->nesting;
	g->line.literal_max = l->literal_bytes;
	buf_init(&g->tapped, (size_t)l->line_bytes);
	return g;
}

void guard_free(struct guard **g)
{
	if (*g == NULL)
		return;
	buf_free(&(*g)->tapped);
	free(*g);
	*g = NULL;
}

void guard_begin_command(struct guard *g)
{
	g->kept_bytes = 0;
	g->tapped_bytes = 0;
}

const char *guard_why(const struct guard *g, bool *ret_is_limit)
{
	if (g->why != NULL)
		*ret_is_limit = g->why_limit;
	return g->why;
}

bool guard_at_rest(const struct guard *g)
{
	return g->at_rest && g->spill_len == 0;
}

bool guard_is_over(const struct guard *g)
{
	return g->over;
}

static int refuse(struct guard *g, bool limit, const char *why)
{
	g->why = why;
	g->why_limit = limit;
	g->spill_len = 0;
	return -1;
}

/* ---- the end and the beginning of a line ---- */

static void begin_line(struct guard *g)
{
	g->greeted = true;
	g->line.kind = GUARD_HEAD;
	g->head_state = HEAD_START;
	g->head_len = 0;
	g->line_bytes = 0;
}

static int end_tapped(struct guard *g)
{
	char *line = g->tapped.data;
	size_t n = g->tapped.len - 1; /* the LF */

	if (n > 0 && line[n - 1] == '\r')
		n--;
	line[n] = '\0';
	if (g->tap != NULL && g->tap(g->tap_arg, line, n) < 0)
		return refuse(g, false, "a line that its reader refused");
	buf_reset(&g->tapped);
	if (g->tapped.cap > 4096)
		buf_free(&g->tapped);
	return 0;
}

/* blank: what follows the word is a blank or the line's end; else a "(", where
 * libetpan sees no status. */
static enum guard_kind kind_of_word(const char *word, size_t n, bool blank)
{
	static const char *const status[] = {
		"OK", "NO", "BAD", "BYE", "PREAUTH"};
	static const char *const tapped[] = {"LIST", "LSUB", "STATUS",
		"VANISHED", "SEARCH", "ESEARCH", "CAPABILITY", "NAMESPACE",
		"ID"};

	if (n > 0 && (word[0] == '-' || (word[0] >= '0' && word[0] <= '9')))
		return GUARD_MESSAGE;
	for (size_t i = 0; i < sizeof status / sizeof status[0]; i++)
		if (blank && strlen(status[i]) == n &&
			strncasecmp(status[i], word, n) == 0)
			return GUARD_STATUS;
	for (size_t i = 0; i < sizeof tapped / sizeof tapped[0]; i++)
		if (strlen(tapped[i]) == n &&
			strncasecmp(tapped[i], word, n) == 0)
			return GUARD_TAPPED;
	return GUARD_DATA;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

/*
 * Looks at the byte behind the head. 1: taken into the head; 2: taken out;
 * 0: the kind is known, and the byte belongs to what follows the head.
 */
static int scan_head(struct guard *g, char c, enum guard_kind *ret_kind)
{
	bool blank = c == ' ' || c == '\t';

	switch (g->head_state) {
	case HEAD_START:
		if (blank || c == '\r' || c == '\n')
			return 2;
		if (c == '*') {
			g->head_state = HEAD_STAR;
			return 1;
		}
		*ret_kind = c == '+' ? GUARD_CONTINUE : GUARD_TAGGED;
		return c == '+' ? 1 : 0;
	case HEAD_STAR:
		if (blank)
			return g->head[g->head_len - 1] == '*' ? 1 : 2;
		g->head_state = HEAD_WORD;
		*ret_kind = GUARD_DATA;
		return is_alnum(c) || c == '-' ? 1 : 0;
	case HEAD_WORD:
		break;
	}
	if (is_alnum(c) && g->head_len < HEAD_MAX)
		return 1;
	*ret_kind = GUARD_DATA;
	blank = blank || c == '\r' || c == '\n';
	if (blank || c == '(' || g->head_len == HEAD_MAX)
		*ret_kind = kind_of_word(g->head + 2, g->head_len - 2, blank);
	return 0;
}

/* The kind is known: the head goes where the line will go. */
static int leave_head(struct guard *g, struct feed *f, enum guard_kind kind)
{
	bool strict = kind == GUARD_CONTINUE || !g->greeted;
	size_t own = g->head_len - g->carried;

	if (!g->greeted && kind != GUARD_STATUS)
		return refuse(g, false, "a greeting that is none of IMAP");
	g->bye = kind == GUARD_STATUS && g->head_len == 5 &&
		 strncasecmp(g->head + 2, "BYE", 3) == 0;
	guard_line_begin(&g->line, kind, strict);
	if (kind == GUARD_TAPPED) {
		(void)buf_add(&g->tapped, g->head, g->head_len);
	} else {
		memcpy(f->before + f->before_len, g->head, g->carried);
		f->before_len += g->carried; /* once a call at most */
		memmove(f->bytes + f->out, g->head + g->carried, own);
		f->out += own;
	}
	g->carried = 0;
	return 0;
}

/* ---- bytes ---- */

/* How many more bytes of this line may come; 0 refuses. */
static int line_room(struct guard *g, bool tapped, uint64_t *ret_room)
{
	const struct guard_limits *l = &g->limits;
	uint64_t most = tapped ? l->command_bytes * GUARD_TAPPED_TIMES
			       : l->command_bytes;
	uint64_t used = tapped ? g->tapped_bytes : g->kept_bytes;

	if (!g->greeted && g->line_bytes >= l->greeting_bytes)
		return refuse(g, true, "a greeting is too long");
	if (g->line_bytes >= l->line_bytes)
		return refuse(g, true, "a line is too long");
	if (used >= most)
		return refuse(g, true, "an answer is too long");
	if (tapped && g->tapped.len >= g->tapped.max)
		return refuse(g, true, "a line is too long");
	*ret_room = l->line_bytes - g->line_bytes;
	if (tapped && g->tapped.max - g->tapped.len < *ret_room)
		*ret_room = g->tapped.max - g->tapped.len;
	if (most - used < *ret_room)
		*ret_room = most - used;
	if (!g->greeted && l->greeting_bytes - g->line_bytes < *ret_room)
		*ret_room = l->greeting_bytes - g->line_bytes;
	return 0;
}

static void count(struct guard *g, bool tapped, uint64_t n)
{
	g->line_bytes += n;
	if (tapped)
		g->tapped_bytes += n;
	else
		g->kept_bytes += n;
}

/* Moves n bytes to the output or to the tapped line. */
static int pass(struct guard *g, struct feed *f, size_t n)
{
	if (g->line.kind == GUARD_TAPPED) {
		if (buf_add(&g->tapped, f->bytes + f->in, n) < 0)
			return refuse(g, true, "a line is too long");
	} else {
		if (f->out != f->in)
			memmove(f->bytes + f->out, f->bytes + f->in, n);
		f->out += n;
	}
	f->in += n;
	return 0;
}

static int feed_head(struct guard *g, struct feed *f)
{
	enum guard_kind kind = GUARD_HEAD;
	uint64_t room;
	char c = f->bytes[f->in];
	int taken;

	if (line_room(g, false, &room) < 0)
		return -1;
	taken = scan_head(g, c, &kind);
	g->at_rest = false;
	if (taken != 0) {
		f->in++;
		count(g, false, 1);
	}
	if (taken == 1)
		g->head[g->head_len++] = c;
	if (taken == 0 || kind == GUARD_CONTINUE)
		return leave_head(g, f, kind);
	if (g->head_state == HEAD_START)
		g->line_bytes = 0; /* blank lines are no line */
	return 0;
}

static int begin_literal(struct guard *g)
{
	uint64_t n = g->line.literal_bytes;
	bool tapped = g->line.kind == GUARD_TAPPED;

	g->literal_left = n;
	if (tapped && n > GUARD_TAPPED_LITERAL_BYTES)
		return refuse(g, true, "a literal in a listing is too large");
	if (tapped && n > g->tapped.max - g->tapped.len)
		return refuse(g, true, "a line is too long");
	if (tapped)
		g->tapped_bytes += n;
	if (tapped || g->line.literal_is_body)
		return 0;
	if (n > g->limits.command_bytes - g->kept_bytes)
		return refuse(g, true, "an answer is too long");
	g->kept_bytes += n;
	return 0;
}

static int feed_line(struct guard *g, struct feed *f)
{
	bool tapped = g->line.kind == GUARD_TAPPED;
	enum guard_event event;
	uint64_t room;
	size_t n = f->n - f->in;

	if (line_room(g, tapped, &room) < 0)
		return -1;
	if (n > room)
		n = (size_t)room;
	n = guard_line_scan(&g->line, f->bytes + f->in, n, &event);
	if (event == GUARD_REFUSED)
		return refuse(g, g->line.why_limit, g->line.why);
	count(g, tapped, n);
	if (pass(g, f, n) < 0)
		return -1;
	if (event == GUARD_LITERAL)
		return begin_literal(g);
	if (event == GUARD_END_OF_LINE) {
		if (tapped && end_tapped(g) < 0)
			return -1;
		g->at_rest = g->line.kind == GUARD_TAGGED;
		g->over = g->bye;
		begin_line(g);
	}
	return 0;
}

static int feed_literal(struct guard *g, struct feed *f)
{
	size_t n = f->n - f->in;

	if (n > g->literal_left)
		n = (size_t)g->literal_left;
	g->literal_left -= n;
	return pass(g, f, n);
}

/* Puts `before` in front of the output; what no longer fits is spilt. */
static long finish(struct guard *g, struct feed *f)
{
	size_t all = f->before_len + f->out;
	size_t fits = all < f->n ? all : f->n;
	size_t stay = fits > f->before_len ? fits - f->before_len : 0;

	if (f->before_len == 0)
		return (long)f->out;
	/* Spilt: the end of bytes, and of `before` if the piece was tiny. */
	g->spill_len = all - fits;
	if (fits < f->before_len) {
		size_t late = f->before_len - fits;
		memcpy(g->spill, f->before + fits, late);
		memcpy(g->spill + late, f->bytes, f->out);
		memcpy(f->bytes, f->before, fits);
		return (long)fits;
	}
	memcpy(g->spill, f->bytes + stay, f->out - stay);
	memmove(f->bytes + f->before_len, f->bytes, stay);
	memcpy(f->bytes, f->before, f->before_len);
	return (long)fits;
}

long guard_feed(struct guard *g, char *bytes, size_t n)
{
	struct feed f = {.bytes = bytes, .n = n};
	int r = 0;

	assert(g->spill_len == 0);
	while (g->why == NULL && r == 0 && f.in < n && !g->over) {
		if (g->literal_left != 0)
			r = feed_literal(g, &f);
		else if (g->line.kind == GUARD_HEAD)
			r = feed_head(g, &f);
		else
			r = feed_line(g, &f);
	}
	if (g->why != NULL)
		return -1;
	if (g->line.kind == GUARD_HEAD)
		g->carried = g->head_len;
	return finish(g, &f);
}

size_t guard_drain(struct guard *g, char *bytes, size_t n)
{
	if (n > g->spill_len)
		n = g->spill_len;
	if (n == 0)
		return 0;
	memcpy(bytes, g->spill, n);
	g->spill_len -= n;
	memmove(g->spill, g->spill + n, g->spill_len);
	return n;
}
