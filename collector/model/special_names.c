/* SPDX-License-Identifier: BSD-2-Clause */
#include "special_names.h"

#include "mailbox.h"

#include <string.h>

#define FOLDED_MAX 256 /* more than the longest name in the table */

static const struct {
	uint32_t attr;
	const char *names; /* with ';' between them */
} special_names[] = {
#define SPECIAL(use, names) {MAILBOX_##use, names},
#include "special_names.inc"
#undef SPECIAL
};

/* Puts a character in the place of each `what`. */
static void replace(char *text, const char *what, char with)
{
	size_t n = strlen(what);

	for (char *p = text; (p = strstr(p, what)) != NULL; p++) {
		*p = with;
		memmove(p + 1, p + n, strlen(p + n) + 1);
	}
}

static void trim(char *text)
{
	size_t lead = strspn(text, " "), n = strlen(text + lead);

	while (n > 0 && text[lead + n - 1] == ' ')
		n--;
	memmove(text, text + lead, n);
	text[n] = '\0';
}

/* Whether name is one of those. */
static int is_among(const char *names, const char *name, size_t n)
{
	for (const char *p = names;; p += strcspn(p, ";") + 1) {
		if (strncmp(p, name, n) == 0 && (p[n] == ';' || p[n] == '\0'))
			return 1;
		if (p[strcspn(p, ";")] == '\0')
			return 0;
	}
}

uint32_t special_name_attr(const char *name)
{
	char folded[FOLDED_MAX];
	size_t n;

	if (strlen(name) >= FOLDED_MAX / 2 ||
		name_casefold(name, folded, sizeof folded) != 0)
		return 0;
	replace(folded, "\xe2\x80\x99", '\''); /* U+2019 */
	replace(folded, "\xc2\xa0", ' ');      /* no-break space */
	replace(folded, "i\xcc\x87", 'i');     /* a Turkish capital */
	replace(folded, "\xe3\x80\x80", ' ');  /* ideographic space */
	trim(folded);
	n = strlen(folded);
	if (n == 0 || strchr(folded, ';') != NULL)
		return 0;
	for (size_t i = 0; i < sizeof special_names / sizeof *special_names;
		i++)
		if (is_among(special_names[i].names, folded, n))
			return special_names[i].attr;
	return 0;
}
