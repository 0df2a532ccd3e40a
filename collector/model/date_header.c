/* SPDX-License-Identifier: BSD-2-Clause */
#include "date.h"

#include "text.h"

#include <stdbool.h>
#include <string.h>

#define SEMICOLONS_MAX 8 /* tried from the last, since comments hold them */

/* A field with its folded lines, the last line end left out. */
struct field {
	const char *name;
	size_t name_bytes;
	const char *value;
	size_t value_bytes;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The end of the line at p; *ret_next: where the next one begins. */
static const char *line_end(
	const char *p, const char *end, const char **ret_next)
{
	while (p < end && *p != '\r' && *p != '\n')
		p++;
	*ret_next = p;
	if (p < end && *p == '\r')
		++*ret_next;
	if (*ret_next < end && **ret_next == '\n')
		++*ret_next;
	return p;
}

/* 1, or 0 at the end of the header. Lines that are no field are passed. */
static int next_field(
	const char **pos, const char *end, struct field *ret_field)
{
	while (*pos < end) {
		const char *start = *pos, *next, *colon;
		const char *stop = line_end(start, end, &next);
		size_t n;

		if (stop == start)
			return 0;
		colon = memchr(start, ':', (size_t)(stop - start));
		while (next < end && is_blank(*next))
			stop = line_end(next, end, &next);
		*pos = next;
		if (colon == NULL)
			continue;
		n = (size_t)(colon - start);
		while (n > 0 && is_blank(start[n - 1]))
			n--;
		ret_field->name = start;
		ret_field->name_bytes = n;
		ret_field->value = colon + 1;
		ret_field->value_bytes = (size_t)(stop - colon - 1);
		return 1;
	}
	return 0;
}

static bool is_named(const struct field *f, const char *name)
{
	return f->name_bytes == strlen(name) &&
	       text_equal_n(f->name, name, f->name_bytes);
}

/* RFC 5321 4.4: the date stands behind a ';'. */
static int date_of_received(const struct field *f, int64_t *ret_wall_s)
{
	size_t n = f->value_bytes;
	const char *semicolon;

	for (int i = 0; i < SEMICOLONS_MAX; i++) {
		semicolon = memrchr(f->value, ';', n);
		if (semicolon == NULL)
			return -1;
		n = (size_t)(semicolon - f->value);
		if (date_parse_rfc5322(semicolon + 1, f->value_bytes - n - 1,
			    ret_wall_s) == 0)
			return 0;
	}
	return -1;
}

int date_of_header(const char *header, size_t n, int64_t *ret_wall_s)
{
	const char *pos = header, *end = header + n;
	struct field f;
	bool received = false, dated = false;
	int64_t date_s = 0;

	while (next_field(&pos, end, &f) > 0) {
		if (!received && is_named(&f, "Received")) {
			received = true; /* the topmost is the last hop */
			if (date_of_received(&f, ret_wall_s) == 0)
				return 0;
		} else if (!dated && is_named(&f, "Date")) {
			dated = date_parse_rfc5322(
					f.value, f.value_bytes, &date_s) == 0;
		}
	}
	if (!dated)
		return -1;
	*ret_wall_s = date_s;
	return 0;
}
