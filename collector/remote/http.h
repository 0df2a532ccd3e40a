/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http: the answer to one GET (RFC 9112), read within bounds, and where a
 * redirect leads. The bytes come through the transport, so TLS, certificates,
 * deadlines and the network policy are those of mail servers. Pure; any
 * thread.
 *
 * No libcurl: Debian's libetpan-dev brings the one of GnuTLS, the other
 * conflicts with it; that one takes trust anchors from files only, which a
 * sandbox has none of, and brings 28 libraries into every envoy (a process
 * starts in 25 ms then instead of 1 ms, measured).
 */
#ifndef MAILHAUL_REMOTE_HTTP_H
#define MAILHAUL_REMOTE_HTTP_H

#include "../base/err.h"
#include "../model/url.h"
#include "lines.h"

#include <stddef.h>
#include <stdint.h>

#define HTTP_PATH_MAX 1024

struct http_answer {
	int status;
	char location[HTTP_PATH_MAX +
		      URL_HOST_MAX]; /* of a redirect; else "" */
	char *body; /* of a 200; caller frees; NUL-terminated */
	size_t body_bytes;
};

/*
 * Up to body_max bytes of body: more is ERR_LIMIT. One that ends before the
 * length that was said, and whatever is no HTTP/1.x, is ERR_PROTOCOL.
 */
int http_read(struct lines *lines, size_t body_max,
	struct http_answer *ret_answer, struct err *err);

/* A place behind https://. */
struct http_place {
	char host[URL_HOST_MAX];
	uint16_t port; /* 0: nobody has said one */
	char path[HTTP_PATH_MAX];
};
/*
 * Where location leads from a place: https://HOST[:PORT]/… or /…; anything
 * else, and another scheme above all, is ERR_POLICY.
 */
int http_redirect(const struct http_place *from, const char *location,
	struct http_place *ret_to, struct err *err);

#endif
