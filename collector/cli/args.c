/* SPDX-License-Identifier: BSD-2-Clause */
#include "args.h"

#include "../base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(
	struct args *args, const struct cli_option *option, const char *value)
{
	size_t n = args->option_count++;

	args->options = mem_grow((void *)args->options, n + 1, sizeof(void *));
	args->values =
		mem_grow((void *)args->values, n + 1, sizeof *args->values);
	args->options[n] = option;
	args->values[n] = value;
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

/* The option that a word names, exactly: an abbreviation that a later version
 * would understand differently is not accepted. */
static const struct cli_option *find_option(
	const struct command *command, const char *word)
{
	size_t n = strcspn(word, "=");

	for (const struct cli_option *o = command->options;
		o != NULL && o->name != NULL; o++)
		if (strlen(o->name) == n && strncmp(o->name, word, n) == 0)
			return o;
	return NULL;
}

/* argv[*index] is an option; moves *index over its value. */
static int parse_option(
	struct cli *cli, struct args *args, int argc, char **argv, int *index)
{
	const char *word = argv[*index], *equals = strchr(word, '=');
	const char *command = args->command->name;
	const struct cli_option *o = NULL;

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		args->help = true;
		return 0;
	}
	if (strcmp(word, "--json") == 0) {
		cli->json = true;
		return 0;
	}
	if (strncmp(word, "--", 2) == 0)
		o = find_option(args->command, word + 2);
	if (o == NULL)
		return cli_usage(command, "unknown option %s", word);
	if (o->value == NULL && equals != NULL)
		return cli_usage(command, "--%s takes no value", o->name);
	if (o->value == NULL)
		add(args, o, NULL);
	else if (equals != NULL)
		add(args, o, equals + 1);
	else if (*index + 1 < argc)
		add(args, o, argv[++*index]);
	else
		return cli_usage(command, "%s needs a value", word);
	return 0;
}

int args_parse(struct cli *cli, const struct command *command, int argc,
	char **argv, struct args *ret_args)
{
	bool options = true;
	int r = 0;

	memset(ret_args, 0, sizeof *ret_args);
	ret_args->command = command;
	ret_args->words = mem_array((size_t)argc, sizeof *ret_args->words);
	for (int i = 1; r == 0 && i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0)
			options = false;
		else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
			r = parse_option(cli, ret_args, argc, argv, &i);
		else
			ret_args->words[ret_args->word_count++] = argv[i];
	}
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
	free((void *)args->words);
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
