/* SPDX-License-Identifier: BSD-2-Clause */
#include "columns.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <string.h>
#include <utf8proc.h>

/* Walks until the end or the limit. */
static size_t walk(const char *s, int limit, int *ret_columns)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)s;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(s);
	int columns = 0;

	while (left > 0) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate(p, left, &c);
		int more;
		if (n <= 0)
			break;
		more = utf8proc_charwidth(c);
		if (more > limit - columns)
			break;
		columns += more;
		p += n;
		left -= n;
	}
	*ret_columns = columns;
	return (size_t)(p - (const utf8proc_uint8_t *)s);
}

int columns_of(const char *s)
{
	int columns;

	(void)walk(s, INT_MAX, &columns);
	return columns;
}

size_t columns_bytes(const char *s, int columns)
{
	int taken;

	return columns > 0 ? walk(s, columns, &taken) : 0;
}

bool columns_utf8(void)
{
	locale_t own = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (own == (locale_t)0)
		return false;
	utf8 = strcmp(nl_langinfo_l(CODESET, own), "UTF-8") == 0;
	freelocale(own);
	return utf8;
}
