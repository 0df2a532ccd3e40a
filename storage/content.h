/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * content: what a message is known by, from its bytes as they stream by. One
 * thread; memory for its header (64 KiB at most) and no more.
 */
#ifndef MAILHAUL_STORAGE_CONTENT_H
#define MAILHAUL_STORAGE_CONTENT_H

#include "header.h"

#include <openssl/evp.h>

struct content_id {
	unsigned char sha256[32]; /* of the bytes received */
	/* of the same without what a server writes into the header when flags
	 * change (header.h); mostly the same */
	unsigned char bare_sha256[32];
	unsigned char header_hash[LEDGER_HEADER_HASH]; /* all zero: none */
	uint32_t dropped; /* bytes that it leaves out */
};

struct content {
	struct header header;
	EVP_MD_CTX *sha, *bare;
	bool judged; /* the header is known */
	struct header_bare head;
};

/* Also after content_end, for the next message. ERR_CONFIG/service where
 * OpenSSL has no SHA-256. */
int content_begin(struct content *c, struct err *err);
void content_add(struct content *c, const char *bytes, size_t n);
/* The SHA-256 of what was added so far. */
int content_so_far(
	const struct content *c, unsigned char ret_sha256[32], struct err *err);
void content_end(struct content *c, struct content_id *ret_id);
void content_clear(struct content *c);

#endif
