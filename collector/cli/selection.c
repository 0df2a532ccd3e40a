/* SPDX-License-Identifier: BSD-2-Clause */
#include "selection.h"

#include "../base/clock.h"
#include "../base/mem.h"

#include <stdlib.h>
#include <string.h>

static bool is_in(const struct selection *s, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(s->accounts[i].name, name) == 0)
			return true;
	return false;
}

/* Takes a. */
static void add(struct selection *s, struct account *a)
{
	s->accounts = mem_grow(s->accounts, s->count + 1, sizeof *s->accounts);
	s->accounts[s->count++] = *a;
}

static int add_named(struct state *state, const struct args *args,
	unsigned rules, const char *name, struct selection *s)
{
	struct account a = {0};
	struct err err = {0};
	int r;

	if (is_in(s, s->count, name))
		return 0;
	r = accounts_find(state, name, &a, &err);
	if (r < 0)
		return cli_fail(name, &err);
	if (r == 0)
		return cli_usage(args->command->name,
			"there is no account \"%s\"; nothing was done", name);
	if (a.paused && a.finish != FINISH_UNTIL &&
		(rules & SELECTION_AWAKE) != 0) {
		bool finished = a.finish == FINISH_DONE;
		account_clear(&a);
		return cli_usage(args->command->name,
			"%s is %s; first: mailhaul resume %s", name,
			finished ? "finished" : "paused", name);
	}
	if ((rules & SELECTION_AWAKE) != 0 &&
		account_is_over(&a, clock_wall_s())) {
		account_clear(&a);
		return cli_usage(args->command->name,
			"%s is not collected any more: its date has passed; "
			"first: mailhaul set %s --until none",
			name, name);
	}
	add(s, &a);
	return 0;
}

/* Takes all of them, or clears them. named: how many the words have added. */
static void add_found(struct selection *s, unsigned rules,
	struct account *found, size_t count)
{
	size_t named = s->count;
	int64_t now_s = clock_wall_s();

	for (size_t i = 0; i < count; i++)
		if (((rules & SELECTION_AWAKE) != 0 &&
			    (found[i].paused ||
				    account_is_over(&found[i], now_s))) ||
			is_in(s, named, found[i].name))
			account_clear(&found[i]);
		else
			add(s, &found[i]);
	free(found);
}

static int add_group(struct state *state, const struct args *args,
	unsigned rules, const char *group, struct selection *s)
{
	struct account *found = NULL;
	struct err err = {0};
	size_t count = 0, before = s->count;

	/* the empty one is that of all who are in none */
	if (group[0] != '\0' &&
		accounts_in_group(state, group, &found, &count, &err) < 0)
		return cli_fail(NULL, &err);
	add_found(s, rules, found, count);
	if (count == 0)
		return cli_usage(args->command->name,
			"there is no group \"%s\": no account has it; nothing "
			"was done",
			group);
	if (s->count == 0 && before == 0)
		return cli_usage(args->command->name,
			"all accounts of the group %s are paused; first: "
			"mailhaul resume --group %s",
			group, group);
	return 0;
}

static int add_all(struct state *state, unsigned rules, struct selection *s)
{
	struct account *found = NULL;
	struct err err = {0};
	size_t count = 0;

	if (accounts_all(state, &found, &count, &err) < 0)
		return cli_fail(NULL, &err);
	add_found(s, rules, found, count);
	return 0;
}

int selection_read(struct state *state, const struct args *args, unsigned rules,
	struct selection *ret_selection)
{
	const char *group = args_value(args, "group");
	struct selection s = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < args->word_count; i++)
		r = add_named(state, args, rules, args->words[i], &s);
	if (r == 0 && group != NULL)
		r = add_group(state, args, rules, group, &s);
	else if (r == 0 && args->word_count == 0 &&
		 (rules & SELECTION_ALL) != 0)
		r = add_all(state, rules, &s);
	else if (r == 0 && args->word_count == 0)
		r = cli_usage(args->command->name, "it takes: %s",
			args->command->synopsis);
	if (r != 0)
		selection_clear(&s);
	*ret_selection = s;
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct account *)a)->name,
		((const struct account *)b)->name);
}

void selection_sort(struct selection *s)
{
	if (s->count > 1)
		qsort(s->accounts, s->count, sizeof *s->accounts, by_name);
}

void selection_clear(struct selection *s)
{
	for (size_t i = 0; i < s->count; i++)
		account_clear(&s->accounts[i]);
	free(s->accounts);
	*s = (struct selection){0};
}
