/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pop3_login: one attempt with the name and the secret, AUTH PLAIN where it
 * is offered (RFC 5034), else USER and PASS. A secret that was refused is
 * never sent again. APOP is not used: MD5 over what may be plain text.
 */
#ifndef MAILHAUL_REMOTE_POP3_LOGIN_H
#define MAILHAUL_REMOTE_POP3_LOGIN_H

#include "../base/mem.h"
#include "pop3_capa.h"

/*
 * ERR_AUTH/account/change with the server's words if it refuses; ERR_REFUSED
 * for [IN-USE], [LOGIN-DELAY], [SYS/TEMP] (later) and [SYS/PERM] (change);
 * ERR_CONFIG if the name or secret cannot be said in POP3.
 */
int pop3_login(struct pop3_wire *w, const struct pop3_capa *capa,
	const char *user, const struct secret *secret, struct err *err);

#endif
