/* SPDX-License-Identifier: BSD-2-Clause */
/* map_options: --map of `add`, `set` and `check`. */
#ifndef MAILHAUL_CLI_MAP_OPTIONS_H
#define MAILHAUL_CLI_MAP_OPTIONS_H

#include "../../storage/state.h"
#include "../model/account.h"
#include "args.h"

#include <stdio.h>

/* Checks every --map and puts them into account.maps; without any, nothing
 * changes. ERR_CONFIG names the one that cannot be. */
int map_options_apply(
	struct account *a, const struct args *args, struct err *err);
/* Says, a line each, which of account.maps come too late: the mail of these
 * mailboxes lies in another folder already, and stays there. */
int map_options_tell(struct state *state, const struct account *a, FILE *out,
	struct err *err);

#endif
