/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * changes: flags that the source now gives to messages which are here, kept
 * small until they are applied. Bounded: what finds no room is counted as
 * left, and is found again by the next run.
 */
#ifndef MAILHAUL_SYNC_CHANGES_H
#define MAILHAUL_SYNC_CHANGES_H

#include "../base/mem.h"
#include "../model/flags.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANGES_MAX_BYTES ((size_t)32 * 1024 * 1024)

struct change {
	uint32_t uid;
	uint8_t system;
	const char *keywords; /* in the arena */
};

struct changes {
	struct change *list;
	size_t count, cap;
	size_t bytes;
	struct arena *arena;
	bool left;
};

void changes_add(struct changes *c, uint32_t uid, const struct flags *flags);
void changes_flags(const struct change *c, struct flags *ret_flags);
void changes_clear(struct changes *c);

#endif
