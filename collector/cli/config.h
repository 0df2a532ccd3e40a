/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config: settings from, lowest first: built-in defaults, the file, the
 * environment (MAILHAUL_SECTION_KEY), -o. Remembers where each value came
 * from.
 */
#ifndef MAILHAUL_CLI_CONFIG_H
#define MAILHAUL_CLI_CONFIG_H

#include "../base/err.h"
#include "../model/settings.h"

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_DEFAULT_PATH "/etc/mailhaul/mailhaul.conf"

struct config {
	struct settings settings;
	char **origins; /* one a key of settings_keys; NULL = default */
	const char *path;
	bool path_given;	/* by -c: then it has to be there */
	const char **overrides; /* "section.key=value" of -o, in order */
	size_t override_count;
};

void config_init(struct config *c);
void config_clear(struct config *c);
/* One more of -o; text is borrowed. */
void config_override(struct config *c, const char *text);
/* Reads all sources; errors name file and line, variable, or -o. */
int config_load(struct config *c, struct err *err);
/* A fresh reading of the same sources (SIGHUP): on success *ret_settings,
 * which the caller clears. */
int config_reload(
	const struct config *c, struct settings *ret_settings, struct err *err);

#endif
