/* SPDX-License-Identifier: BSD-2-Clause */
/* contents: how often each content (SHA-256) has been seen. A hash table. */
#ifndef MAILHAUL_SYNC_CONTENTS_H
#define MAILHAUL_SYNC_CONTENTS_H

#include <stddef.h>
#include <stdint.h>

struct content_count {
	unsigned char sha256[32];
	uint32_t count; /* 0: the place is free */
};

struct contents {
	struct content_count *places;
	size_t used, size; /* size: a power of two */
};

/* Times it was seen before; counts it. */
uint32_t contents_count(struct contents *c, const unsigned char sha256[32]);
/* It was seen so often already, if not more. */
void contents_raise(
	struct contents *c, const unsigned char sha256[32], uint32_t count);
void contents_clear(struct contents *c);

#endif
