/* SPDX-License-Identifier: BSD-2-Clause */
/* list, show, pause, resume, remove: accounts that are enrolled. */
#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/text.h"
#include "commands.h"
#include "json.h"
#include "pop3_options.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CANCEL_WAIT_S 10

static void every_text(const struct account *a, char out[32])
{
	if (a->every_s < 0)
		(void)snprintf(out, 32, "never");
	else if (a->every_s == 0)
		(void)snprintf(out, 32, "default");
	else
		text_format_duration(a->every_s, out);
}

static json_t *json_lines(const char *lines)
{
	json_t *array = json_array();

	while (*lines != '\0') {
		size_t n = strcspn(lines, "\n");
		char *line = mem_strndup(lines, n);
		(void)json_array_append_new(array, json_text(line));
		free(line);
		lines += n + (lines[n] == '\n');
	}
	return array;
}

/* What it collects, and how. */
static json_t *options_json(const struct account *a)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:s, s:b, "
			 "s:i, s:o, s:o, s:s, s:o, s:b, s:s, s:o}",
		"delete", a->delete_rule, "on_expunge", a->on_expunge, "folder",
		json_lines(a->folders), "exclude", json_lines(a->excludes),
		"prefix", json_text(a->prefix), "map", json_lines(a->maps),
		"skip_deleted", a->skip_deleted, "shared", a->shared, "order",
		a->newest_first ? "newest" : "oldest", "new_uids", a->new_uids,
		"connections", a->connections, "quirk", json_lines(a->quirks),
		"to_folder", json_text(a->to_folder), "pop3_seen",
		pop3_options_seen(a), "uidl_from", json_text(a->uidl_from),
		"push", a->push, "auth", a->auth[0] != '\0' ? a->auth : "auto",
		"token_file", json_text(a->token_file));
}

static json_t *account_json(const struct account *a)
{
	char url[URL_TEXT_MAX], every[32], when[CLOCK_RFC3339_BYTES];
	json_t *account;

	url_format(&a->url, url);
	every_text(a, every);
	account = json_pack("{s:s, s:o, s:o, s:s, s:b, s:o, s:s, s:s}", "name",
		a->name, "url", json_text(url), "to", json_text(a->to), "every",
		every, "paused", a->paused, "ca_file", json_text(a->ca_file),
		"fingerprint", a->fingerprint, "created_at",
		clock_rfc3339(a->created_at, when));
	if (account != NULL)
		(void)json_object_update_new(account, options_json(a));
	return account;
}

static void list_table(const struct account *accounts, size_t count)
{
	static const char *const heads[] = {
		"ACCOUNT", "URL", "TO", "EVERY", "PAUSED"};
	struct table t;

	table_init(&t, heads, 5);
	for (size_t i = 0; i < count; i++) {
		char url[URL_TEXT_MAX], every[32];
		url_format(&accounts[i].url, url);
		every_text(&accounts[i], every);
		table_row(&t, (const char *const[]){accounts[i].name, url,
				      accounts[i].to, every,
				      accounts[i].paused ? "paused" : ""});
	}
	table_print(&t, stdout);
	table_clear(&t);
}

int cmd_list(struct cli *cli, const struct args *args)
{
	struct state *state = NULL;
	struct account *accounts = NULL;
	struct err err = {0};
	size_t count = 0;
	int r = cli_state(cli, &state);

	(void)args;
	if (r != 0)
		return r;
	r = accounts_all(state, &accounts, &count, &err);
	state_close(&state);
	if (r < 0)
		return cli_fail(NULL, &err);
	if (cli->json) {
		json_t *array = json_array();
		for (size_t i = 0; i < count; i++)
			(void)json_array_append_new(
				array, account_json(&accounts[i]));
		json_print(json_pack("{s:o}", "accounts", array), stdout);
	} else if (count == 0) {
		(void)printf("no account is enrolled yet; see: mailhaul help "
			     "add\n");
	} else {
		list_table(accounts, count);
	}
	for (size_t i = 0; i < count; i++)
		account_clear(&accounts[i]);
	free(accounts);
	return EXIT_DONE;
}

static void show_text(const struct account *a)
{
	json_t *document = account_json(a);
	const char *key;
	json_t *value;

	json_object_foreach(document, key, value)
	{
		char text[512] = "";
		size_t i;
		json_t *item;
		if (json_is_boolean(value))
			(void)snprintf(text, sizeof text, "%s",
				json_is_true(value) ? "yes" : "no");
		else if (json_is_integer(value))
			(void)snprintf(text, sizeof text,
				"%" JSON_INTEGER_FORMAT,
				json_integer_value(value));
		else if (json_is_string(value))
			text_printable(
				json_string_value(value), text, sizeof text);
		json_array_foreach(value, i, item)(void) snprintf(
			text + strlen(text), sizeof text - strlen(text), "%s%s",
			i != 0 ? ", " : "", json_string_value(item));
		(void)printf("%-13s %s\n", key, text);
	}
	json_decref(document);
}

int cmd_show(struct cli *cli, const struct args *args)
{
	struct state *state = NULL;
	struct account a = {0};
	struct err err = {0};
	int r = cli_state(cli, &state);

	if (r != 0)
		return r;
	r = accounts_find(state, args->words[0], &a, &err);
	state_close(&state);
	if (r < 0)
		return cli_fail(args->words[0], &err);
	if (r == 0)
		return cli_usage(
			"show", "there is no account \"%s\"", args->words[0]);
	if (cli->json)
		json_print(account_json(&a), stdout);
	else
		show_text(&a);
	account_clear(&a);
	return EXIT_DONE;
}

typedef int account_fn(
	struct state *state, const struct account *a, struct err *err);

/* 1 and calls fn (which may be NULL) for the account of that name, 0 if there
 * is none, -1. */
static int with_account(
	struct state *state, const char *name, account_fn *fn, struct err *err)
{
	struct account a = {0};
	int r = accounts_find(state, name, &a, err);

	if (r == 1 && fn != NULL && fn(state, &a, err) < 0)
		r = -1;
	account_clear(&a);
	return r;
}

static int check_names(struct state *state, const struct args *args)
{
	struct err err = {0};

	for (size_t i = 0; i < args->word_count; i++) {
		int r = with_account(state, args->words[i], NULL, &err);
		if (r == 0)
			return cli_usage(args->command->name,
				"there is no account \"%s\"; nothing was "
				"changed",
				args->words[i]);
		if (r < 0)
			return cli_fail(args->words[i], &err);
	}
	return 0;
}

/* Calls fn for each named account; all names are checked first. */
static int for_each(struct cli *cli, const struct args *args, account_fn *fn,
	const char *done)
{
	struct state *state = NULL;
	struct err err = {0};
	int worst = cli_state(cli, &state);

	if (worst != 0)
		return worst;
	worst = check_names(state, args);
	for (size_t i = 0; worst != EXIT_USAGE && i < args->word_count; i++) {
		int r = with_account(state, args->words[i], fn, &err);
		if (r < 0)
			worst = cli_fail(args->words[i], &err);
		else if (r == 1 && !cli->json)
			(void)printf("%s %s\n", args->words[i], done);
	}
	if (cli->json && worst == 0)
		(void)printf("{\"%s\":%zu}\n", done, args->word_count);
	state_close(&state);
	return worst;
}

static int pause_one(
	struct state *state, const struct account *a, struct err *err)
{
	if (accounts_set_paused(state, a->id, true, err) < 0)
		return -1;
	return jobs_cancel(state, a->id, err);
}

static int resume_one(
	struct state *state, const struct account *a, struct err *err)
{
	return accounts_set_paused(state, a->id, false, err);
}

static int remove_one(
	struct state *state, const struct account *a, struct err *err)
{
	const struct timespec moment = {.tv_nsec = 200 * 1000000L};

	if (accounts_set_paused(state, a->id, true, err) < 0 ||
		jobs_cancel(state, a->id, err) < 0)
		return -1;
	for (int i = 0; i < CANCEL_WAIT_S * 5; i++) {
		if (accounts_remove(state, a->id, err) == 0)
			return 0;
		if (!state_is_locked(state))
			return -1;
		(void)nanosleep(&moment, NULL);
	}
	return -1;
}

int cmd_pause(struct cli *cli, const struct args *args)
{
	return for_each(cli, args, pause_one, "paused");
}

/* Of a paused account too: what was held then is deleted when it goes on. */
static int confirm_one(
	struct state *state, const struct account *a, struct err *err)
{
	int64_t held = 0;

	if (jobs_confirm_deletions(state, a->id, &held, err) < 0)
		return -1;
	if (held == 0)
		return err_set(err, ERR_POLICY, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"no deletions are held; nothing was changed");
	return resume_one(state, a, err);
}

int cmd_resume(struct cli *cli, const struct args *args)
{
	if (args_value(args, "confirm-deletions") != NULL)
		return for_each(cli, args, confirm_one, "resumed");
	return for_each(cli, args, resume_one, "resumed");
}

int cmd_remove(struct cli *cli, const struct args *args)
{
	char answer[8] = "";

	if (args_value(args, "purge") != NULL)
		return cli_usage("remove",
			"--purge is not in this version; nothing was removed: "
			"without it the mail stays");
	if (args_value(args, "yes") == NULL && isatty(STDIN_FILENO)) {
		(void)fprintf(stderr,
			"Forget %zu account%s, password and ledger included? "
			"The mail stays. [y/N] ",
			args->word_count, args->word_count == 1 ? "" : "s");
		if (fgets(answer, sizeof answer, stdin) == NULL ||
			(answer[0] != 'y' && answer[0] != 'Y')) {
			(void)fprintf(stderr, "nothing was removed\n");
			return EXIT_FAILED;
		}
	}
	return for_each(cli, args, remove_one, "removed");
}
