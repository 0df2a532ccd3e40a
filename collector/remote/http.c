/* SPDX-License-Identifier: BSD-2-Clause */
#include "http.h"

#include "../base/buf.h"
#include "../base/mem.h"
#include "../model/offer.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_BYTES 4096
#define HEADERS_MAX 100
#define PIECE 4096

struct answer {
	struct lines *lines;
	size_t body_max;
	struct http_answer *out;
	int64_t length; /* -1: not said */
	bool chunked;
	struct buf body;
};

static int nonsense(const char *why, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"the web server's answer makes no sense: %s", why);
}

static int next(struct answer *a, char *line, struct err *err)
{
	ssize_t n = lines_next(a->lines, line, LINE_MAX_BYTES);

	if (n >= 0)
		return 0;
	return nonsense(
		n == -1 ? "it ends too early" : "a line is too long", err);
}

/* "HTTP/1.1 200 OK" */
static int read_status(struct answer *a, struct err *err)
{
	char line[LINE_MAX_BYTES];

	if (next(a, line, err) < 0)
		return -1;
	if (strncmp(line, "HTTP/1.", 7) != 0 ||
		!isdigit((unsigned char)line[7]) || line[8] != ' ' ||
		strspn(line + 9, "0123456789") != 3 ||
		(line[12] != ' ' && line[12] != '\0'))
		return nonsense("it is not HTTP", err);
	a->out->status = atoi(line + 9);
	return 0;
}

/* A number in digits of a base and nothing else; -1: it is not. */
static int64_t number(const char *s, const char *digits, int base)
{
	size_t n = strspn(s, digits);

	return n > 0 && n <= 12 && s[n] == '\0' ? strtoll(s, NULL, base) : -1;
}

static int take_header(
	struct answer *a, const char *name, const char *value, struct err *err)
{
	if (strcasecmp(name, "Content-Length") == 0) {
		int64_t length = number(value, "0123456789", 10);
		if (length < 0 || (a->length >= 0 && a->length != length))
			return nonsense("its length", err);
		a->length = length;
	} else if (strcasecmp(name, "Transfer-Encoding") == 0) {
		if (strcasecmp(value, "chunked") != 0)
			return nonsense("its encoding is unknown", err);
		a->chunked = true;
	} else if (strcasecmp(name, "Content-Encoding") == 0 &&
		   strcasecmp(value, "identity") != 0) {
		return nonsense("it is compressed, unasked", err);
	} else if (strcasecmp(name, "Location") == 0 &&
		   strlen(value) < sizeof a->out->location) {
		(void)snprintf(
			a->out->location, sizeof a->out->location, "%s", value);
	}
	return 0;
}

static int read_headers(struct answer *a, struct err *err)
{
	char line[LINE_MAX_BYTES], *value;
	size_t n;

	for (int i = 0; i < HEADERS_MAX; i++) {
		if (next(a, line, err) < 0)
			return -1;
		if (line[0] == '\0')
			return 0;
		value = strchr(line, ':');
		if (value == NULL || value == line || strchr(" \t", line[0]))
			return nonsense("a header without a name", err);
		*value++ = '\0';
		value += strspn(value, " \t");
		n = strlen(value);
		while (n > 0 && strchr(" \t", value[n - 1]) != NULL)
			value[--n] = '\0';
		if (take_header(a, line, value, err) < 0)
			return -1;
	}
	return nonsense("it has too many headers", err);
}

static int too_large(const struct answer *a, struct err *err)
{
	return err_set(err, ERR_LIMIT, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"the web server's answer has more than %zu bytes", a->body_max);
}

/* n bytes of body, or all there is where n is -1. */
static int read_bytes(struct answer *a, int64_t n, struct err *err)
{
	char piece[PIECE];

	if (n > (int64_t)a->body_max)
		return too_large(a, err);
	while (n != 0) {
		size_t want = n < 0 || n > PIECE ? PIECE : (size_t)n;
		size_t got = lines_bytes(a->lines, piece, want);
		if (got == 0 && n < 0)
			return 0;
		if (got == 0)
			return nonsense("it ends too early", err);
		if (buf_add(&a->body, piece, got) < 0)
			return too_large(a, err);
		if (n > 0)
			n -= (int64_t)got;
	}
	return 0;
}

static int read_chunks(struct answer *a, struct err *err)
{
	char line[LINE_MAX_BYTES];

	for (;;) {
		int64_t n;
		if (next(a, line, err) < 0)
			return -1;
		line[strcspn(line, "; \t")] = '\0'; /* extensions */
		n = number(line, "0123456789abcdefABCDEF", 16);
		if (n < 0)
			return nonsense("the length of a piece", err);
		if (n == 0)
			return 0; /* trailers are nothing to us */
		if (read_bytes(a, n, err) < 0 || next(a, line, err) < 0)
			return -1;
		if (line[0] != '\0')
			return nonsense("a piece without an end", err);
	}
}

static int read_body(struct answer *a, struct err *err)
{
	int r;

	buf_init(&a->body, a->body_max);
	r = a->chunked ? read_chunks(a, err) : read_bytes(a, a->length, err);
	if (r == 0) {
		a->out->body = mem_array(a->body.len + 1, 1);
		a->out->body_bytes = a->body.len;
		memcpy(a->out->body, buf_str(&a->body), a->body.len + 1);
	}
	buf_free(&a->body);
	return r;
}

int http_read(struct lines *lines, size_t body_max,
	struct http_answer *ret_answer, struct err *err)
{
	struct http_answer out = {0};
	struct answer a = {.lines = lines,
		.body_max = body_max,
		.out = &out,
		.length = -1};

	do {
		if (read_status(&a, err) < 0 || read_headers(&a, err) < 0)
			return -1;
	} while (out.status < 200);
	if (out.status < 300 || out.status > 399)
		out.location[0] = '\0';
	if (out.status == 200 && read_body(&a, err) < 0)
		return -1;
	*ret_answer = out;
	return 0;
}

/* ---- redirects */

static int refuse_place(const char *location, struct err *err)
{
	return err_set(err, ERR_POLICY, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"it leads to \"%.128s\", which is not https", location);
}

/* HOST[:PORT] up to n bytes. */
static bool take_authority(const char *s, size_t n, struct http_place *to)
{
	char text[URL_HOST_MAX + 8], *colon;
	int64_t port = 0;

	if (n >= sizeof text)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	colon = strchr(text, ':');
	if (colon != NULL) {
		*colon = '\0';
		port = number(colon + 1, "0123456789", 10);
		if (port < 1 || port > 65535)
			return false;
	}
	to->port = (uint16_t)port;
	return offer_host(text, to->host);
}

int http_redirect(const struct http_place *from, const char *location,
	struct http_place *ret_to, struct err *err)
{
	struct http_place to = *from;
	const char *path = location;
	size_t n;

	if (strncasecmp(location, "https://", 8) == 0) {
		n = strcspn(location + 8, "/?#");
		if (!take_authority(location + 8, n, &to))
			return refuse_place(location, err);
		path = location + 8 + n;
	} else if (location[0] != '/' || location[1] == '/') {
		return refuse_place(location, err);
	}
	for (const char *p = path; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			return refuse_place(location, err);
	n = strcspn(path, "#");
	if (n + 2 > sizeof to.path)
		return refuse_place(location, err);
	(void)snprintf(to.path, sizeof to.path, "%s%.*s",
		*path == '/' ? "" : "/", (int)n, path);
	*ret_to = to;
	return 0;
}
