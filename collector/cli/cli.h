/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli: the commands. One table entry a command; its texts are `help` and the
 * man page both. Exit status: 0 all done, 1 some work failed, 2 usage,
 * 3 configuration or state.
 */
#ifndef MAILHAUL_CLI_CLI_H
#define MAILHAUL_CLI_CLI_H

#include "../../storage/state.h"
#include "../base/err.h"
#include "../model/settings.h"
#include "config.h"

#include <stdbool.h>
#include <stddef.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_STATE = 3 };

struct cli {
	struct config config;
	bool json;
	int verbosity; /* -1 quiet, 0, 1 verbose, 2 wire */
};

struct cli_option {
	const char *name;    /* without dashes; NULL ends the table */
	const char *value;   /* what it takes, e.g. "FILE"; NULL = nothing */
	const char *meaning; /* one sentence */
};

struct args;
struct command {
	const char *name; /* NULL ends the table */
	const char *synopsis;
	const char *summary; /* one line, lower case, no full stop */
	const struct cli_option *options; /* may be NULL */
	const char *text;		  /* paragraphs; may be NULL */
	int min_args, max_args;		  /* -1: any number */
	int (*run)(struct cli *cli, const struct args *args);
};
extern const struct command commands[];
extern const struct cli_option global_options[];

/* The whole program behind main(): its exit status. */
int cli_main(int argc, char **argv);

/* Prints "mailhaul: WHERE: CLASS: text (hint)" as one line to standard
 * error. where may be NULL. Returns the exit status that fits the class. */
int cli_fail(const char *where, const struct err *err);
/* The same for a usage error, naming the command's help. Returns 2. */
int cli_usage(const char *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Opens state.dir; on failure prints and returns an exit status > 0. */
int cli_state(struct cli *cli, struct state **ret_state);

#endif
