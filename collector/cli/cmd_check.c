/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check: asks a server what a run would find there. It opens state.dir only
 * for an account's name, reads from it, and lets go of it before it talks:
 * no lock, no lease, so beside a daemon that may be collecting right now.
 */
#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../../storage/secret.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "../service/consult.h"
#include "../sync/configure.h"
#include "../sync/token.h"
#include "account_options.h"
#include "check_many.h"
#include "check_report.h"
#include "commands.h"
#include "discover_report.h"
#include "json.h"
#include "password.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct check {
	const char *name; /* NULL: a URL */
	struct account account;
	struct secret password;
	struct job_status *status; /* what has been collected; may be NULL */
	size_t status_count;
	struct preview preview;
};

static int talk(void *arg, struct session *s, struct err *err)
{
	struct check *c = arg;
	bool known = c->status_count == 1;

	return preview_make(s, &c->account, known ? c->status->mailboxes : NULL,
		known ? c->status->mailbox_count : 0, &c->preview, err);
}

/* Account, password and folders of a name. 0, or an exit status; -1: there is
 * none, but it may be an e-mail address. */
static int read_account(struct cli *cli, struct check *c, bool other_password)
{
	struct state *state = NULL;
	struct err err = {0};
	int r = cli_state(cli, &state);

	if (r != 0)
		return r;
	r = accounts_find(state, c->name, &c->account, &err);
	if (r == 0) {
		state_close(&state);
		if (strchr(c->name, '@') != NULL)
			return -1;
		return cli_usage("check",
			"there is no account \"%s\" (a URL begins with "
			"imaps://, pop3s:// …)",
			c->name);
	}
	if (r == 1)
		r = jobs_status(state, c->account.id, &c->status,
			&c->status_count, &err);
	if (r == 0 && !other_password && c->account.token_file[0] == '\0')
		r = secret_load(state, c->account.uuid, &c->password, &err);
	state_close(&state);
	return r < 0 ? cli_fail(c->name, &err) : 0;
}

/* 0, or an exit status. */
static int read_url(struct check *c, const char *text)
{
	struct err err = {0};

	account_defaults(&c->account, "check");
	if (url_parse(text, &c->account.url, &err) < 0)
		return err.hint[0] != '\0' ? cli_usage("check", "%s; %s",
						     err.text, err.hint)
					   : cli_usage("check", "%s", err.text);
	return 0;
}

/* 0, or an exit status. */
static int find_server(
	struct cli *cli, struct check *c, const struct args *args)
{
	const char *address = c->name;
	struct err err = {0};

	c->name = NULL;
	account_defaults(&c->account, "check");
	if (account_apply(&cli->config.settings, &c->account, args, &err) < 0)
		return cli_usage("check", "%s", err.text);
	return discover_url(
		cli, "check", address, c->account.ca_file, &c->account.url);
}

/* Options over what the account has. 0, or an exit status. */
static int apply(struct cli *cli, struct check *c, const struct args *args)
{
	const char *file = args_value(args, "password-file");
	struct err err = {0};
	int r = 0;

	if (account_apply(&cli->config.settings, &c->account, args, &err) < 0)
		return cli_usage("check", "%s", err.text);
	if (c->account.token_file[0] != '\0')
		r = token_read(c->account.token_file, &c->password, &err);
	else if (file != NULL)
		r = password_from_file(file, &c->password, &err);
	else if (c->name == NULL)
		r = password_ask(c->account.url.user, &c->password, &err);
	return r < 0 ? cli_fail(args->words[0], &err) : 0;
}

static int ask(struct cli *cli, struct check *c, struct err *err)
{
	const struct settings *s = &cli->config.settings;
	struct session_config config;

	configure_session(s, &c->account, &c->password, &config);
	preview_configure(&config);
	return consult(
		s, &config, configure_ca_file(s, &c->account), talk, c, err);
}

static int check(struct cli *cli, struct check *c, const char *word)
{
	struct err err = {0};

	/* the answer is what there is to see; the log keeps still without
	 * -v */
	if (cli->verbosity <= 0)
		log_setup(LOG_LEVEL_NONE, log_format(), STDERR_FILENO);
	if (ask(cli, c, &err) < 0) {
		if (cli->json)
			json_print(
				check_report_failed(c->name, &c->account, &err),
				stdout);
		return cli_fail(word, &err);
	}
	if (cli->json)
		json_print(check_report_json(c->name, &c->account, &c->preview),
			stdout);
	else
		check_report_text(c->name, &c->account, &c->preview, stdout);
	return EXIT_DONE;
}

int cmd_check(struct cli *cli, const struct args *args)
{
	const char *word = args->word_count != 0 ? args->words[0] : "";
	bool is_url = strstr(word, "://") != NULL;
	struct check c = {.name = is_url ? NULL : word};
	char url[URL_TEXT_MAX];
	int r;

	if (args->word_count != 1 || args_value(args, "all") != NULL ||
		args_value(args, "from") != NULL)
		return check_many(cli, args);
	if (args_value(args, "jobs") != NULL)
		return cli_usage("check", "--jobs is for several accounts");
	r = is_url ? read_url(&c, word)
		   : read_account(cli, &c,
			     args_value(args, "password-file") != NULL);
	if (r < 0)
		r = find_server(cli, &c, args);
	if (r == 0)
		r = apply(cli, &c, args);
	if (r == 0) {
		url_format(&c.account.url, url);
		r = check(cli, &c, c.name == NULL ? url : word);
	}
	secret_clear(&c.password);
	preview_clear(&c.preview);
	jobs_status_free(&c.status, c.status_count);
	account_clear(&c.account);
	return r;
}
