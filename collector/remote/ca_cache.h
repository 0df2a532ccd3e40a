/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ca_cache: trust anchors that were parsed once, found by the SHA-256 of
 * their PEM bytes: a thousand sessions of an envoy share one SSL_CTX. Any
 * thread.
 */
#ifndef MAILHAUL_REMOTE_CA_CACHE_H
#define MAILHAUL_REMOTE_CA_CACHE_H

#include "transport.h"

#define CA_PEM_MAX ((size_t)16 << 20) /* bytes */

struct ca_cache;
struct ca_cache *ca_cache_new(void);
void ca_cache_free(struct ca_cache **c);
/* fd: a file of PEM bytes, read from its start, not closed. The result is a
 * reference: the caller ends it by tls_anchors_free. ERR_CONFIG/ERR_TLS where
 * the bytes are no anchors. */
int ca_cache_get(struct ca_cache *c, int fd, bool tls13_only,
	struct tls_anchors **ret_anchors, struct err *err);

#endif
