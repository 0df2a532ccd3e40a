/* SPDX-License-Identifier: BSD-2-Clause */
#include "import_row.h"

#include "../../storage/accounts.h"
#include "../model/text.h"
#include "account_options.h"
#include "commands.h"
#include "password.h"

#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX (4 * SHEET_COLUMNS_MAX)

static const struct cli_option password_option = {"password", "TEXT", ""};
static const char *const repeatable[] = {
	"folder", "exclude", "map", "quirk", NULL};
/* What takes no value, said as "no" of an account that has it. */
static const char *const opposites[][2] = {
	{"push", "no-push"},
	{"shared", "no-shared"},
	{"skip-deleted", "keep-deleted"},
	{"new-uids", "keep-uids"},
};

/* The options of a row, as args_parse would have left them. */
struct said {
	const struct cli_option *options[OPTIONS_MAX];
	const char *values[OPTIONS_MAX];
	char *words[1];
	struct args args;
};

static const struct cli_option *find_option(
	const char *command, const char *name)
{
	const struct command *c = commands;

	while (strcmp(c->name, command) != 0)
		c++;
	for (const struct cli_option *o = c->options; o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

/* A file says the server: nothing is searched for thousands of rows. */
bool import_row_knows(const char *column)
{
	if (strcmp(column, "address") == 0)
		return false;
	return strcmp(column, "name") == 0 || strcmp(column, "url") == 0 ||
	       strcmp(column, "password") == 0 ||
	       find_option("add", column) != NULL;
}

static void fault_err(
	struct sheet *s, size_t line, const char *column, const struct err *err)
{
	sheet_fault(s, line, column, "%s%s%s", err->text,
		err->hint[0] != '\0' ? "; " : "", err->hint);
}

const char *import_row_name(struct sheet *s, const struct sheet_row *row)
{
	const struct sheet_cell *cell = sheet_find(s, row, "name");
	struct err err = {0};

	if (cell == NULL) {
		sheet_fault(s, row->line, "name", "it has no name");
		return NULL;
	}
	if (account_check_name(cell->text, &err) < 0) {
		fault_err(s, cell->line, "name", &err);
		return NULL;
	}
	return cell->text;
}

static int say(struct said *said, struct sheet *s,
	const struct sheet_cell *cell, const struct cli_option *option,
	const char *value)
{
	size_t n = said->args.option_count;

	if (n == OPTIONS_MAX) {
		sheet_fault(s, cell->line, cell->column,
			"the row says more than %d things", OPTIONS_MAX);
		return -1;
	}
	said->options[n] = option;
	said->values[n] = value;
	said->args.option_count++;
	return 0;
}

static int say_flag(
	struct said *said, struct sheet *s, const struct sheet_cell *cell)
{
	bool on;

	if (text_parse_bool(cell->text, &on) < 0) {
		sheet_fault(s, cell->line, cell->column, "it takes yes or no");
		return -1;
	}
	if (on)
		return say(
			said, s, cell, find_option("add", cell->column), NULL);
	for (size_t i = 0; i < sizeof opposites / sizeof opposites[0]; i++)
		if (strcmp(cell->column, opposites[i][0]) == 0)
			return say(said, s, cell,
				find_option("set", opposites[i][1]), NULL);
	return 0;
}

/* One value a line. The cell stays as it is: a row may be read again. */
static int say_lines(struct said *said, struct sheet *s,
	struct sheet_cell *cell, const struct cli_option *option)
{
	char *p = cell->text, *end = p + strlen(p);
	int r = 0;

	/* the first time there are lines, and later there are NULs */
	for (char *c = p; c < end; c++)
		if (*c == '\r' && c[1] == '\n')
			*c = '\n';
	while (r == 0) {
		size_t n = strcspn(p, "\n");
		char *value = mem_strndup(p, n);
		if (n != 0 || end == cell->text)
			r = say(said, s, cell, option, value);
		else
			free(value);
		if (r != 0)
			free(value);
		if (p[n] == '\0')
			break;
		p += n + 1;
	}
	return r;
}

static bool is_repeatable(const char *column)
{
	for (size_t i = 0; repeatable[i] != NULL; i++)
		if (strcmp(column, repeatable[i]) == 0)
			return true;
	return false;
}

static int say_cell(
	struct said *said, struct sheet *s, struct sheet_cell *cell, bool known)
{
	const struct cli_option *option =
		strcmp(cell->column, "password") == 0
			? &password_option
			: find_option("add", cell->column);

	if (option == NULL) /* name, url */
		return 0;
	if (strcmp(option->name, "hold") == 0 && known)
		return 0;
	if (option->value == NULL)
		return say_flag(said, s, cell);
	if (is_repeatable(option->name))
		return say_lines(said, s, cell, option);
	return say(said, s, cell, option, cell->text);
}

static void said_clear(struct said *said)
{
	for (size_t i = 0; i < said->args.option_count; i++)
		if (is_repeatable(said->options[i]->name))
			free((char *)said->values[i]);
}

/* ---- the faults of options, one after the other */

/* The option that a sentence of account_apply is about, or NULL. */
static const char *blamed(const struct said *said, const char *text)
{
	if (strncmp(text, "--", 2) != 0)
		return NULL;
	text += 2;
	for (size_t i = 0; i < said->args.option_count; i++) {
		const char *name = said->options[i]->name;
		size_t n = strlen(name);
		if (strncmp(text, name, n) == 0 &&
			strchr(" :", text[n]) != NULL)
			return name;
	}
	return NULL;
}

static void forget(struct said *said, const char *option)
{
	size_t kept = 0;

	for (size_t i = 0; i < said->args.option_count; i++) {
		if (strcmp(said->options[i]->name, option) == 0) {
			if (is_repeatable(option))
				free((char *)said->values[i]);
			continue;
		}
		said->options[kept] = said->options[i];
		said->values[kept++] = said->values[i];
	}
	said->args.option_count = kept;
}

/* The cell's column is the option's, but for "no". */
static const char *column_of(const char *option)
{
	for (size_t i = 0; i < sizeof opposites / sizeof opposites[0]; i++)
		if (strcmp(option, opposites[i][1]) == 0)
			return opposites[i][0];
	return option;
}

/* What a fault has left half done is taken away: it would be told again. */
static void start_anew(struct account *a)
{
	char name[ACCOUNT_NAME_MAX];
	struct url url = a->url;
	int64_t id = a->id;

	memcpy(name, a->name, sizeof name);
	account_clear(a);
	account_defaults(a, name);
	a->id = id;
	a->url = url;
}

static int apply_all(const struct settings *settings, struct sheet *s,
	const struct sheet_row *row, struct account *a, struct said *said)
{
	int r = 0;

	for (;;) {
		struct err err = {0};
		const struct sheet_cell *cell;
		const char *option;
		if (account_apply(settings, a, &said->args, &err) == 0)
			return r;
		r = -1;
		option = blamed(said, err.text);
		cell = option != NULL ? sheet_find(s, row, column_of(option))
				      : NULL;
		fault_err(s, cell != NULL ? cell->line : row->line,
			cell != NULL ? cell->column : NULL, &err);
		if (option == NULL)
			return r;
		forget(said, option);
		start_anew(a);
	}
}

/* ---- URL and password */

/* What a URL that is broken was meant for, so that the options are not blamed
 * for it. */
static void guess_protocol(struct account *a, const char *text)
{
	a->url.protocol =
		strncmp(text, "pop3", 4) == 0 ? PROTOCOL_POP3 : PROTOCOL_IMAP;
}

static int apply_url(
	struct sheet *s, const struct sheet_row *row, struct account *a)
{
	const struct sheet_cell *cell = sheet_find(s, row, "url");
	struct err err = {0};

	if (cell == NULL && a->id != 0)
		return 0;
	if (cell == NULL) {
		sheet_fault(s, row->line, "url",
			"%s: give the server's URL, such as imaps://USER@HOST",
			a->name);
		return -1;
	}
	if (url_parse(cell->text, &a->url, &err) == 0)
		return 0;
	fault_err(s, cell->line, "url", &err);
	guess_protocol(a, cell->text);
	return -1;
}

static int take_password(struct sheet *s, const struct sheet_cell *cell,
	struct secret *ret_password)
{
	size_t n = strlen(cell->text);
	const char *why = NULL;

	if (n == 0)
		why = "the password is empty";
	else if (strpbrk(cell->text, "\r\n") != NULL)
		why = "a password is one line";
	if (why != NULL) {
		sheet_fault(s, cell->line, cell->column, "%s", why);
		return -1;
	}
	secret_set(ret_password, cell->text, n);
	return 0;
}

static int apply_password(struct sheet *s, const struct sheet_row *row,
	const struct account *a, struct secret *ret_password)
{
	const struct sheet_cell *cell = sheet_find(s, row, "password");
	const struct sheet_cell *file = sheet_find(s, row, "password-file");
	struct err err = {0};

	if (cell != NULL)
		return take_password(s, cell, ret_password);
	if (file != NULL && strcmp(file->text, "-") == 0) {
		sheet_fault(s, file->line, file->column,
			"in a file of accounts it takes the name of a file");
		return -1;
	}
	if (file != NULL &&
		password_from_file(file->text, ret_password, &err) < 0) {
		fault_err(s, file->line, file->column, &err);
		return -1;
	}
	if (file != NULL || a->id != 0 || a->token_file[0] != '\0')
		return 0;
	sheet_fault(s, row->line, "password",
		"it has none; give a password, a password-file or a "
		"token-file");
	return -1;
}

int import_row_apply(const struct settings *settings, struct sheet *s,
	const struct sheet_row *row, struct account *a,
	struct secret *ret_password)
{
	struct said *said = mem_alloc(sizeof *said);
	int r = apply_url(s, row, a);

	said->words[0] = a->name;
	said->args = (struct args){.command = commands,
		.words = said->words,
		.word_count = 1,
		.options = said->options,
		.values = said->values};
	for (size_t i = row->first; i < row->first + row->count; i++)
		if (say_cell(said, s, &s->cells[i], a->id != 0) < 0)
			r = -1;
	if (apply_all(settings, s, row, a, said) < 0)
		r = -1;
	if (apply_password(s, row, a, ret_password) < 0)
		r = -1;
	said_clear(said);
	free(said);
	return r;
}
