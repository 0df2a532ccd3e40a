/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pop3: the POP3 kind of session (RFC 1939, 2449, 2595, 5034). libetpan
 * connects and says STLS and QUIT; everything else is read by ourselves on
 * its stream (pop3_command, pop3_capa, pop3_login, pop3_list, pop3_transfer),
 * because libetpan's readers crash, cut and lose bytes. Nothing is ever
 * deleted: no DELE is written anywhere, and after an error no QUIT leaves.
 */
#ifndef MAILHAUL_REMOTE_POP3_H
#define MAILHAUL_REMOTE_POP3_H

#include "session.h"
#include "transport.h"

/*
 * Greeting, TLS as config->url says, CAPA, login. Takes t, even on failure;
 * config is borrowed for the call. anchors: needed unless TLS_NONE.
 * ERR_TLS: no TLS where it is required; no credential has left. ERR_AUTH/
 * account/change: the server refused the name or the secret. ERR_REFUSED:
 * it will not serve us now (later) or at all (change).
 */
int pop3_open(struct transport *t, const struct session_config *config,
	struct tls_anchors *anchors, struct session **ret_session,
	struct err *err);

#endif
