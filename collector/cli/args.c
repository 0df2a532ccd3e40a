/* SPDX-License-Identifier: BSD-2-Clause */
#include "args.h"

#include "../base/mem.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_HELP = 1000, OPTION_JSON };

static size_t count_options(const struct command *command)
{
	size_t n = 0;

	while (command->options != NULL && command->options[n].name != NULL)
		n++;
	return n;
}

/* getopt's table from ours; caller frees. */
static struct option *long_options(const struct command *command)
{
	size_t n = count_options(command);
	struct option *table = mem_alloc((n + 3) * sizeof *table);

	for (size_t i = 0; i < n; i++) {
		table[i].name = command->options[i].name;
		table[i].has_arg = command->options[i].value != NULL
					   ? required_argument
					   : no_argument;
		table[i].val = (int)i;
	}
	table[n].name = "help";
	table[n].val = OPTION_HELP;
	table[n + 1].name = "json";
	table[n + 1].val = OPTION_JSON;
	return table;
}

static void add(
	struct args *args, const struct cli_option *option, const char *value)
{
	size_t n = args->option_count++;

	args->options =
		mem_grow((void *)args->options, n + 1, sizeof *args->options);
	args->values =
		mem_grow((void *)args->values, n + 1, sizeof *args->values);
	args->options[n] = option;
	args->values[n] = value;
}

static int bad_option(const struct command *command, char **argv, int which)
{
	const char *word = argv[optind - 1];

	if (which == ':')
		return cli_usage(command->name, "%s needs a value", word);
	return cli_usage(command->name, "unknown option %s", word);
}

static int check_words(const struct args *args)
{
	const struct command *command = args->command;
	int n = (int)args->word_count;

	if (args->help)
		return 0;
	if (n < command->min_args)
		return cli_usage(
			command->name, "it takes: %s", command->synopsis);
	if (command->max_args >= 0 && n > command->max_args)
		return cli_usage(command->name, "\"%s\" is one word too many",
			args->words[command->max_args]);
	return 0;
}

int args_parse(struct cli *cli, const struct command *command, int argc,
	char **argv, struct args *ret_args)
{
	struct option *table = long_options(command);
	int which, r = 0;

	memset(ret_args, 0, sizeof *ret_args);
	ret_args->command = command;
	optind = 0;
	opterr = 0;
	while (r == 0 &&
		(which = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
		if (which == OPTION_HELP || which == 'h')
			ret_args->help = true;
		else if (which == OPTION_JSON)
			cli->json = true;
		else if (which == '?' || which == ':')
			r = bad_option(command, argv, which);
		else
			add(ret_args, &command->options[which], optarg);
	}
	free(table);
	ret_args->words = argv + optind;
	ret_args->word_count = (size_t)(argc - optind);
	if (r == 0)
		r = check_words(ret_args);
	if (r != 0)
		args_clear(ret_args);
	return r;
}

void args_clear(struct args *args)
{
	free((void *)args->options);
	free((void *)args->values);
	memset(args, 0, sizeof *args);
}

const char *args_value(const struct args *args, const char *option)
{
	for (size_t i = args->option_count; i-- > 0;)
		if (strcmp(args->options[i]->name, option) == 0)
			return args->values[i] != NULL ? args->values[i] : "";
	return NULL;
}

char *args_lines(const struct args *args, const char *option)
{
	char *lines = NULL;

	for (size_t i = 0; i < args->option_count; i++) {
		char *longer;
		if (strcmp(args->options[i]->name, option) != 0)
			continue;
		longer = mem_printf("%s%s%s", lines != NULL ? lines : "",
			lines != NULL ? "\n" : "", args->values[i]);
		free(lines);
		lines = longer;
	}
	return lines;
}
