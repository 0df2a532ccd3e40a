/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_row: a row of a sheet as an account. Each cell goes through what
 * `add` does with the option of that name, so that every option works and
 * every fault is the same sentence; all faults of a row are found, not only
 * the first.
 */
#ifndef MAILHAUL_CLI_IMPORT_ROW_H
#define MAILHAUL_CLI_IMPORT_ROW_H

#include "../model/account.h"
#include "../model/settings.h"
#include "sheet.h"

/* name, url, password and the options of `add`. */
bool import_row_knows(const char *column);
/* The name in a row that is not bad; NULL, and faults, where there is none. */
const char *import_row_name(struct sheet *s, const struct sheet_row *row);
/*
 * Puts the row over what the account has: the defaults of a new one (id 0), or
 * those of one that is enrolled, for which --hold says nothing. ret_password
 * is empty where the row gives none, which is a fault for a new account that
 * needs one. -1: faults were added. Caller: secret_clear.
 */
int import_row_apply(const struct settings *settings, struct sheet *s,
	const struct sheet_row *row, struct account *a,
	struct secret *ret_password);
/* Adds a fault for each cell that says otherwise than the account that is
 * enrolled; how many. */
size_t import_row_differences(struct sheet *s, const struct sheet_row *row,
	const struct account *enrolled, const struct account *said,
	bool same_password);

#endif
