/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include "../base/mem.h"
#include "../model/text.h"
#include "columns.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CELL_MAX 1024 /* an error and its remedy are not cut */

void table_init(struct table *t, const char *const *heads, size_t columns)
{
	memset(t, 0, sizeof *t);
	t->columns = columns;
	for (size_t i = 0; i < columns; i++)
		t->heads[i] = heads[i];
}

void table_row(struct table *t, const char *const *cells)
{
	t->cells = mem_grow(
		(void *)t->cells, (t->rows + 1) * t->columns, sizeof *t->cells);
	for (size_t i = 0; i < t->columns; i++) {
		char cell[CELL_MAX];
		text_printable(cells[i], cell, sizeof cell);
		t->cells[t->rows * t->columns + i] = mem_strdup(cell);
	}
	t->rows++;
}

static void print_cell(
	FILE *out, const char *text, int columns, bool right, bool last)
{
	int pad = columns - columns_of(text);

	(void)fprintf(out, "%*s%s", right && pad > 0 ? pad : 0, "", text);
	if (!last)
		(void)fprintf(out, "%*s  ", !right && pad > 0 ? pad : 0, "");
}

static void print_row(const struct table *t, const char *const *cells,
	const int *widths, bool heads, FILE *out)
{
	for (size_t i = 0; i < t->columns; i++) {
		bool right = t->heads[i][0] == '>';
		print_cell(out, cells[i] + (heads && right), widths[i], right,
			i + 1 == t->columns);
	}
	(void)fputc('\n', out);
}

void table_print(const struct table *t, FILE *out)
{
	int widths[TABLE_COLUMNS_MAX];

	for (size_t i = 0; i < t->columns; i++) {
		widths[i] = columns_of(t->heads[i]) - (t->heads[i][0] == '>');
		for (size_t row = 0; row < t->rows; row++) {
			int w = columns_of(t->cells[row * t->columns + i]);
			if (w > widths[i])
				widths[i] = w;
		}
	}
	print_row(t, t->heads, widths, true, out);
	for (size_t row = 0; row < t->rows; row++)
		print_row(t, (const char *const *)&t->cells[row * t->columns],
			widths, false, out);
}

void table_clear(struct table *t)
{
	for (size_t i = 0; i < t->rows * t->columns; i++)
		free(t->cells[i]);
	free((void *)t->cells);
	memset(t, 0, sizeof *t);
}
