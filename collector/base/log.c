/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line is built whole in a bounded buffer and written by one write(2) of at
 * most PIPE_BUF bytes, so lines of several threads and processes never mix. A
 * value over VALUE_MAX bytes is cut; a field that finds no room is left out.
 */
#include "log.h"

#include "buf.h"
#include "clock.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (PIPE_BUF - 8) /* "}\n" goes behind it */
#define VALUE_MAX 512

static struct {
	enum log_level level;
	enum log_format format;
	int fd;
} sink = {LOG_LEVEL_INFO, LOG_FORMAT_TEXT, STDERR_FILENO};

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_WIRE] = "wire",
};

void log_setup(enum log_level level, enum log_format format, int fd)
{
	sink.level = level;
	sink.format = format;
	sink.fd = fd;
}

enum log_level log_level(void)
{
	return sink.level;
}

enum log_format log_format(void)
{
	return sink.format;
}

/* A code point of valid UTF-8 at s, at most n bytes; its length, or 0. Base
 * has no Unicode library, and needs none to be strict: RFC 3629 4. */
static size_t decode(const unsigned char *s, size_t n, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0xc2   ? 0
		     : s[0] < 0xe0 ? 2
		     : s[0] < 0xf0 ? 3
		     : s[0] < 0xf5 ? 4
				   : 0;
	uint32_t c;

	if (len == 0 || len > n)
		return 0;
	c = s[0] & (0xffU >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fU);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return len;
}

/* RFC 8259 7. A byte that is no UTF-8 becomes U+FFFD. Returns bytes taken. */
static size_t add_json_escape(struct buf *b, const unsigned char *s, size_t n)
{
	uint32_t c;
	size_t len;

	if (s[0] < 0x80) {
		(void)buf_printf(b, "\\u%04x", s[0]);
		return 1;
	}
	len = decode(s, n, &c);
	if (len == 0) {
		(void)buf_add_str(b, "\\ufffd");
		return 1;
	}
	if (c < 0x10000) {
		(void)buf_printf(b, "\\u%04x", c);
		return len;
	}
	c -= 0x10000;
	(void)buf_printf(
		b, "\\u%04x\\u%04x", 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff));
	return len;
}

/* Printable ASCII stays; everything else, UTF-8 included, becomes an escape:
 * bidi controls and overlong forms need no table then. */
static void add_escaped(struct buf *b, const char *s, bool json)
{
	size_t n = strnlen(s, VALUE_MAX);

	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		if (c == '"' || c == '\\')
			(void)buf_printf(b, "\\%c", c);
		else if (c >= 0x20 && c < 0x7f)
			(void)buf_add(b, s + i, 1);
		else if (!json)
			(void)buf_printf(b, "\\x%02x", c);
		else {
			i += add_json_escape(
				b, (const unsigned char *)s + i, n - i);
			continue;
		}
		i++;
	}
	if (s[n] != '\0')
		(void)buf_add_str(b, "...");
}

static bool is_plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		if (c <= 0x20 || c >= 0x7f || c == '"' || c == '=' || c == '\\')
			return false;
	}
	return true;
}

static void add_value(struct buf *b, const char *key, const char *value)
{
	if (sink.format == LOG_FORMAT_JSON) {
		(void)buf_printf(b, ",\"%s\":\"", key);
		add_escaped(b, value, true);
		(void)buf_add_str(b, "\"");
		return;
	}
	(void)buf_printf(b, " %s=", key);
	if (is_plain(value) && strlen(value) < VALUE_MAX) {
		(void)buf_add_str(b, value);
		return;
	}
	(void)buf_add_str(b, "\"");
	add_escaped(b, value, false);
	(void)buf_add_str(b, "\"");
}

/* The whole field or nothing: a line that is full still has its quotes and
 * braces in pairs, and shorter fields behind this one still go in. */
static void add_str(struct buf *b, const char *key, const char *value)
{
	size_t start = b->len;

	add_value(b, key, value);
	if (!b->full)
		return;
	b->full = false;
	b->len = start;
	b->data[start] = '\0';
}

static void add_num(struct buf *b, const char *key, int64_t num)
{
	if (sink.format == LOG_FORMAT_JSON)
		(void)buf_printf(b, ",\"%s\":%" PRId64, key, num);
	else
		(void)buf_printf(b, " %s=%" PRId64, key, num);
	b->full = false; /* what did not fit was left out as a whole */
}

static void add_head(struct buf *b, enum log_level level,
	const struct log_ctx *ctx, const char *event)
{
	char when[CLOCK_RFC3339_BYTES];
	bool json = sink.format == LOG_FORMAT_JSON;

	(void)clock_rfc3339(clock_wall_s(), when);
	(void)buf_printf(b,
		json ? "{\"time\":\"%s\",\"level\":\"%s\"" : "%s %s", when,
		level_names[level]);
	if (ctx != NULL && ctx->run != NULL)
		add_str(b, "run", ctx->run);
	if (ctx != NULL && ctx->account != NULL)
		add_str(b, "account", ctx->account);
	if (ctx != NULL && ctx->mailbox != NULL)
		add_str(b, "mailbox", ctx->mailbox);
	if (json)
		add_str(b, "event", event);
	else
		(void)buf_printf(b, " %s", event);
}

/* A failure is not reported: there is nowhere left to say it. */
static void write_line(const char *line, size_t n)
{
	while (n > 0) {
		ssize_t w = write(sink.fd, line, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return;
		line += w;
		n -= (size_t)w;
	}
}

void log_event(enum log_level level, const struct log_ctx *ctx,
	const char *event, const struct log_field *fields)
{
	struct buf b;

	if (level > sink.level)
		return;
	buf_init(&b, LINE_MAX_BYTES);
	add_head(&b, level, ctx, event);
	for (; fields != NULL && fields->key != NULL; fields++) {
		if (!fields->is_num)
			add_str(&b, fields->key,
				fields->str != NULL ? fields->str : "");
		else
			add_num(&b, fields->key, fields->num);
	}
	b.full = false;
	b.max = PIPE_BUF;
	(void)buf_add_str(&b, sink.format == LOG_FORMAT_JSON ? "}\n" : "\n");
	write_line(b.data, b.len);
	buf_free(&b);
}

void log_err(enum log_level level, const struct log_ctx *ctx, const char *event,
	const struct err *err)
{
	if (err->hint[0] != '\0')
		LOG(level, ctx, event,
			LOG_STR("class", err_class_name(err->class)),
			LOG_STR("error", err->text),
			LOG_STR("hint", err->hint));
	else
		LOG(level, ctx, event,
			LOG_STR("class", err_class_name(err->class)),
			LOG_STR("error", err->text));
}
