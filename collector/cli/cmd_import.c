/* SPDX-License-Identifier: BSD-2-Clause */
/* import: many accounts out of a file. */
#include "commands.h"
#include "import.h"
#include "import_row.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>

/* Its second line has what has to be quoted. Everything in it can be imported
 * as it is, which a test does. */
static const char template_csv[] =
	"name,url,to,password,every,folder,exclude,hold\n"
	"anna,imaps://anna%40example.org@imap.example.org,anna,"
	"replace-me,15m,,,no\n"
	"boris,imaps://boris@imap.example.org,boris@example.org,"
	"\"a comma, and a \"\"quote\"\"\",1h,\"INBOX\nArchive/*\",Trash,no\n"
	"carla,pop3s://carla@pop.example.org,carla,replace-me,never,,,yes\n";
static const char template_json[] =
	"{\"name\": \"anna\", \"url\": "
	"\"imaps://anna%40example.org@imap.example.org\", \"to\": \"anna\", "
	"\"password\": \"replace-me\", \"every\": \"15m\", \"folder\": "
	"[\"INBOX\", \"Archive/*\"], \"connections\": 2, \"hold\": false}\n";

static void print_json(const struct import *x, const char *file, bool dry_run)
{
	json_t *errors = json_array();

	for (size_t i = 0; i < x->sheet->fault_count; i++) {
		const struct sheet_fault *f = &x->sheet->faults[i];
		(void)json_array_append_new(
			errors, json_pack("{s:I, s:o, s:o}", "line",
					(json_int_t)f->line, "column",
					json_text(f->column), "text",
					json_text(f->text)));
	}
	json_print(json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "file",
			   json_text(file), "rows",
			   (json_int_t)x->sheet->row_count, "enrolled",
			   (json_int_t)x->enrolled, "changed",
			   (json_int_t)x->changed, "unchanged",
			   (json_int_t)x->unchanged, "bad", (json_int_t)x->bad,
			   "dry_run", dry_run, "errors", errors),
		stdout);
}

static void print_counts(const struct import *x, bool dry_run)
{
	(void)printf("%zu row%s: %zu enrolled, %zu changed, %zu unchanged",
		x->sheet->row_count, x->sheet->row_count == 1 ? "" : "s",
		x->enrolled, x->changed, x->unchanged);
	if (x->bad != 0)
		(void)printf(", %zu left out", x->bad);
	if (dry_run)
		(void)printf("; a dry run: nothing was done");
	else if (x->enrolled != 0)
		(void)printf("; their first jobs are due: the daemon takes "
			     "them up, or: mailhaul run");
	(void)fputc('\n', stdout);
}

/* Faults that stop all of it. */
static int refuse(
	const struct cli *cli, struct import *x, const char *file, bool dry_run)
{
	x->enrolled = x->changed = x->unchanged = 0;
	if (cli->json)
		print_json(x, file, dry_run);
	if (x->sheet->broken)
		return cli_usage("import",
			"%s cannot be read as a table; nothing was enrolled",
			file);
	return cli_usage("import",
		"%s: %zu of %zu rows are bad; nothing was enrolled; --partial "
		"would enrol the others",
		file, x->bad, x->sheet->row_count);
}

static int import(
	struct cli *cli, struct import *x, const char *file, bool dry_run)
{
	struct err err = {0};

	if (import_check(x, &err) < 0)
		return cli_fail(file, &err);
	import_print_faults(x->sheet, file);
	if (x->sheet->broken || (x->bad != 0 && !x->partial))
		return refuse(cli, x, file, dry_run);
	if (!dry_run && import_enrol(x, &err) < 0)
		return cli_fail(file, &err);
	if (cli->json)
		print_json(x, file, dry_run);
	else
		print_counts(x, dry_run);
	return x->bad != 0 ? EXIT_FAILED : EXIT_DONE;
}

int cmd_import(struct cli *cli, const struct args *args)
{
	const char *file = args->word_count > 0 ? args->words[0] : NULL;
	bool template = args_value(args, "template") != NULL;
	struct sheet sheet;
	struct import x = {.settings = &cli->config.settings,
		.sheet = &sheet,
		.update = args_value(args, "update") != NULL,
		.partial = args_value(args, "partial") != NULL};
	struct err err = {0};
	char *bytes;
	size_t n;
	int r;

	if (template == (file != NULL))
		return cli_usage("import",
			"it takes a FILE, - for standard input, or --template");
	if (template) {
		(void)fputs(cli->json ? template_json : template_csv, stdout);
		return EXIT_DONE;
	}
	if (import_read(file, &bytes, &n, &err) < 0)
		return cli_fail("import", &err);
	sheet_read(&sheet, bytes, n, import_row_knows);
	r = cli_state(cli, &x.state);
	if (r == 0)
		r = import(cli, &x, file, args_value(args, "dry-run") != NULL);
	import_clear(&x);
	sheet_clear(&sheet);
	state_close(&x.state);
	return r;
}
