/* SPDX-License-Identifier: BSD-2-Clause */
#include "discover_report.h"

#include "../model/url.h"
#include "json.h"
#include "table.h"

#include <string.h>

static const char *const why[] = {
	[DISCOVER_TABLE] = "the table of providers",
	[DISCOVER_SRV] = "an SRV record of its domain",
	[DISCOVER_AUTOCONFIG] = "the autoconfig of its domain",
	[DISCOVER_MX] = "the mail exchanger of its domain",
	[DISCOVER_GUESS] = "a guess that answered",
};

/* What a login takes, as far as somebody has said. */
static unsigned login_of(const struct discovery *d)
{
	if (d->provider != NULL)
		return d->provider->login != 0 ? d->provider->login
					       : PROVIDER_PASSWORD;
	return (d->found.oauth ? PROVIDER_OAUTH : 0u) |
	       (d->found.password ? PROVIDER_PASSWORD : 0u);
}

static const struct {
	unsigned bit;
	const char *name;
} logins[] = {
	{PROVIDER_PASSWORD, "password"},
	{PROVIDER_APP_PASSWORD, "app-password"},
	{PROVIDER_OAUTH, "oauth"},
};

static const char doubt[] =
	"only the DNS names this host, which is not within the domain, and "
	"the DNS can be forged: make sure that it is the provider's";

static void print_found(const struct discovery *d, FILE *out)
{
	unsigned login = login_of(d);
	char url[URL_TEXT_MAX];
	const char *before = "login   ";

	url_format(&d->found.url, url);
	(void)fprintf(out, "\nfound   %s\nby      %s%s%s%s\n", url,
		why[d->rung], d->provider != NULL ? " (" : "",
		d->provider != NULL ? d->provider->name : "",
		d->provider != NULL ? ")" : "");
	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++)
		if ((login & logins[i].bit) != 0) {
			(void)fprintf(out, "%s%s", before, logins[i].name);
			before = ", or ";
		}
	if (login != 0)
		(void)fprintf(out, "\n");
	if (d->provider != NULL && d->provider->hint != NULL)
		(void)fprintf(out, "note    %s\n", d->provider->hint);
	if (d->doubtful)
		(void)fprintf(out, "doubt   %s\n", doubt);
}

void discover_report_text(const struct discovery *d, FILE *out)
{
	static const char *const heads[] = {"STEP", "ASKED", "", "ANSWER"};
	struct table t;

	table_init(&t, heads, 4);
	for (size_t i = 0; i < d->step_count; i++) {
		const struct discover_step *s = &d->steps[i];
		const char *const cells[] = {discover_rung_name(s->rung),
			s->what, s->good ? "yes" : "no", s->text};
		table_row(&t, cells);
	}
	table_print(&t, out);
	table_clear(&t);
	if (d->is_found)
		print_found(d, out);
}

static json_t *found_json(const struct discovery *d)
{
	json_t *login = json_array();
	unsigned bits = login_of(d);
	char url[URL_TEXT_MAX];

	if (!d->is_found) {
		json_decref(login);
		return json_null();
	}
	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++)
		if ((bits & logins[i].bit) != 0)
			(void)json_array_append_new(
				login, json_text(logins[i].name));
	url_format(&d->found.url, url);
	return json_pack("{s:o, s:s, s:o, s:i, s:s, s:o, s:s, s:b, s:b, s:o}",
		"url", json_text(url), "protocol",
		protocol_name(d->found.url.protocol), "host",
		json_text(d->found.url.host), "port", (int)d->found.url.port,
		"tls",
		d->found.url.tls == TLS_IMPLICIT ? "implicit" : "starttls",
		"user", json_text(d->found.url.user), "by",
		discover_rung_name(d->rung), "tried", d->tried, "doubtful",
		d->doubtful, "login", login);
}

static json_t *steps_json(const struct discovery *d)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < d->step_count; i++) {
		const struct discover_step *s = &d->steps[i];
		(void)json_array_append_new(
			steps, json_pack("{s:s, s:o, s:b, s:o}", "step",
				       discover_rung_name(s->rung), "asked",
				       json_text(s->what), "good", s->good,
				       "answer", json_text(s->text)));
	}
	return steps;
}

void discover_report_json(const struct discovery *d, FILE *out)
{
	char address[URL_USER_MAX + URL_HOST_MAX];
	json_t *error = json_null();

	(void)snprintf(address, sizeof address, "%s@%s", d->address.local,
		d->address.domain);
	if (!d->is_found)
		error = json_pack("{s:s, s:o, s:o}", "class",
			err_class_name(d->why.class), "text",
			json_text(d->why.text), "hint",
			json_text(d->why.hint[0] != '\0' ? d->why.hint : NULL));
	json_print(
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "address",
			json_text(address), "found", found_json(d), "provider",
			json_text(
				d->provider != NULL ? d->provider->name : NULL),
			"hint",
			json_text(
				d->provider != NULL ? d->provider->hint : NULL),
			"steps", steps_json(d), "error", error),
		out);
}

/* ---- for other commands */

static int tell(struct cli *cli, const char *command, const char *address,
	const struct discovery *d)
{
	char url[URL_TEXT_MAX];

	if (!d->is_found) {
		if (cli->verbosity >= 0)
			(void)fprintf(stderr,
				"mailhaul: to see what was tried: mailhaul "
				"discover %s\n",
				address);
		return cli_fail(address, &d->why);
	}
	url_format(&d->found.url, url);
	if (d->doubtful) {
		struct err err = {0};
		(void)err_set(&err, ERR_POLICY, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"the DNS names %.128s, which is not within %.128s, "
			"and the DNS can be forged",
			d->found.url.host, d->address.domain);
		(void)err_hint(&err,
			"if it is the right one, say so: mailhaul %s %.60s "
			"%.120s",
			command, strcmp(command, "add") == 0 ? address : "",
			url);
		return cli_fail(address, &err);
	}
	if (cli->verbosity >= 0)
		(void)fprintf(stderr, "mailhaul: %s: found %s by %s%s%s\n",
			address, url, why[d->rung],
			d->provider != NULL && d->provider->hint != NULL ? "; "
									 : "",
			d->provider != NULL && d->provider->hint != NULL
				? d->provider->hint
				: "");
	return EXIT_DONE;
}

int discover_url(struct cli *cli, const char *command, const char *address,
	const char *ca_file, struct url *ret_url)
{
	struct mail_address parsed;
	struct settings settings = {0};
	struct discovery d = {0};
	struct err err = {0};
	int r;

	if (mail_address_parse(address, &parsed, &err) < 0)
		return cli_usage(command,
			"%s; or give the server's URL, such as "
			"imaps://USER@HOST",
			err.text);
	settings_copy(&cli->config.settings, &settings);
	if ((ca_file[0] != '\0' && settings_set(&settings, "tls.ca_file",
					   ca_file, &err) < 0) ||
		discover(&settings, &parsed, &d, &err) < 0)
		r = cli_fail(address, &err);
	else
		r = tell(cli, command, address, &d);
	if (r == EXIT_DONE)
		*ret_url = d.found.url;
	discovery_clear(&d);
	settings_clear(&settings);
	return r;
}
