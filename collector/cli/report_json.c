/* SPDX-License-Identifier: BSD-2-Clause */
/* A report as one JSON document; the names stand in the command's help. */
#include "../base/clock.h"
#include "json.h"
#include "report.h"

#include <string.h>

#define SENTENCES 2048

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *time_json(int64_t wall_s)
{
	char text[CLOCK_RFC3339_BYTES];

	return wall_s != 0 ? json_string(clock_rfc3339(wall_s, text))
			   : json_null();
}

static const char *accounted_name(enum report_accounted accounted)
{
	switch (accounted) {
	case REPORT_ACCOUNTED:
		return "yes";
	case REPORT_SHORT:
		return "no";
	case REPORT_UNPROVED:
		return "not-proved";
	case REPORT_UNLISTED:
		return "not-listed-yet";
	case REPORT_LEFT:
		return "no-longer-listed";
	}
	return "";
}

static json_t *mailboxes_json(const struct report_account *a)
{
	json_t *array = json_array();

	for (size_t i = 0; i < a->mailbox_count; i++) {
		const struct report_mailbox *m = &a->mailboxes[i];
		(void)json_array_append_new(array,
			json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
				  "s:o, s:o, s:s, s:o, s:s, s:o}",
				"mailbox", json_text(m->mailbox), "folder",
				json_text(m->folder), "listed",
				number(m->listed), "collected",
				number(m->collected), "bytes", number(m->bytes),
				"former", number(m->former), "quarantined",
				number(m->quarantined), "left_out",
				number(m->left_out), "gone_at_source",
				number(m->gone), "let_go", number(m->let_go),
				"accounted", accounted_name(m->accounted),
				"off", number(m->off), "sha256", m->digest,
				"notice",
				m->notice[0] != '\0' ? json_text(m->notice)
						     : json_null()));
	}
	return array;
}

/* Of what is not collected the bytes are not known. */
static json_t *counts_json(
	const struct report_counts *c, const char *key, bool bytes)
{
	json_t *array = json_array();

	for (size_t i = 0; i < c->count; i++) {
		json_t *row = json_pack("{s:o, s:o}", key,
			json_text(c->list[i].label), "messages",
			number(c->list[i].messages));
		if (bytes)
			(void)json_object_set_new(
				row, "bytes", number(c->list[i].bytes));
		(void)json_array_append_new(array, row);
	}
	return array;
}

static json_t *minutes_json(const struct report_account *a)
{
	json_t *array = json_array();

	for (size_t i = 0; i < a->minute_count; i++)
		(void)json_array_append_new(array,
			json_pack("{s:o, s:o, s:o}", "at",
				time_json(a->minutes[i].minute * 60),
				"messages", number(a->minutes[i].messages),
				"bytes", number(a->minutes[i].bytes)));
	return array;
}

static json_t *failures_json(const struct report_account *a)
{
	json_t *array = json_array();

	for (size_t i = 0; i < a->failure_count; i++) {
		const struct job_failure *f = &a->failures[i];
		(void)json_array_append_new(
			array, json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:I}",
				       "mailbox", json_text(f->mailbox), "uid",
				       f->uid != 0 ? json_integer(f->uid)
						   : json_null(),
				       "uidl",
				       f->uidl[0] != '\0' ? json_text(f->uidl)
							  : json_null(),
				       "class", err_class_name(f->class),
				       "text", json_text(f->text), "first_at",
				       time_json(f->first_at), "tries",
				       (json_int_t)f->tries));
	}
	return array;
}

static json_t *totals_json(const struct report_account *a)
{
	struct report_totals t;

	report_totals(a, &t);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "listed",
		number(t.listed), "collected", number(t.collected), "bytes",
		number(t.bytes), "former", number(t.former), "quarantined",
		number(t.quarantined), "left_out",
		number(t.left_out + a->left_out_there), "gone_at_source",
		number(t.gone), "let_go", number(t.let_go));
}

static json_t *verified_json(const struct report_account *a)
{
	json_t *kinds = json_object();

	for (size_t i = 0; i < a->verified.count; i++)
		(void)json_object_set_new(kinds, a->verified.list[i].label,
			number(a->verified.list[i].messages));
	if (a->verified_at == 0) {
		json_decref(kinds);
		return json_null();
	}
	return json_pack("{s:o, s:o, s:o, s:b}", "at",
		time_json(a->verified_at), "differences",
		number(a->verified_differences), "kinds", kinds,
		"collected_since", a->listed_at > a->verified_at);
}

static json_t *account_json(const struct report_account *a)
{
	char verdict[SENTENCES];

	report_verdict(a, verdict, sizeof verdict);
	if (a->fault != NULL)
		return json_pack("{s:s, s:s, s:o, s:o, s:b, s:o, s:o}",
			"account", a->name, "source", a->source, "to",
			json_text(a->user), "at", time_json(a->made_at),
			"accounted", 0, "verdict", json_text(verdict), "error",
			json_text(a->fault));
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, "
			 "s:o, s:o, s:o, s:o, s:o, s:o, s:n}",
		"account", a->name, "source", a->source, "to",
		json_text(a->user), "at", time_json(a->made_at), "listed_at",
		time_json(a->listed_at), "accounted", report_is_accounted(a),
		"running", a->running, "verdict", json_text(verdict),
		"verified", verified_json(a), "mailboxes", mailboxes_json(a),
		"totals", totals_json(a), "not_collected",
		counts_json(&a->reasons, "reason", false), "years",
		counts_json(&a->years, "year", true), "collected_by_minute",
		minutes_json(a), "collected_without_time", number(a->undated),
		"failures", failures_json(a), "error");
}

void report_json(const struct report_account *all, size_t count, FILE *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(array, account_json(&all[i]));
	json_print(json_pack("{s:o}", "accounts", array), out);
}
