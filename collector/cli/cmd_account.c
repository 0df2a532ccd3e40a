/* SPDX-License-Identifier: BSD-2-Clause */
/* add, set: enrolment. */
#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../base/mem.h"
#include "account_options.h"
#include "commands.h"
#include "discover_report.h"
#include "json.h"
#include "map_options.h"
#include "password.h"
#include "pop3_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail_usage(const char *command, const struct err *err)
{
	if (err->hint[0] != '\0')
		return cli_usage(command, "%s; %s", err->text, err->hint);
	return cli_usage(command, "%s", err->text);
}

static int get_password(const struct args *args, const struct account *a,
	struct secret *ret_secret, struct err *err)
{
	const char *file = args_value(args, "password-file");

	if (a->token_file[0] != '\0' && file == NULL &&
		args_value(args, "password") == NULL)
		return 0; /* none is needed */
	return file != NULL ? password_from_file(file, ret_secret, err)
			    : password_ask(a->name, ret_secret, err);
}

static void say_added(const struct cli *cli, const struct account *a)
{
	char url[URL_TEXT_MAX];

	url_format(&a->url, url);
	if (cli->json)
		json_print(json_pack("{s:o, s:b}", "name", json_text(a->name),
				   "added", 1),
			stdout);
	else if (a->paused)
		(void)printf("%s enrolled, paused: mailhaul resume %s\n",
			a->name, a->name);
	else
		(void)printf("%s enrolled: %s -> %s. Its first job is due: the "
			     "daemon takes it up, or: mailhaul run %s\n",
			a->name, url, a->to, a->name);
}

/* Without a URL: the server of --address, or of the name. 0, or an exit
 * status. */
static int find_server(
	struct cli *cli, const struct args *args, struct account *a)
{
	const char *address = args_value(args, "address");
	struct err err = {0};
	int r;

	if (args->word_count > 1)
		return address == NULL
			       ? EXIT_DONE
			       : cli_usage("add",
					 "%s: give a URL, or --address to "
					 "find it from",
					 a->name);
	if (address == NULL)
		address = a->name;
	r = discover_url(cli, "add", address, a->ca_file, &a->url);
	if (r == EXIT_DONE &&
		account_apply(&cli->config.settings, a, args, &err) < 0)
		r = fail_usage("add", &err);
	return r;
}

int cmd_add(struct cli *cli, const struct args *args)
{
	const char *name = args->words[0];
	struct state *state = NULL;
	struct secret password = {0};
	struct err err = {0};
	struct account a, other = {0};
	int r;

	account_defaults(&a, name);
	if (account_check_name(name, &err) < 0 ||
		account_apply(&cli->config.settings, &a, args, &err) < 0) {
		r = fail_usage("add", &err);
		goto out;
	}
	r = find_server(cli, args, &a);
	if (r != 0)
		goto out;
	r = cli_state(cli, &state);
	if (r != 0)
		goto out;
	r = accounts_find(state, name, &other, &err);
	if (r == 1) {
		account_clear(&other);
		r = cli_usage("add",
			"%s is enrolled already; to change it: mailhaul set %s",
			name, name);
		goto out;
	}
	if (r < 0 || get_password(args, &a, &password, &err) < 0 ||
		accounts_add(state, &a,
			password.bytes != NULL ? &password : NULL, &err) < 0) {
		r = cli_fail(name, &err);
		goto out;
	}
	say_added(cli, &a);
	pop3_options_warn(&a, stderr);
out:
	secret_clear(&password);
	account_clear(&a);
	state_close(&state);
	return r;
}

int cmd_set(struct cli *cli, const struct args *args)
{
	const char *name = args->words[0];
	bool ask = args_value(args, "password") != NULL;
	bool new_password = ask || args_value(args, "password-file") != NULL;
	struct state *state = NULL;
	struct secret password = {0};
	struct err err = {0};
	struct account a = {0};
	int r;

	if (args->word_count < 2 && args->option_count == 0)
		return cli_usage("set", "%s: nothing to change", name);
	r = cli_state(cli, &state);
	if (r != 0)
		return r;
	r = accounts_find(state, name, &a, &err);
	if (r == 0) {
		r = cli_usage("set", "there is no account \"%s\"", name);
		goto out;
	}
	if (r == 1 &&
		account_apply(&cli->config.settings, &a, args, &err) < 0) {
		r = fail_usage("set", &err);
		goto out;
	}
	if (r < 0 ||
		(new_password && get_password(args, &a, &password, &err) < 0) ||
		accounts_update(
			state, &a, new_password ? &password : NULL, &err) < 0 ||
		(args_value(args, "every") != NULL &&
			jobs_last_forget(state, a.id, &err) < 0)) {
		r = cli_fail(name, &err);
		goto out;
	}
	r = EXIT_DONE;
	if (cli->json)
		json_print(json_pack("{s:o, s:b}", "name", json_text(name),
				   "changed", 1),
			stdout);
	else
		(void)printf("%s changed\n", name);
	if (args_value(args, "map") != NULL &&
		map_options_tell(state, &a, stderr, &err) < 0)
		r = cli_fail(name, &err);
	if (args_value(args, "to-folder") != NULL &&
		pop3_options_tell(state, &a, stderr, &err) < 0)
		r = cli_fail(name, &err);
	pop3_options_warn(&a, stderr);
out:
	secret_clear(&password);
	account_clear(&a);
	state_close(&state);
	return r;
}
