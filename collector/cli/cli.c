/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include "../base/log.h"
#include "../base/mem.h"
#include "../model/text.h"
#include "args.h"
#include "help.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A message of one line, whatever is in it. */
#define LINE_BYTES 4096

const struct cli_option global_options[] = {
	{"-c", "FILE", "read this file instead of " CONFIG_DEFAULT_PATH},
	{"-o", "section.key=value", "override one setting; repeatable"},
	{"--json", NULL, "print one JSON document instead of a table"},
	{"-v", NULL, "log more; twice: the conversation, secrets replaced"},
	{"-q", NULL, "log errors only, show no progress"},
	{"--help", NULL, "help, also for one command"},
	{"--version", NULL, "the version"},
	{NULL, NULL, NULL},
};

int cli_fail(const char *where, const struct err *err)
{
	const char *class = err_class_name(err->class);
	char text[LINE_BYTES], line[LINE_BYTES];

	(void)snprintf(text, sizeof text, "mailhaul: %s%s%s%s%s%s%s%s",
		where != NULL ? where : "", where != NULL ? ": " : "", class,
		class[0] != '\0' ? ": " : "", err->text,
		err->hint[0] != '\0' ? " (" : "", err->hint,
		err->hint[0] != '\0' ? ")" : "");
	text_printable(text, line, sizeof line);
	(void)fprintf(stderr, "%s\n", line);
	return err->class == ERR_CONFIG ? EXIT_STATE : EXIT_FAILED;
}

int cli_usage(const char *command, const char *fmt, ...)
{
	char text[LINE_BYTES], line[LINE_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	text_printable(text, line, sizeof line);
	(void)fprintf(stderr, "mailhaul%s%s: %s", command != NULL ? " " : "",
		command != NULL ? command : "", line);
	(void)fprintf(stderr, " (see: mailhaul help%s%s)\n",
		command != NULL ? " " : "", command != NULL ? command : "");
	return EXIT_USAGE;
}

int cli_state(struct cli *cli, struct state **ret_state)
{
	struct err err = {0};

	if (state_open(cli->config.settings.state_dir, ret_state, &err) < 0)
		return cli_fail(NULL, &err);
	return 0;
}

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static void setup_log(const struct cli *cli)
{
	static const char *const names[] = {
		"error", "warn", "info", "debug", "wire"};
	const struct settings *s = &cli->config.settings;
	enum log_level level = LOG_LEVEL_INFO;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(s->log_level, names[i]) == 0)
			level = (enum log_level)i;
	if (cli->verbosity < 0)
		level = LOG_LEVEL_ERROR;
	else if (cli->verbosity == 1 && level < LOG_LEVEL_DEBUG)
		level = LOG_LEVEL_DEBUG;
	else if (cli->verbosity > 1)
		level = LOG_LEVEL_WIRE;
	log_setup(level,
		strcmp(s->log_format, "json") == 0 ? LOG_FORMAT_JSON
						   : LOG_FORMAT_TEXT,
		STDERR_FILENO);
}

static int run_command(
	struct cli *cli, const struct command *command, int argc, char **argv)
{
	struct args args;
	struct err err = {0};
	int r = args_parse(cli, command, argc, argv, &args);

	if (r != 0)
		return r;
	if (args.help) {
		help_command(command, stdout);
	} else if (config_load(&cli->config, &err) < 0) {
		r = cli_fail(NULL, &err);
	} else {
		setup_log(cli);
		r = command->run(cli, &args);
	}
	args_clear(&args);
	if (fflush(stdout) != 0 && r == 0) {
		perror("mailhaul: standard output");
		r = EXIT_FAILED;
	}
	return r;
}

/* One option that takes no value. Returns an exit status, or -1 to go on. */
static int global_flag(struct cli *cli, const char *word)
{
	if (strcmp(word, "--json") == 0) {
		cli->json = true;
	} else if (strcmp(word, "-v") == 0) {
		cli->verbosity++;
	} else if (strcmp(word, "-vv") == 0) {
		cli->verbosity += 2;
	} else if (strcmp(word, "-q") == 0) {
		cli->verbosity = -1;
	} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		help_overview(stdout);
		return EXIT_DONE;
	} else if (strcmp(word, "--version") == 0) {
		(void)printf("mailhaul %s\n", MAILHAUL_VERSION);
		return EXIT_DONE;
	} else {
		return cli_usage(NULL, "unknown option %s", word);
	}
	return -1;
}

/* Options before the command. Returns an exit status, or -1 to go on, and
 * moves *index to the command's word. */
static int parse_global(struct cli *cli, int argc, char **argv, int *index)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool file = strcmp(word, "-c") == 0;
		int r;
		if (word[0] != '-') {
			*index = i;
			return -1;
		}
		if (!file && strcmp(word, "-o") != 0) {
			r = global_flag(cli, word);
			if (r >= 0)
				return r;
			continue;
		}
		if (++i == argc)
			return cli_usage(NULL, "%s needs a value", word);
		if (file) {
			cli->config.path = argv[i];
			cli->config.path_given = true;
		} else {
			config_override(&cli->config, argv[i]);
		}
	}
	help_overview(stderr);
	return EXIT_USAGE;
}

int cli_main(int argc, char **argv)
{
	struct cli cli = {0};
	const struct command *command;
	int first = 0, r;

	(void)signal(SIGPIPE, SIG_IGN);
	config_init(&cli.config);
	r = parse_global(&cli, argc, argv, &first);
	if (r < 0) {
		command = find_command(argv[first]);
		r = command != NULL
			    ? run_command(
				      &cli, command, argc - first, argv + first)
			    : cli_usage(NULL, "there is no command \"%s\"",
				      argv[first]);
	}
	config_clear(&cli.config);
	return r;
}
