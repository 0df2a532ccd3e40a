/* SPDX-License-Identifier: BSD-2-Clause */
#include "status.h"

#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/text.h"
#include "cutover_options.h"
#include "json.h"
#include "see.h"
#include "selection.h"
#include "status_cutover.h"
#include "status_hosts.h"
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* An account beside its job. */
struct row {
	const struct account *account;
	struct job_status *status;
};

static json_t *time_json(int64_t wall_s)
{
	char text[CLOCK_RFC3339_BYTES];

	return wall_s != 0 ? json_string(clock_rfc3339(wall_s, text))
			   : json_null();
}

/* Below 0: there is none. */
static json_t *count_json(int64_t n)
{
	return n < 0 ? json_null() : json_integer((json_int_t)n);
}

static json_t *mailboxes_json(const struct job_status *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->mailbox_count; i++) {
		const struct job_mailbox *m = &s->mailboxes[i];
		(void)json_array_append_new(array,
			json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, "
				  "s:o}",
				"mailbox", json_text(m->mailbox), "folder",
				json_text(m->folder), "uidvalidity",
				(json_int_t)m->uidvalidity, "source",
				(json_int_t)m->source, "stored",
				(json_int_t)m->stored, "quarantined",
				(json_int_t)m->quarantined, "notice",
				m->notice[0] != '\0' ? json_text(m->notice)
						     : json_null(),
				"uids_kept", count_json(m->uids_kept),
				"uidls_missing", count_json(m->uidls_missing)));
	}
	return array;
}

static json_t *error_json(const struct job_status *s)
{
	if (!s->has_error)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o}", "class",
		err_class_name(s->err.class), "text", json_text(s->err.text),
		"hint", json_text(s->err.hint), "retry_at",
		time_json(s->retry_at));
}

static json_t *deletions_json(const struct job_status *s)
{
	return json_pack("{s:I, s:o, s:I}", "waiting",
		(json_int_t)s->deletions_waiting, "next_at",
		time_json(s->deletions_next_at), "done",
		(json_int_t)s->deletions_done);
}

static json_t *row_json(const struct settings *settings, const struct row *row)
{
	const struct job_status *s = row->status;
	json_t *messages = json_pack("{s:I, s:I, s:I, s:I, s:I}", "source",
		(json_int_t)s->messages_source, "stored",
		(json_int_t)s->messages_stored, "quarantined",
		(json_int_t)s->messages_quarantined, "skipped",
		(json_int_t)s->messages_skipped, "held", (json_int_t)s->held);

	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:o, s:I, "
			 "s:o, s:o, s:o, s:b, s:o, s:o, s:b, s:o, s:o, s:b, "
			 "s:o, s:o}",
		"name", row->account->name, "protocol",
		protocol_name(row->account->url.protocol), "state", s->state,
		"to", json_text(row->account->to), "last_success_at",
		time_json(s->last_success_at), "next_due_at",
		time_json(s->next_due_at), "runs", (json_int_t)s->runs,
		"crashes", (json_int_t)s->crashes, "messages", messages,
		"bytes_stored", (json_int_t)s->bytes_stored, "error",
		error_json(s), "mailboxes", mailboxes_json(s), "deletions",
		deletions_json(s), "push", s->push == JOB_PUSH_WAITS, "day",
		status_day_json(settings, row->account, s), "failing_since",
		time_json(s->failing_since), "stalled", s->stalled, "group",
		row->account->group[0] != '\0' ? json_text(row->account->group)
					       : json_null(),
		"opens_at", time_json(cutover_options_opens_at(row->account)),
		"finishing",
		s->finish == FINISH_COLLECTS || s->finish == FINISH_COMPARES,
		"finished_at",
		time_json(s->finish == FINISH_DONE || s->finish == FINISH_UNTIL
				  ? s->finished_at
				  : 0),
		"differences",
		count_json(s->finish == FINISH_DONE ? s->differences : -1));
}

/* What there is to say about a row in one phrase. */
static void note(const struct job_status *s, char *out, size_t out_bytes)
{
	char count[32], all[32], when[CLOCK_RFC3339_BYTES];

	if (status_note_end(s, out, out_bytes))
		return;
	if (strcmp(s->state, "running") == 0) {
		text_format_count(s->progress.messages_done, count);
		text_format_count(s->progress.messages_new, all);
		(void)snprintf(out, out_bytes, "%s %s: %s of %s new",
			s->progress.phase, s->progress.mailbox, count, all);
	} else if (s->has_error) {
		(void)snprintf(out, out_bytes, "%s: %s%s%s%s%s%s",
			err_class_name(s->err.class), s->err.text,
			s->err.hint[0] != '\0' ? " (" : "", s->err.hint,
			s->err.hint[0] != '\0' ? ")" : "",
			s->retry_at != 0 ? "; next try " : "",
			s->retry_at != 0 ? clock_rfc3339(s->retry_at, when)
					 : "");
	} else if (strcmp(s->state, "queued") == 0) {
		(void)snprintf(out, out_bytes, "due since %s",
			clock_rfc3339(s->next_due_at, when));
	} else if (s->next_due_at != 0) {
		(void)snprintf(out, out_bytes, "%snext %s%s",
			s->push == JOB_PUSH_WAITS ? "waiting for new mail; "
						  : "",
			clock_rfc3339(s->next_due_at, when),
			s->push == JOB_PUSH_CANNOT
				? "; the server has no IDLE for --push"
				: "");
	} else if (s->push == JOB_PUSH_WAITS) {
		(void)snprintf(out, out_bytes, "waiting for new mail");
	} else {
		(void)snprintf(out, out_bytes, "done");
	}
}

/* "; 12 to be deleted at the source, next 2026-…" */
static void note_deletions(
	const struct job_status *s, char *out, size_t out_bytes)
{
	char count[32], when[CLOCK_RFC3339_BYTES];
	size_t len = strlen(out);

	if (s->deletions_waiting == 0)
		return;
	text_format_count((uint64_t)s->deletions_waiting, count);
	(void)snprintf(out + len, out_bytes - len,
		"; %s to be deleted at the source%s%s", count,
		s->deletions_next_at != 0 ? ", next " : "",
		s->deletions_next_at != 0
			? clock_rfc3339(s->deletions_next_at, when)
			: "");
}

/* "; nothing has come since 2026-…" */
static void note_stalled(
	const struct job_status *s, char *out, size_t out_bytes)
{
	char when[CLOCK_RFC3339_BYTES] = "it was enrolled";
	size_t len = strlen(out);

	if (!s->stalled)
		return;
	if (s->moved_at != 0)
		(void)clock_rfc3339(s->moved_at, when);
	(void)snprintf(out + len, out_bytes - len,
		"; nothing has come since %s", when);
}

/* The same, and that there is more to read. */
static void note_all(const struct row *row, char *out, size_t out_bytes)
{
	const struct job_status *s = row->status;
	size_t n = 0, len;

	note(s, out, out_bytes);
	for (size_t i = 0; i < s->mailbox_count; i++)
		n += s->mailboxes[i].notice[0] != '\0';
	status_note_cutover(row->account, s, out, out_bytes);
	note_stalled(s, out, out_bytes);
	note_deletions(s, out, out_bytes);
	len = strlen(out);
	if (n != 0)
		(void)snprintf(out + len, out_bytes - len,
			"; %zu notice%s: mailhaul status %s", n,
			n == 1 ? "" : "s", row->account->name);
}

static void print_table(const struct row *rows, size_t count, FILE *out)
{
	static const char *const heads[] = {"ACCOUNT", "STATE", ">STORED",
		">SOURCE", ">SIZE", ">QUARANTINED", "NOTE"};
	struct see see = {.count = 0};
	struct table t;

	table_init(&t, heads, 7);
	for (size_t i = 0; i < count; i++) {
		const struct job_status *s = rows[i].status;
		see_note(&see, s->err.class);
		char stored[32], source[32], bytes[32], failed[32], text[900];
		text_format_count((uint64_t)s->messages_stored, stored);
		text_format_count((uint64_t)s->messages_source, source);
		text_format_bytes((uint64_t)s->bytes_stored, bytes);
		text_format_count((uint64_t)s->messages_quarantined, failed);
		note_all(&rows[i], text, sizeof text);
		table_row(&t,
			(const char *const[]){rows[i].account->name, s->state,
				stored, source, bytes, failed, text});
	}
	table_print(&t, out);
	table_clear(&t);
	see_print(&see, out);
}

/* "all", "1,200 of 1,204", or "" where new ones were wanted. */
static void format_kept(const struct job_mailbox *m, char *out, size_t n)
{
	char kept[32], wanted[32];

	text_format_count((uint64_t)m->uids_kept, kept);
	text_format_count((uint64_t)m->uids_wanted, wanted);
	if (m->uids_kept < 0)
		(void)snprintf(out, n, "%s", "");
	else if (m->uids_kept == m->uids_wanted)
		(void)snprintf(out, n, "all");
	else
		(void)snprintf(out, n, "%s of %s", kept, wanted);
}

/* The mailboxes of one account, where just one was asked for. */
static void print_mailboxes(const struct job_status *s, FILE *out)
{
	static const char *const heads[] = {"MAILBOX", "FOLDER", ">STORED",
		">SOURCE", ">QUARANTINED", ">UIDS KEPT", "NOTE"};
	struct table t;

	if (s->mailbox_count == 0)
		return;
	table_init(&t, heads, 7);
	for (size_t i = 0; i < s->mailbox_count; i++) {
		const struct job_mailbox *m = &s->mailboxes[i];
		char stored[32], source[32], failed[32], kept[80];
		text_format_count((uint64_t)m->stored, stored);
		text_format_count((uint64_t)m->source, source);
		text_format_count((uint64_t)m->quarantined, failed);
		format_kept(m, kept, sizeof kept);
		table_row(&t, (const char *const[]){m->mailbox, m->folder,
				      stored, source, failed, kept, m->notice});
	}
	(void)fputc('\n', out);
	table_print(&t, out);
	table_clear(&t);
}

/* What concerns more than one account. */
struct beside {
	const struct settings *settings;
	struct budget_row *hosts;
	struct job_notice *notices;
	size_t host_count, notice_count;
};

static void print_json(const struct row *rows, size_t count,
	const struct beside *beside, FILE *out)
{
	json_t *array = json_array(), *said = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(
			array, row_json(beside->settings, &rows[i]));
	for (size_t i = 0; i < beside->notice_count; i++)
		(void)json_array_append_new(said,
			json_pack("{s:o, s:o}", "text",
				json_text(beside->notices[i].text), "since",
				time_json(beside->notices[i].since)));
	json_print(json_pack("{s:o, s:o, s:o}", "accounts", array, "hosts",
			   status_hosts_json(beside->settings, beside->hosts,
				   beside->host_count),
			   "notices", said),
		out);
}

static void print_notices(
	const struct job_notice *notices, size_t count, FILE *out)
{
	char when[CLOCK_RFC3339_BYTES], line[600];

	for (size_t i = 0; i < count; i++) {
		text_printable(notices[i].text, line, sizeof line);
		(void)fprintf(out, "%s%s (since %s)\n", i == 0 ? "\n" : "",
			line, clock_rfc3339(notices[i].since, when));
	}
}

/* Pairs accounts with their jobs. Both are in the order of the names, but for
 * what has come or gone between. */
static size_t join(const struct selection *chosen, struct job_status *statuses,
	size_t status_count, struct row *rows)
{
	size_t n = 0, next = 0;

	for (size_t i = 0; i < chosen->count; i++) {
		size_t j = next;
		while (j < status_count &&
			statuses[j].account_id != chosen->accounts[i].id)
			j++;
		if (j == status_count)
			continue; /* removed */
		next = j + 1;
		rows[n].account = &chosen->accounts[i];
		rows[n].status = &statuses[j];
		n++;
	}
	return n;
}

int status_print(struct state *state, const struct settings *settings,
	const struct args *args, bool json, FILE *out)
{
	struct beside beside = {.settings = settings};
	bool named = args->word_count != 0 || args_value(args, "group") != NULL;
	struct selection chosen;
	struct job_status *statuses = NULL;
	struct row *rows = NULL;
	struct err err = {0};
	size_t status_count = 0, n = 0;
	int r = selection_read(state, args, SELECTION_ALL, &chosen);

	if (r != 0)
		return r;
	if (jobs_status(state, 0, &statuses, &status_count, &err) < 0 ||
		jobs_notices(state, &beside.notices, &beside.notice_count,
			&err) < 0 ||
		budgets_all(state, clock_wall_s(), &beside.hosts,
			&beside.host_count, &err) < 0) {
		jobs_status_free(&statuses, status_count);
		selection_clear(&chosen);
		return cli_fail(NULL, &err);
	}
	selection_sort(&chosen);
	rows = mem_array(chosen.count, sizeof *rows);
	n = join(&chosen, statuses, status_count, rows);
	if (json)
		print_json(rows, n, &beside, out);
	else
		print_table(rows, n, out);
	if (!json && n == 1 && args->word_count == 1)
		print_mailboxes(rows[0].status, out);
	if (!json && !named)
		status_hosts_print(
			settings, beside.hosts, beside.host_count, out);
	if (!json)
		print_notices(beside.notices, beside.notice_count, out);
	free(beside.hosts);
	jobs_notices_free(beside.notices, beside.notice_count);
	free(rows);
	selection_clear(&chosen);
	jobs_status_free(&statuses, status_count);
	return 0;
}
