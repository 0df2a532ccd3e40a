/* SPDX-License-Identifier: BSD-2-Clause */
/* help: the texts of the command and settings tables, for people and as
 * man pages, so that the two can never differ. */
#ifndef MAILHAUL_CLI_HELP_H
#define MAILHAUL_CLI_HELP_H

#include "cli.h"

#include <stdio.h>

void help_overview(FILE *out);
void help_command(const struct command *command, FILE *out);
void help_man_program(FILE *out); /* mailhaul(1) */
void help_man_config(FILE *out);  /* mailhaul.conf(5) */
/* The section on --delete; help_deletions.c. */
void help_man_deletions(FILE *out);
/* EXAMPLES; help_examples.c. */
void help_man_examples(FILE *out);
/* The section on budgets; help_budgets.c. */
void help_man_budgets(FILE *out);
/* The section on the classes of failure; cmd_explain.c. */
void help_man_failures(FILE *out);
/* Text in lines that fit a terminal, each after `indent` spaces. */
void help_wrap(FILE *out, const char *text, int indent);
/* Text for a man page, and a new line. */
void help_roff(FILE *out, const char *text);
/* The section on serve.listen; help_metrics.c. */
void help_man_metrics(FILE *out);
/* The section on manifests; help_manifest.c. */
void help_man_manifest(FILE *out);

#endif
