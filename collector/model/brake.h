/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * brake: how many messages of a mailbox may vanish at once before a person
 * has to say that it is meant. The same in both directions: gone at the
 * source, gone here. Pure.
 */
#ifndef MAILHAUL_MODEL_BRAKE_H
#define MAILHAUL_MODEL_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

#define BRAKE_PERCENT 20
#define BRAKE_MESSAGES 5

/* gone of total (gone included) at once: true if that is more than 20 % and
 * more than 5, or all of more than one. */
static inline bool brake_holds(uint64_t gone, uint64_t total)
{
	if (gone == total && total > 1)
		return true;
	return gone > BRAKE_MESSAGES && gone * 100 > total * BRAKE_PERCENT;
}

#endif
