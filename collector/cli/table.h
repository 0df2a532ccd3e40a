/* SPDX-License-Identifier: BSD-2-Clause */
/* table: columns for a terminal. Cells are made printable. */
#ifndef MAILHAUL_CLI_TABLE_H
#define MAILHAUL_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 8

struct table {
	size_t columns;
	const char *heads[TABLE_COLUMNS_MAX]; /* ">HEAD" = to the right */
	char **cells;			      /* rows × columns, owned */
	size_t rows;
};

void table_init(struct table *t, const char *const *heads, size_t columns);
/* One row: as many strings as there are columns; copied. */
void table_row(struct table *t, const char *const *cells);
void table_print(const struct table *t, FILE *out);
void table_clear(struct table *t);

#endif
