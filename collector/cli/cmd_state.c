/* SPDX-License-Identifier: BSD-2-Clause */
/* init, config, version, help: what needs no account. */
#include "../../storage/state.h"
#include "../base/mem.h"
#include "commands.h"
#include "help.h"
#include "json.h"
#include "table.h"

#include <libetpan/libetpan_version.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <uv.h>

int cmd_init(struct cli *cli, const struct args *args)
{
	const char *dir = cli->config.settings.state_dir;
	struct err err = {0};
	bool created = false;

	(void)args;
	if (state_init(dir, &created, &err) < 0)
		return cli_fail(NULL, &err);
	if (cli->json)
		(void)printf("{\"created\":%s}\n", created ? "true" : "false");
	else
		(void)printf(created ? "%s: database and key created\n"
				     : "%s: was there already; nothing "
				       "changed\n",
			dir);
	return EXIT_DONE;
}

static void config_json(const struct config *c)
{
	json_t *array = json_array();

	for (size_t i = 0; settings_keys[i].key != NULL; i++) {
		const struct settings_key *k = &settings_keys[i];
		char *value = settings_get(&c->settings, k);
		(void)json_array_append_new(array,
			json_pack("{s:s, s:o, s:s, s:o}", "key", k->key,
				"value", json_text(value), "default",
				k->default_value, "origin",
				json_text(c->origins[i] != NULL ? c->origins[i]
								: "default")));
		free(value);
	}
	json_print(json_pack("{s:o}", "settings", array), stdout);
}

int cmd_config(struct cli *cli, const struct args *args)
{
	static const char *const heads[] = {"KEY", "VALUE", "DEFAULT", "FROM"};
	const struct config *c = &cli->config;
	struct table t;

	(void)args;
	if (cli->json) {
		config_json(c);
		return EXIT_DONE;
	}
	table_init(&t, heads, 4);
	for (size_t i = 0; settings_keys[i].key != NULL; i++) {
		const struct settings_key *k = &settings_keys[i];
		char *value = settings_get(&c->settings, k);
		table_row(&t,
			(const char *const[]){k->key, value, k->default_value,
				c->origins[i] != NULL ? c->origins[i]
						      : "default"});
		free(value);
	}
	table_print(&t, stdout);
	table_clear(&t);
	return EXIT_DONE;
}

/* What a report of a fault has to name: the libraries as they are loaded. */
int cmd_version(struct cli *cli, const struct args *args)
{
	char etpan[32];
	const struct {
		const char *name, *version;
	} libraries[] = {
		{"libetpan", etpan},
		{"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
		{"sqlite", sqlite3_libversion()},
		{"libuv", uv_version_string()},
		{"utf8proc", utf8proc_version()},
		{"libmicrohttpd", MHD_get_version()},
	};
	json_t *loaded = json_object();

	(void)args;
	(void)snprintf(etpan, sizeof etpan, "%d.%d",
		libetpan_get_version_major(), libetpan_get_version_minor());
	if (!cli->json)
		(void)printf("mailhaul %s\n", MAILHAUL_VERSION);
	for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
		(void)json_object_set_new(loaded, libraries[i].name,
			json_text(libraries[i].version));
		if (!cli->json)
			(void)printf("%s %s\n", libraries[i].name,
				libraries[i].version);
	}
	if (cli->json)
		json_print(json_pack("{s:s, s:O}", "version", MAILHAUL_VERSION,
				   "libraries", loaded),
			stdout);
	json_decref(loaded);
	return EXIT_DONE;
}

int cmd_help(struct cli *cli, const struct args *args)
{
	const char *man = args_value(args, "man");

	(void)cli;
	if (man != NULL && strcmp(man, "mailhaul.1") == 0)
		help_man_program(stdout);
	else if (man != NULL && strcmp(man, "mailhaul.conf.5") == 0)
		help_man_config(stdout);
	else if (man != NULL)
		return cli_usage("help", "there is no page \"%s\"", man);
	else if (args->word_count == 0)
		help_overview(stdout);
	else
		for (const struct command *c = commands;; c++) {
			if (c->name == NULL)
				return cli_usage("help",
					"there is no command \"%s\"",
					args->words[0]);
			if (strcmp(c->name, args->words[0]) == 0) {
				help_command(c, stdout);
				break;
			}
		}
	return EXIT_DONE;
}
