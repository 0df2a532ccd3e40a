/* SPDX-License-Identifier: BSD-2-Clause */
/* ledger_copy: a ledger as it is at one moment, while a run of another
 * process may be writing it. Not in the process that has it open: there,
 * closing a second descriptor of the file would drop SQLite's lock. */
#ifndef MAILHAUL_STORAGE_LEDGER_COPY_H
#define MAILHAUL_STORAGE_LEDGER_COPY_H

#include "../collector/base/err.h"

/*
 * path → to, a new file (0600), one file with nothing beside it, checked page
 * by page. 1: done; 0: there is no such ledger; -1: ERR_CONFIG: it is damaged,
 * or changes so fast that no copy could be had; else a fault of the disk.
 */
int ledger_copy(const char *path, const char *to, struct err *err);

#endif
