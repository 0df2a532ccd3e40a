/* SPDX-License-Identifier: BSD-2-Clause */
/* status: job_status rows as a table and as JSON (interface.md). */
#ifndef MAILHAUL_CLI_STATUS_H
#define MAILHAUL_CLI_STATUS_H

#include "../../storage/state.h"
#include "../model/settings.h"
#include "args.h"

#include <stdio.h>

/* Prints the status of the named accounts (none: all). 0, or an exit status
 * after the fault was printed. */
int status_print(struct state *state, const struct settings *settings,
	const struct args *args, bool json, FILE *out);

#endif
