/* SPDX-License-Identifier: BSD-2-Clause */
#include "flags.h"

#include "text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name; /* RFC 9051 2.3.2 */
	uint8_t bit;
	char letter; /* in a Maildir file name */
} system_flags[] = {
	{"\\Draft", FLAG_DRAFT, 'D'},
	{"\\Flagged", FLAG_FLAGGED, 'F'},
	{"\\Answered", FLAG_ANSWERED, 'R'},
	{"\\Seen", FLAG_SEEN, 'S'},
	{"\\Deleted", FLAG_DELETED, 'T'},
};

#define SYSTEM_COUNT (sizeof system_flags / sizeof system_flags[0])

/* An atom: RFC 9051 9, ATOM-CHAR. */
static bool is_atom(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		if (c <= 0x20 || c >= 0x7f || strchr("(){%*\"\\]", c) != NULL)
			return false;
	}
	return true;
}

static size_t keyword_count(const char *set)
{
	size_t n = *set != '\0' ? 1 : 0;

	for (; *set != '\0'; set++)
		n += *set == ' ';
	return n;
}

/* Keeps the set sorted, so that equal sets spelled alike are equal texts. */
static int add_keyword(char *set, const char *name)
{
	size_t len = strlen(set), n = strlen(name), need;
	char *at = set;

	if (flags_has_keyword(set, name))
		return 0;
	need = n + (len != 0 ? 1 : 0);
	if (need >= FLAGS_KEYWORDS_MAX - len ||
		keyword_count(set) >= FLAGS_KEYWORDS_COUNT)
		return -1;
	while (*at != '\0') {
		size_t have = strcspn(at, " ");
		int order = memcmp(at, name, have < n ? have : n);
		if (order > 0 || (order == 0 && have > n))
			break;
		at += have;
		if (*at == ' ')
			at++;
	}
	if (*at == '\0') {
		if (len != 0)
			*at++ = ' ';
		memcpy(at, name, n + 1);
		return 0;
	}
	memmove(at + n + 1, at, strlen(at) + 1);
	memcpy(at, name, n);
	at[n] = ' ';
	return 0;
}

int flags_add(struct flags *f, const char *name)
{
	if (name[0] != '\\')
		return is_atom(name) ? add_keyword(f->keywords, name) : -1;
	for (size_t i = 0; i < SYSTEM_COUNT; i++)
		if (text_equal(system_flags[i].name, name))
			f->system |= system_flags[i].bit;
	return 0;
}

bool flags_has_keyword(const char *set, const char *keyword)
{
	size_t n = strlen(keyword);

	if (n == 0)
		return false;
	while (*set != '\0') {
		size_t have = strcspn(set, " ");
		if (have == n && text_equal_n(set, keyword, n))
			return true;
		set += have;
		set += strspn(set, " ");
	}
	return false;
}

bool flags_next_keyword(const char **pos, char *name)
{
	size_t n;

	*pos += strspn(*pos, " ");
	n = strcspn(*pos, " ");
	if (n == 0 || n >= FLAGS_KEYWORDS_MAX)
		return false;
	memcpy(name, *pos, n);
	name[n] = '\0';
	*pos += n;
	return true;
}

/* Every keyword of a is in b. */
static bool is_subset(const char *a, const char *b)
{
	char name[FLAGS_KEYWORDS_MAX];

	while (flags_next_keyword(&a, name))
		if (!flags_has_keyword(b, name))
			return false;
	return true;
}

bool flags_equal(const struct flags *a, const struct flags *b)
{
	if (a->system != b->system)
		return false;
	if (strcmp(a->keywords, b->keywords) == 0)
		return true;
	return is_subset(a->keywords, b->keywords) &&
	       is_subset(b->keywords, a->keywords);
}

struct flags_ref flags_keep(struct arena *arena, const struct flags *f)
{
	struct flags_ref ref = {.system = f->system, .keywords = ""};

	if (f->keywords[0] != '\0')
		ref.keywords = arena_strdup(arena, f->keywords);
	return ref;
}

void flags_get(const struct flags_ref *ref, struct flags *ret_flags)
{
	ret_flags->system = ref->system;
	(void)snprintf(ret_flags->keywords, sizeof ret_flags->keywords, "%s",
		ref->keywords);
}

void flags_to_maildir(uint8_t system, char out[6])
{
	size_t n = 0;

	for (size_t i = 0; i < SYSTEM_COUNT; i++)
		if ((system & system_flags[i].bit) != 0)
			out[n++] = system_flags[i].letter;
	out[n] = '\0';
}

uint8_t flags_from_maildir(const char *letters)
{
	uint8_t system = 0;

	for (size_t i = 0; i < SYSTEM_COUNT; i++)
		if (strchr(letters, system_flags[i].letter) != NULL)
			system |= system_flags[i].bit;
	return system;
}
