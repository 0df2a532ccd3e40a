/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe: what a server says before anybody logs in: greeting, STARTTLS or
 * STLS where asked, TLS with the certificate verified, capabilities. Nobody's
 * name and no password is at hand here, and so none is sent. Also the GET of
 * a domain's autoconfig. In the scout; blocks, for PROBE_MS at most.
 */
#ifndef MAILHAUL_REMOTE_PROBE_H
#define MAILHAUL_REMOTE_PROBE_H

#include "../base/err.h"
#include "../model/offer.h"
#include "http.h"
#include "transport.h"

#define PROBE_MS 15000

struct probe_result {
	char tls[64];		/* "TLSv1.3 TLS_AES_256_GCM_SHA384" */
	char greeting[256];	/* printable */
	char capabilities[512]; /* by spaces, as far as they go in here */
};

/* fd: a connected socket. Takes it. url.user is not looked at; TLS is a
 * must. ERR_PROTOCOL: this is no such server. */
int probe_server(int fd, const struct url *url, struct tls_anchors *anchors,
	struct probe_result *ret_result, struct err *err);
/* Takes fd. The answer is the caller's, as of http_read. */
int probe_get(int fd, const struct http_place *place,
	struct tls_anchors *anchors, size_t body_max,
	struct http_answer *ret_answer, struct err *err);

#endif
