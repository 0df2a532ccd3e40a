/* SPDX-License-Identifier: BSD-2-Clause */
/* args: a command's arguments, options and words in any order. */
#ifndef MAILHAUL_CLI_ARGS_H
#define MAILHAUL_CLI_ARGS_H

#include "cli.h"

#include <stdbool.h>
#include <stddef.h>

struct args {
	const struct command *command;
	char **words; /* the array is owned, its strings are argv's */
	size_t word_count;
	const struct cli_option **options; /* given ones, in order */
	const char **values;		   /* NULL where it takes none */
	size_t option_count;
	bool help;
};

/* Parses argv[1 …] of a command; common options (--json, --help) go to cli
 * and args. 0, or an exit status after the fault was printed. */
int args_parse(struct cli *cli, const struct command *command, int argc,
	char **argv, struct args *ret_args);
void args_clear(struct args *args);
/* The last value given for an option; NULL if it was not given. For options
 * that take none: "" if given. */
const char *args_value(const struct args *args, const char *option);
/* All values of a repeatable option, one a line; NULL if not given. Caller
 * frees. */
char *args_lines(const struct args *args, const char *option);

#endif
