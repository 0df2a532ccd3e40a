/* SPDX-License-Identifier: BSD-2-Clause */
/* pop3_options: --pop3-seen and --to-folder of `add` and `set`. */
#ifndef MAILHAUL_CLI_POP3_OPTIONS_H
#define MAILHAUL_CLI_POP3_OPTIONS_H

#include "../../storage/state.h"
#include "../model/account.h"
#include "args.h"

#include <stdio.h>

/* account.url is the one that will hold. ERR_CONFIG names the option. */
int pop3_options_apply(
	struct account *a, const struct args *args, struct err *err);
/* "yes", "no" or "old". */
const char *pop3_options_seen(const struct account *a);
/* Says it where --to-folder comes too late: mail lies in another folder. */
int pop3_options_tell(struct state *state, const struct account *a, FILE *out,
	struct err *err);

/* What people have to know of a POP3 account, before its first run. */
void pop3_options_warn(const struct account *a, FILE *out);

#endif
