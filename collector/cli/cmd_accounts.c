/* SPDX-License-Identifier: BSD-2-Clause */
/* list, show, pause, resume: accounts that are enrolled. */
#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/text.h"
#include "account_steps.h"
#include "commands.h"
#include "cutover_options.h"
#include "json.h"
#include "pop3_options.h"
#include "selection.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	if (account != NULL)
		(void)json_object_update_new(account, cutover_options_json(a));
	return account;
}

static const char *paused_text(const struct account *a)
{
	if (!a->paused)
		return "";
	if (a->finish == FINISH_PURGED)
		return "being purged";
	if (a->finish == FINISH_UNTIL)
		return "ended";
	return a->finish == FINISH_DONE ? "finished" : "paused";
}

static void list_table(const struct account *accounts, size_t count)
{
	static const char *const heads[] = {
		"ACCOUNT", "URL", "TO", "EVERY", "GROUP", "PAUSED"};
	struct table t;

	table_init(&t, heads, 6);
	for (size_t i = 0; i < count; i++) {
		char url[URL_TEXT_MAX], every[32];
		url_format(&accounts[i].url, url);
		every_text(&accounts[i], every);
		table_row(&t, (const char *const[]){accounts[i].name, url,
				      accounts[i].to, every, accounts[i].group,
				      paused_text(&accounts[i])});
	}
	table_print(&t, stdout);
	table_clear(&t);
}

int cmd_list(struct cli *cli, const struct args *args)
{
	struct state *state = NULL;
	struct selection chosen;
	int r = cli_state(cli, &state);

	if (r != 0)
		return r;
	r = selection_read(state, args, SELECTION_ALL, &chosen);
	state_close(&state);
	if (r != 0)
		return r;
	if (cli->json) {
		json_t *array = json_array();
		for (size_t i = 0; i < chosen.count; i++)
			(void)json_array_append_new(
				array, account_json(&chosen.accounts[i]));
		json_print(json_pack("{s:o}", "accounts", array), stdout);
	} else if (chosen.count == 0) {
		(void)printf("no account is enrolled yet; see: mailhaul help "
			     "add\n");
	} else {
		list_table(chosen.accounts, chosen.count);
	}
	selection_clear(&chosen);
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

/* Calls fn for each account that was meant; all are looked for first. */
static int for_each(struct cli *cli, const struct args *args, account_step *fn,
	const char *done)
{
	struct state *state = NULL;
	struct selection chosen;
	struct err err = {0};
	int worst = cli_state(cli, &state);

	if (worst != 0)
		return worst;
	worst = selection_read(state, args, 0, &chosen);
	for (size_t i = 0; i < chosen.count; i++) {
		if (fn(state, &chosen.accounts[i], &err) < 0)
			worst = cli_fail(chosen.accounts[i].name, &err);
		else if (!cli->json)
			(void)printf("%s %s\n", chosen.accounts[i].name, done);
	}
	if (cli->json && worst == 0)
		(void)printf("{\"%s\":%zu}\n", done, chosen.count);
	selection_clear(&chosen);
	state_close(&state);
	return worst;
}

int cmd_pause(struct cli *cli, const struct args *args)
{
	return for_each(cli, args, account_pause, "paused");
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
	return account_resume(state, a, err);
}

int cmd_resume(struct cli *cli, const struct args *args)
{
	if (args_value(args, "confirm-deletions") != NULL)
		return for_each(cli, args, confirm_one, "resumed");
	return for_each(cli, args, account_resume, "resumed");
}
