/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imap: the IMAP kind of session (RFC 3501, RFC 9051). libetpan parses what
 * the guard lets through; commands, tags, untagged LIST and CAPABILITY lines,
 * the greeting and every response code are our own (imap_command.h). Nothing
 * that came before TLS is believed; mailboxes are only ever EXAMINEd.
 */
#ifndef MAILHAUL_REMOTE_IMAP_H
#define MAILHAUL_REMOTE_IMAP_H

#include "guard.h"
#include "session.h"
#include "transport.h"

struct imap;

/* Made before the transport, whose tap it is: imap_tap with it as arg. */
struct imap *imap_new(const struct session_limits *limits);
void imap_free(struct imap **im);
guard_line_fn imap_tap;

/*
 * Greeting, STARTTLS where the URL says so, login, ID. Takes im and t, even
 * on failure. anchors: needed for STARTTLS only. The errors are those of
 * session_open_direct: ERR_TLS before any credential has left, ERR_AUTH when
 * the server refused it (sent once), ERR_REFUSED, ERR_THROTTLED.
 */
int imap_open(struct imap *im, struct transport *t,
	const struct session_config *config, struct tls_anchors *anchors,
	struct session **ret_session, struct err *err);

#endif
