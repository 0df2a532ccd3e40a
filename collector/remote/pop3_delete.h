/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pop3_delete: DELE and the QUIT that makes it true (RFC 1939 5, 6). A server
 * deletes nothing before it has read QUIT, so whatever goes wrong before is
 * as if it had never been.
 */
#ifndef MAILHAUL_REMOTE_POP3_DELETE_H
#define MAILHAUL_REMOTE_POP3_DELETE_H

#include "pop3_command.h"
#include "session.h"

/* DELE of each number; fn for those that the server has marked. pipelining:
 * all leave together. ERR_LIMIT/mailbox past SESSION_DELETES_MAX: nothing was
 * said. */
int pop3_delete(struct pop3_wire *w, const struct uid_range *ranges,
	size_t count, bool pipelining, session_range_fn *fn, void *arg,
	struct err *err);
/* 0 only where the answer is +OK. */
int pop3_quit(struct pop3_wire *w, struct err *err);

#endif
