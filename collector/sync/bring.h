/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bring: messages that were collected from a maildrop, and lie in its folder,
 * while the same source has them in this mailbox: into this mailbox's folder,
 * unless a reader has moved, flagged or answered them. And those of an INBOX
 * that was renamed, unless a reader has moved them.
 */
#ifndef MAILHAUL_SYNC_BRING_H
#define MAILHAUL_SYNC_BRING_H

#include "olds.h"

/* Those of olds that lie elsewhere (old.dir); the others are left alone. */
int bring(struct visit *v, struct old *const *olds, size_t count,
	struct err *err);

#endif
