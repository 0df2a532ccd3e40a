/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks the words as cli.c and args.c do: options before the command (-c and
 * -o are kept, they say whose accounts to offer), the command, then its
 * options and words in any order. Where the walk ends is what is asked for.
 */
#include "complete.h"

#include "../base/mem.h"
#include "commands.h"

#include <stdlib.h>
#include <string.h>

struct line {
	char **words;
	size_t n;
	size_t at; /* the command, or n - 1 where none was typed yet */
	const struct command *command;	/* NULL: none, or no such one */
	const struct cli_option *takes; /* what the last word is a value of */
	struct config config;
};

static const struct cli_option *find_option(
	const struct cli_option *options, const char *word, size_t length)
{
	for (const struct cli_option *o = options; o != NULL && o->name != NULL;
		o++)
		if (strlen(o->name) == length &&
			strncmp(o->name, word, length) == 0)
			return o;
	return NULL;
}

static void keep_setting(struct line *line, const char *option, char *value)
{
	if (strcmp(option, "-c") == 0) {
		line->config.path = value;
		line->config.path_given = true;
	} else if (strcmp(option, "-o") == 0) {
		config_override(&line->config, value);
	}
}

/* Options before the command. */
static void walk_global(struct line *line)
{
	size_t last = line->n - 1;

	while (line->at < last && line->words[line->at][0] == '-') {
		char *word = line->words[line->at++];
		const struct cli_option *o =
			find_option(global_options, word, strlen(word));
		if (o == NULL || o->value == NULL)
			continue;
		if (line->at == last) {
			line->takes = o;
			return;
		}
		keep_setting(line, o->name, line->words[line->at++]);
	}
}

static void find_command(struct line *line)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		if (line->at < line->n - 1 &&
			strcmp(c->name, line->words[line->at]) == 0)
			line->command = c;
}

/* One word of a synopsis, without its brackets; n = 0: there is no more. */
struct synopsis_word {
	const char *text;
	size_t n;
	bool takes; /* it ends in an option, whose value is the next word */
};

static struct synopsis_word next_word(const char **synopsis)
{
	struct synopsis_word w;
	const char *last;

	*synopsis += strspn(*synopsis, " [");
	w.text = *synopsis;
	w.n = strcspn(w.text, " ]");
	*synopsis += strcspn(*synopsis, " ");
	for (last = w.text + w.n; last > w.text && last[-1] != '|'; last--)
		;
	w.takes = *last == '-' && w.text[w.n] != ']';
	return w;
}

static bool is_repeated(const struct synopsis_word *w)
{
	for (size_t i = 0; i + 2 < w->n; i++)
		if (strncmp(w->text + i, "...", 3) == 0)
			return true;
	return false;
}

char *complete_word_at(const char **synopsis, size_t place)
{
	struct synopsis_word w, found = {.n = 0};
	bool value = false;
	size_t i = 0;

	(void)next_word(synopsis); /* the command */
	for (w = next_word(synopsis); w.n != 0 && *w.text != '|';
		w = next_word(synopsis)) {
		if (!value && *w.text != '-' &&
			strncmp(w.text, "options", w.n) != 0 && i++ <= place)
			found = w;
		value = w.takes;
	}
	if (found.n == 0 || (i <= place && !is_repeated(&found)))
		return NULL;
	return mem_strndup(found.text, found.n);
}

static void offer_options(
	const struct complete_to *to, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o != NULL && o->name != NULL;
		o++) {
		char *word = mem_printf("--%s", o->name);
		complete_offer(to, word, o->meaning);
		free(word);
	}
	complete_offer(to, "--json", "print one JSON document");
	complete_offer(to, "--help", "help for this command");
}

/* An option of the command, or "--option=VALUE". */
static void complete_option(const struct line *line, struct complete_to *to)
{
	const char *equals = strchr(to->start, '=');
	const struct cli_option *options = line->command->options, *o;
	char *lead;

	if (equals == NULL) {
		offer_options(to, options);
		return;
	}
	if (strncmp(to->start, "--", 2) != 0)
		return;
	o = find_option(
		options, to->start + 2, (size_t)(equals - to->start - 2));
	if (o == NULL || o->value == NULL)
		return;
	lead = mem_strndup(to->start, (size_t)(equals - to->start) + 1);
	to->lead = lead;
	to->start = equals + 1;
	complete_value_of(to, o->value);
	free(lead);
}

/* A word of the command, which has had `place` words before. */
static void complete_word(
	const struct line *line, size_t place, const struct complete_to *to)
{
	const struct command *c = line->command;
	const char *synopsis = c->synopsis;

	if (c->max_args >= 0 && place >= (size_t)c->max_args)
		return;
	/* The name of an account that is to be: nobody can know it. */
	if (c->run == cmd_add && place == 0)
		return;
	while (*synopsis != '\0') {
		char *word = complete_word_at(&synopsis, place);
		/* names, or an option in their place: not one after the other
		 */
		char *option = word != NULL ? strstr(word, "|--") : NULL;
		if (place > 0 && option != NULL)
			*option = '\0';
		if (word != NULL)
			complete_words_of(to, word);
		free(word);
	}
}

static void complete_command(struct line *line, struct complete_to *to)
{
	size_t place = 0, last = line->n - 1;
	bool options = true;

	for (size_t i = line->at + 1; i < last; i++) {
		const char *word = line->words[i];
		const struct cli_option *o = NULL;
		if (!options || word[0] != '-' || word[1] == '\0') {
			place++;
			continue;
		}
		if (strcmp(word, "--") == 0)
			options = false;
		else if (strncmp(word, "--", 2) == 0)
			o = find_option(line->command->options, word + 2,
				strlen(word + 2));
		if (o != NULL && o->value != NULL && ++i == last)
			line->takes = o;
	}
	if (line->takes != NULL)
		complete_value_of(to, line->takes->value);
	else if (options && to->start[0] == '-')
		complete_option(line, to);
	else
		complete_word(line, place, to);
}

void complete(char **words, size_t n, FILE *out)
{
	struct line line = {.words = words, .n = n};
	struct complete_to to = {.out = out,
		.lead = "",
		.words = words,
		.n = n,
		.config = &line.config};

	if (n == 0)
		return;
	config_init(&line.config);
	to.start = words[n - 1];
	walk_global(&line);
	find_command(&line);
	if (line.takes != NULL)
		complete_value_of(&to, line.takes->value);
	else if (line.command != NULL)
		complete_command(&line, &to);
	else if (line.at == n - 1 && to.start[0] == '-')
		for (const struct cli_option *o = global_options;
			o->name != NULL; o++)
			complete_offer(&to, o->name, o->meaning);
	else if (line.at == n - 1)
		complete_commands(&to);
	config_clear(&line.config);
}
