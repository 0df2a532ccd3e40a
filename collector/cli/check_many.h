/* SPDX-License-Identifier: BSD-2-Clause */
/* check_many: `check` of several accounts, in parallel, a line each. */
#ifndef MAILHAUL_CLI_CHECK_MANY_H
#define MAILHAUL_CLI_CHECK_MANY_H

#include "args.h"

/* NAME..., --all or --from FILE. An exit status. */
int check_many(struct cli *cli, const struct args *args);

#endif
