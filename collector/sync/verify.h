/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify: source, ledger and store side by side. Changes none of them, but
 * for a note in the ledger of what was found; what differs goes into a file
 * (differences.h). Bodies are not read: what the
 * source lists, what the ledger has, and which files of which length are
 * there. About 500 bytes of memory a message.
 */
#ifndef MAILHAUL_SYNC_VERIFY_H
#define MAILHAUL_SYNC_VERIFY_H

#include "plan.h"
#include "work.h"

/* The note: "AT COUNT KINDS": seconds since 1970, differences,
 * differences_kinds. */
#define VERIFY_NOTE "verified"

/* In the place of a run's walk. On success the result names the file. */
int verify_run(struct work *w, const struct plan *plan, struct err *err);

#endif
