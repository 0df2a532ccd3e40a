/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of accounts: what is read lies in its bytes, is UTF-8 and bounded,
 * and is read again when it is written as CSV; what is refused is told with a
 * line that is there. */
#include "collector/base/buf.h"
#include "collector/cli/sheet.h"
#include "collector/cli/sheet_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"name", "url", "password", "folder"};
#define NAMES (sizeof names / sizeof names[0])

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool knows(const char *column)
{
	for (size_t i = 0; i < NAMES; i++)
		if (strcmp(names[i], column) == 0)
			return true;
	return false;
}

static void read_copy(struct sheet *s, const void *data, size_t n)
{
	char *copy = malloc(n + 1);

	if (n != 0)
		memcpy(copy, data, n);
	sheet_read(s, copy, n, knows);
}

static void check_cells(const struct sheet *s)
{
	for (size_t i = 0; i < s->cell_count; i++) {
		const struct sheet_cell *c = &s->cells[i];
		size_t n = strlen(c->text);
		require(c->text >= s->bytes &&
			c->text + n <= s->bytes + s->len);
		require(n <= SHEET_FIELD_MAX && sheet_is_utf8(c->text, n));
		require(knows(c->column));
	}
}

static void check_faults(const struct sheet *s, size_t lines)
{
	size_t bad = 0;

	for (size_t i = 0; i < s->row_count; i++)
		bad += s->rows[i].bad;
	require(s->fault_count >= bad);
	require(!s->broken || s->fault_count != 0);
	for (size_t i = 0; i < s->fault_count; i++)
		require(s->faults[i].line >= 1 && s->faults[i].line <= lines &&
			s->faults[i].text[0] != '\0');
}

static void quote(struct buf *b, const char *text)
{
	(void)buf_add_str(b, "\"");
	for (; *text != '\0'; text++) {
		if (*text == '"')
			(void)buf_add_str(b, "\"");
		(void)buf_add(b, text, 1);
	}
	(void)buf_add_str(b, "\"");
}

static void write_csv(struct buf *b, const struct sheet *s)
{
	(void)buf_add_str(b, "name;url;password;folder\r\n");
	for (size_t i = 0; i < s->row_count; i++) {
		if (s->rows[i].bad)
			continue;
		for (size_t j = 0; j < NAMES; j++) {
			const struct sheet_cell *c =
				sheet_find(s, &s->rows[i], names[j]);
			(void)buf_add_str(b, j != 0 ? ";" : "");
			quote(b, c != NULL ? c->text : "");
		}
		(void)buf_add_str(b, "\r\n");
	}
}

/* Cells without text are none when they are read again. */
static size_t count(const struct sheet *s, const struct sheet_row *row)
{
	size_t n = 0;

	for (size_t i = 0; i < row->count; i++)
		n += s->cells[row->first + i].text[0] != '\0';
	return n;
}

static void read_again(const struct sheet *s)
{
	struct sheet again;
	struct buf b;
	size_t at = 0;

	buf_init(&b, (size_t)16 << 20);
	write_csv(&b, s);
	read_copy(&again, b.data, b.len);
	require(again.fault_count == 0);
	for (size_t i = 0; i < s->row_count; i++) {
		const struct sheet_row *row = &s->rows[i];
		if (row->bad || count(s, row) == 0)
			continue;
		require(at < again.row_count &&
			again.rows[at].count == count(s, row));
		for (size_t j = 0; j < row->count; j++) {
			const struct sheet_cell *c = &s->cells[row->first + j];
			const struct sheet_cell *same =
				sheet_find(&again, &again.rows[at], c->column);
			require(same != NULL ? strcmp(same->text, c->text) == 0
					     : c->text[0] == '\0');
		}
		at++;
	}
	require(at == again.row_count);
	sheet_clear(&again);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sheet s;
	size_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	read_copy(&s, data, size);
	check_cells(&s);
	check_faults(&s, lines);
	read_again(&s);
	sheet_clear(&s);
	return 0;
}
