/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of a conversation, line by line, without secrets and without
 * content. IMAP: a literal is content, and is logged as its size. POP3: the
 * lines of an answer to RETR or TOP are; which answer is which follows from
 * the order of the commands, so they are counted. What cannot be told apart
 * is not logged.
 */
#include "../base/buf.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "transport_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WIRE_LINE_MAX 1024
#define WIRE_TAIL_MAX 32 /* more than "{18446744073709551615}" CRLF */
#define WIRE_ANSWERS_MAX 1024

enum answer { ANSWER_LINE, ANSWER_LISTING, ANSWER_CONTENT };

struct wire {
	bool imap;
	bool private;
	struct buf in, out; /* lines not ended yet, cut to their bound */
	struct buf tail;    /* how the line received ends, cut or not */
	uint64_t literal_left;
	uint64_t content; /* bytes of the present answer left out */
	/* POP3 */
	unsigned char answers[WIRE_ANSWERS_MAX]; /* a ring of enum answer */
	unsigned first, count;
	bool lost;	/* more commands than the ring holds */
	bool many;	/* within an answer of many lines */
	bool continues; /* the next line sent is no command */
};

struct wire *wire_new(bool imap)
{
	struct wire *w = mem_alloc(sizeof *w);

	w->imap = imap;
	buf_init(&w->in, WIRE_LINE_MAX);
	buf_init(&w->out, WIRE_LINE_MAX);
	buf_init(&w->tail, WIRE_TAIL_MAX);
	w->answers[0] = ANSWER_LINE; /* the greeting */
	w->count = 1;
	return w;
}

void wire_free(struct wire **w)
{
	if (*w == NULL)
		return;
	buf_free(&(*w)->in);
	buf_free(&(*w)->out);
	buf_free(&(*w)->tail);
	free(*w);
	*w = NULL;
}

void wire_private(struct wire *w, bool on)
{
	w->private = on;
	buf_reset(&w->out);
}

static void add(struct buf *b, const char *bytes, size_t n)
{
	size_t room = b->max - b->len;

	(void)buf_add(b, bytes, n < room ? n : room);
}

static void add_tail(struct buf *b, const char *bytes, size_t n)
{
	size_t drop = 0;

	if (n > b->max) {
		bytes += n - b->max;
		n = b->max;
	}
	if (b->len + n > b->max)
		drop = b->len + n - b->max;
	if (drop > 0)
		memmove(b->data, b->data + drop, b->len - drop);
	b->len -= drop;
	(void)buf_add(b, bytes, n);
}

static void say(const char *who, const char *line)
{
	LOG(LOG_LEVEL_WIRE, NULL, "wire", LOG_STR(who, line));
}

static void say_content(struct wire *w)
{
	char text[48];

	(void)snprintf(text, sizeof text, "{%llu bytes}",
		(unsigned long long)w->content);
	say("server", text);
	w->content = 0;
}

static void cut_line_end(struct buf *b)
{
	while (b->len > 0 &&
		(b->data[b->len - 1] == '\n' || b->data[b->len - 1] == '\r'))
		b->data[--b->len] = '\0';
}

/* ---- sent ---- */

static enum answer answer_to(const char *line)
{
	bool alone = strchr(line, ' ') == NULL;

	if (strncasecmp(line, "RETR", 4) == 0 ||
		strncasecmp(line, "TOP", 3) == 0)
		return ANSWER_CONTENT;
	if (strcasecmp(line, "CAPA") == 0 ||
		(alone && (strcasecmp(line, "LIST") == 0 ||
				  strcasecmp(line, "UIDL") == 0)))
		return ANSWER_LISTING;
	return ANSWER_LINE;
}

static void push_answer(struct wire *w, enum answer a)
{
	if (w->count == WIRE_ANSWERS_MAX) {
		w->lost = true;
		return;
	}
	w->answers[(w->first + w->count) % WIRE_ANSWERS_MAX] = (unsigned char)a;
	w->count++;
}

static void end_sent(struct wire *w)
{
	cut_line_end(&w->out);
	if (!w->imap && !w->continues)
		push_answer(w,
			w->private ? ANSWER_LINE : answer_to(buf_str(&w->out)));
	w->continues = false;
	say("client", w->private ? "(not shown)" : buf_str(&w->out));
	buf_reset(&w->out);
}

void wire_sent(struct wire *w, const char *bytes, size_t n)
{
	while (n > 0) {
		const char *nl = memchr(bytes, '\n', n);
		size_t some = nl != NULL ? (size_t)(nl - bytes) + 1 : n;
		if (!w->private)
			add(&w->out, bytes, some);
		if (nl != NULL)
			end_sent(w);
		bytes += some;
		n -= some;
	}
}

/* ---- received ---- */

/* A body may come as a quoted string: that is content too. */
static void cut_quoted_body(struct buf *line)
{
	char *body = line->len == 0 ? NULL : strcasestr(line->data, "BODY[");
	char *quote;

	if (body == NULL && line->len != 0)
		body = strcasestr(line->data, "RFC822");
	if (body == NULL || (quote = strchr(body, '"')) == NULL)
		return;
	line->len = (size_t)(quote - line->data);
	*quote = '\0';
}

/* The literal that a line of IMAP ends with; 0 if none. */
static uint64_t literal_of(const struct buf *line)
{
	const char *open;
	char *end;
	unsigned long long n;

	if (line->len < 3 || line->data[line->len - 1] != '}')
		return 0;
	open = memrchr(line->data, '{', line->len);
	if (open == NULL)
		return 0;
	n = strtoull(open + 1, &end, 10);
	return *end == '}' ? n : 0;
}

/* What is said to a secret may repeat it: only the status is shown, and the
 * code in brackets behind it. */
static void cut_private(struct wire *w)
{
	struct buf *b = &w->in;
	size_t i = 0;

	for (int words = w->imap ? 2 : 1; words > 0 && i < b->len; words--) {
		while (i < b->len && b->data[i] == ' ')
			i++;
		while (i < b->len && b->data[i] != ' ')
			i++;
	}
	if (i + 1 < b->len && b->data[i + 1] == '[')
		while (i < b->len && b->data[i] != ']')
			i++;
	if (i < b->len && b->data[i] == ']')
		i++;
	if (i >= b->len)
		return;
	b->len = i;
	b->data[i] = '\0';
	add(b, " (not shown)", strlen(" (not shown)"));
}

static void end_received_pop3(struct wire *w, size_t bytes)
{
	const char *line = buf_str(&w->in);
	enum answer a = (enum answer)w->answers[w->first];

	if (w->lost || w->count == 0) {
		w->content += bytes;
		say_content(w);
		return;
	}
	if (w->many && a == ANSWER_CONTENT && strcmp(line, ".") != 0) {
		w->content += bytes;
		return;
	}
	if (w->content != 0)
		say_content(w);
	say("server", line);
	if (!w->many && strncmp(line, "+ ", 2) == 0) {
		w->continues = true;
		return;
	}
	if (!w->many)
		w->many = a != ANSWER_LINE && strncasecmp(line, "+OK", 3) == 0;
	else if (strcmp(line, ".") == 0)
		w->many = false;
	if (!w->many) {
		w->first = (w->first + 1) % WIRE_ANSWERS_MAX;
		w->count--;
	}
}

/* bytes: of the line's last piece. */
static void end_received(struct wire *w, size_t bytes)
{
	cut_line_end(&w->in);
	if (w->private)
		cut_private(w);
	if (w->imap) {
		cut_line_end(&w->tail);
		w->literal_left = w->content = literal_of(&w->tail);
		cut_quoted_body(&w->in);
		say("server", buf_str(&w->in));
	} else {
		end_received_pop3(w, bytes);
	}
	buf_reset(&w->in);
	buf_reset(&w->tail);
}

static size_t skip_literal(struct wire *w, size_t n)
{
	if (n > w->literal_left)
		n = (size_t)w->literal_left;
	w->literal_left -= n;
	if (w->literal_left == 0)
		say_content(w);
	return n;
}

void wire_received(struct wire *w, const char *bytes, size_t n)
{
	while (n > 0) {
		const char *nl;
		size_t some;
		if (w->literal_left > 0) {
			some = skip_literal(w, n);
		} else {
			nl = memchr(bytes, '\n', n);
			some = nl != NULL ? (size_t)(nl - bytes) + 1 : n;
			add(&w->in, bytes, some);
			add_tail(&w->tail, bytes, some);
			if (nl != NULL)
				end_received(w, some);
		}
		bytes += some;
		n -= some;
	}
}
