/* SPDX-License-Identifier: BSD-2-Clause */
/* completion: what the shells complete with. */
#include "commands.h"
#include "complete.h"

#include <stdio.h>
#include <string.h>

int cmd_completion(struct cli *cli, const struct args *args)
{
	const char *shell = args->words[0];

	(void)cli;
	if (strcmp(shell, "words") == 0) {
		complete(args->words + 1, args->word_count - 1, stdout);
		return EXIT_DONE;
	}
	if (args->word_count > 1)
		return cli_usage("completion", "\"%s\" is one word too many",
			args->words[1]);
	for (const struct completion_script *s = completion_scripts;
		s->shell != NULL; s++)
		if (strcmp(s->shell, shell) == 0) {
			(void)fputs(s->text, stdout);
			return EXIT_DONE;
		}
	return cli_usage("completion",
		"there is no script for the shell \"%s\"; it takes bash, zsh "
		"or fish",
		shell);
}
