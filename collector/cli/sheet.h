/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sheet: a table that somebody else has made, CSV (RFC 4180) or JSON lines,
 * read into rows of named cells. Pure: bytes in, cells and faults out, and all
 * faults of them, each with its line and, where it has one, its column. No
 * fault repeats what a cell holds, since cells hold passwords; for the same
 * reason cells lie in the bytes they were read from, which are cleansed.
 */
#ifndef MAILHAUL_CLI_SHEET_H
#define MAILHAUL_CLI_SHEET_H

#include "../base/mem.h"

#include <stdbool.h>
#include <stddef.h>

#define SHEET_BYTES_MAX ((size_t)64 << 20)
#define SHEET_ROWS_MAX 250000
#define SHEET_FIELD_MAX SECRET_MAX
#define SHEET_COLUMNS_MAX 64

struct sheet_cell {
	const char *column;
	char *text; /* UTF-8 without NUL */
	size_t line;
};

struct sheet_row {
	size_t line; /* where it begins, from 1 */
	size_t first, count;
	bool bad; /* there is a fault in it */
};

struct sheet_fault {
	size_t line, order;
	char *column; /* NULL: the row, or the file */
	char *text;
};

struct sheet {
	char *bytes;
	size_t len;
	bool json;
	bool broken; /* a fault is about the file, not about one row */
	char *columns[SHEET_COLUMNS_MAX];
	size_t column_count;
	struct sheet_cell *cells;
	size_t cell_count, cell_room;
	struct sheet_row *rows;
	size_t row_count, row_room;
	struct sheet_fault *faults; /* in the order of lines */
	size_t fault_count, fault_room;
};

typedef bool sheet_known_fn(const char *column);

/*
 * What begins with '{' is JSON lines, all else CSV whose first line names the
 * columns, separated as that line is: by comma, semicolon or tab. known: the
 * names that a column may have. An empty field of CSV is no cell, nor is a
 * null of JSON; several values of one cell stand on a line each (JSON: an
 * array). Takes bytes, from malloc, with room for one more behind the n.
 */
void sheet_read(struct sheet *s, char *bytes, size_t n, sheet_known_fn *known);
void sheet_clear(struct sheet *s);
/* The cell of a row; NULL where there is none. */
struct sheet_cell *sheet_find(
	const struct sheet *s, const struct sheet_row *row, const char *column);
/* column may be NULL. */
void sheet_fault(struct sheet *s, size_t line, const char *column,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Takes back all but the first n. */
void sheet_forget_faults(struct sheet *s, size_t n);
/* After faults were added out of order. */
void sheet_sort_faults(struct sheet *s);

#endif
