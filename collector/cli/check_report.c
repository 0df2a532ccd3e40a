/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the far end says of itself first, then a row for each mailbox: those
 * of the plan in the order of work, then those that are left out. Servers'
 * words are made printable by the channel, the table and json_text.
 */
#include "check_report.h"

#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/text.h"
#include "json.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_WIDTH 60

/* Of a mailbox: -1 = not known. */
static struct check_total counts_of(
	const struct preview *s, const struct mailbox_info *m)
{
	struct check_total c = {.messages = -1, .bytes = -1};

	if (m == NULL)
		return c;
	if (m->status.uidvalidity != 0 || s->uidl != PREVIEW_UIDL_UNKNOWN ||
		m->bytes_known)
		c.messages = m->status.exists;
	if (m->bytes_known)
		c.bytes = (int64_t)m->bytes;
	return c;
}

struct check_total check_report_total(const struct preview *s)
{
	struct check_total all = {.messages = 0, .bytes = 0};

	for (size_t i = 0; i < s->plan.count; i++) {
		struct check_total c =
			counts_of(s, preview_find(s, s->plan.pairs[i].mailbox));
		all.messages += c.messages > 0 ? c.messages : 0;
		if (c.bytes < 0 || all.bytes < 0)
			all.bytes = -1;
		else
			all.bytes += c.bytes;
	}
	return all;
}

/* ---- for people */

static void line(FILE *out, const char *head, const char *text)
{
	(void)fprintf(out, "  %-13s %s\n", head, text);
}

/* Words separated by spaces, in as many lines as it takes. */
static void lines(FILE *out, const char *head, const char *text)
{
	int column = 0;

	(void)fprintf(out, "  %-13s", head);
	while (*text != '\0') {
		int n = (int)strcspn(text, " ");
		if (column != 0 && column + n > WORDS_WIDTH) {
			(void)fprintf(out, "\n  %-13s", "");
			column = 0;
		}
		(void)fprintf(out, " %.*s", n, text);
		column += n + 1;
		text += n;
		text += strspn(text, " ");
	}
	(void)fputc('\n', out);
}

static void date_text(int64_t at_s, char out[CLOCK_RFC3339_BYTES])
{
	if (at_s == 0)
		(void)snprintf(out, CLOCK_RFC3339_BYTES, "?");
	else
		(void)clock_rfc3339(at_s, out);
}

static void certificate_text(const struct certificate *c, FILE *out)
{
	char when[CLOCK_RFC3339_BYTES];

	if (c->fingerprint[0] == '\0')
		return;
	line(out, "certificate", c->subject);
	line(out, "  issued by", c->issuer);
	date_text(c->not_after_s, when);
	line(out, "  valid until", when);
	line(out, "  fingerprint", c->fingerprint);
	line(out, "  of its key", c->key_pin);
}

static void quirks_text(uint64_t set, FILE *out)
{
	bool any = false;

	for (const struct quirk_row *q = quirk_table; q->name != NULL; q++) {
		char *text;
		if ((set & (uint64_t)q->bit) == 0)
			continue;
		text = mem_printf("%s: %s", q->name, q->meaning);
		lines(out, any ? "" : "quirks", text);
		free(text);
		any = true;
	}
	if (!any)
		line(out, "quirks", "none recognised");
}

static void head_text(const char *name, const struct account *account,
	const struct preview *s, FILE *out)
{
	const struct session_info *i = &s->info;
	char url[URL_TEXT_MAX];

	url_format(&account->url, url);
	if (name != NULL)
		(void)fprintf(out, "%s: %s\n", name, url);
	else
		(void)fprintf(out, "%s\n", url);
	line(out, "TLS", i->tls[0] != '\0' ? i->tls : "none");
	certificate_text(&i->certificate, out);
	line(out, "greeting", i->greeting);
	if (i->server_id[0] != '\0')
		line(out, "server", i->server_id);
	lines(out, "capabilities", i->capabilities);
	if (account->url.protocol == PROTOCOL_POP3)
		line(out, "UIDL",
			s->uidl == PREVIEW_UIDL_YES	  ? "yes"
			: s->uidl == PREVIEW_UIDL_UNKNOWN ? "the maildrop is "
							    "empty"
							  : "no: messages are "
							    "told apart by "
							    "their content");
	else
		quirks_text(i->quirks, out);
}

static void count_text(int64_t n, char out[32])
{
	if (n < 0)
		(void)snprintf(out, 32, "?");
	else
		text_format_count((uint64_t)n, out);
}

static void bytes_text(int64_t n, char out[32])
{
	if (n < 0)
		(void)snprintf(out, 32, "?");
	else
		text_format_bytes((uint64_t)n, out);
}

static void row_text(struct table *t, const char *name, struct check_total c,
	const char *folder, const char *why)
{
	char messages[32], bytes[32];

	count_text(c.messages, messages);
	bytes_text(c.bytes, bytes);
	table_row(t, (const char *const[]){name, messages, bytes, folder, why});
}

static void table_text(const struct preview *s, FILE *out)
{
	static const char *const heads[] = {
		"MAILBOX", ">MESSAGES", ">SIZE", "FOLDER", "WHY"};
	struct table t;

	table_init(&t, heads, 5);
	for (size_t i = 0; i < s->plan.count; i++) {
		const struct plan_pair *p = &s->plan.pairs[i];
		char *why = mem_printf("%s%s", plan_why_text(p->why),
			p->numbered ? "; another mailbox has the name" : "");
		row_text(&t, p->name, counts_of(s, preview_find(s, p->mailbox)),
			p->folder, why);
		free(why);
	}
	for (size_t i = 0; i < s->plan.skip_count; i++) {
		const struct plan_skip *k = &s->plan.skips[i];
		char *why = mem_printf("left out: %s", plan_skip_text(k->why));
		row_text(&t, k->name, counts_of(s, preview_find(s, k->mailbox)),
			"-", why);
		free(why);
	}
	table_print(&t, out);
	table_clear(&t);
}

void check_report_text(const char *name, const struct account *account,
	const struct preview *preview, FILE *out)
{
	struct check_total all = check_report_total(preview);
	const char *unused = preview->plan.unused_maps;
	char messages[32], bytes[32];

	head_text(name, account, preview, out);
	(void)fputc('\n', out);
	table_text(preview, out);
	count_text(all.messages, messages);
	bytes_text(all.bytes, bytes);
	(void)fprintf(out, "\n%zu mailbox%s, %s message%s", preview->plan.count,
		preview->plan.count == 1 ? "" : "es", messages,
		all.messages == 1 ? "" : "s");
	if (all.bytes >= 0)
		(void)fprintf(out, ", %s", bytes);
	(void)fputs("; nothing was stored\n", out);
	while (*unused != '\0') {
		size_t n = strcspn(unused, "\n");
		(void)fprintf(out, "--map %.*s: no mailbox is called so\n",
			(int)n, unused);
		unused += n + (unused[n] == '\n');
	}
}

/* ---- JSON */

static json_t *count_json(int64_t n)
{
	return n < 0 ? json_null() : json_integer((json_int_t)n);
}

static json_t *words_json(const char *words)
{
	json_t *array = json_array();

	while (*words != '\0') {
		size_t n = strcspn(words, " \n");
		char *word = mem_strndup(words, n);
		if (n != 0)
			(void)json_array_append_new(array, json_text(word));
		free(word);
		words += n + (words[n] != '\0');
	}
	return array;
}

static json_t *maps_json(const char *maps)
{
	json_t *array = json_array();

	while (*maps != '\0') {
		size_t n = strcspn(maps, "\n");
		char *map = mem_strndup(maps, n);
		(void)json_array_append_new(array, json_text(map));
		free(map);
		maps += n + (maps[n] == '\n');
	}
	return array;
}

static json_t *tls_json(const struct session_info *i)
{
	const struct certificate *c = &i->certificate;
	char from[CLOCK_RFC3339_BYTES], until[CLOCK_RFC3339_BYTES];

	if (i->tls[0] == '\0')
		return json_null();
	date_text(c->not_before_s, from);
	date_text(c->not_after_s, until);
	return json_pack("{s:o, s:{s:o, s:o, s:s, s:s, s:s, s:s}}", "version",
		json_text(i->tls), "certificate", "subject",
		json_text(c->subject), "issuer", json_text(c->issuer),
		"not_before", from, "not_after", until, "fingerprint",
		c->fingerprint, "key_pin", c->key_pin);
}

static json_t *row_json(const char *name, struct check_total c, json_t *folder,
	const char *why, bool collected)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:b}", "mailbox",
		json_text(name), "messages", count_json(c.messages), "bytes",
		count_json(c.bytes), "folder", folder, "why", why, "collected",
		collected);
}

static json_t *rows_json(const struct preview *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->plan.count; i++) {
		const struct plan_pair *p = &s->plan.pairs[i];
		(void)json_array_append_new(array,
			row_json(p->name,
				counts_of(s, preview_find(s, p->mailbox)),
				json_text(p->folder), plan_why_text(p->why),
				true));
	}
	for (size_t i = 0; i < s->plan.skip_count; i++) {
		const struct plan_skip *k = &s->plan.skips[i];
		(void)json_array_append_new(array,
			row_json(k->name,
				counts_of(s, preview_find(s, k->mailbox)),
				json_null(), plan_skip_text(k->why), false));
	}
	return array;
}

static json_t *who_json(const char *name, const struct account *account)
{
	char url[URL_TEXT_MAX];

	url_format(&account->url, url);
	return json_pack("{s:o, s:o, s:s}", "account", json_text(name), "url",
		json_text(url), "protocol",
		protocol_name(account->url.protocol));
}

json_t *check_report_json(const char *name, const struct account *account,
	const struct preview *s)
{
	json_t *document = who_json(name, account);
	struct check_total all = check_report_total(s);
	char quirks[QUIRK_NAMES_MAX];

	quirk_names(s->info.quirks, quirks);
	(void)json_object_update_new(document,
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			  "s:o}",
			"tls", tls_json(&s->info), "greeting",
			json_text(s->info.greeting), "server_id",
			json_text(s->info.server_id), "capabilities",
			words_json(s->info.capabilities), "quirks",
			words_json(quirks), "uidl",
			s->uidl == PREVIEW_UIDL_UNKNOWN
				? json_null()
				: json_boolean(s->uidl == PREVIEW_UIDL_YES),
			"messages", count_json(all.messages), "bytes",
			count_json(all.bytes), "mailboxes", rows_json(s),
			"maps_unused", maps_json(s->plan.unused_maps), "error",
			json_null()));
	return document;
}

json_t *check_report_failed(
	const char *name, const struct account *account, const struct err *err)
{
	json_t *document = who_json(name, account);

	(void)json_object_set_new(document, "error",
		json_pack("{s:s, s:o, s:o}", "class",
			err_class_name(err->class), "text",
			json_text(err->text), "hint", json_text(err->hint)));
	return document;
}
