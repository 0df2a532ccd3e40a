/* SPDX-License-Identifier: BSD-2-Clause */
/* import_row_internal: for the test that no option is forgotten. */
#ifndef MAILHAUL_CLI_IMPORT_ROW_INTERNAL_H
#define MAILHAUL_CLI_IMPORT_ROW_INTERNAL_H

#include <stdbool.h>

/* Whether import_row_differences looks at this column. */
bool import_row_compares(const char *column);

#endif
