/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * err: what went wrong, what is lost by it, when it is worth trying again.
 * A function that can fail returns 0 or -1 and takes `struct err *err` last.
 * It is filled only on failure; err may be NULL where the caller does not
 * care. The text is one line for a person; it never holds a secret.
 */
#ifndef MAILHAUL_BASE_ERR_H
#define MAILHAUL_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* The classes of the interface, plus ERR_CANCELLED, which no user sees. */
enum err_class {
	ERR_NONE,
	ERR_AUTH,      /* the server refused the name or the secret */
	ERR_REFUSED,   /* the server will not serve us now or at all */
	ERR_THROTTLED, /* the server asks us to slow down */
	ERR_QUOTA,     /* a limit of the provider or of limits.account */
	ERR_NETWORK,   /* no name, no route, connection lost */
	ERR_TIMEOUT,   /* no byte, or no end, in time */
	ERR_TLS,       /* certificate, host name, version, handshake */
	ERR_PROTOCOL,  /* the server's bytes make no sense */
	ERR_LIMIT,     /* larger, longer or more than limits.* allow */
	ERR_DISK,      /* no space, I/O error, read-only */
	ERR_STORE,     /* the store is missing, swapped or not ours */
	ERR_CONFIG,    /* settings, state.dir, database, key */
	ERR_CRASH,     /* an envoy died of this account's bytes */
	ERR_POLICY,    /* network.*, tls.allow_plain: the operator forbids it */
	ERR_CANCELLED, /* drained or cancelled; nobody's fault */
};

/* What is lost. */
enum err_scope {
	ERR_SCOPE_MESSAGE,
	ERR_SCOPE_MAILBOX,
	ERR_SCOPE_SESSION,
	ERR_SCOPE_ACCOUNT,
	ERR_SCOPE_SERVICE,
};

/* When to try again. */
enum err_retry {
	ERR_RETRY_NOW,	  /* at once, in a new session */
	ERR_RETRY_LATER,  /* by backoff, or after retry_after_s */
	ERR_RETRY_CHANGE, /* when somebody has changed something */
};

/* What the server has found too much. */
enum err_complaint {
	ERR_NO_COMPLAINT,
	ERR_TOO_MANY_SESSIONS, /* at once */
	ERR_TOO_MANY_LOGINS,   /* too soon one after the other */
	ERR_TOO_MUCH,	       /* bytes or commands in a day or so */
};

struct err {
	enum err_class class;
	enum err_scope scope;
	enum err_retry retry;
	uint32_t retry_after_s;	 /* what the server asked for; 0 = nothing */
	uint32_t retry_after_ms; /* where it was said so exactly; the former
				  * is not less then */
	int errnum;		 /* of a local call that failed; 0 = none */
	uint32_t in_flight;	 /* commands without answer when a connection
				  * broke; 0 = not known */
	enum err_complaint complaint;
	bool host_wide; /* it is not about this account alone */
	char text[512];
	char hint[256]; /* what to do about it; may be empty */
};

/* Fills err (cut to its size) and returns -1, so that callers can
 * `return err_set(...)`. Control characters in the result become '?'. */
int err_set(struct err *err, enum err_class class, enum err_scope scope,
	enum err_retry retry, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The same, with ": " and strerror(errnum) behind the text. */
int err_set_sys(struct err *err, enum err_class class, enum err_scope scope,
	enum err_retry retry, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* Classifies errnum of a local file operation: ENOSPC, EDQUOT, EROFS, EIO,
 * EMFILE … = ERR_DISK/later; EACCES, ENOENT, ENOTDIR, ELOOP … = ERR_STORE/
 * change. Returns -1. */
int err_set_file(struct err *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts "WHERE: " before the text on the way up. Returns -1. */
int err_where(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Sets the hint. Returns -1. */
int err_hint(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "auth", "refused" … as in the interface; "" for ERR_NONE. Static. */
const char *err_class_name(enum err_class class);
/* Reverse; ERR_NONE if unknown. */
enum err_class err_class_parse(const char *name);

#endif
