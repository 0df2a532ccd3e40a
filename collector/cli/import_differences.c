/* SPDX-License-Identifier: BSD-2-Clause */
/* What a row says otherwise than the account that is enrolled: an entry for
 * each option of `add` that an account keeps. */
#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/text.h"
#include "import_row.h"
#include "import_row_internal.h"
#include "pop3_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As it would be typed; caller frees. */
typedef char *said_fn(const struct account *a);

static char *text_or(const char *text, const char *otherwise)
{
	char *copy = mem_strdup(text[0] != '\0' ? text : otherwise);
	size_t n = strlen(copy);

	if (n > 0 && copy[n - 1] == '\n')
		copy[n - 1] = '\0';
	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	return copy;
}

static char *yes_no(bool on)
{
	return mem_strdup(on ? "yes" : "no");
}

static char *said_url(const struct account *a)
{
	char url[URL_TEXT_MAX];

	url_format(&a->url, url);
	return mem_strdup(url);
}

static char *said_every(const struct account *a)
{
	char text[32] = "default";

	if (a->every_s < 0)
		(void)snprintf(text, sizeof text, "never");
	else if (a->every_s > 0)
		text_format_duration(a->every_s, text);
	return mem_strdup(text);
}

static char *said_order(const struct account *a)
{
	return mem_strdup(a->newest_first ? "newest" : "oldest");
}

static char *said_connections(const struct account *a)
{
	return mem_printf("%d", a->connections);
}

static char *said_pop3_seen(const struct account *a)
{
	return mem_strdup(pop3_options_seen(a));
}

static char *said_priority(const struct account *a)
{
	return mem_printf("%d", a->priority);
}

static char *said_until(const struct account *a)
{
	char when[CLOCK_RFC3339_BYTES];

	return mem_strdup(
		a->until_at != 0 ? clock_rfc3339(a->until_at, when) : "none");
}

/* To the byte: what is rounded hides a difference. */
static char *said_max_rate(const struct account *a)
{
	return a->max_rate != 0 ? mem_printf("%lld", (long long)a->max_rate)
				: mem_strdup("none");
}

static char *said_auth(const struct account *a)
{
	return text_or(a->auth, "auto");
}

#define SAID_TEXT(column, member)                           \
	static char *said_##column(const struct account *a) \
	{                                                   \
		return text_or(a->member, "none");          \
	}
#define SAID_FLAG(column, member)                           \
	static char *said_##column(const struct account *a) \
	{                                                   \
		return yes_no(a->member);                   \
	}

SAID_TEXT(to, to)
SAID_TEXT(group, group)
SAID_TEXT(between, hours)
SAID_TEXT(delete, delete_rule)
SAID_TEXT(on_expunge, on_expunge)
SAID_TEXT(folder, folders)
SAID_TEXT(exclude, excludes)
SAID_TEXT(prefix, prefix)
SAID_TEXT(to_folder, to_folder)
SAID_TEXT(map, maps)
SAID_TEXT(ca_file, ca_file)
SAID_TEXT(fingerprint, fingerprint)
SAID_TEXT(uidl_from, uidl_from)
SAID_TEXT(quirk, quirks)
SAID_TEXT(token_file, token_file)
SAID_FLAG(push, push)
SAID_FLAG(shared, shared)
SAID_FLAG(skip_deleted, skip_deleted)
SAID_FLAG(new_uids, new_uids)

static const struct {
	const char *column;
	said_fn *said;
} kept[] = {
	{"url", said_url},
	{"to", said_to},
	{"auth", said_auth},
	{"token-file", said_token_file},
	{"every", said_every},
	{"delete", said_delete},
	{"on-expunge", said_on_expunge},
	{"folder", said_folder},
	{"exclude", said_exclude},
	{"prefix", said_prefix},
	{"to-folder", said_to_folder},
	{"pop3-seen", said_pop3_seen},
	{"map", said_map},
	{"push", said_push},
	{"shared", said_shared},
	{"ca-file", said_ca_file},
	{"fingerprint", said_fingerprint},
	{"connections", said_connections},
	{"skip-deleted", said_skip_deleted},
	{"order", said_order},
	{"new-uids", said_new_uids},
	{"uidl-from", said_uidl_from},
	{"group", said_group},
	{"priority", said_priority},
	{"until", said_until},
	{"between", said_between},
	{"max-rate", said_max_rate},
	{"quirk", said_quirk},
};

#define KEPT_COUNT (sizeof kept / sizeof kept[0])

bool import_row_compares(const char *column)
{
	for (size_t i = 0; i < KEPT_COUNT; i++)
		if (strcmp(kept[i].column, column) == 0)
			return true;
	return false;
}

static size_t differs(struct sheet *s, const struct sheet_row *row,
	const char *column, const char *name, const char *here,
	const char *there)
{
	const struct sheet_cell *cell = sheet_find(s, row, column);

	sheet_fault(s, cell != NULL ? cell->line : row->line, column,
		"%s is enrolled already with %.200s, the file says %.200s; "
		"--update changes it",
		name, here, there);
	return 1;
}

size_t import_row_differences(struct sheet *s, const struct sheet_row *row,
	const struct account *enrolled, const struct account *said,
	bool same_password)
{
	size_t n = 0;

	for (size_t i = 0; i < KEPT_COUNT; i++) {
		char *here = kept[i].said(enrolled);
		char *there = kept[i].said(said);
		if (strcmp(here, there) != 0)
			n += differs(s, row, kept[i].column, enrolled->name,
				here, there);
		free(here);
		free(there);
	}
	if (!same_password)
		n += differs(s, row,
			sheet_find(s, row, "password") != NULL
				? "password"
				: "password-file",
			enrolled->name, "another password", "a new one");
	return n;
}
