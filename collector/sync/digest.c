/* SPDX-License-Identifier: BSD-2-Clause */
#include "digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* An EVP_MD_CTX under the name of this module. */
static EVP_MD_CTX *ctx_of(struct digest *d)
{
	return (EVP_MD_CTX *)d;
}

static void must(int ok)
{
	if (ok == 1)
		return;
	(void)fputs("mailhaul: SHA-256 is not available\n", stderr);
	abort();
}

void digest_begin(struct digest **ret_digest)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx != NULL);
	must(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));
	*ret_digest = (struct digest *)ctx;
}

void digest_add(struct digest *d, const void *bytes, size_t n)
{
	must(EVP_DigestUpdate(ctx_of(d), bytes, n));
}

void digest_end(struct digest **d, unsigned char out[DIGEST_BYTES])
{
	must(EVP_DigestFinal_ex(ctx_of(*d), out, NULL));
	digest_drop(d);
}

void digest_drop(struct digest **d)
{
	EVP_MD_CTX_free(ctx_of(*d));
	*d = NULL;
}

void digest_hex(const unsigned char sha256[DIGEST_BYTES],
	char out[DIGEST_BYTES * 2 + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		out[2 * i] = digits[sha256[i] >> 4];
		out[2 * i + 1] = digits[sha256[i] & 15];
	}
	out[DIGEST_BYTES * 2] = '\0';
}
