/* SPDX-License-Identifier: BSD-2-Clause */
/* verify_report: the differences that comparisons have left in files, as a
 * table with what each kind means, or as JSON. */
#ifndef MAILHAUL_CLI_VERIFY_REPORT_H
#define MAILHAUL_CLI_VERIFY_REPORT_H

#include "../base/err.h"

#include <stdbool.h>
#include <stdio.h>

struct verify_report;

struct verify_report *verify_report_new(bool json);
void verify_report_free(struct verify_report **report);
/* ERR_DISK where the file cannot be read or is not whole. */
int verify_report_read(struct verify_report *report, const char *account,
	const char *path, struct err *err);
void verify_report_failed(struct verify_report *report, const char *account,
	const struct err *err);
/* True if there is any difference. */
bool verify_report_print(struct verify_report *report, FILE *out);

#endif
