/* SPDX-License-Identifier: BSD-2-Clause */
#include "account_options.h"

#include "../base/mem.h"
#include "../model/delete_rule.h"
#include "../model/pin.h"
#include "../model/quirk.h"
#include "../model/text.h"
#include "auth_options.h"
#include "cutover_options.h"
#include "map_options.h"
#include "pop3_options.h"
#include "uidl_options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>

#define CONNECTIONS_MAX 16 /* as the job table checks */

static int refuse(
	struct err *err, const char *option, const char *value, const char *why)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"--%s %s: %s", option, value, why);
}

int account_check_name(const char *name, struct err *err)
{
	bool good = name[0] != '\0' && name[0] != '-' && name[0] != '.' &&
		    strlen(name) < ACCOUNT_NAME_MAX;

	for (const char *p = name; good && *p != '\0'; p++)
		good = *p > 0x20 && *p < 0x7f && *p != '/' && *p != '"';
	if (good)
		return 0;
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"\"%s\" cannot be an account's name: it takes 1 to %d "
		"printable ASCII characters without space, slash and quote, "
		"and does not begin with - or .",
		name, ACCOUNT_NAME_MAX - 1);
}

static void replace(char **text, const char *value)
{
	free(*text);
	*text = mem_strdup(value);
}

void account_defaults(struct account *a, const char *name)
{
	memset(a, 0, sizeof *a);
	(void)snprintf(a->name, sizeof a->name, "%s", name);
	a->to = mem_strdup(name);
	a->delete_rule = mem_strdup("never");
	a->on_expunge = mem_strdup("keep");
	a->folders = mem_strdup("");
	a->excludes = mem_strdup("");
	a->prefix = mem_strdup("");
	a->ca_file = mem_strdup("");
	a->fingerprint = mem_strdup("");
	a->maps = mem_strdup("");
	a->quirks = mem_strdup("");
	a->uidl_from = mem_strdup("");
	a->auth = mem_strdup("");
	a->token_file = mem_strdup("");
	a->to_folder = mem_strdup("");
	a->group = mem_strdup("");
	a->hours = mem_strdup("");
	a->connections = 1;
	a->priority = 5;
	a->pop3_seen = -1;
}

static int apply_every(struct account *a, const char *value, struct err *err)
{
	if (strcmp(value, "never") == 0)
		a->every_s = -1;
	else if (strcmp(value, "default") == 0)
		a->every_s = 0;
	else if (text_parse_duration(value, &a->every_s) < 0)
		return refuse(err, "every", value,
			"it takes a time such as 15m or 1h, or never");
	return 0;
}

static int apply_order(struct account *a, const char *value, struct err *err)
{
	if (strcmp(value, "oldest") != 0 && strcmp(value, "newest") != 0)
		return refuse(err, "order", value, "it takes oldest or newest");
	a->newest_first = strcmp(value, "newest") == 0;
	return 0;
}

/* That a message is not listed by POP3 proves nothing: servers hide what was
 * read, or is old. */
static int apply_rules(
	struct account *a, const struct args *args, struct err *err)
{
	const char *delete_rule = args_value(args, "delete");
	const char *on_expunge = args_value(args, "on-expunge");
	enum delete_rule rule;
	int64_t after_s;

	if (delete_rule != NULL &&
		!delete_rule_parse(delete_rule, &rule, &after_s))
		return refuse(err, "delete", delete_rule,
			"it takes never, after-import, with-local or a time "
			"such as 14d");
	if (on_expunge != NULL && strcmp(on_expunge, "keep") != 0 &&
		strcmp(on_expunge, "trash") != 0 &&
		strcmp(on_expunge, "remove") != 0)
		return refuse(err, "on-expunge", on_expunge,
			"it takes keep, trash or remove");
	if (delete_rule != NULL)
		replace(&a->delete_rule, delete_rule);
	if (on_expunge != NULL)
		replace(&a->on_expunge, on_expunge);
	if (a->url.protocol == PROTOCOL_POP3 &&
		strcmp(a->on_expunge, "keep") != 0)
		return refuse(err, "on-expunge", a->on_expunge,
			"POP3 cannot tell what was deleted from what it does "
			"not show; the only rule is keep");
	return 0;
}

/* Texts that people see again, that are compared with folders, and that are
 * kept as lines. */
static int check_text(const char *option, const char *value, struct err *err)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)value;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(value), n;

	for (; left > 0; p += n, left -= n) {
		utf8proc_int32_t c;
		n = utf8proc_iterate(p, left, &c);
		if (n < 0)
			return refuse(err, option, value, "it is not UTF-8");
		if (c < 0x20 || c == 0x7f)
			return refuse(err, option, value,
				"it holds a control character");
	}
	return 0;
}

static int apply_to(const struct settings *settings, struct account *a,
	const char *user, struct err *err)
{
	char *path = NULL;

	if (user != NULL && check_text("to", user, err) < 0)
		return -1;
	if (user != NULL)
		replace(&a->to, user);
	if (settings_store_path(settings, a->to, &path, err) < 0)
		return err_where(err, "--to");
	free(path);
	return 0;
}

static int apply_fingerprint(
	struct account *a, const char *value, struct err *err)
{
	char text[PIN_TEXT_BYTES];
	struct pin pin;

	if (pin_parse(value, &pin, err) < 0)
		return err_where(err, "--fingerprint %s", value);
	pin_format(&pin, text);
	replace(&a->fingerprint, text);
	return 0;
}

static int apply_ca_file(struct account *a, const char *value, struct err *err)
{
	struct stat st;
	char *path;

	if (*value == '\0') {
		replace(&a->ca_file, "");
		return 0;
	}
	path = realpath(value, NULL);
	if (path == NULL || access(path, R_OK) < 0) {
		free(path);
		return refuse(err, "ca-file", value, "it cannot be read");
	}
	if (stat(path, &st) < 0 || S_ISDIR(st.st_mode)) {
		free(path);
		return refuse(err, "ca-file", value,
			"it takes a file of certificates (PEM), no directory");
	}
	free(a->ca_file);
	a->ca_file = path;
	return 0;
}

static int apply_texts(
	struct account *a, const struct args *args, struct err *err)
{
	const char *ca_file = args_value(args, "ca-file");
	const char *fingerprint = args_value(args, "fingerprint");
	const char *prefix = args_value(args, "prefix");

	if (ca_file != NULL && apply_ca_file(a, ca_file, err) < 0)
		return -1;
	if (fingerprint != NULL && apply_fingerprint(a, fingerprint, err) < 0)
		return -1;
	if (prefix != NULL && (prefix[0] == '/' || strlen(prefix) > 200))
		return refuse(err, "prefix", prefix,
			"it takes a folder such as Old/Gmail");
	if (prefix != NULL && check_text("prefix", prefix, err) < 0)
		return -1;
	if (prefix != NULL)
		replace(&a->prefix, prefix);
	return 0;
}

static int apply_globs(
	struct account *a, const struct args *args, struct err *err)
{
	char *folders = args_lines(args, "folder");
	char *excludes = args_lines(args, "exclude");
	int r = 0;

	for (size_t i = 0; i < args->option_count; i++) {
		const char *option = args->options[i]->name;
		if ((strcmp(option, "folder") == 0 ||
			    strcmp(option, "exclude") == 0) &&
			check_text(option, args->values[i], err) < 0) {
			r = -1;
			break;
		}
	}
	if (r == 0 && folders != NULL)
		replace(&a->folders, folders);
	if (r == 0 && excludes != NULL)
		replace(&a->excludes, excludes);
	free(folders);
	free(excludes);
	return r;
}

static int apply_quirks(
	struct account *a, const struct args *args, struct err *err)
{
	char *quirks = args_lines(args, "quirk");
	struct quirk_overrides parsed;
	int r = 0;

	if (quirks == NULL)
		return 0;
	if (quirk_overrides_parse(quirks, &parsed, err) < 0)
		r = err_where(err, "--quirk");
	else
		replace(&a->quirks, quirks);
	free(quirks);
	return r;
}

static int apply_connections(const struct settings *settings, struct account *a,
	const char *value, struct err *err)
{
	char *end;
	long n;

	if (value != NULL) {
		n = strtol(value, &end, 10);
		if (!isdigit((unsigned char)value[0]) || *end != '\0' ||
			n < 1 || n > CONNECTIONS_MAX)
			return refuse(err, "connections", value,
				"it takes a number from 1 to 16");
		if (n > 1 && n > settings->pool_per_host)
			return refuse(err, "connections", value,
				"pool.per_host allows fewer sessions to one "
				"host");
		a->connections = (int)n;
	}
	if (a->connections > 1 && a->url.protocol == PROTOCOL_POP3)
		return refuse(err, "connections", value != NULL ? value : "",
			"a POP3 maildrop is open in one session only");
	return 0;
}

/* Of two that say opposite things neither is what was meant. */
static int refuse_opposites(const struct args *args, struct err *err)
{
	static const char *const pairs[][2] = {
		{"push", "no-push"},
		{"shared", "no-shared"},
		{"skip-deleted", "keep-deleted"},
		{"new-uids", "keep-uids"},
		{"password", "password-file"},
		{"token-file", "password-file"},
		{"token-file", "password"},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		const char *one = args_value(args, pairs[i][0]);
		/* --token-file "" goes back to a password */
		bool said = one != NULL &&
			    (strcmp(pairs[i][0], "token-file") != 0 ||
				    one[0] != '\0');
		if (said && args_value(args, pairs[i][1]) != NULL)
			return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
				ERR_RETRY_CHANGE,
				"--%s and --%s exclude each other; give one",
				pairs[i][0], pairs[i][1]);
	}
	return 0;
}

int account_apply(const struct settings *settings, struct account *a,
	const struct args *args, struct err *err)
{
	const char *every = args_value(args, "every");
	const char *order = args_value(args, "order");

	if (refuse_opposites(args, err) < 0)
		return -1;
	if (args->word_count > 1 && url_parse(args->words[1], &a->url, err) < 0)
		return -1;
	if (apply_to(settings, a, args_value(args, "to"), err) < 0 ||
		(every != NULL && apply_every(a, every, err) < 0) ||
		(order != NULL && apply_order(a, order, err) < 0) ||
		apply_rules(a, args, err) < 0 ||
		apply_texts(a, args, err) < 0 ||
		apply_connections(settings, a, args_value(args, "connections"),
			err) < 0 ||
		apply_globs(a, args, err) < 0 ||
		map_options_apply(a, args, err) < 0 ||
		pop3_options_apply(a, args, err) < 0 ||
		apply_quirks(a, args, err) < 0 ||
		auth_options_apply(a, args, err) < 0 ||
		cutover_options_apply(a, args, err) < 0)
		return -1;
	if (args_value(args, "shared") != NULL)
		a->shared = true;
	if (args_value(args, "no-shared") != NULL)
		a->shared = false;
	if (args_value(args, "push") != NULL)
		a->push = true;
	if (args_value(args, "no-push") != NULL)
		a->push = false;
	if (a->push && a->url.protocol == PROTOCOL_POP3)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"--push: POP3 cannot wait for new mail; use --every");
	if (args_value(args, "skip-deleted") != NULL)
		a->skip_deleted = true;
	if (args_value(args, "keep-deleted") != NULL)
		a->skip_deleted = false;
	if (args_value(args, "new-uids") != NULL)
		a->new_uids = true;
	if (args_value(args, "keep-uids") != NULL)
		a->new_uids = false;
	if (args_value(args, "hold") != NULL)
		a->paused = true;
	return uidl_options_apply(a, args_value(args, "uidl-from"), err);
}
