/* SPDX-License-Identifier: BSD-2-Clause */
/* manifest_check: `report --check`: a store against a manifest of before. */
#ifndef MAILHAUL_CLI_MANIFEST_CHECK_H
#define MAILHAUL_CLI_MANIFEST_CHECK_H

#include "args.h"
#include "cli.h"

/* args: names of accounts, none = all in the manifest. store: where to look,
 * NULL = where store.path says for the account's local user. Needs no
 * database. Prints; an exit status. */
int manifest_check(struct cli *cli, const char *file, const char *store,
	const struct args *args);

#endif
