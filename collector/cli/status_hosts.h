/* SPDX-License-Identifier: BSD-2-Clause */
/* status_hosts: what `status` says of budgets: of each remote host, and of an
 * account's day. */
#ifndef MAILHAUL_CLI_STATUS_HOSTS_H
#define MAILHAUL_CLI_STATUS_HOSTS_H

#include "../../storage/budgets.h"
#include "../model/account.h"
#include "../model/settings.h"

#include <jansson.h>
#include <stdio.h>

/* {"bytes", "limit", "ends_at"} of the day that goes on. */
json_t *status_day_json(const struct settings *settings,
	const struct account *account, const struct job_status *status);
json_t *status_hosts_json(const struct settings *settings,
	const struct budget_row *rows, size_t count);
/* Those of which something is limited besides by pool.per_host; nothing where
 * there are none. */
void status_hosts_print(const struct settings *settings,
	const struct budget_row *rows, size_t count, FILE *out);

#endif
