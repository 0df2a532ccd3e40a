/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify_report.h"

#include "../base/mem.h"
#include "json.h"
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 7

enum field { KIND, MAILBOX, UID, UIDL, FOLDER, NAME, TEXT };

static const struct kind {
	const char *name, *meaning;
} kinds[] = {
	{"not-collected", "at the source, and not known here; the next run "
			  "fetches what is new"},
	{"quarantined", "could not be had; see mailhaul failures"},
	{"left-out", "at the source, and left out for the reason named"},
	{"gone-at-source", "collected, and no longer at the source"},
	{"flags", "flags at the source are others than when last looked at; "
		  "the next run sees to it"},
	{"renumbered", "the mailbox has another UIDVALIDITY; the next run "
		       "recognises its messages"},
	{"mailbox-not-listed", "collected before, and no longer listed or "
			       "chosen"},
	{"mailbox-not-compared", "could not be compared"},
	{"not-here", "collected, and in no folder of the store: deleted by "
		     "its reader, or lost"},
	{"moved-here", "in another folder than it was put into: moved by its "
		       "reader"},
	{"unsure", "not seen in the store while its reader was at work; try "
		   "again"},
	{"cut-here", "the file is not as long as it was when it was written"},
	{"unknown-here", "a file of this program in the store that the ledger "
			 "does not know"},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

struct verify_report {
	json_t *accounts; /* --json, else NULL */
	struct table table;
	size_t counts[KINDS];
	size_t total;
	char *same; /* names of accounts without a difference */
};

struct verify_report *verify_report_new(bool json)
{
	static const char *const heads[] = {"ACCOUNT", "DIFFERENCE", "MAILBOX",
		"MESSAGE", "FOLDER", "FILE", "NOTE"};
	struct verify_report *r = mem_alloc(sizeof *r);

	if (json)
		r->accounts = json_array();
	table_init(&r->table, heads, FIELDS);
	r->same = mem_strdup("");
	return r;
}

void verify_report_free(struct verify_report **report)
{
	struct verify_report *r = *report;

	if (r == NULL)
		return;
	json_decref(r->accounts);
	table_clear(&r->table);
	free(r->same);
	free(r);
	*report = NULL;
}

/* Cuts a line at its tabs; what is missing is "". */
static void split(char *line, const char *fields[FIELDS])
{
	char *rest = line;

	for (size_t i = 0; i < FIELDS; i++) {
		char *field = rest != NULL ? strsep(&rest, "\t") : NULL;
		fields[i] = field != NULL ? field : "";
	}
}

static json_t *text_or_null(const char *text)
{
	return text[0] != '\0' ? json_text(text) : json_null();
}

static json_t *difference_json(const char *const fields[FIELDS])
{
	long long uid = strtoll(fields[UID], NULL, 10);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kind",
		json_text(fields[KIND]), "mailbox",
		text_or_null(fields[MAILBOX]), "uid",
		uid != 0 ? json_integer(uid) : json_null(), "uidl",
		text_or_null(fields[UIDL]), "folder",
		text_or_null(fields[FOLDER]), "file",
		text_or_null(fields[NAME]), "text", text_or_null(fields[TEXT]));
}

static void add(struct verify_report *r, const char *account, json_t *list,
	const char *const fields[FIELDS])
{
	const char *message =
		strcmp(fields[UID], "0") != 0 ? fields[UID] : fields[UIDL];

	r->total++;
	for (size_t i = 0; i < KINDS; i++)
		r->counts[i] += strcmp(kinds[i].name, fields[KIND]) == 0;
	if (list != NULL)
		(void)json_array_append_new(list, difference_json(fields));
	else
		table_row(&r->table,
			(const char *const[]){account, fields[KIND],
				fields[MAILBOX], message, fields[FOLDER],
				fields[NAME], fields[TEXT]});
}

static void note_same(struct verify_report *r, const char *account)
{
	char *same = mem_printf("%s%s: no difference\n", r->same, account);

	free(r->same);
	r->same = same;
}

/* The number in the last line says whether it is the last. */
static bool is_end(const char *const fields[FIELDS], size_t lines)
{
	return strcmp(fields[KIND], "end") == 0 &&
	       strtoull(fields[MAILBOX], NULL, 10) == lines;
}

int verify_report_read(struct verify_report *r, const char *account,
	const char *path, struct err *err)
{
	json_t *list = r->accounts != NULL ? json_array() : NULL;
	const char *fields[FIELDS];
	FILE *in = fopen(path, "r");
	char *line = NULL;
	size_t bytes = 0, lines = 0;
	bool whole = false;

	if (in == NULL) {
		json_decref(list);
		return err_set_file(err, errno, "cannot read %s", path);
	}
	while (!whole && getline(&line, &bytes, in) > 0) {
		line[strcspn(line, "\n")] = '\0';
		split(line, fields);
		whole = is_end(fields, lines);
		if (!whole)
			add(r, account, list, fields);
		lines++;
	}
	free(line);
	(void)fclose(in);
	if (list != NULL)
		(void)json_array_append_new(r->accounts,
			json_pack("{s:s, s:o, s:n}", "account", account,
				"differences", list, "error"));
	if (whole && lines == 1)
		note_same(r, account);
	return whole ? 0
		     : err_set(err, ERR_DISK, ERR_SCOPE_ACCOUNT,
			       ERR_RETRY_LATER, "%s is not whole", path);
}

void verify_report_failed(
	struct verify_report *r, const char *account, const struct err *err)
{
	if (r->accounts == NULL)
		return;
	(void)json_array_append_new(r->accounts,
		json_pack("{s:s, s:[], s:{s:s, s:o, s:o}}", "account", account,
			"differences", "error", "class",
			err_class_name(err->class), "text",
			json_text(err->text), "hint", json_text(err->hint)));
}

bool verify_report_print(struct verify_report *r, FILE *out)
{
	if (r->accounts != NULL) {
		json_print(json_pack("{s:O}", "accounts", r->accounts), out);
		return r->total != 0;
	}
	(void)fputs(r->same, out);
	if (r->total == 0)
		return false;
	table_print(&r->table, out);
	(void)fputc('\n', out);
	for (size_t i = 0; i < KINDS; i++)
		if (r->counts[i] != 0)
			(void)fprintf(out, "%zu %s: %s\n", r->counts[i],
				kinds[i].name, kinds[i].meaning);
	return true;
}
