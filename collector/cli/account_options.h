/* SPDX-License-Identifier: BSD-2-Clause */
/* account_options: what `add` and `set` take, checked and put into a struct
 * account. */
#ifndef MAILHAUL_CLI_ACCOUNT_OPTIONS_H
#define MAILHAUL_CLI_ACCOUNT_OPTIONS_H

#include "../model/account.h"
#include "args.h"

/* A name is printable ASCII without space, '/', '"', not beginning with '-'
 * or '.', at most ACCOUNT_NAME_MAX - 1 bytes. */
int account_check_name(const char *name, struct err *err);
/* Defaults of a new account; strings are owned. */
void account_defaults(struct account *a, const char *name);
/* Applies every option that was given. Errors are ERR_CONFIG and name the
 * option. */
int account_apply(const struct settings *settings, struct account *a,
	const struct args *args, struct err *err);

#endif
