/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sheet_table: files, and what is to be read from them. Rows are written as
 * "LINE[column=text,…]", bad ones as "LINE!", then faults as "#LINE/column";
 * a newline in a text as "\n".
 */
#ifndef MAILHAUL_TESTS_SHEET_TABLE_H
#define MAILHAUL_TESTS_SHEET_TABLE_H

#include "collector/base/buf.h"
#include "collector/cli/sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct sheet_case {
	const char *bytes;
	size_t n;
	const char *want;
	const char *word; /* in the first fault; NULL = no fault */
};
#define GOOD(bytes, want)                            \
	{                                            \
		bytes, sizeof(bytes) - 1, want, NULL \
	}
#define BAD(bytes, want, word)                       \
	{                                            \
		bytes, sizeof(bytes) - 1, want, word \
	}

static bool sheet_test_knows(const char *column)
{
	static const char *const known[] = {"name", "url", "to", "password",
		"every", "folder", "hold", "connections"};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i], column) == 0)
			return true;
	return false;
}

static void sheet_test_load(struct sheet *s, const char *bytes, size_t n)
{
	/* exactly one byte more, so that a sanitizer sees any other */
	char *copy = malloc(n + 1);

	memcpy(copy, bytes, n);
	sheet_read(s, copy, n, sheet_test_knows);
}

static void sheet_test_row(
	struct buf *b, const struct sheet *s, const struct sheet_row *row)
{
	(void)buf_printf(b, "%zu%s", row->line, row->bad ? "!" : "[");
	for (size_t i = 0; !row->bad && i < row->count; i++) {
		const struct sheet_cell *c = &s->cells[row->first + i];
		(void)buf_printf(b, "%s%s=", i != 0 ? "," : "", c->column);
		for (const char *p = c->text; *p != '\0'; p++)
			if (*p == '\n' || *p == '\r')
				(void)buf_add_str(
					b, *p == '\n' ? "\\n" : "\\r");
			else
				(void)buf_add(b, p, 1);
	}
	if (!row->bad)
		(void)buf_add_str(b, "]");
}

static void sheet_test_one(const struct sheet_case *c, size_t index)
{
	struct sheet s;
	struct buf b;

	sheet_test_load(&s, c->bytes, c->n);
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < s.row_count; i++)
		sheet_test_row(&b, &s, &s.rows[i]);
	for (size_t i = 0; i < s.fault_count; i++)
		(void)buf_printf(&b, "#%zu/%s", s.faults[i].line,
			s.faults[i].column != NULL ? s.faults[i].column : "");
	if (strcmp(buf_str(&b), c->want) != 0)
		fail_msg("case %zu: got \"%s\", want \"%s\" (%s)", index,
			buf_str(&b), c->want,
			s.fault_count != 0 ? s.faults[0].text : "no fault");
	if ((c->word != NULL) != (s.fault_count != 0) ||
		(c->word != NULL && strstr(s.faults[0].text, c->word) == NULL))
		fail_msg("case %zu: \"%s\" is not in \"%s\"", index,
			c->word != NULL ? c->word : "(no fault)",
			s.fault_count != 0 ? s.faults[0].text : "");
	buf_free(&b);
	sheet_clear(&s);
}

#define sheet_test_all(cases)                                            \
	for (size_t at = 0; at < sizeof(cases) / sizeof(cases)[0]; at++) \
	sheet_test_one(&(cases)[at], at)

#endif
