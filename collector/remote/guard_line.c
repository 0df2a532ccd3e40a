/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data, and what libetpan 1.9.4 does with it if nobody looks before it:
 *  - a NUL outside a literal ends its C strings early;
 *  - a string that crosses a line end makes it swallow the lines after;
 *  - "{5}" that is not followed by a line end is a literal to libetpan (a
 *    remedy for Lotus Domino), and so are "{ 5 }" and "{-5}";
 *  - "~{5}" (literal8) ends its parse in the middle of the stream;
 *  - "RFC822.SIZE 9.3736e+06" (mail.ru) and "FETCH ((…))" (Domino) end its
 *    parse: tidied, as nothing can be read into them but what is meant;
 *  - BODYSTRUCTURE, BODY without a section and ENVELOPE recurse without
 *    bound, and nobody asks for them.
 */
#include "guard_line.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum literal_state {
	LITERAL_NONE,
	LITERAL_OPEN, /* "{" */
	LITERAL_DIGITS,
	LITERAL_CLOSED, /* "{12}" */
	LITERAL_CR,
};

void guard_line_begin(struct guard_line *l, enum guard_kind kind, bool strict)
{
	l->kind = kind;
	l->strict = strict;
	l->depth = 0;
	l->quoted = l->escaped = l->body_next = false;
	l->size_next = l->size_odd = l->items_next = l->items_extra = false;
	l->tail_len = 0;
	l->literal = LITERAL_NONE;
	guard_status_begin(l);
}

size_t guard_line_refuse(
	struct guard_line *l, enum guard_event *ev, bool limit, const char *why)
{
	l->why = why;
	l->why_limit = limit;
	*ev = GUARD_REFUSED;
	return 0;
}

/* ---- data ---- */

static bool ends_with(const struct guard_line *l, const char *word)
{
	size_t n = strlen(word);

	return l->tail_len >= n &&
	       strncasecmp(l->tail + l->tail_len - n, word, n) == 0;
}

/* libetpan needs no blank before an item, so the word may stand at the end
 * of a token: "7BODYSTRUCTURE", "NILBODY". */
static bool is_structure(const struct guard_line *l)
{
	if (ends_with(l, "BODYSTRUCTURE") || ends_with(l, "ENVELOPE"))
		return true;
	if (!ends_with(l, "BODY"))
		return false;
	return l->tail_len == 4 || ends_with(l, "NILBODY") ||
	       !isalpha((unsigned char)l->tail[l->tail_len - 5]);
}

static bool is_body_item(const struct guard_line *l)
{
	return ends_with(l, "]") || ends_with(l, ">") ||
	       ends_with(l, "RFC822") || ends_with(l, "RFC822.TEXT");
}

/* Keeps the last bytes of the token that these end. */
static void add_to_token(struct guard_line *l, const char *bytes, size_t n)
{
	const size_t max = GUARD_TOKEN_TAIL;

	if (n >= max) {
		memcpy(l->tail, bytes + n - max, max);
		l->tail_len = max;
		return;
	}
	if (l->tail_len + n > max) {
		size_t drop = l->tail_len + n - max;
		memmove(l->tail, l->tail + drop, l->tail_len - drop);
		l->tail_len -= drop;
	}
	memcpy(l->tail + l->tail_len, bytes, n);
	l->tail_len += n;
}

static size_t scan_literal(
	struct guard_line *l, const char *bytes, enum guard_event *ev)
{
	char c = bytes[0];

	if (c >= '0' && c <= '9' && l->literal < LITERAL_CLOSED) {
		l->literal = LITERAL_DIGITS;
		if (l->literal_bytes > (UINT64_MAX - 9) / 10)
			return guard_line_refuse(
				l, ev, true, "a literal is too large");
		l->literal_bytes = l->literal_bytes * 10 + (uint64_t)(c - '0');
		if (l->literal_bytes > l->literal_max)
			return guard_line_refuse(
				l, ev, true, "a literal is too large");
		return 1;
	}
	if (c == '}' && l->literal == LITERAL_DIGITS) {
		l->literal = LITERAL_CLOSED;
		return 1;
	}
	if (c == '\r' && l->literal == LITERAL_CLOSED) {
		l->literal = LITERAL_CR;
		return 1;
	}
	if (c == '\n' && l->literal >= LITERAL_CLOSED) {
		l->literal = LITERAL_NONE;
		l->literal_is_body = l->kind == GUARD_MESSAGE &&
				     l->depth == 1 && l->body_next;
		l->body_next = false;
		*ev = GUARD_LITERAL;
		return 1;
	}
	if (l->literal == LITERAL_OPEN && c != ' ' && c != '\t' && c != '-' &&
		c != '+') {
		l->literal = LITERAL_NONE; /* a brace in an odd word */
		*ev = GUARD_MORE;
		return 0;
	}
	return guard_line_refuse(l, ev, false, "a malformed literal");
}

static size_t scan_quoted(
	struct guard_line *l, const char *bytes, size_t n, enum guard_event *ev)
{
	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];
		if (c == '\n')
			return guard_line_refuse(l, ev, false,
				"a line end inside a quoted string");
		if (c == '\0')
			return guard_line_refuse(
				l, ev, false, "a NUL byte outside a literal");
		if (l->escaped) {
			l->escaped = false;
		} else if (c == '\\') {
			l->escaped = true;
		} else if (c == '"') {
			l->quoted = false;
			return i + 1;
		}
	}
	return n;
}

bool guard_line_is_word(char c)
{
	switch (c) {
	case '\0':
	case '\t':
	case '\n':
	case '\r':
	case ' ':
	case '"':
	case '(':
	case ')':
	case '{':
		return false;
	default:
		return true;
	}
}

/* A byte that ends a word; what follows starts a new token. */
static size_t scan_special(struct guard_line *l, char c, enum guard_event *ev)
{
	bool literal8 = c == '{' && ends_with(l, "~");

	if (l->kind == GUARD_MESSAGE && l->depth <= 1 &&
		(c == ' ' || c == '\t' || c == '(') && is_structure(l))
		return guard_line_refuse(l, ev, false,
			"a message structure that nobody asked for");
	if (l->tail_len != 0) {
		l->body_next = is_body_item(l);
		l->size_next = l->kind == GUARD_MESSAGE && l->depth == 1 &&
			       ends_with(l, "RFC822.SIZE");
		l->size_odd = false;
	}
	l->size_next = l->size_next && (c == ' ' || c == '\t');
	l->tail_len = 0;
	switch (c) {
	case '\0':
		return guard_line_refuse(
			l, ev, false, "a NUL byte outside a literal");
	case '\n':
		*ev = GUARD_END_OF_LINE;
		break;
	case '"':
		l->quoted = true;
		l->body_next = false;
		break;
	case '(':
		l->body_next = false;
		l->depth++;
		if (l->depth > l->depth_max)
			return guard_line_refuse(
				l, ev, true, "nested too deep");
		break;
	case ')':
		l->body_next = false;
		l->depth -= l->depth > 0;
		break;
	case '{':
		if (literal8)
			return guard_line_refuse(
				l, ev, false, "a binary literal");
		l->literal = LITERAL_OPEN;
		l->literal_bytes = 0;
		break;
	default:
		break;
	}
	return 1;
}

/* A size is never 0 that was not said to be: that would be no message. */
static void tidy_size(struct guard_line *l, char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (l->size_odd) {
			bytes[i] = ' ';
		} else if (bytes[i] < '0' || bytes[i] > '9') {
			l->size_odd = true;
			bytes[i] = l->tail_len + i == 0 ? '1' : ' ';
		}
	}
}

/* A parenthesis too many becomes a blank. */
static void tidy_parenthesis(struct guard_line *l, char *c)
{
	bool extra = false;

	if (*c == '(' && l->items_next) {
		extra = l->items_extra = true;
	} else if (*c == ')' && l->items_extra && l->depth == 1) {
		extra = true;
		l->items_extra = false;
	}
	if (*c != ' ' && *c != '\t')
		l->items_next =
			*c == '(' && l->depth == 0 && l->kind == GUARD_MESSAGE;
	if (extra)
		*c = ' ';
}

static size_t scan_data(
	struct guard_line *l, char *bytes, size_t n, enum guard_event *ev)
{
	size_t i = 0, run;

	while (i < n && *ev == GUARD_MORE) {
		if (l->literal != LITERAL_NONE) {
			i += scan_literal(l, bytes + i, ev);
		} else if (l->quoted) {
			i += scan_quoted(l, bytes + i, n - i, ev);
		} else if (!guard_line_is_word(bytes[i])) {
			tidy_parenthesis(l, bytes + i);
			i += scan_special(l, bytes[i], ev);
		} else {
			for (run = 1; i + run < n; run++)
				if (!guard_line_is_word(bytes[i + run]))
					break;
			if (l->size_next)
				tidy_size(l, bytes + i, run);
			l->items_next = false;
			add_to_token(l, bytes + i, run);
			i += run;
		}
	}
	return i;
}

size_t guard_line_scan(struct guard_line *l, char *bytes, size_t n,
	enum guard_event *ret_event)
{
	*ret_event = GUARD_MORE;
	switch (l->kind) {
	case GUARD_DATA:
	case GUARD_MESSAGE:
	case GUARD_TAPPED:
		return scan_data(l, bytes, n, ret_event);
	case GUARD_STATUS:
	case GUARD_TAGGED:
	case GUARD_CONTINUE:
	case GUARD_HEAD:
		break;
	}
	return guard_status_scan(l, bytes, n, ret_event);
}
