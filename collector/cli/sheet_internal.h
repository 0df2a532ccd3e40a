/* SPDX-License-Identifier: BSD-2-Clause */
/* sheet_internal: what the readers of sheet.c share. */
#ifndef MAILHAUL_CLI_SHEET_INTERNAL_H
#define MAILHAUL_CLI_SHEET_INTERNAL_H

#include "sheet.h"

#include <stdint.h>

/* Both read s->bytes; at ends what is read from, bytes[len] can be written. */
void sheet_read_csv(struct sheet *s, size_t at, sheet_known_fn *known);
void sheet_read_json(struct sheet *s, size_t at, sheet_known_fn *known);

/* A new row without cells; NULL, with a fault, where there are too many. */
struct sheet_row *sheet_add_row(struct sheet *s, size_t line);
/* To the last row. */
void sheet_add_cell(
	struct sheet *s, const char *column, char *text, size_t line);
/* The name as the sheet keeps it; NULL if there are too many. */
const char *sheet_intern(struct sheet *s, const char *column);
bool sheet_is_utf8(const char *text, size_t n);

#endif
