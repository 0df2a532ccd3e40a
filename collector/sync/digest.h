/* SPDX-License-Identifier: BSD-2-Clause */
/* digest: SHA-256 over pieces. */
#ifndef MAILHAUL_SYNC_DIGEST_H
#define MAILHAUL_SYNC_DIGEST_H

#include <stddef.h>

#define DIGEST_BYTES 32

struct digest;
/* Aborts where OpenSSL has no memory, as mem does. */
void digest_begin(struct digest **ret_digest);
void digest_add(struct digest *d, const void *bytes, size_t n);
/* Frees. */
void digest_end(struct digest **d, unsigned char out[DIGEST_BYTES]);
void digest_drop(struct digest **d);
void digest_hex(const unsigned char sha256[DIGEST_BYTES],
	char out[DIGEST_BYTES * 2 + 1]);

#endif
