/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pop3_login: one attempt with the name and the secret, by AUTH (RFC 5034),
 * USER and PASS, or APOP where that is asked for (MD5 over what the server
 * says in the clear, and keeps in the clear). A secret that was refused is
 * never sent again.
 */
#ifndef MAILHAUL_REMOTE_POP3_LOGIN_H
#define MAILHAUL_REMOTE_POP3_LOGIN_H

#include "../base/mem.h"
#include "pop3_capa.h"

/* All of it borrowed for the call. */
struct pop3_who {
	const char *user;
	const struct secret *secret;
	enum auth auth;
	bool token;	/* that is what the secret is */
	bool encrypted; /* nobody else hears it */
	const char *host;
	uint16_t port;
	const char *timestamp; /* of APOP, "<…>"; "" = none */
};

/*
 * ERR_AUTH/account/change with the server's words if it refuses; ERR_REFUSED
 * for [IN-USE], [LOGIN-DELAY], [SYS/TEMP] (later) and [SYS/PERM] (change);
 * ERR_CONFIG if the name or secret cannot be said in POP3.
 */
int pop3_login(struct pop3_wire *w, const struct pop3_capa *capa,
	const struct pop3_who *who, struct err *err);
/* RFC 1939 7: the msg-id of RFC 822 in a greeting; out stays as it is where
 * there is none. Anything else in its place could be made to find out the
 * password from MD5's collisions. */
void pop3_read_timestamp(const char *greeting, char *out, size_t out_bytes);

#endif
