/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "../base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "MAILHAUL_"

static size_t key_index(const char *key)
{
	size_t i = 0;

	while (settings_keys[i].key != NULL &&
		strcmp(settings_keys[i].key, key) != 0)
		i++;
	return i;
}

static size_t key_count(void)
{
	size_t n = 0;

	while (settings_keys[n].key != NULL)
		n++;
	return n;
}

void config_init(struct config *c)
{
	memset(c, 0, sizeof *c);
	settings_init(&c->settings);
	c->origins = mem_alloc((key_count() + 1) * sizeof *c->origins);
	c->path = CONFIG_DEFAULT_PATH;
}

static void clear_origins(struct config *c)
{
	for (size_t i = 0; c->origins != NULL && i < key_count(); i++)
		free(c->origins[i]);
	free((void *)c->origins);
}

void config_clear(struct config *c)
{
	clear_origins(c);
	free((void *)c->overrides);
	settings_clear(&c->settings);
	memset(c, 0, sizeof *c);
}

static int set(struct config *c, const char *key, const char *value,
	const char *origin, struct err *err)
{
	size_t i;

	if (settings_set(&c->settings, key, value, err) < 0)
		return err_where(err, "%s", origin);
	i = key_index(key);
	free(c->origins[i]);
	c->origins[i] = mem_strdup(origin);
	return 0;
}

/* ---- the file */

struct reader {
	struct config *config;
	FILE *file;
	int line;
	bool too_long;
	bool failed;
	struct err *err;
};

/* inih's line reader, counting, because its handler is not told the line. */
static char *next_line(char *line, int bytes, void *stream)
{
	struct reader *r = stream;

	if (fgets(line, bytes, r->file) == NULL)
		return NULL;
	r->line++;
	if (strchr(line, '\n') == NULL && !feof(r->file)) {
		r->too_long = true;
		return NULL;
	}
	return line;
}

static int on_pair(
	void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	char *key, *origin;

	if (r->failed)
		return 0;
	key = section[0] != '\0' ? mem_printf("%s.%s", section, name)
				 : mem_strdup(name);
	origin = mem_printf("%s:%d", r->config->path, r->line);
	if (set(r->config, key, value, origin, r->err) < 0)
		r->failed = true;
	free(key);
	free(origin);
	return r->failed ? 0 : 1;
}

static int parse_file(struct reader *r)
{
	int bad = ini_parse_stream(next_line, r, on_pair, r);

	if (r->failed)
		return -1;
	if (r->too_long)
		return err_set(r->err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, "%s:%d: the line is too long",
			r->config->path, r->line);
	if (ferror(r->file))
		return err_set_sys(r->err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, errno, "cannot read %s",
			r->config->path);
	if (bad != 0)
		return err_set(r->err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE,
			"%s:%d: neither [section] nor key = value",
			r->config->path, bad);
	return 0;
}

static int load_file(struct config *c, struct err *err)
{
	struct reader r = {.config = c, .err = err};
	int result;

	r.file = fopen(c->path, "re");
	if (r.file == NULL && errno == ENOENT && !c->path_given)
		return 0;
	if (r.file == NULL)
		return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, errno, "cannot read %s", c->path);
	result = parse_file(&r);
	(void)fclose(r.file);
	return result;
}

/* ---- the environment and -o */

static bool names_key(const char *name, size_t n, const char *key)
{
	if (strlen(key) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int c = key[i] == '.' ? '_' : toupper((unsigned char)key[i]);
		if (name[i] != c)
			return false;
	}
	return true;
}

/* The key that a variable names: NULL if none does. */
static const char *key_of_variable(const char *name, size_t n)
{
	for (size_t i = 0; settings_keys[i].key != NULL; i++)
		if (names_key(name, n, settings_keys[i].key))
			return settings_keys[i].key;
	return NULL;
}

static int load_variable(
	struct config *c, const char *variable, struct err *err)
{
	const char *equals = strchr(variable, '=');
	const size_t prefix = sizeof PREFIX - 1;
	const char *key;
	char *origin;
	int r;

	if (strncmp(variable, PREFIX, prefix) != 0 || equals == NULL)
		return 0;
	key = key_of_variable(
		variable + prefix, (size_t)(equals - variable) - prefix);
	origin = mem_printf("environment variable %.*s",
		(int)(equals - variable), variable);
	r = key != NULL ? set(c, key, equals + 1, origin, err)
			: err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
				  ERR_RETRY_CHANGE,
				  "%s: there is no such setting", origin);
	free(origin);
	return r;
}

static int load_override(struct config *c, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	char *key;
	int r;

	if (equals == NULL)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE,
			"-o %s: it has to be section.key=value", text);
	key = mem_strndup(text, (size_t)(equals - text));
	r = set(c, key, equals + 1, "-o", err);
	free(key);
	return r;
}

void config_override(struct config *c, const char *text)
{
	c->overrides = mem_grow((void *)c->overrides, c->override_count + 1,
		sizeof *c->overrides);
	c->overrides[c->override_count++] = text;
}

int config_load(struct config *c, struct err *err)
{
	if (load_file(c, err) < 0)
		return -1;
	for (char **v = environ; v != NULL && *v != NULL; v++)
		if (load_variable(c, *v, err) < 0)
			return -1;
	for (size_t i = 0; i < c->override_count; i++)
		if (load_override(c, c->overrides[i], err) < 0)
			return -1;
	return settings_check(&c->settings, err);
}

int config_reload(
	const struct config *c, struct settings *ret_settings, struct err *err)
{
	struct config fresh;
	int r;

	config_init(&fresh);
	fresh.path = c->path;
	fresh.path_given = c->path_given;
	fresh.overrides = c->overrides;
	fresh.override_count = c->override_count;
	r = config_load(&fresh, err);
	fresh.overrides = NULL; /* borrowed */
	clear_origins(&fresh);
	if (r == 0)
		*ret_settings = fresh.settings;
	else
		settings_clear(&fresh.settings);
	return r;
}
