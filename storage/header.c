/* SPDX-License-Identifier: BSD-2-Clause */
#include "header.h"

#include "../collector/base/mem.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES ((size_t)64 * 1024)

void header_begin(struct header *h)
{
	h->n = 0;
	h->over = false;
	h->line_empty = true;
}

/* How much of a piece belongs to the header. */
static size_t header_part(struct header *h, const char *bytes, size_t n)
{
	const char *p = bytes, *end = bytes + n;

	while (p < end && !h->over) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t line = (size_t)((nl != NULL ? nl : end) - p);
		bool empty = line == 0 || (line == 1 && *p == '\r');

		h->over = nl != NULL && empty && h->line_empty;
		h->line_empty = nl != NULL || (empty && h->line_empty);
		p = nl != NULL ? nl + 1 : end;
	}
	return (size_t)(p - bytes);
}

void header_add(struct header *h, const char *bytes, size_t n)
{
	size_t left = HEADER_BYTES - h->n;

	n = header_part(h, bytes, n < left ? n : left);
	if (n == 0)
		return;
	h->bytes = mem_grow(h->bytes, h->n + n, 1);
	memcpy(h->bytes + h->n, bytes, n);
	h->n += n;
}

void header_hash(const struct header *h, unsigned char out[LEDGER_HEADER_HASH])
{
	unsigned char sha256[EVP_MAX_MD_SIZE];

	memset(out, 0, LEDGER_HEADER_HASH);
	if (h->over && EVP_Digest(h->bytes, h->n, sha256, NULL, EVP_sha256(),
			       NULL) == 1)
		memcpy(out, sha256, LEDGER_HEADER_HASH);
}

void header_clear(struct header *h)
{
	free(h->bytes);
	*h = (struct header){.bytes = NULL};
}
