/* SPDX-License-Identifier: BSD-2-Clause */
/* auth_options: --auth and --token-file, which have to fit each other. */
#ifndef MAILHAUL_CLI_AUTH_OPTIONS_H
#define MAILHAUL_CLI_AUTH_OPTIONS_H

#include "../base/err.h"
#include "../model/account.h"
#include "args.h"

int auth_options_apply(
	struct account *a, const struct args *args, struct err *err);

#endif
