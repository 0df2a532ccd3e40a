/* SPDX-License-Identifier: BSD-2-Clause */
/* watch_run: `status --watch` in full: reads each second, shows, and does what
 * the keys say, until somebody has seen enough. */
#ifndef MAILHAUL_CLI_WATCH_RUN_H
#define MAILHAUL_CLI_WATCH_RUN_H

#include "args.h"
#include "cli.h"

/* An exit status; -1: this terminal cannot, and nothing was shown. */
int watch_run(struct cli *cli, const struct args *args);

#endif
