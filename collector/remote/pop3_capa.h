/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pop3_capa: what a server says it can do (RFC 2449). It is asked anew after
 * STLS and after the login; what was said before is forgotten.
 */
#ifndef MAILHAUL_REMOTE_POP3_CAPA_H
#define MAILHAUL_REMOTE_POP3_CAPA_H

#include "../model/auth.h"
#include "pop3_command.h"

struct pop3_capa {
	bool known; /* the server knows CAPA at all */
	bool stls;
	bool user;
	bool uidl;
	bool top;
	bool pipelining;
	bool utf8;		/* RFC 6856 2 */
	uint32_t auths;		/* of SASL: AUTH_BIT, or-ed */
	uint32_t login_delay_s; /* RFC 2449 6.5; 0 = not said */
	char implementation[256];
	char names[2048]; /* all lines, printable, separated by spaces */
};

/* Asks CAPA. An -ERR is no failure: known is false then (popa3d,
 * solid-pop3d). */
int pop3_capa_ask(
	struct pop3_wire *w, struct pop3_capa *ret_capa, struct err *err);
/* The same for a CAPA that has left. */
int pop3_capa_read(
	struct pop3_wire *w, struct pop3_capa *ret_capa, struct err *err);
/*
 * Says UTF8, where that is offered: without it a server may refuse, or
 * rewrite, what is not ASCII. Before the login, after TLS. A refusal is no
 * failure.
 */
int pop3_capa_utf8(
	struct pop3_wire *w, const struct pop3_capa *capa, struct err *err);
/* Adds one line of the answer. Pure. */
void pop3_capa_add(struct pop3_capa *capa, const char *line);

#endif
