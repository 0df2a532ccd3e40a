/* SPDX-License-Identifier: BSD-2-Clause */
/* explain: what a class of failure means; and the man page's section. */
#include "../model/explain.h"
#include "commands.h"
#include "help.h"
#include "json.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

/* What stands before each part. */
struct part {
	const char *head;
	size_t offset; /* of a text, in struct explanation */
};
static const struct part parts[] = {
	{"For the person whose mail it is", offsetof(struct explanation, user)},
	{"What has happened", offsetof(struct explanation, happened)},
	{"What is lost", offsetof(struct explanation, lost)},
	{"What mailhaul does by itself", offsetof(struct explanation, itself)},
	{"What there is to do", offsetof(struct explanation, todo)},
};

static const char *text_of(const struct explanation *e, const struct part *p)
{
	const char *text;

	memcpy(&text, (const char *)e + p->offset, sizeof text);
	return text;
}

static json_t *class_json(const struct explanation *e)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "class",
		err_class_name(e->class), "title", e->title, "user", e->user,
		"happened", e->happened, "lost", e->lost, "itself", e->itself,
		"todo", e->todo);
}

/* only NULL: all. */
static void print_json(const struct explanation *only)
{
	json_t *array = json_array();

	for (const struct explanation *e = explanations; e->class != ERR_NONE;
		e++)
		if (only == NULL || only == e)
			(void)json_array_append_new(array, class_json(e));
	json_print(json_pack("{s:o}", "classes", array), stdout);
}

static void print_one(const struct explanation *e)
{
	(void)printf("%s: %s\n", err_class_name(e->class), e->title);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		(void)printf("\n%s:\n", parts[i].head);
		help_wrap(stdout, text_of(e, &parts[i]), 2);
	}
}

static void print_list(void)
{
	static const char *const heads[] = {"CLASS", "MEANING"};
	struct table t;

	table_init(&t, heads, 2);
	for (const struct explanation *e = explanations; e->class != ERR_NONE;
		e++)
		table_row(&t, (const char *const[]){
				      err_class_name(e->class), e->title});
	table_print(&t, stdout);
	table_clear(&t);
	(void)printf("\nmore: mailhaul explain CLASS\n");
}

int cmd_explain(struct cli *cli, const struct args *args)
{
	const struct explanation *e = NULL;

	if (args->word_count == 1) {
		e = explain_class(err_class_parse(args->words[0]));
		if (e == NULL)
			return cli_usage("explain",
				"there is no class \"%s\"; mailhaul explain "
				"lists them",
				args->words[0]);
	}
	if (cli->json)
		print_json(e);
	else if (e != NULL)
		print_one(e);
	else
		print_list();
	return EXIT_DONE;
}

void help_man_failures(FILE *out)
{
	(void)fputs(".SH \"CLASSES OF FAILURE\"\n"
		    "As \\fBmailhaul explain\\fR \\fICLASS\\fR says it; the "
		    "sentence for the person whose mail it is comes "
		    "first.\n",
		out);
	for (const struct explanation *e = explanations; e->class != ERR_NONE;
		e++) {
		(void)fprintf(out, ".TP\n.B %s\n", err_class_name(e->class));
		help_roff(out, e->title);
		for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
			(void)fprintf(out, ".IP\n.I %s:\n", parts[i].head);
			help_roff(out, text_of(e, &parts[i]));
		}
	}
}
