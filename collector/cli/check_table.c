/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_table.h"

#include "../base/dict.h"
#include "../base/mem.h"
#include "../model/budget.h"
#include "../model/quirk.h"
#include "../model/text.h"
#include "check_report.h"
#include "json.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

#define SERVER_WIDTH 32

static void limits_of(const struct settings *s, const char *host,
	enum protocol protocol, struct budget_limits *ret_limits)
{
	budget_limits_of(
		s->limits_hosts, s->limits_known, host, protocol, ret_limits);
}

/* At so many bytes a day; -1 where one of the two is not known. */
static int64_t days_for(int64_t bytes, uint64_t day_bytes)
{
	if (bytes < 0 || day_bytes == 0)
		return -1;
	return (int64_t)(((uint64_t)bytes + day_bytes - 1) / day_bytes);
}

/* ---- results */

/* What the server is: its quirks, else what it calls itself. */
static char *server_text(const struct session_info *i)
{
	char names[QUIRK_NAMES_MAX], text[SERVER_WIDTH + 1];
	const char *from = i->server_id[0] != '\0' ? i->server_id : i->greeting;

	quirk_names(i->quirks, names);
	text_printable(names[0] != '\0' ? names : from, text, sizeof text);
	return mem_strdup(text);
}

void check_result_found(struct check_result *r, const struct settings *settings,
	const struct account *account, const struct preview *preview,
	bool document)
{
	const struct session_info *i = &preview->info;
	struct check_total all = check_report_total(preview);
	struct budget_limits limits;

	(void)snprintf(r->host, sizeof r->host, "%s", account->url.host);
	r->protocol = account->url.protocol;
	r->connection = mem_printf("%s %.*s", protocol_name(r->protocol),
		i->tls[0] != '\0' ? (int)strcspn(i->tls, " ") : 6,
		i->tls[0] != '\0' ? i->tls : "no TLS");
	r->server = server_text(i);
	r->mailboxes = preview->plan.count;
	r->messages = all.messages;
	r->bytes = all.bytes;
	limits_of(settings, r->host, r->protocol, &limits);
	r->days = days_for(
		r->bytes, budget_lower(limits.account_bytes, limits.day_bytes));
	if (document) {
		r->document = check_report_json(r->name, account, preview);
		(void)json_object_set_new(r->document, "days",
			r->days < 0 ? json_null() : json_integer(r->days));
	}
}

void check_result_failed(struct check_result *r, const struct account *account,
	const struct err *err, bool document)
{
	r->err = *err;
	r->bytes = r->days = -1;
	(void)snprintf(r->host, sizeof r->host, "%s", account->url.host);
	if (document) {
		r->document = check_report_failed(r->name, account, err);
		(void)json_object_set_new(r->document, "days", json_null());
	}
}

void check_result_clear(struct check_result *r)
{
	free(r->name);
	free(r->connection);
	free(r->server);
	json_decref(r->document);
	memset(r, 0, sizeof *r);
}

/* ---- hosts that limit a day */

struct host_sum {
	const char *host;
	uint64_t accounts, bytes, day_bytes;
};

static size_t sum_hosts(const struct settings *settings,
	const struct check_result *results, size_t count,
	struct host_sum **ret_sums)
{
	struct dict *known = dict_new();
	struct host_sum *sums = mem_alloc((count + 1) * sizeof *sums);
	size_t n = 0, at;

	for (size_t i = 0; i < count; i++) {
		const struct check_result *r = &results[i];
		struct budget_limits limits;
		if (r->err.class != ERR_NONE)
			continue;
		limits_of(settings, r->host, r->protocol, &limits);
		if (limits.day_bytes == 0)
			continue;
		if (!dict_get(known, r->host, &at)) {
			at = n;
			dict_put(known, r->host, n++);
			sums[at] = (struct host_sum){
				.host = r->host, .day_bytes = limits.day_bytes};
		}
		sums[at].accounts++;
		sums[at].bytes += r->bytes > 0 ? (uint64_t)r->bytes : 0;
	}
	dict_free(&known);
	*ret_sums = sums;
	return n;
}

static void print_hosts(const struct settings *settings,
	const struct check_result *results, size_t count, FILE *out)
{
	struct host_sum *sums;
	size_t n = sum_hosts(settings, results, count, &sums);

	for (size_t i = 0; i < n; i++) {
		char bytes[32], day[32];
		int64_t days =
			days_for((int64_t)sums[i].bytes, sums[i].day_bytes);
		text_format_bytes(sums[i].bytes, bytes);
		text_format_bytes(sums[i].day_bytes, day);
		(void)fprintf(out,
			"%s: %s of %llu account%s, at most %s a day: %lld "
			"day%s\n",
			sums[i].host, bytes,
			(unsigned long long)sums[i].accounts,
			sums[i].accounts == 1 ? "" : "s", day, (long long)days,
			days == 1 ? "" : "s");
	}
	free(sums);
}

/* ---- for people */

static char *note_text(const struct check_result *r)
{
	if (r->err.class != ERR_NONE)
		return mem_printf("%s", r->err.text);
	if (r->days < 0)
		return mem_strdup("");
	return mem_printf("%lld day%s at the provider's limit",
		(long long)r->days, r->days == 1 ? "" : "s");
}

static void row_text(struct table *t, const struct check_result *r)
{
	bool good = r->err.class == ERR_NONE;
	const char *class = err_class_name(r->err.class);
	char mailboxes[32] = "-", messages[32] = "-", bytes[32] = "-";
	char *note = note_text(r);

	if (good) {
		text_format_count(r->mailboxes, mailboxes);
		text_format_count((uint64_t)r->messages, messages);
	}
	if (good && r->bytes >= 0)
		text_format_bytes((uint64_t)r->bytes, bytes);
	else if (good)
		(void)snprintf(bytes, sizeof bytes, "?");
	table_row(t, (const char *const[]){r->name,
			     good		? "ok"
			     : class[0] != '\0' ? class
						: "stopped",
			     good ? r->connection : "-", good ? r->server : "-",
			     mailboxes, messages, bytes, note});
	free(note);
}

void check_table_text(const struct settings *settings,
	const struct check_result *results, size_t count, FILE *out)
{
	static const char *const heads[] = {"ACCOUNT", "RESULT", "CONNECTION",
		"SERVER", ">MAILBOXES", ">MESSAGES", ">SIZE", "NOTE"};
	size_t bad = 0;
	struct table t;

	table_init(&t, heads, 8);
	for (size_t i = 0; i < count; i++) {
		row_text(&t, &results[i]);
		bad += results[i].err.class != ERR_NONE;
	}
	table_print(&t, out);
	table_clear(&t);
	(void)fprintf(out,
		"\n%zu of %zu can be collected; nothing was stored\n",
		count - bad, count);
	print_hosts(settings, results, count, out);
}

/* ---- JSON */

static json_t *hosts_json(const struct settings *settings,
	const struct check_result *results, size_t count)
{
	json_t *array = json_array();
	struct host_sum *sums;
	size_t n = sum_hosts(settings, results, count, &sums);

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(array,
			json_pack("{s:o, s:I, s:I, s:I, s:I}", "host",
				json_text(sums[i].host), "accounts",
				(json_int_t)sums[i].accounts, "bytes",
				(json_int_t)sums[i].bytes, "day_bytes",
				(json_int_t)sums[i].day_bytes, "days",
				(json_int_t)days_for((int64_t)sums[i].bytes,
					sums[i].day_bytes)));
	free(sums);
	return array;
}

void check_table_json(const struct settings *settings,
	struct check_result *results, size_t count, FILE *out)
{
	json_t *accounts = json_array();

	for (size_t i = 0; i < count; i++) {
		(void)json_array_append_new(accounts, results[i].document);
		results[i].document = NULL;
	}
	json_print(json_pack("{s:o, s:o}", "accounts", accounts, "hosts",
			   hosts_json(settings, results, count)),
		out);
}
