/* SPDX-License-Identifier: BSD-2-Clause */
/* The candidates themselves: what a word of a synopsis, or of an option's
 * value, stands for. */
#include "complete.h"

#include "../../storage/names.h"
#include "../base/mem.h"
#include "../model/auth.h"
#include "../model/quirk.h"
#include "commands.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MEANING_BYTES 68

static bool printable(const char *word)
{
	for (const unsigned char *p = (const unsigned char *)word; *p != '\0';
		p++)
		if (*p < 0x20 || *p == 0x7f)
			return false;
	return word[0] != '\0';
}

/* The first part of a sentence; what does not fit is cut between words. */
static void print_meaning(FILE *out, const char *meaning)
{
	size_t n = strcspn(meaning, ";\n");

	if (n > MEANING_BYTES) {
		n = MEANING_BYTES;
		while (n > 0 && meaning[n] != ' ')
			n--;
		(void)fprintf(out, "%.*s …", (int)n, meaning);
		return;
	}
	(void)fprintf(out, "%.*s", (int)n, meaning);
}

void complete_offer(
	const struct complete_to *to, const char *word, const char *meaning)
{
	if (strncmp(word, to->start, strlen(to->start)) != 0 ||
		!printable(word))
		return;
	(void)fprintf(to->out, "%s%s\t", to->lead, word);
	if (meaning != NULL)
		print_meaning(to->out, meaning);
	(void)fputc('\n', to->out);
}

void complete_commands(const struct complete_to *to)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		complete_offer(to, c->name, c->summary);
}

static bool on_the_line(const struct complete_to *to, const char *name)
{
	for (size_t i = 0; i + 1 < to->n; i++)
		if (strcmp(to->words[i], name) == 0)
			return true;
	return false;
}

static void offer_accounts(const struct complete_to *to)
{
	struct config config;
	struct names names = {0};
	struct err err = {0};

	config_init(&config);
	config.path = to->config->path;
	config.path_given = to->config->path_given;
	config.overrides = to->config->overrides;
	config.override_count = to->config->override_count;
	if (config_load(&config, &err) == 0 &&
		names_read(config.settings.state_dir, &names, &err) == 0)
		for (size_t i = 0; i < names.n; i++)
			if (!on_the_line(to, names.names[i]))
				complete_offer(to, names.names[i], "account");
	names_clear(&names);
	config.overrides = NULL; /* the caller's */
	config_clear(&config);
}

static void offer_quirks(const struct complete_to *to)
{
	static const char *const states[] = {"on", "off"};

	for (const struct quirk_row *q = quirk_table; q->name != NULL; q++)
		for (size_t i = 0; i < 2; i++) {
			char *word = mem_printf("%s=%s", q->name, states[i]);
			complete_offer(to, word, q->meaning);
			free(word);
		}
}

static void offer_ways(const struct complete_to *to)
{
	for (int i = 0; i < AUTH_KINDS; i++)
		complete_offer(to, auth_name((enum auth)i), NULL);
}

static void offer_classes(const struct complete_to *to)
{
	for (int i = ERR_NONE + 1; i < ERR_CANCELLED; i++)
		complete_offer(to, err_class_name((enum err_class)i), NULL);
}

/* "a|b|c", before which "key=" stands. */
static void offer_choices(const struct complete_to *to, const char *key,
	const char *choices, const char *meaning)
{
	while (*choices != '\0') {
		size_t n = strcspn(choices, "|");
		char *word = mem_printf("%s=%.*s", key, (int)n, choices);
		complete_offer(to, word, meaning);
		free(word);
		choices += n + (choices[n] == '|');
	}
}

static void offer_settings(const struct complete_to *to)
{
	const char *equals = strchr(to->start, '=');

	for (const struct settings_key *k = settings_keys; k->key != NULL;
		k++) {
		size_t n = strlen(k->key);
		char *word;
		if (equals == NULL) {
			word = mem_printf("%s=", k->key);
			complete_offer(to, word, k->meaning);
			free(word);
		} else if ((size_t)(equals - to->start) == n &&
			   strncmp(to->start, k->key, n) == 0) {
			if (k->kind == SETTINGS_CHOICE)
				offer_choices(
					to, k->key, k->choices, k->meaning);
			else if (k->kind == SETTINGS_BOOL)
				offer_choices(to, k->key, "yes|no", k->meaning);
		}
	}
}

/* One alternative, without the dots of what may be repeated. */
static void offer_one(const struct complete_to *to, const char *word)
{
	bool fixed = true;

	for (const char *p = word; *p != '\0'; p++)
		fixed = fixed && !isupper((unsigned char)*p);
	if (strcmp(word, "-") == 0)
		return; /* standard input: short enough to type */
	if (fixed)
		complete_offer(to, word, NULL);
	else if (strcmp(word, "NAME") == 0)
		offer_accounts(to);
	else if (strncmp(word, "FILE", 4) == 0)
		(void)fputs("\tfiles\n", to->out);
	else if (strncmp(word, "DIR", 3) == 0)
		(void)fputs("\tdirectories\n", to->out);
	else if (strcmp(word, "COMMAND") == 0)
		complete_commands(to);
	else if (strcmp(word, "CLASS") == 0)
		offer_classes(to);
	else if (strcmp(word, "WAY") == 0)
		offer_ways(to);
}

void complete_words_of(const struct complete_to *to, const char *synopsis)
{
	while (*synopsis != '\0') {
		size_t n = strcspn(synopsis, "|");
		char *word = mem_strndup(synopsis, n);
		char *dots = strstr(word, "...");
		if (dots != NULL)
			*dots = '\0';
		offer_one(to, word);
		free(word);
		synopsis += n + (synopsis[n] == '|');
	}
}

void complete_value_of(const struct complete_to *to, const char *value)
{
	if (strcmp(value, "NAME=on|off") == 0)
		offer_quirks(to);
	else if (strcmp(value, "section.key=value") == 0)
		offer_settings(to);
	else if (strcmp(value, "NAME") != 0)
		complete_words_of(to, value);
}
