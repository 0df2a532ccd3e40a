/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line is built whole in a bounded buffer and written by one write(2), so
 * lines of several threads never mix. A value over VALUE_MAX bytes is cut.
 */
#include "log.h"

#include "buf.h"
#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192
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

/* Printable ASCII stays; everything else, UTF-8 included, becomes an escape:
 * bidi controls and overlong forms need no table then. */
static void add_escaped(struct buf *b, const char *s, bool json)
{
	size_t n = strnlen(s, VALUE_MAX);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '"' || c == '\\')
			(void)buf_printf(b, "\\%c", c);
		else if (c >= 0x20 && c < 0x7f)
			(void)buf_add(b, s + i, 1);
		else if (json)
			(void)buf_printf(b, "\\u%04x", c);
		else
			(void)buf_printf(b, "\\x%02x", c);
	}
	if (s[n] != '\0')
		(void)buf_add_str(b, "...");
}

static bool is_plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (*s <= 0x20 || *s == '"' || *s == '=' || *s == '\\' ||
			*s == 0x7f)
			return false;
	return true;
}

static void add_str(struct buf *b, const char *key, const char *value)
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

static void add_num(struct buf *b, const char *key, int64_t num)
{
	if (sink.format == LOG_FORMAT_JSON)
		(void)buf_printf(b, ",\"%s\":%" PRId64, key, num);
	else
		(void)buf_printf(b, " %s=%" PRId64, key, num);
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

void log_event(enum log_level level, const struct log_ctx *ctx,
	const char *event, const struct log_field *fields)
{
	struct buf b;

	if (level > sink.level)
		return;
	buf_init(&b, LINE_MAX_BYTES);
	add_head(&b, level, ctx, event);
	for (; fields != NULL && fields->key != NULL; fields++) {
		if (fields->str != NULL)
			add_str(&b, fields->key, fields->str);
		else
			add_num(&b, fields->key, fields->num);
	}
	b.full = false;
	b.max += 8;
	(void)buf_add_str(&b, sink.format == LOG_FORMAT_JSON ? "}\n" : "\n");
	if (write(sink.fd, b.data, b.len) < 0) {
		/* nowhere left to say it */
	}
	buf_free(&b);
}

void log_err(enum log_level level, const struct log_ctx *ctx,
	const char *event, const struct err *err)
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
