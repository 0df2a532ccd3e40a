/* SPDX-License-Identifier: BSD-2-Clause */
#include "imap_namespace.h"

#include <string.h>
#include <strings.h>

#define INBOX_LEN 5

/* (("prefix" "/" ext…)(…)) or NIL. Prefixes that do not fit are left out. */
static void read_kind(struct imap_line *rest, char prefixes[][NAME_MAILBOX_MAX],
	size_t *count)
{
	char delimiter[8];

	if (!imap_line_eat(rest, '(')) {
		(void)imap_line_skip(rest);
		return;
	}
	while (imap_line_eat(rest, '(')) {
		if (*count < IMAP_PREFIXES &&
			imap_line_string(rest, prefixes[*count],
				NAME_MAILBOX_MAX) == 1 &&
			imap_line_string(rest, delimiter, sizeof delimiter) >=
				0)
			++*count;
		while (!imap_line_eat(rest, ')'))
			if (!imap_line_skip(rest))
				return;
	}
	(void)imap_line_eat(rest, ')');
}

void imap_namespaces_read(struct imap_namespaces *n, struct imap_line *rest)
{
	size_t others;

	n->personal_count = n->foreign_count = 0;
	read_kind(rest, n->personal, &n->personal_count);
	read_kind(rest, n->foreign, &n->foreign_count);
	others = n->foreign_count;
	read_kind(rest, n->foreign, &n->foreign_count);
	for (size_t i = 0; i < n->foreign_count; i++)
		n->foreign_attr[i] =
			i < others ? MAILBOX_OTHERS : MAILBOX_SHARED;
}

void imap_namespaces_default(struct imap_namespaces *n)
{
	if (n->personal_count != 0)
		return;
	n->personal[0][0] = '\0';
	n->personal_count = 1;
}

/* INBOX may be spelt in any case in a prefix, too. */
static bool has_prefix(const char *name, const char *prefix)
{
	size_t n = strlen(prefix), skip = 0;

	if (n >= INBOX_LEN && strncasecmp(prefix, "INBOX", INBOX_LEN) == 0 &&
		strncasecmp(name, "INBOX", INBOX_LEN) == 0)
		skip = INBOX_LEN;
	return strncmp(name + skip, prefix + skip, n - skip) == 0;
}

uint32_t imap_namespaces_attr(const struct imap_namespaces *n, const char *name)
{
	size_t longest = 0;
	uint32_t attr = 0;
	bool personal = n->personal_count == 0 || name_is_inbox(name);

	for (size_t i = 0; i < n->personal_count; i++)
		if (has_prefix(name, n->personal[i])) {
			personal = true;
			if (strlen(n->personal[i]) > longest)
				longest = strlen(n->personal[i]);
		}
	for (size_t i = 0; i < n->foreign_count; i++) {
		size_t len = strlen(n->foreign[i]);
		if (!has_prefix(name, n->foreign[i]) ||
			(len <= longest && (personal || attr != 0)))
			continue;
		longest = len;
		attr = n->foreign_attr[i];
	}
	return name_is_inbox(name) ? 0 : attr;
}

uint16_t imap_namespaces_prefix(
	const struct imap_namespaces *n, const char *name)
{
	size_t len = n->personal_count > 0 ? strlen(n->personal[0]) : 0;

	if (len == 0 || len >= strlen(name) ||
		!has_prefix(name, n->personal[0]))
		return 0;
	return (uint16_t)len;
}
