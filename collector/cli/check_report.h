/* SPDX-License-Identifier: BSD-2-Clause */
/* check_report: what `check` has found, for people and as JSON. */
#ifndef MAILHAUL_CLI_CHECK_REPORT_H
#define MAILHAUL_CLI_CHECK_REPORT_H

#include "../sync/preview.h"

#include <jansson.h>
#include <stdio.h>

/* Of all mailboxes that would be collected; bytes -1 where one is not known.*/
struct check_total {
	int64_t messages, bytes;
};
struct check_total check_report_total(const struct preview *preview);

void check_report_text(const char *name, const struct account *account,
	const struct preview *preview, FILE *out);
/* One document; its fields stand in the help of `check`. Caller owns it. */
json_t *check_report_json(const char *name, const struct account *account,
	const struct preview *preview);
/* The same where it did not come to that: who it was, and the error. */
json_t *check_report_failed(
	const char *name, const struct account *account, const struct err *err);

#endif
