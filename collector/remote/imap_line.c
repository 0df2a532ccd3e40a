/* SPDX-License-Identifier: BSD-2-Clause */
#include "imap_line.h"

#include "../model/message.h"
#include "../model/name.h"

#include <string.h>
#include <strings.h>

void imap_line_init(struct imap_line *l, const char *line, size_t n)
{
	l->p = line;
	l->end = line + n;
}

bool imap_line_at_end(const struct imap_line *l)
{
	return l->p >= l->end;
}

char imap_line_peek(const struct imap_line *l)
{
	return l->p < l->end ? *l->p : '\0';
}

static void line_spaces(struct imap_line *l)
{
	while (l->p < l->end && (*l->p == ' ' || *l->p == '\t'))
		l->p++;
}

bool imap_line_eat(struct imap_line *l, char c)
{
	line_spaces(l);
	if (l->p >= l->end || *l->p != c)
		return false;
	l->p++;
	return true;
}

static bool line_is_atom(char c)
{
	return c != '\0' && strchr(" \t()[]\"\r\n", c) == NULL;
}

bool imap_line_word(struct imap_line *l, char *out, size_t out_bytes)
{
	size_t n = 0;

	line_spaces(l);
	while (l->p < l->end && line_is_atom(*l->p)) {
		char c = *l->p++;
		if (n + 1 < out_bytes)
			out[n++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
	}
	out[n] = '\0';
	return n > 0;
}

bool imap_line_number(struct imap_line *l, uint64_t *ret_n)
{
	struct imap_line at = *l;
	uint64_t n = 0;

	line_spaces(&at);
	const char *from = at.p;
	for (; at.p < at.end && *at.p >= '0' && *at.p <= '9'; at.p++) {
		uint64_t digit = (uint64_t)(*at.p - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (at.p == from)
		return false;
	*l = at;
	*ret_n = n;
	return true;
}

/* Behind the opening quote, up to and with the closing one. */
static int line_quoted(struct imap_line *l, char *out, size_t out_bytes)
{
	size_t n = 0;

	for (; l->p < l->end && *l->p != '"'; l->p++) {
		if (*l->p == '\\' && l->p + 1 < l->end)
			l->p++;
		if (*l->p == '\0' || n + 1 >= out_bytes)
			return -1;
		out[n++] = *l->p;
	}
	out[n] = '\0';
	return imap_line_eat(l, '"') ? 1 : -1;
}

/* Behind "{" (or "~{"): the bounds of its bytes; the cursor moves past. */
static bool line_literal(
	struct imap_line *l, const char **ret_from, size_t *ret_n)
{
	uint64_t n;

	if (!imap_line_number(l, &n))
		return false;
	if (l->p < l->end && *l->p == '+')
		l->p++;
	if (!imap_line_eat(l, '}'))
		return false;
	if (l->p < l->end && *l->p == '\r')
		l->p++;
	if (l->p >= l->end || *l->p != '\n')
		return false;
	l->p++;
	if (n > (uint64_t)(l->end - l->p))
		return false;
	*ret_from = l->p;
	*ret_n = (size_t)n;
	l->p += n;
	return true;
}

int imap_line_string(struct imap_line *l, char *out, size_t out_bytes)
{
	const char *from;
	size_t n;

	line_spaces(l);
	if (imap_line_eat(l, '"'))
		return line_quoted(l, out, out_bytes);
	if (imap_line_peek(l) == '{') {
		l->p++;
		if (!line_literal(l, &from, &n))
			return -1;
	} else {
		from = l->p;
		while (l->p < l->end && line_is_atom(*l->p))
			l->p++;
		n = (size_t)(l->p - from);
		if (n == 0)
			return -1;
		if (n == 3 && strncasecmp(from, "NIL", 3) == 0)
			return 0;
	}
	if (n >= out_bytes || memchr(from, '\0', n) != NULL)
		return -1;
	memcpy(out, from, n);
	out[n] = '\0';
	return 1;
}

void imap_read_objectid(struct imap_line *l, char *out, size_t out_bytes)
{
	bool ok = imap_line_eat(l, '(') &&
		  imap_line_string(l, out, out_bytes) == 1 &&
		  imap_line_eat(l, ')') && message_is_emailid(out);

	if (!ok)
		out[0] = '\0';
}

bool imap_read_labels(struct imap_line *l, char *out, size_t out_bytes)
{
	char label[NAME_MAILBOX_MAX];
	size_t n = 0;
	int r;

	out[0] = '\0';
	if (!imap_line_eat(l, '('))
		return false;
	while (!imap_line_eat(l, ')')) {
		size_t m;
		r = imap_line_string(l, label, sizeof label);
		if (r < 0)
			return false;
		m = r == 0 ? 0 : strlen(label);
		if (m == 0 || strchr(label, '\n') != NULL ||
			!message_are_labels(label) || n + m + 2 > out_bytes)
			continue;
		if (n != 0)
			out[n++] = '\n';
		memcpy(out + n, label, m + 1);
		n += m;
	}
	return true;
}

/* RFC 9051 9: nz-number. */
static bool line_uid(struct imap_line *l, uint32_t *ret_uid)
{
	uint64_t n;

	if (imap_line_peek(l) == ' ' || !imap_line_number(l, &n) || n == 0 ||
		n > UINT32_MAX)
		return false;
	*ret_uid = (uint32_t)n;
	return true;
}

int imap_line_range(struct imap_line *l, struct uid_range *ret_range)
{
	struct imap_line at = *l;
	uint32_t a, b;

	line_spaces(&at);
	if (imap_line_at_end(&at) ||
		(*at.p != '*' && (*at.p < '0' || *at.p > '9')))
		return 0;
	if (!line_uid(&at, &a))
		return -1;
	b = a;
	if (imap_line_peek(&at) == ':') {
		at.p++;
		if (!line_uid(&at, &b))
			return -1;
	}
	if (imap_line_peek(&at) == ',')
		at.p++;
	*ret_range = (struct uid_range){
		.first = a < b ? a : b, .last = a < b ? b : a};
	*l = at;
	return 1;
}

static bool line_skip_quoted(struct imap_line *l)
{
	for (; l->p < l->end; l->p++) {
		if (*l->p == '"') {
			l->p++;
			return true;
		}
		if (*l->p == '\\' && l->p + 1 < l->end)
			l->p++;
	}
	return false;
}

bool imap_line_skip(struct imap_line *l)
{
	const char *from;
	size_t n, depth = 0;

	do {
		line_spaces(l);
		if (l->p >= l->end)
			return false;
		if (imap_line_eat(l, '(')) {
			depth++;
		} else if (imap_line_peek(l) == ')') {
			if (depth == 0)
				return false;
			l->p++;
			depth--;
		} else if (imap_line_eat(l, '"')) {
			if (!line_skip_quoted(l))
				return false;
		} else if (imap_line_peek(l) == '{') {
			l->p++;
			if (!line_literal(l, &from, &n))
				return false;
		} else {
			l->p++;
			while (l->p < l->end && line_is_atom(*l->p))
				l->p++;
		}
	} while (depth > 0);
	return true;
}
