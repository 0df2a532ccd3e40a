/* SPDX-License-Identifier: BSD-2-Clause */
/* report: proof of completeness (report.h), a manifest (manifest_write), and
 * a store against one of before (manifest_check). */
#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../base/mem.h"
#include "commands.h"
#include "manifest_check.h"
#include "manifest_write.h"
#include "output.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

typedef void writer_fn(
	const struct report_account *all, size_t count, FILE *out);

static const struct format {
	const char *name;
	writer_fn *write;
} formats[] = {
	{"text", report_text},
	{"json", report_json},
	{"csv", report_csv},
	{"html", report_html},
};

static writer_fn *find_format(const struct cli *cli, const struct args *args)
{
	const char *name = args_value(args, "format");

	if (name == NULL)
		return cli->json ? report_json : report_text;
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].write;
	return NULL;
}

/* ---- which accounts */

struct chosen {
	struct state *state;
	struct account *accounts;
	struct job_status *statuses;
	size_t account_count, status_count;
};

static void chosen_clear(struct chosen *c)
{
	for (size_t i = 0; i < c->account_count; i++)
		account_clear(&c->accounts[i]);
	free(c->accounts);
	jobs_status_free(&c->statuses, c->status_count);
	state_close(&c->state);
}

static bool is_named(const struct args *args, const char *name)
{
	for (size_t i = 0; i < args->word_count; i++)
		if (strcmp(args->words[i], name) == 0)
			return true;
	return args->word_count == 0;
}

/* Drops the others. */
static void keep_named(struct chosen *c, const struct args *args)
{
	size_t n = 0;

	for (size_t i = 0; i < c->account_count; i++) {
		if (is_named(args, c->accounts[i].name))
			c->accounts[n++] = c->accounts[i];
		else
			account_clear(&c->accounts[i]);
	}
	c->account_count = n;
}

static int check_names(const struct chosen *c, const struct args *args)
{
	for (size_t i = 0; i < args->word_count; i++) {
		size_t j = 0;
		while (j < c->account_count &&
			strcmp(c->accounts[j].name, args->words[i]) != 0)
			j++;
		if (j == c->account_count)
			return cli_usage("report", "there is no account \"%s\"",
				args->words[i]);
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct account *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int choose(struct cli *cli, const struct args *args, struct chosen *c)
{
	struct err err = {0};
	int r = cli_state(cli, &c->state);

	if (r != 0)
		return r;
	if (accounts_all(c->state, &c->accounts, &c->account_count, &err) < 0 ||
		jobs_status(c->state, 0, &c->statuses, &c->status_count, &err) <
			0)
		return cli_fail(NULL, &err);
	keep_named(c, args);
	if (c->account_count != 0)
		qsort(c->accounts, c->account_count, sizeof *c->accounts,
			by_name);
	return check_names(c, args);
}

static const struct job_status *status_of(
	const struct chosen *c, const struct account *account)
{
	static const struct job_status none = {.state = ""};

	for (size_t i = 0; i < c->status_count; i++)
		if (c->statuses[i].account_id == account->id)
			return &c->statuses[i];
	return &none;
}

/* ---- the report */

static int write_out(const char *path, writer_fn *write,
	const struct report_account *all, size_t count)
{
	struct output out;
	struct err err = {0};

	if (path == NULL) {
		write(all, count, stdout);
		return 0;
	}
	if (output_open(path, &out, &err) != 0)
		return cli_fail(NULL, &err);
	write(all, count, out.file);
	return output_end(&out, true, &err) == 0 ? 0 : cli_fail(NULL, &err);
}

static int report(struct chosen *c, const char *path, writer_fn *write)
{
	struct report_account *all = mem_array(c->account_count, sizeof *all);
	int worst = 0, r;

	for (size_t i = 0; i < c->account_count; i++) {
		const struct account *a = &c->accounts[i];
		struct err err = {0};
		r = report_gather(c->state, a, status_of(c, a), &all[i], &err);
		if (r != 0)
			r = cli_fail(a->name, &err);
		else if (!report_is_accounted(&all[i]))
			r = EXIT_FAILED;
		worst = r > worst ? r : worst;
	}
	r = write_out(path, write, all, c->account_count);
	for (size_t i = 0; i < c->account_count; i++)
		report_clear(&all[i]);
	free(all);
	return r > worst ? r : worst;
}

static int manifest(struct chosen *c, const char *path)
{
	struct err err = {0};
	struct output out;
	int r = 0;

	if (output_open(path, &out, &err) != 0)
		return cli_fail(NULL, &err);
	manifest_write_begin(out.file);
	for (size_t i = 0; r == 0 && i < c->account_count; i++)
		if (manifest_write_account(
			    c->state, &c->accounts[i], out.file, &err) != 0)
			r = cli_fail(c->accounts[i].name, &err);
	manifest_write_end(out.file, c->account_count);
	if (output_end(&out, r == 0, &err) != 0)
		r = cli_fail(NULL, &err);
	return r;
}

static int check_options(const struct args *args)
{
	static const char *const alone[] = {"manifest", "check"};
	const char *given = NULL;

	for (size_t i = 0; i < 2; i++) {
		if (args_value(args, alone[i]) == NULL)
			continue;
		if (given != NULL || args_value(args, "format") != NULL ||
			args_value(args, "output") != NULL)
			return cli_usage("report",
				"--%s goes with none of --manifest, --check, "
				"--format and --output",
				alone[i]);
		given = alone[i];
	}
	if (args_value(args, "store") != NULL &&
		args_value(args, "check") == NULL)
		return cli_usage("report", "--store needs --check");
	return 0;
}

int cmd_report(struct cli *cli, const struct args *args)
{
	struct chosen c = {.state = NULL};
	writer_fn *write = find_format(cli, args);
	int r = check_options(args);

	if (r == 0 && write == NULL)
		r = cli_usage("report",
			"--format is one of text, json, csv "
			"and html, not \"%s\"",
			args_value(args, "format"));
	if (r != 0)
		return r;
	if (args_value(args, "check") != NULL)
		return manifest_check(cli, args_value(args, "check"),
			args_value(args, "store"), args);
	r = choose(cli, args, &c);
	if (r == 0 && args_value(args, "manifest") != NULL)
		r = manifest(&c, args_value(args, "manifest"));
	else if (r == 0 && write != NULL)
		r = report(&c, args_value(args, "output"), write);
	if (c.state != NULL)
		chosen_clear(&c);
	return r;
}
