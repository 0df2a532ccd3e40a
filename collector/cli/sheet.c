/* SPDX-License-Identifier: BSD-2-Clause */
#include "sheet_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static void *room_for(void *p, size_t n, size_t *room, size_t bytes)
{
	if (n < *room)
		return p;
	*room = *room != 0 ? *room * 2 : 64;
	return mem_grow(p, *room, bytes);
}

void sheet_fault(
	struct sheet *s, size_t line, const char *column, const char *fmt, ...)
{
	struct sheet_fault *f;
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	s->faults = room_for(
		s->faults, s->fault_count, &s->fault_room, sizeof *s->faults);
	f = &s->faults[s->fault_count];
	f->line = line;
	f->order = s->fault_count++;
	f->column = column != NULL ? mem_strdup(column) : NULL;
	f->text = mem_strdup(text);
}

void sheet_forget_faults(struct sheet *s, size_t n)
{
	while (s->fault_count > n) {
		s->fault_count--;
		free(s->faults[s->fault_count].column);
		free(s->faults[s->fault_count].text);
	}
}

struct sheet_row *sheet_add_row(struct sheet *s, size_t line)
{
	struct sheet_row *row;

	if (s->row_count == SHEET_ROWS_MAX) {
		s->broken = true;
		sheet_fault(s, line, NULL,
			"these are more than %d rows; divide the file",
			SHEET_ROWS_MAX);
		return NULL;
	}
	s->rows =
		room_for(s->rows, s->row_count, &s->row_room, sizeof *s->rows);
	row = &s->rows[s->row_count++];
	*row = (struct sheet_row){.line = line, .first = s->cell_count};
	return row;
}

void sheet_add_cell(
	struct sheet *s, const char *column, char *text, size_t line)
{
	s->cells = room_for(
		s->cells, s->cell_count, &s->cell_room, sizeof *s->cells);
	s->cells[s->cell_count++] = (struct sheet_cell){
		.column = column, .text = text, .line = line};
	s->rows[s->row_count - 1].count++;
}

const char *sheet_intern(struct sheet *s, const char *column)
{
	for (size_t i = 0; i < s->column_count; i++)
		if (strcmp(s->columns[i], column) == 0)
			return s->columns[i];
	if (s->column_count == SHEET_COLUMNS_MAX)
		return NULL;
	s->columns[s->column_count] = mem_strdup(column);
	return s->columns[s->column_count++];
}

bool sheet_is_utf8(const char *text, size_t n)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)text;
	utf8proc_ssize_t left = (utf8proc_ssize_t)n;

	while (left > 0) {
		utf8proc_int32_t c;
		utf8proc_ssize_t step = utf8proc_iterate(p, left, &c);
		if (step <= 0)
			return false;
		p += step;
		left -= step;
	}
	return true;
}

struct sheet_cell *sheet_find(
	const struct sheet *s, const struct sheet_row *row, const char *column)
{
	for (size_t i = row->first; i < row->first + row->count; i++)
		if (strcmp(s->cells[i].column, column) == 0)
			return &s->cells[i];
	return NULL;
}

static int by_line(const void *a, const void *b)
{
	const struct sheet_fault *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void sheet_sort_faults(struct sheet *s)
{
	if (s->fault_count != 0)
		qsort(s->faults, s->fault_count, sizeof *s->faults, by_line);
}

/* Where the text begins behind a byte order mark; false where the file is in
 * an encoding that would make all of it look broken. */
static bool find_start(struct sheet *s, size_t *ret_at)
{
	const char *b = s->bytes;

	*ret_at = 0;
	if (s->len >= 3 && memcmp(b, "\xef\xbb\xbf", 3) == 0)
		*ret_at = 3;
	if (s->len < 2 || (memcmp(b, "\xff\xfe", 2) != 0 &&
				  memcmp(b, "\xfe\xff", 2) != 0))
		return true;
	s->broken = true;
	sheet_fault(s, 1, NULL,
		"the file is UTF-16; save it as UTF-8 (\"CSV UTF-8\")");
	return false;
}

void sheet_read(struct sheet *s, char *bytes, size_t n, sheet_known_fn *known)
{
	size_t at, first;

	memset(s, 0, sizeof *s);
	s->bytes = bytes;
	s->len = n;
	bytes[n] = '\0';
	if (n > SHEET_BYTES_MAX) {
		s->broken = true;
		sheet_fault(s, 1, NULL,
			"the file is larger than %zu MiB; divide it",
			SHEET_BYTES_MAX >> 20);
		return;
	}
	if (!find_start(s, &at))
		return;
	for (first = at; first < n && strchr(" \t\r\n", bytes[first]) != NULL &&
			 bytes[first] != '\0';)
		first++;
	if (first == n) {
		s->broken = true;
		sheet_fault(s, 1, NULL, "the file is empty");
		return;
	}
	s->json = bytes[first] == '{';
	if (s->json)
		sheet_read_json(s, at, known);
	else
		sheet_read_csv(s, at, known);
}

void sheet_clear(struct sheet *s)
{
	if (s->bytes != NULL)
		explicit_bzero(s->bytes, s->len);
	free(s->bytes);
	for (size_t i = 0; i < s->column_count; i++)
		free(s->columns[i]);
	sheet_forget_faults(s, 0);
	free(s->cells);
	free(s->rows);
	free(s->faults);
	memset(s, 0, sizeof *s);
}
