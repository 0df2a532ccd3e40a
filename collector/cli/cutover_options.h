/* SPDX-License-Identifier: BSD-2-Clause */
/* cutover_options: which wave an account belongs to, and when and how fast it
 * is collected. */
#ifndef MAILHAUL_CLI_CUTOVER_OPTIONS_H
#define MAILHAUL_CLI_CUTOVER_OPTIONS_H

#include "../model/account.h"
#include "args.h"

#include <jansson.h>

/* Errors are ERR_CONFIG and name the option. */
int cutover_options_apply(
	struct account *a, const struct args *args, struct err *err);
/* What `show --json` tells of them. */
json_t *cutover_options_json(const struct account *a);
/* When its hours (--between) begin; 0: they go on. */
int64_t cutover_options_opens_at(const struct account *a);

#endif
