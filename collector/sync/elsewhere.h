/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elsewhere: flag changes of messages that their reader has moved to another
 * folder of the store. They are looked for in one listing of the store,
 * made once a run and only where something was not in its own folder.
 */
#ifndef MAILHAUL_SYNC_ELSEWHERE_H
#define MAILHAUL_SYNC_ELSEWHERE_H

#include "visit.h"

/* Merges those of items that were not found and are in another folder now;
 * sets found. The rest stays as it is. */
int elsewhere_merge(struct visit *v, struct store_flags *items, size_t count,
	struct arena *arena, struct err *err);

#endif
