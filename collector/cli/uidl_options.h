/* SPDX-License-Identifier: BSD-2-Clause */
/* uidl_options: --uidl-from of `add` and `set`. */
#ifndef MAILHAUL_CLI_UIDL_OPTIONS_H
#define MAILHAUL_CLI_UIDL_OPTIONS_H

#include "../base/err.h"
#include "../model/account.h"

/* value: as typed; NULL = not given, "" = none. After all other options: it
 * is checked against them. */
int uidl_options_apply(struct account *a, const char *value, struct err *err);

#endif
