/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON lines: an object a line, by jansson, whose words about an error are not
 * used because they repeat what stands there. What it copies is cleansed: its
 * memory goes through functions of ours while it reads. A value is shorter
 * than what it was written as (quotes, name, colon), so that cells find room
 * in the line that they come from.
 */
#include "sheet_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 64

struct block {
	_Alignas(max_align_t) size_t bytes;
};

static void *cleansed_malloc(size_t bytes)
{
	struct block *b = mem_alloc(sizeof *b + bytes);

	b->bytes = bytes;
	return b + 1;
}

static void cleansed_free(void *p)
{
	struct block *b = p;

	if (p == NULL)
		return;
	b--;
	explicit_bzero(p, b->bytes);
	free(b);
}

struct lines {
	struct sheet *sheet;
	sheet_known_fn *known;
	size_t line;
	char *w, *end; /* room for cells */
};

static const struct {
	enum json_error_code code;
	const char *why;
} reasons[] = {
	{json_error_invalid_utf8, "it is not UTF-8"},
	{json_error_duplicate_key, "a name stands in it twice"},
	{json_error_null_character, "there is a NUL in it"},
	{json_error_null_byte_in_key, "there is a NUL in it"},
	{json_error_premature_end_of_input,
		"the object does not end on its line; each line is an object "
		"of its own"},
	{json_error_end_of_input_expected,
		"something follows the object; each line is one object"},
	{json_error_stack_overflow, "it is nested too deep"},
	{json_error_numeric_overflow, "a number in it is too large"},
};

static const char *why(const json_error_t *e)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].code == json_error_code(e))
			return reasons[i].why;
	return "this is no JSON";
}

static void put(struct lines *l, const char *text, size_t n)
{
	if (n > (size_t)(l->end - l->w))
		abort(); /* a value is shorter than what it was written as */
	memcpy(l->w, text, n);
	l->w += n;
}

static bool put_string(struct lines *l, const json_t *v, const char *column)
{
	size_t n = json_string_length(v);

	if (n > SHEET_FIELD_MAX) {
		sheet_fault(l->sheet, l->line, column,
			"it is longer than %d bytes", SHEET_FIELD_MAX);
		return false;
	}
	put(l, json_string_value(v), n);
	return true;
}

static bool put_array(struct lines *l, const json_t *v, const char *column)
{
	const char *start = l->w;
	const json_t *item;
	size_t i;

	json_array_foreach(v, i, item)
	{
		if (!json_is_string(item)) {
			sheet_fault(l->sheet, l->line, column,
				"an array holds texts");
			return false;
		}
		if (i != 0)
			put(l, "\n", 1);
		if (!put_string(l, item, column))
			return false;
	}
	if ((size_t)(l->w - start) <= SHEET_FIELD_MAX)
		return true;
	sheet_fault(l->sheet, l->line, column, "it is longer than %d bytes",
		SHEET_FIELD_MAX);
	return false;
}

static bool put_value(struct lines *l, const json_t *v, const char *column)
{
	char number[32];

	if (json_is_string(v))
		return put_string(l, v, column);
	if (json_is_array(v))
		return put_array(l, v, column);
	if (json_is_boolean(v)) {
		put(l, json_is_true(v) ? "yes" : "no", json_is_true(v) ? 3 : 2);
		return true;
	}
	if (json_is_integer(v)) {
		(void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
			json_integer_value(v));
		put(l, number, strlen(number));
		return true;
	}
	sheet_fault(l->sheet, l->line, column,
		"it takes a text, a whole number, true, false, null or an "
		"array of texts");
	return false;
}

static bool take_value(struct lines *l, const char *name, const json_t *v)
{
	char *text = l->w;
	const char *column;

	if (!l->known(name)) {
		sheet_fault(l->sheet, l->line, NULL,
			"\"%.*s\" is no name that is known: there are name, "
			"url, to, password and the options of `mailhaul help "
			"add` without dashes",
			NAME_BYTES_MAX, name);
		return false;
	}
	if (json_is_null(v))
		return true;
	column = sheet_intern(l->sheet, name);
	if (column == NULL) {
		sheet_fault(l->sheet, l->line, NULL, "it has too many names");
		return false;
	}
	if (!put_value(l, v, column))
		return false;
	put(l, "", 1);
	sheet_add_cell(l->sheet, column, text, l->line);
	return true;
}

/* False: no more rows are taken. */
static bool take_line(struct lines *l, const char *text, size_t n)
{
	struct sheet_row *row = sheet_add_row(l->sheet, l->line);
	size_t index = l->sheet->row_count - 1;
	json_error_t e;
	json_t *object, *v;
	const char *name;

	if (row == NULL)
		return false;
	object = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
	if (!json_is_object(object)) {
		sheet_fault(l->sheet, l->line, NULL, "%s",
			object == NULL ? why(&e) : "this is no JSON object");
		l->sheet->rows[index].bad = true;
	} else {
		json_object_foreach(object, name,
			v) if (!take_value(l, name, v)) l->sheet->rows[index]
			.bad = true;
	}
	json_decref(object);
	return true;
}

static bool is_blank(const char *text, size_t n)
{
	while (n > 0 && (*text == ' ' || *text == '\t' || *text == '\r')) {
		text++;
		n--;
	}
	return n == 0;
}

static void read_lines(struct sheet *s, size_t at, sheet_known_fn *known)
{
	struct lines l = {.sheet = s, .known = known, .line = 1};
	char *p = s->bytes + at, *end = s->bytes + s->len;

	for (bool more = true; more && p < end; l.line++) {
		char *newline = memchr(p, '\n', (size_t)(end - p));
		char *stop = newline != NULL ? newline : end;
		l.w = p;
		l.end = stop;
		if (!is_blank(p, (size_t)(stop - p)))
			more = take_line(&l, p, (size_t)(stop - p));
		p = newline != NULL ? newline + 1 : end;
	}
}

void sheet_read_json(struct sheet *s, size_t at, sheet_known_fn *known)
{
	json_malloc_t before_malloc;
	json_free_t before_free;

	json_get_alloc_funcs(&before_malloc, &before_free);
	json_set_alloc_funcs(cleansed_malloc, cleansed_free);
	read_lines(s, at, known);
	json_set_alloc_funcs(before_malloc, before_free);
}
