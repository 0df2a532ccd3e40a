/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recovery: settles what an earlier run left between its ledger and the
 * store. A staged row whose file is still in staging is published now; one
 * whose file is gone was published before, and stays delivered whatever a
 * reader has done with it since. cur/ is never read for this.
 */
#ifndef MAILHAUL_STORAGE_RECOVERY_H
#define MAILHAUL_STORAGE_RECOVERY_H

#include "maildir.h"

/* Root, id and staging directory are open; no delivery has begun. */
int recovery_run(struct store *store, struct err *err);

#endif
