/* SPDX-License-Identifier: BSD-2-Clause */
/* contents: how often each content (SHA-256) has been seen. A hash table. */
#ifndef MAILHAUL_SYNC_CONTENTS_H
#define MAILHAUL_SYNC_CONTENTS_H

#include <stddef.h>
#include <stdint.h>

struct content {
	unsigned char sha256[32];
	uint32_t count; /* 0: the place is free */
};

struct contents {
	struct content *places;
	size_t used, size; /* size: a power of two */
};

/* Times it was seen before; counts it. */
uint32_t contents_count(struct contents *c, const unsigned char sha256[32]);
void contents_clear(struct contents *c);

#endif
