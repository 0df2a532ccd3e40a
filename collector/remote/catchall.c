/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libetpan hands over the line it is parsing (NUL-terminated, ending in LF)
 * and the place where it gave up. A literal's bytes are still in the stream:
 * they are read into the line's buffer, as libetpan does, followed by the
 * rest of the line. The grammar is the guard's: a quote opens a string
 * wherever it stands, and "{n}" before a line end is a literal.
 */
#include "catchall.h"

#include "../base/mem.h"
#include "../model/message.h"
#include "imap_line.h"

#include <inttypes.h>
#include <libetpan/libetpan.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of what is kept. */
#define KEPT_NOTHING 0
#define KEPT_EMAILID 1
#define KEPT_LABELS 2

/* What a word that nobody asked for may carry. */
#define LITERAL_MAX 65536
#define DEPTH_MAX 100

static int parse(int calling_parser, mailstream *stream, MMAPString *buffer,
	struct mailimap_parser_context *context, size_t *at,
	struct mailimap_extension_data **result, size_t progress_rate,
	progress_function *progress);
static void free_data(struct mailimap_extension_data *data);

static char api_name[] = "catch-all";
static struct mailimap_extension_api api = {
	.ext_name = api_name,
	.ext_id = -1, /* outside libetpan */
	.ext_parser = parse,
	.ext_free = free_data,
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_end(char c)
{
	return c == '\0' || c == '\r' || c == '\n';
}

/* Behind the closing quote of the string that begins at `at`. */
static int skip_quoted(const MMAPString *b, size_t *at)
{
	size_t i = *at + 1;

	for (; i < b->len && b->str[i] != '"'; i++) {
		if (b->str[i] == '\n')
			return -1;
		if (b->str[i] == '\\' && i + 1 < b->len)
			i++;
	}
	if (i >= b->len)
		return -1;
	*at = i + 1;
	return 0;
}

/* Reads n bytes and a line behind what the buffer holds. */
static int read_literal(mailstream *stream, MMAPString *b, size_t n)
{
	size_t have = b->len;

	if (stream == NULL || mmap_string_set_size(b, have + n) == NULL)
		return -1;
	while (n > 0) {
		ssize_t r = mailstream_read(stream, b->str + have, n);
		if (r <= 0)
			return -1;
		have += (size_t)r;
		n -= (size_t)r;
	}
	return mailstream_read_line_append(stream, b) != NULL ? 0 : -1;
}

/* 0: skipped, 1: the brace begins no literal, -1. */
static int skip_literal(mailstream *stream, MMAPString *b, size_t *at)
{
	size_t i = *at + 1, n = 0;

	while (i < b->len && b->str[i] >= '0' && b->str[i] <= '9') {
		n = n * 10 + (size_t)(b->str[i++] - '0');
		if (n > LITERAL_MAX)
			return -1;
	}
	if (i == *at + 1 || i >= b->len || b->str[i] != '}')
		return 1;
	i++;
	if (i < b->len && b->str[i] == '\r')
		i++;
	if (i >= b->len || b->str[i] != '\n')
		return 1;
	i++;
	if (b->len < i + n && b->len != i)
		return -1; /* a line that goes on behind its end */
	if (b->len == i && read_literal(stream, b, n) < 0)
		return -1;
	*at = i + n;
	return 0;
}

static bool is_word(char c)
{
	return !is_end(c) && !is_blank(c) && c != '(' && c != ')' && c != '"' &&
	       c != '{';
}

/* One step: a word, a string, a literal, a parenthesis, blanks. */
static int skip_step(mailstream *stream, MMAPString *b, size_t *at, int *depth)
{
	char c = b->str[*at];
	int r;

	switch (c) {
	case '"':
		return skip_quoted(b, at);
	case '(':
		++*at;
		return ++*depth <= DEPTH_MAX ? 0 : -1;
	case ')':
		++*at;
		--*depth;
		return 0;
	case '{':
		r = skip_literal(stream, b, at);
		if (r <= 0)
			return r;
		++*at;
		return 0;
	default:
		++*at;
		if (!is_blank(c))
			while (*at < b->len && is_word(b->str[*at]))
				++*at;
		return 0;
	}
}

/* A value: one word, string or literal, or all between parentheses. */
static int skip_value(mailstream *stream, MMAPString *b, size_t *at)
{
	int depth = 0;

	while (*at < b->len && is_blank(b->str[*at]))
		++*at;
	do {
		if (*at >= b->len || is_end(b->str[*at]) ||
			(depth == 0 && b->str[*at] == ')'))
			return -1;
		if (skip_step(stream, b, at, &depth) < 0)
			return -1;
	} while (depth > 0);
	return 0;
}

/* NAME SP VALUE */
static int skip_item(mailstream *stream, MMAPString *b, size_t *at)
{
	size_t name;

	while (*at < b->len && is_blank(b->str[*at]))
		++*at;
	for (name = *at; *at < b->len && is_word(b->str[*at]);)
		++*at;
	if (*at == name || *at >= b->len || !is_blank(b->str[*at]))
		return -1;
	return skip_value(stream, b, at);
}

/*
 * A message's line whose body the session may have been given already must
 * not pass for an unknown one: its bytes would be taken for those of the next
 * message.
 */
static bool may_hold_body(const MMAPString *b, size_t at)
{
	while (at < b->len && is_blank(b->str[at]))
		at++;
	if (at >= b->len || !(b->str[at] == '-' ||
				    (b->str[at] >= '0' && b->str[at] <= '9')))
		return false;
	return memchr(b->str + at, '{', b->len - at) != NULL ||
	       memchr(b->str + at, '"', b->len - at) != NULL;
}

/* Up to the line's end, which stays. */
static int skip_line(mailstream *stream, MMAPString *b, size_t *at)
{
	int depth = 0;

	if (may_hold_body(b, *at))
		return -1;
	while (*at < b->len && b->str[*at] != '\n' &&
		!(b->str[*at] == '\r' && b->str[*at + 1] == '\n')) {
		if (b->str[*at] == '\0' || skip_step(stream, b, at, &depth) < 0)
			return -1;
		if (depth < 0)
			depth = 0;
	}
	return 0;
}

static void keep(
	struct mailimap_extension_data *data, int type, const char *text)
{
	data->ext_type = type;
	data->ext_data = mem_strdup(text);
}

/* Of an item that was skipped. */
static void keep_item(
	struct mailimap_extension_data *data, const char *item, size_t n)
{
	char labels[MESSAGE_LABELS_MAX];
	char word[16], id[MESSAGE_EMAILID_MAX] = "gm:";
	struct imap_line l;
	uint64_t number;

	imap_line_init(&l, item, n);
	if (!imap_line_word(&l, word, sizeof word))
		return;
	if (strcmp(word, "EMAILID") == 0)
		imap_read_objectid(&l, id, sizeof id);
	else if (strcmp(word, "X-GM-MSGID") == 0 &&
		 imap_line_number(&l, &number))
		(void)snprintf(id, sizeof id, "gm:%" PRIu64, number);
	else if (strcmp(word, "X-GM-LABELS") == 0 &&
		 imap_read_labels(&l, labels, sizeof labels))
		keep(data, KEPT_LABELS, labels);
	if (message_is_emailid(id))
		keep(data, KEPT_EMAILID, id);
}

static int parse(int calling_parser, mailstream *stream, MMAPString *buffer,
	struct mailimap_parser_context *context, size_t *at,
	struct mailimap_extension_data **result, size_t progress_rate,
	progress_function *progress)
{
	size_t i = *at;
	int r;

	(void)context;
	(void)progress_rate;
	(void)progress;
	switch (calling_parser) {
	case MAILIMAP_EXTENDED_PARSER_FETCH_DATA:
	case MAILIMAP_EXTENDED_PARSER_STATUS_ATT:
		r = skip_item(stream, buffer, &i);
		break;
	case MAILIMAP_EXTENDED_PARSER_RESPONSE_DATA:
		r = skip_line(stream, buffer, &i);
		break;
	default:
		return MAILIMAP_ERROR_PARSE;
	}
	if (r < 0)
		return MAILIMAP_ERROR_PARSE;
	*result = mailimap_extension_data_new(&api, KEPT_NOTHING, NULL);
	if (*result == NULL)
		return MAILIMAP_ERROR_MEMORY;
	if (calling_parser == MAILIMAP_EXTENDED_PARSER_FETCH_DATA)
		keep_item(*result, buffer->str + *at, i - *at);
	*at = i;
	return MAILIMAP_NO_ERROR;
}

static void free_data(struct mailimap_extension_data *data)
{
	free(data->ext_data);
	free(data);
}

bool catchall_emailid(
	const struct mailimap_extension_data *x, char *out, size_t out_bytes)
{
	if (x->ext_extension == NULL || x->ext_data == NULL)
		return false;
	if (x->ext_extension == &mailimap_extension_xgmmsgid)
		(void)snprintf(out, out_bytes, "gm:%" PRIu64,
			*(const uint64_t *)x->ext_data);
	else if (x->ext_extension == &api && x->ext_type == KEPT_EMAILID)
		(void)snprintf(out, out_bytes, "%s", (const char *)x->ext_data);
	else
		return false;
	return true;
}

/* What libetpan has read itself: names that need no backslash. */
static void join_labels(
	const struct mailimap_msg_att_xgmlabels *l, char *out, size_t out_bytes)
{
	size_t n = 0;

	out[0] = '\0';
	if (l->att_labels == NULL)
		return;
	for (clistiter *i = clist_begin(l->att_labels); i != NULL;
		i = clist_next(i)) {
		const char *label = clist_content(i);
		size_t m = strlen(label);
		if (m == 0 || strchr(label, '\n') != NULL ||
			!message_are_labels(label) || n + m + 2 > out_bytes)
			continue;
		if (n != 0)
			out[n++] = '\n';
		memcpy(out + n, label, m + 1);
		n += m;
	}
}

bool catchall_labels(
	const struct mailimap_extension_data *x, char *out, size_t out_bytes)
{
	if (x->ext_extension == NULL || x->ext_data == NULL)
		return false;
	if (x->ext_extension == &mailimap_extension_xgmlabels)
		join_labels(x->ext_data, out, out_bytes);
	else if (x->ext_extension == &api && x->ext_type == KEPT_LABELS)
		(void)snprintf(out, out_bytes, "%s", (const char *)x->ext_data);
	else
		return false;
	return true;
}

static void do_register(void)
{
	if (mailimap_extension_register(&api) < 0)
		abort();
}

void catchall_register(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, do_register);
}
