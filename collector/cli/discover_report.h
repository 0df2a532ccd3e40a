/* SPDX-License-Identifier: BSD-2-Clause */
/* discover_report: what discovery has found, and how; and discovery for the
 * commands that take an address in the place of a URL. */
#ifndef MAILHAUL_CLI_DISCOVER_REPORT_H
#define MAILHAUL_CLI_DISCOVER_REPORT_H

#include "../service/discover.h"
#include "cli.h"

#include <stdio.h>

void discover_report_text(const struct discovery *d, FILE *out);
void discover_report_json(const struct discovery *d, FILE *out);

/*
 * Finds the server of an address for a command, and says on standard error
 * what it is and why. 0 and *ret_url; else an exit status, the fault printed:
 * also where a person has to say yes to what was found, with the URL to say.
 * ca_file: of --ca-file, or "".
 */
int discover_url(struct cli *cli, const char *command, const char *address,
	const char *ca_file, struct url *ret_url);

#endif
