/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict: what a server's refusal means: class, what is lost, when to try
 * again, and what it has found too much. By its response code (RFC 5530 3;
 * RFC 2449 8, RFC 3206) and, as most servers have none, by its words. Pure.
 */
#ifndef MAILHAUL_REMOTE_VERDICT_H
#define MAILHAUL_REMOTE_VERDICT_H

#include "../base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What was refused. */
enum verdict_of {
	VERDICT_LOGIN = 1 << 0,
	VERDICT_COMMAND = 1 << 1,
	VERDICT_SESSION = 1 << 2, /* BYE, or a greeting that is none */
};

struct verdict {
	bool known; /* else what follows is the default of `of` */
	enum err_class class;
	enum err_scope scope; /* at least */
	enum err_retry retry;
	enum err_complaint complaint;
	bool host_wide;
	uint32_t after_ms; /* as it said; 0 = nothing, at most a day */
	const char *hint;  /* NULL: as for all of the class */
};

/*
 * code: without brackets, upper case, "" = none; text: printable, without the
 * code or with it. The defaults: a login without a reason is auth/account/
 * later (nobody knows whether it was the password: sync/policy.c tries again
 * after hours, and then no more); a command is protocol/message/later; a
 * session refused/session/later.
 */
void verdict_find(enum verdict_of of, const char *code, const char *text,
	struct verdict *ret_verdict);
/* Puts complaint, wait and hint into an err that was set. */
void verdict_tell(const struct verdict *verdict, struct err *err);

#endif
