/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of a conversation, line by line, without secrets and without
 * content. IMAP: a literal is content, and is logged as its size. POP3: the
 * lines of an answer to RETR or TOP are; which answer is which follows from
 * the order of the commands, so they are counted. What cannot be told apart
 * is not logged.
 * The same lines may be kept for a while, the last of them, for whoever has to
 * say what went wrong (wire_record). They are kept for people to read and pass
 * on, so of IMAP only lines that are answers beyond doubt: once a literal has
 * turned out to be of another length than it said, nothing is.
 */
#include "../base/buf.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "../model/text.h"
#include "transport_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WIRE_LINE_MAX 1024
#define WIRE_TAIL_MAX 32 /* more than "{18446744073709551615}" CRLF */
#define WIRE_ANSWERS_MAX 1024

enum answer { ANSWER_LINE, ANSWER_LISTING, ANSWER_CONTENT };

#define RECORD_LINES 8
#define RECORD_LINE_MAX 160

struct wire {
	bool imap;
	bool private;
	bool logs;
	bool records;
	bool behind_literal; /* the line received goes on behind one */
	bool stray;	     /* a line was no answer: none is kept any more */
	unsigned lines;	     /* kept so far; the last ones are in the ring */
	char record[RECORD_LINES][RECORD_LINE_MAX];
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

struct wire *wire_new(bool imap, bool logs)
{
	struct wire *w = mem_alloc(sizeof *w);

	w->imap = imap;
	w->logs = logs;
	buf_init(&w->in, WIRE_LINE_MAX);
	buf_init(&w->out, WIRE_LINE_MAX);
	buf_init(&w->tail, WIRE_TAIL_MAX);
	w->answers[0] = ANSWER_LINE; /* the greeting */
	w->count = 1;
	return w;
}

void wire_record(struct wire *w)
{
	w->records = true;
	w->stray = w->behind_literal = false;
	w->lines = 0;
	if (!w->logs) /* made just now, with no answer to come */
		w->count = 0;
}

void wire_recorded(struct wire *w, char *out, size_t out_bytes)
{
	unsigned n = w->lines < RECORD_LINES ? w->lines : RECORD_LINES;
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = w->lines - n; i != w->lines; i++) {
		int len = snprintf(out + used, out_bytes - used, "%s%s",
			used != 0 ? "\n" : "", w->record[i % RECORD_LINES]);
		if (len < 0 || (size_t)len >= out_bytes - used)
			break;
		used += (size_t)len;
	}
	w->records = false;
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

static void keep(struct wire *w, char who, const char *line)
{
	char text[RECORD_LINE_MAX];

	(void)snprintf(text, sizeof text, "%c: %s", who, line);
	text_printable(
		text, w->record[w->lines++ % RECORD_LINES], RECORD_LINE_MAX);
}

/* "* OK …", "* 7 FETCH …", "+ …", "12 OK …" */
static bool is_answer(const char *line)
{
	static const char *const words[] = {
		"OK", "NO", "BAD", "BYE", "FLAGS", "SEARCH", "VANISHED"};
	bool tagged = *line >= '0' && *line <= '9';

	if (*line == '+')
		return true;
	if (!tagged && strncmp(line, "* ", 2) != 0)
		return false;
	line += tagged ? 0 : 2;
	if (*line >= '0' && *line <= '9') {
		line += strspn(line, "0123456789");
		if (*line++ != ' ')
			return false;
		if (!tagged)
			return strncasecmp(line, "FETCH (", 7) == 0 ||
			       strcasecmp(line, "EXISTS") == 0 ||
			       strcasecmp(line, "RECENT") == 0 ||
			       strcasecmp(line, "EXPUNGE") == 0;
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t n = strlen(words[i]);
		if (strncasecmp(line, words[i], n) == 0 &&
			(line[n] == ' ' || line[n] == '\0'))
			return true;
	}
	return false;
}

static void keep_received(struct wire *w, const char *line)
{
	size_t n = strlen(line);

	if (w->stray)
		return;
	if (!w->imap || (!w->behind_literal && is_answer(line))) {
		keep(w, 'S', line);
		return;
	}
	/* what stands behind a literal: ")", " FLAGS (\\Seen))" */
	if (w->behind_literal && n > 0 && (*line == ')' || *line == ' ') &&
		line[n - 1] == ')') {
		keep(w, 'S', ")");
		return;
	}
	w->stray = true;
	keep(w, 'S', "(no answer; nothing is shown from here on)");
}

static void say(struct wire *w, const char *who, const char *line)
{
	if (w->logs)
		LOG(LOG_LEVEL_WIRE, NULL, "wire", LOG_STR(who, line));
	if (!w->records)
		return;
	if (*who == 'c')
		keep(w, 'C', line);
	else
		keep_received(w, line);
}

static void say_content(struct wire *w)
{
	char text[48];

	(void)snprintf(text, sizeof text, "{%llu bytes}",
		(unsigned long long)w->content);
	if (w->logs)
		LOG(LOG_LEVEL_WIRE, NULL, "wire", LOG_STR("server", text));
	if (w->records && !w->stray)
		keep(w, 'S', text);
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
	say(w, "client", w->private ? "(not shown)" : buf_str(&w->out));
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
	say(w, "server", line);
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
		say(w, "server", buf_str(&w->in));
		w->behind_literal = w->literal_left != 0;
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
