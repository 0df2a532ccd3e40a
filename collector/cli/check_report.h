/* SPDX-License-Identifier: BSD-2-Clause */
/* check_report: what `check` has found, for people and as JSON. */
#ifndef MAILHAUL_CLI_CHECK_REPORT_H
#define MAILHAUL_CLI_CHECK_REPORT_H

#include "../sync/preview.h"

#include <stdio.h>

void check_report_text(const char *name, const struct account *account,
	const struct preview *preview, FILE *out);
/* One document; its fields stand in the help of `check`. */
void check_report_json(const char *name, const struct account *account,
	const struct preview *preview, FILE *out);
/* The same where it did not come to that: who it was, and the error. */
void check_report_failed(const char *name, const struct account *account,
	const struct err *err, FILE *out);

#endif
