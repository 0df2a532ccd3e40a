/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complete: what may follow the words that somebody has typed so far, out of
 * the tables that --help prints. The scripts in deploy/completion ask for it
 * through `mailhaul completion words`; they know no command themselves.
 */
#ifndef MAILHAUL_CLI_COMPLETE_H
#define MAILHAUL_CLI_COMPLETE_H

#include "config.h"

#include <stddef.h>
#include <stdio.h>

/*
 * words: what stands behind "mailhaul" up to the cursor, unquoted; the last
 * one (which may be "") is to be completed. Prints a line a candidate, WORD
 * TAB MEANING; a candidate that ends in = goes on. The line TAB "files" asks
 * for names of files, TAB "directories" for these. Accounts are those of the
 * state.dir that -c and -o among the words name. Never fails: where there is
 * nothing to say nothing is printed.
 */
void complete(char **words, size_t n, FILE *out);

/* Where candidates go; complete_values.c. */
struct complete_to {
	FILE *out;
	const char *lead;  /* stands before each, as "--quirk=" */
	const char *start; /* each begins with this */
	char **words;	   /* all of the line, for what is there */
	size_t n;
	const struct config *config; /* whose accounts */
};
/* One candidate, if it begins as it has to. meaning may be NULL. */
void complete_offer(
	const struct complete_to *to, const char *word, const char *meaning);
/* All that fit the word of a synopsis, or what an option takes: fixed words,
 * NAME of an account, FILE, COMMAND, separated by |; others: none. */
void complete_words_of(const struct complete_to *to, const char *synopsis);
/* The same for what an option takes: a NAME is no account's there. */
void complete_value_of(const struct complete_to *to, const char *value);
/* The word of "COMMAND WORD …" that stands for the one at this place, from 0,
 * without brackets; options and their values are none. Moves over all of it,
 * or to the next form, behind " | ". NULL where none may stand there. Caller
 * frees. */
char *complete_word_at(const char **synopsis, size_t place);
void complete_commands(const struct complete_to *to);

/* The scripts, by the name of their shell; made from deploy/completion. */
struct completion_script {
	const char *shell; /* NULL ends the table */
	const char *text;
};
extern const struct completion_script completion_scripts[];

#endif
