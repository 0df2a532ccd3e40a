/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: one event, one line, to standard error:
 *     time level run=… account=… mailbox=… event key=value …
 * as logfmt or JSON. Text is escaped, so that no value can forge a line or a
 * field. Never content, never a password. Any thread.
 */
#ifndef MAILHAUL_BASE_LOG_H
#define MAILHAUL_BASE_LOG_H

#include "err.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_NONE = -1, /* where results are shown in another way */
	LOG_LEVEL_ERROR,     /* somebody must act */
	LOG_LEVEL_WARN,	     /* something was skipped, work goes on */
	LOG_LEVEL_INFO,	     /* a line per run and per mailbox */
	LOG_LEVEL_DEBUG,     /* each decision with its reason */
	LOG_LEVEL_WIRE,	     /* the conversation, secrets replaced */
};

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Who speaks; NULL members are left out. Borrowed for the call. */
struct log_ctx {
	const char *run; /* 16 hex digits */
	const char *account;
	const char *mailbox;
};

struct log_field {
	const char *key; /* NULL ends the list */
	bool is_num;
	const char *str; /* NULL is shown as "" */
	int64_t num;
};

#define LOG_STR(k, v)                  \
	{                              \
		.key = (k), .str = (v) \
	}
#define LOG_NUM(k, v)                                           \
	{                                                       \
		.key = (k), .is_num = true, .num = (int64_t)(v) \
	}
#define LOG_END             \
	{                   \
		.key = NULL \
	}

/* Before threads start. */
void log_setup(enum log_level level, enum log_format format, int fd);
enum log_level log_level(void);
enum log_format log_format(void);

/* fields may be NULL. */
void log_event(enum log_level level, const struct log_ctx *ctx,
	const char *event, const struct log_field *fields);
#define LOG(level, ctx, event, ...)        \
	log_event((level), (ctx), (event), \
		(const struct log_field[]){__VA_ARGS__, LOG_END})
/* An event that carries an error: class, text, hint. */
void log_err(enum log_level level, const struct log_ctx *ctx, const char *event,
	const struct err *err);

#endif
