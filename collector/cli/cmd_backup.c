/* SPDX-License-Identifier: BSD-2-Clause */
/* backup and restore: what the daemon knows, in one file and back. */
#include "../../storage/backup.h"
#include "../model/text.h"
#include "commands.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>

static void on_left_out(void *arg, const char *account, const struct err *err)
{
	(void)arg;
	(void)cli_fail(account, err);
}

static void print_backup(const struct cli *cli, const char *file,
	const struct backup_report *report)
{
	char bytes[32];

	if (cli->json) {
		json_print(json_pack("{s:o, s:I, s:I, s:I, s:I}", "file",
				   json_text(file), "accounts",
				   (json_int_t)report->accounts, "ledgers",
				   (json_int_t)report->ledgers, "left_out",
				   (json_int_t)report->left_out, "bytes",
				   (json_int_t)report->bytes),
			stdout);
		return;
	}
	text_format_bytes(report->bytes, bytes);
	(void)printf("%s: %zu accounts, %zu ledgers, %s. Neither the key "
		     "(%s/mailhaul.key) nor any mail is in it\n",
		file, report->accounts, report->ledgers, bytes,
		cli->config.settings.state_dir);
}

int cmd_backup(struct cli *cli, const struct args *args)
{
	struct backup_report report = {0};
	struct state *state = NULL;
	struct err err = {0};
	int r = cli_state(cli, &state);

	if (r != 0)
		return r;
	if (backup_write(state, args->words[0], on_left_out, NULL, &report,
		    &err) != 0)
		r = cli_fail(NULL, &err);
	else
		print_backup(cli, args->words[0], &report);
	state_close(&state);
	if (r == 0 && report.left_out != 0)
		r = EXIT_FAILED;
	return r;
}

static void print_restore(const struct cli *cli, const char *file,
	const struct restore_report *report)
{
	const char *dir = cli->config.settings.state_dir;

	if (cli->json) {
		json_print(json_pack("{s:o, s:I, s:I, s:o, s:b}", "file",
				   json_text(file), "ledgers",
				   (json_int_t)report->ledgers, "kept",
				   (json_int_t)report->kept, "old",
				   report->old != NULL ? json_text(report->old)
						       : json_null(),
				   "key_missing", report->key_missing),
			stdout);
		return;
	}
	(void)printf("%s: job table and %zu ledgers from %s", dir,
		report->ledgers, file);
	if (report->kept != 0)
		(void)printf("; %zu ledgers that are here are newer and stay",
			report->kept);
	if (report->old != NULL)
		(void)printf("; what was here before is in %s", report->old);
	(void)printf("\n");
	if (report->key_missing)
		(void)printf("%s/mailhaul.key is missing: put your copy of it "
			     "there (mode 0400), or give each account its "
			     "password again: mailhaul set NAME --password\n",
			dir);
}

int cmd_restore(struct cli *cli, const struct args *args)
{
	struct restore_report report = {0};
	struct err err = {0};

	if (backup_restore(cli->config.settings.state_dir, args->words[0],
		    args_value(args, "all") != NULL, &report, &err) != 0)
		return cli_fail(NULL, &err);
	print_restore(cli, args->words[0], &report);
	free(report.old);
	return EXIT_DONE;
}
