/* SPDX-License-Identifier: BSD-2-Clause */
/* manifest_write: what the ledgers say that was collected, as a manifest
 * (model/manifest.h); mailboxes by name, messages by their keys; streamed. */
#ifndef MAILHAUL_CLI_MANIFEST_WRITE_H
#define MAILHAUL_CLI_MANIFEST_WRITE_H

#include "../../storage/state.h"
#include "../model/account.h"

#include <stdio.h>

/* A failure to write shows in out. */
void manifest_write_begin(FILE *out);
int manifest_write_account(struct state *state, const struct account *account,
	FILE *out, struct err *err);
void manifest_write_end(FILE *out, size_t accounts);

#endif
