/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CSV as RFC 4180 has it, strictly: what a spreadsheet would guess at, such as
 * a quote in the middle of a field, is a fault, since a guess about a password
 * is a locked account. A reader of our own because Debian's libcsv gives no
 * line numbers. A fault costs the rest of its line, so that the next row is
 * read for its own sake; only a quote that is never closed ends it all.
 * Lines end in LF or CRLF. Rows that are empty are no rows.
 */
#include "sheet_internal.h"

#include <ctype.h>
#include <string.h>

enum ends { ENDS_FIELD, ENDS_ROW, ENDS_BAD };

struct field {
	char *text;
	size_t len, line;
};

struct csv {
	struct sheet *sheet;
	char *p, *end;
	size_t line;
	char delimiter;
	bool in_header;
	/* one for each column: NULL = it has a fault, "" = it has no name */
	const char *names[SHEET_COLUMNS_MAX];
	size_t count;
};

static void skip_line(struct csv *c)
{
	char *newline = memchr(c->p, '\n', (size_t)(c->end - c->p));

	c->p = newline != NULL ? newline + 1 : c->end;
	c->line += newline != NULL;
}

static enum ends fail(
	struct csv *c, size_t column, size_t line, const char *why)
{
	const char *name =
		!c->in_header && column < c->count ? c->names[column] : NULL;

	sheet_fault(c->sheet, line,
		name != NULL && name[0] != '\0' ? name : NULL, "%s", why);
	skip_line(c);
	return ENDS_BAD;
}

/* At what stands behind a field: moves over it and ends the text at w. */
static enum ends read_end(struct csv *c, char *w)
{
	enum ends ends = ENDS_BAD;
	char *p = c->p;

	if (p == c->end) {
		ends = ENDS_ROW;
	} else if (*p == c->delimiter) {
		ends = ENDS_FIELD;
		c->p++;
	} else if (*p == '\n' ||
		   (*p == '\r' && c->end - p > 1 && p[1] == '\n')) {
		ends = ENDS_ROW;
		c->p += *p == '\r' ? 2 : 1;
		c->line++;
	}
	if (ends != ENDS_BAD)
		*w = '\0';
	return ends;
}

static bool is_plain(const struct csv *c, char ch)
{
	return ch != c->delimiter && ch != '\n' && ch != '\r' && ch != '"' &&
	       ch != '\0';
}

static enum ends read_plain(struct csv *c, size_t column, struct field *f)
{
	enum ends ends;

	while (c->p < c->end && is_plain(c, *c->p))
		c->p++;
	f->len = (size_t)(c->p - f->text);
	ends = read_end(c, c->p);
	if (ends != ENDS_BAD)
		return ends;
	if (*c->p == '"')
		return fail(c, column, f->line,
			"there is a quote in a field that does not begin with "
			"one; put the whole field in quotes, and double those "
			"in it");
	if (*c->p == '\r')
		return fail(c, column, f->line,
			"there is a carriage return alone; lines end in LF or "
			"CRLF");
	return fail(c, column, f->line, "there is a NUL in it");
}

static enum ends read_quoted(struct csv *c, size_t column, struct field *f)
{
	char *w = f->text;
	enum ends ends;

	for (c->p++; c->p < c->end; *w++ = *c->p++) {
		if (*c->p == '"') {
			if (c->end - c->p < 2 || c->p[1] != '"')
				break;
			c->p++;
		}
		if (*c->p == '\0')
			return fail(c, column, c->line, "there is a NUL in it");
		c->line += *c->p == '\n';
	}
	if (c->p == c->end) {
		c->sheet->broken = true; /* all that follows is in it */
		return fail(c, column, f->line,
			"the quote that begins here is never closed");
	}
	c->p++;
	f->len = (size_t)(w - f->text);
	ends = read_end(c, w);
	if (ends == ENDS_BAD)
		return fail(c, column, f->line,
			"something follows the closing quote; a quote inside "
			"a quoted field is doubled");
	return ends;
}

static enum ends read_field(struct csv *c, size_t column, struct field *f)
{
	*f = (struct field){.text = c->p, .line = c->line};
	return c->p < c->end && *c->p == '"' ? read_quoted(c, column, f)
					     : read_plain(c, column, f);
}

/* The fields of a row, at most SHEET_COLUMNS_MAX. */
static enum ends read_fields(struct csv *c, struct field *fields, size_t *ret_n)
{
	enum ends ends = ENDS_FIELD;
	size_t n = 0, line = c->line;

	while (ends == ENDS_FIELD && n < SHEET_COLUMNS_MAX) {
		ends = read_field(c, n, &fields[n]);
		n++;
	}
	*ret_n = n;
	if (ends != ENDS_FIELD)
		return ends;
	sheet_fault(c->sheet, line, NULL, "it has more than %d fields",
		SHEET_COLUMNS_MAX);
	skip_line(c);
	return ENDS_BAD;
}

/* ---- the header */

/* What separates columns in the first line, outside quotes: names hold none
 * of the three. 0: more than one does. */
static char find_delimiter(const struct csv *c)
{
	bool quoted = false;
	char found = '\0';

	for (const char *p = c->p; p < c->end && (*p != '\n' || quoted); p++) {
		if (*p == '"')
			quoted = !quoted;
		if (quoted || (*p != ',' && *p != ';' && *p != '\t'))
			continue;
		if (found != '\0' && *p != found)
			return '\0';
		found = *p;
	}
	return found != '\0' ? found : ',';
}

/* Spreadsheets' own hint in front of the header. */
static void skip_hint(struct csv *c)
{
	size_t left = (size_t)(c->end - c->p);

	if (left >= 5 && strncasecmp(c->p, "sep=", 4) == 0 &&
		(c->p[5] == '\n' || c->p[5] == '\r'))
		skip_line(c);
}

/* In place: lower case, without spaces around it. */
static char *normal(struct field *f)
{
	char *name = f->text + strspn(f->text, " \t");
	size_t n = strlen(name);

	while (n > 0 && (name[n - 1] == ' ' || name[n - 1] == '\t'))
		name[--n] = '\0';
	for (char *p = name; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return name;
}

static void take_name(struct csv *c, size_t i, const char *name, size_t line,
	sheet_known_fn *known)
{
	c->names[i] = NULL;
	for (size_t j = 0; j < i; j++)
		if (name[0] != '\0' && c->names[j] != NULL &&
			strcmp(c->names[j], name) == 0) {
			sheet_fault(c->sheet, line, name,
				"there are two columns of this name");
			return;
		}
	if (name[0] == '\0')
		c->names[i] = "";
	else if (!known(name))
		sheet_fault(c->sheet, line, NULL,
			"\"%.64s\" is no column: there are name, url, to, "
			"password and the options of `mailhaul help add` "
			"without dashes",
			name);
	else
		c->names[i] = sheet_intern(c->sheet, name);
}

/* A first line without `name` is probably no header but an account, with its
 * password: nothing of it is repeated. */
static bool read_header(struct csv *c, sheet_known_fn *known)
{
	struct field fields[SHEET_COLUMNS_MAX];
	bool has_name = false;
	size_t line;

	c->delimiter = find_delimiter(c);
	if (c->delimiter == '\0') {
		sheet_fault(c->sheet, c->line, NULL,
			"the header is separated in two ways; choose comma, "
			"semicolon or tab");
		return false;
	}
	line = c->line;
	if (read_fields(c, fields, &c->count) == ENDS_BAD)
		return false;
	for (size_t i = 0; i < c->count; i++) {
		fields[i].text = normal(&fields[i]);
		has_name = has_name || strcmp(fields[i].text, "name") == 0;
	}
	if (!has_name) {
		sheet_fault(c->sheet, line, NULL,
			"the first line has to name the columns, one of them "
			"name; `mailhaul import --template` shows an example");
		return false;
	}
	for (size_t i = 0; i < c->count; i++)
		take_name(c, i, fields[i].text, fields[i].line, known);
	return true;
}

/* ---- the rows */

static bool is_empty(const struct field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fields[i].len != 0)
			return false;
	return true;
}

/* Whether a field can be a cell; if not, a fault. */
static bool check_field(struct csv *c, size_t column, const struct field *f)
{
	const char *name = c->names[column];
	const char *why = NULL;

	if (name == NULL)
		return true; /* told in the header */
	if (name[0] == '\0')
		why = "a field stands in a column without a name";
	else if (f->len > SHEET_FIELD_MAX)
		why = "it is longer than 16384 bytes";
	else if (!sheet_is_utf8(f->text, f->len))
		why = "it is not UTF-8; save the file as \"CSV UTF-8\"";
	if (why != NULL)
		sheet_fault(c->sheet, f->line, name[0] != '\0' ? name : NULL,
			"%s", why);
	return why == NULL;
}

static void take_row(struct csv *c, size_t line, const struct field *fields,
	size_t n, enum ends ends)
{
	struct sheet_row *row;

	if (ends != ENDS_BAD && is_empty(fields, n))
		return;
	row = sheet_add_row(c->sheet, line);
	if (row == NULL) {
		c->p = c->end;
		return;
	}
	row->bad = ends == ENDS_BAD;
	if (!row->bad && n != c->count) {
		sheet_fault(c->sheet, line, NULL,
			"it has %zu fields where the header has %zu; a field "
			"that holds the separator needs quotes around it",
			n, c->count);
		row->bad = true;
	}
	for (size_t i = 0; i < n && n == c->count && ends != ENDS_BAD; i++) {
		if (fields[i].len == 0)
			continue;
		if (!check_field(c, i, &fields[i])) {
			row->bad = true;
			continue;
		}
		if (c->names[i] != NULL)
			sheet_add_cell(c->sheet, c->names[i], fields[i].text,
				fields[i].line);
	}
}

void sheet_read_csv(struct sheet *s, size_t at, sheet_known_fn *known)
{
	struct csv c = {.sheet = s,
		.p = s->bytes + at,
		.end = s->bytes + s->len,
		.line = 1,
		.in_header = true};
	struct field fields[SHEET_COLUMNS_MAX];
	bool readable;

	skip_hint(&c);
	while (c.p < c.end && (*c.p == '\n' || *c.p == '\r'))
		skip_line(&c);
	readable = read_header(&c, known);
	s->broken = s->fault_count != 0;
	if (!readable)
		return;
	c.in_header = false;
	while (c.p < c.end) {
		size_t line = c.line, n;
		enum ends ends = read_fields(&c, fields, &n);
		take_row(&c, line, fields, n, ends);
	}
}
