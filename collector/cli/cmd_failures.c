/* SPDX-License-Identifier: BSD-2-Clause */
/* failures and retry: what could not be had, and to try it again. */
#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/message.h"
#include "account_steps.h"
#include "commands.h"
#include "json.h"
#include "see.h"
#include "selection.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of one account. */
struct failed {
	char *account;
	struct job_failure *list;
	size_t count;
};

static json_t *time_json(int64_t wall_s)
{
	char text[CLOCK_RFC3339_BYTES];

	return wall_s != 0 ? json_string(clock_rfc3339(wall_s, text))
			   : json_null();
}

/* An array of its lines; null where it is not known. */
static json_t *dialogue_json(const char *dialogue)
{
	json_t *lines = json_array();

	if (*dialogue == '\0') {
		json_decref(lines);
		return json_null();
	}
	while (*dialogue != '\0') {
		const char *end = strchrnul(dialogue, '\n');
		char *line = mem_strndup(dialogue, (size_t)(end - dialogue));
		(void)json_array_append_new(lines, json_text(line));
		free(line);
		dialogue = *end == '\n' ? end + 1 : end;
	}
	return lines;
}

static json_t *failure_json(const char *account, const struct job_failure *f)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:I, s:o, s:o}",
		"account", account, "mailbox", json_text(f->mailbox), "uid",
		f->uid != 0 ? json_integer(f->uid) : json_null(), "uidl",
		f->uidl[0] != '\0' ? json_text(f->uidl) : json_null(), "class",
		err_class_name(f->class), "text", json_text(f->text),
		"first_at", time_json(f->first_at), "tries",
		(json_int_t)f->tries, "next_try_at", time_json(f->next_try_at),
		"dialogue", dialogue_json(f->dialogue));
}

static void print_json(const struct failed *failed, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < failed[i].count; j++)
			(void)json_array_append_new(
				array, failure_json(failed[i].account,
					       &failed[i].list[j]));
	json_print(json_pack("{s:o}", "failures", array), stdout);
}

static void name_message(const struct job_failure *f, char *out, size_t bytes)
{
	(void)snprintf(out, bytes, "all");
	if (f->uid != 0)
		(void)snprintf(out, bytes, "UID %" PRIu32, f->uid);
	else if (f->uidl[0] != '\0')
		(void)snprintf(out, bytes, "UIDL %s", f->uidl);
}

/* Below the table: how the server answered last. */
static void print_dialogue(const char *account, const struct job_failure *f)
{
	char message[MESSAGE_UIDL_MAX + 16];
	const char *at = f->dialogue, *end;

	if (*at == '\0')
		return;
	name_message(f, message, sizeof message);
	(void)printf("\n%s, %s, %s:\n", account, f->mailbox, message);
	while (*at != '\0') {
		end = strchrnul(at, '\n');
		(void)printf("    %.*s\n", (int)(end - at), at);
		at = *end == '\n' ? end + 1 : end;
	}
}

static void print_row(
	struct table *t, const char *account, const struct job_failure *f)
{
	char message[MESSAGE_UIDL_MAX + 16], tries[24];
	char next[CLOCK_RFC3339_BYTES] = "next run";

	name_message(f, message, sizeof message);
	(void)snprintf(tries, sizeof tries, "%" PRId64, f->tries);
	if (f->next_try_at != 0)
		(void)clock_rfc3339(f->next_try_at, next);
	table_row(t, (const char *const[]){account, f->mailbox, message,
			     err_class_name(f->class), tries, next, f->text});
}

static void print_table(const struct failed *failed, size_t count)
{
	static const char *const heads[] = {"ACCOUNT", "MAILBOX", "MESSAGE",
		"CLASS", "TRIES", "NEXT TRY", "REASON"};
	struct see see = {.count = 0};
	struct table t;
	size_t n = 0;

	table_init(&t, heads, 7);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < failed[i].count; j++, n++) {
			print_row(&t, failed[i].account, &failed[i].list[j]);
			see_note(&see, failed[i].list[j].class);
		}
	if (n != 0)
		table_print(&t, stdout);
	else
		(void)printf("nothing is missing\n");
	table_clear(&t);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < failed[i].count; j++)
			print_dialogue(failed[i].account, &failed[i].list[j]);
	see_print(&see, stdout);
}

/* By name. 0, or an exit status. */
static int each_account(struct state *state, const struct args *args,
	unsigned rules,
	int (*fn)(struct state *state, const struct account *a, void *arg,
		struct err *err),
	void *arg)
{
	struct selection chosen;
	struct err err = {0};
	int r = selection_read(state, args, rules, &chosen);

	selection_sort(&chosen);
	for (size_t i = 0; r == 0 && i < chosen.count; i++)
		if (fn(state, &chosen.accounts[i], arg, &err) < 0)
			r = cli_fail(chosen.accounts[i].name, &err);
	selection_clear(&chosen);
	return r;
}

struct reading {
	struct failed *list;
	size_t count;
};

static int read_one(struct state *state, const struct account *a, void *arg,
	struct err *err)
{
	struct reading *r = arg;
	struct failed *f;

	r->list = mem_grow(r->list, r->count + 1, sizeof *r->list);
	f = &r->list[r->count];
	*f = (struct failed){.account = NULL};
	if (jobs_failures(state, a->id, &f->list, &f->count, err) < 0)
		return -1;
	f->account = mem_strdup(a->name);
	r->count++;
	return 0;
}

int cmd_failures(struct cli *cli, const struct args *args)
{
	struct reading reading = {0};
	struct state *state = NULL;
	int r = cli_state(cli, &state);

	if (r != 0)
		return r;
	r = each_account(state, args, SELECTION_ALL, read_one, &reading);
	state_close(&state);
	if (r == 0 && cli->json)
		print_json(reading.list, reading.count);
	else if (r == 0)
		print_table(reading.list, reading.count);
	for (size_t i = 0; i < reading.count; i++) {
		free(reading.list[i].account);
		jobs_failures_free(reading.list[i].list, reading.list[i].count);
	}
	free(reading.list);
	return r;
}

static int retry_one(struct state *state, const struct account *a, void *arg,
	struct err *err)
{
	size_t *n = arg;

	++*n;
	return account_retry(state, a, err);
}

int cmd_retry(struct cli *cli, const struct args *args)
{
	struct state *state = NULL;
	size_t n = 0;
	int r = cli_state(cli, &state);

	if (r != 0)
		return r;
	/* of a group those that can be; whoever is named is told */
	r = each_account(state, args,
		args_value(args, "group") != NULL ? SELECTION_AWAKE : 0,
		retry_one, &n);
	state_close(&state);
	if (r == 0 && cli->json)
		(void)printf("{\"due\":%zu}\n", n);
	else if (r == 0)
		(void)printf("%zu account%s due now, with what is "
			     "quarantined\n",
			n, n == 1 ? "" : "s");
	return r;
}
