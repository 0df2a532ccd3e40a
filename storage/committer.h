/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * committer: makes the staged messages of all runs durable together, in the
 * order of architecture.md (A stage · B sync · C ledger · D rename, sync).
 * One thread of its own; batches clock themselves: while one is being made
 * durable the next gathers (up to 2,000 messages or 64 MiB).
 */
#ifndef MAILHAUL_STORAGE_COMMITTER_H
#define MAILHAUL_STORAGE_COMMITTER_H

#include "../collector/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct committer;

/* state_dir: synced with syncfs after the ledgers' commits. fsync_each:
 * store.durability=fsync. */
int committer_start(const char *state_dir, bool fsync_each,
	struct committer **ret_committer, struct err *err);
/* For how long it has been at one batch, or has left one lying that is due;
 * 0 where it waits for work. Any thread. */
int64_t committer_busy_ms(struct committer *c);
/* Batches that are over. Any thread. */
uint64_t committer_batches(struct committer *c);
/* Finishes what was handed over, then ends. */
void committer_stop(struct committer **c);

#endif
