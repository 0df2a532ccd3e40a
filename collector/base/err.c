/* SPDX-License-Identifier: BSD-2-Clause */
#include "err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const class_names[] = {
	[ERR_NONE] = "",
	[ERR_AUTH] = "auth",
	[ERR_REFUSED] = "refused",
	[ERR_THROTTLED] = "throttled",
	[ERR_QUOTA] = "quota",
	[ERR_NETWORK] = "network",
	[ERR_TIMEOUT] = "timeout",
	[ERR_TLS] = "tls",
	[ERR_PROTOCOL] = "protocol",
	[ERR_LIMIT] = "limit",
	[ERR_DISK] = "disk",
	[ERR_STORE] = "store",
	[ERR_CONFIG] = "config",
	[ERR_CRASH] = "crash",
	[ERR_POLICY] = "policy",
	[ERR_CANCELLED] = "cancelled",
};

#define CLASS_COUNT (sizeof class_names / sizeof class_names[0])

/* A text of one line: a server's words cannot forge a second one. */
static void one_line(char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		if (c < 0x20 || c == 0x7f)
			*s = '?';
	}
}

__attribute__((format(printf, 5, 0))) static void fill(struct err *err,
	enum err_class class, enum err_scope scope, enum err_retry retry,
	const char *fmt, va_list ap)
{
	err->class = class;
	err->scope = scope;
	err->retry = retry;
	err->retry_after_s = err->retry_after_ms = 0;
	err->in_flight = 0;
	err->errnum = 0;
	err->complaint = ERR_NO_COMPLAINT;
	err->host_wide = false;
	err->hint[0] = '\0';
	(void)vsnprintf(err->text, sizeof err->text, fmt, ap);
	one_line(err->text);
}

static void add_errno(struct err *err, int errnum)
{
	char room[128];
	size_t used = strlen(err->text);
	const char *why = strerror_r(errnum, room, sizeof room); /* GNU's */

	err->errnum = errnum;
	(void)snprintf(err->text + used, sizeof err->text - used, ": %s", why);
}

int err_set(struct err *err, enum err_class class, enum err_scope scope,
	enum err_retry retry, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	fill(err, class, scope, retry, fmt, ap);
	va_end(ap);
	return -1;
}

int err_set_sys(struct err *err, enum err_class class, enum err_scope scope,
	enum err_retry retry, int errnum, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	fill(err, class, scope, retry, fmt, ap);
	va_end(ap);
	add_errno(err, errnum);
	return -1;
}

static bool is_disk(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
	case EROFS:
	case EIO:
	case EFBIG:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return true;
	default:
		return false;
	}
}

int err_set_file(struct err *err, int errnum, const char *fmt, ...)
{
	va_list ap;
	bool disk = is_disk(errnum);

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	fill(err, disk ? ERR_DISK : ERR_STORE, ERR_SCOPE_ACCOUNT,
		disk ? ERR_RETRY_LATER : ERR_RETRY_CHANGE, fmt, ap);
	va_end(ap);
	add_errno(err, errnum);
	return -1;
}

int err_where(struct err *err, const char *fmt, ...)
{
	char where[sizeof err->text];
	size_t n;
	va_list ap;

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(where, sizeof where - 2, fmt, ap);
	va_end(ap);
	one_line(where);
	n = strlen(where);
	memcpy(where + n, ": ", 3);
	n += 2;
	if (n > sizeof err->text - 1)
		n = sizeof err->text - 1;
	memmove(err->text + n, err->text, sizeof err->text - n);
	memcpy(err->text, where, n);
	err->text[sizeof err->text - 1] = '\0';
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(err->hint, sizeof err->hint, fmt, ap);
	va_end(ap);
	one_line(err->hint);
	return -1;
}

const char *err_class_name(enum err_class class)
{
	return (size_t) class < CLASS_COUNT ? class_names[class] : "";
}

enum err_class err_class_parse(const char *name)
{
	for (size_t i = 1; i < CLASS_COUNT; i++)
		if (strcmp(class_names[i], name) == 0)
			return (enum err_class)i;
	return ERR_NONE;
}
