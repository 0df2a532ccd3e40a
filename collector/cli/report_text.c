/* SPDX-License-Identifier: BSD-2-Clause */
/* A report for a terminal. */
#include "../base/clock.h"
#include "../model/text.h"
#include "report.h"
#include "table.h"

#include <inttypes.h>
#include <string.h>

#define SENTENCES 2048
#define FAILURES_SHOWN 20

static void row(struct table *t, const char *mailbox, const char *folder,
	const uint64_t counts[4], uint64_t bytes, const char *accounted)
{
	char cells[5][32];

	for (size_t i = 0; i < 4; i++)
		text_format_count(counts[i], cells[i]);
	text_format_bytes(bytes, cells[4]);
	table_row(t, (const char *const[]){mailbox, folder, cells[0], cells[1],
			     cells[2], cells[3], cells[4], accounted});
}

static void print_mailboxes(const struct report_account *a, FILE *out)
{
	static const char *const heads[] = {"MAILBOX", "FOLDER", ">LISTED",
		">COLLECTED", ">QUARANTINED", ">LEFT OUT", ">SIZE",
		"ACCOUNTED FOR"};
	struct report_totals sum;
	struct table t;

	table_init(&t, heads, 8);
	for (size_t i = 0; i < a->mailbox_count; i++) {
		const struct report_mailbox *m = &a->mailboxes[i];
		char accounted[64];
		report_accounted(m, accounted, sizeof accounted);
		row(&t, m->mailbox, m->folder,
			(const uint64_t[]){m->listed, m->collected,
				m->quarantined, m->left_out},
			m->bytes, accounted);
	}
	report_totals(a, &sum);
	row(&t, "in all", "",
		(const uint64_t[]){sum.listed, sum.collected, sum.quarantined,
			sum.left_out + a->left_out_there},
		sum.bytes, report_is_accounted(a) ? "yes" : "no");
	table_print(&t, out);
	table_clear(&t);
}

static void print_counts(
	const char *title, const struct report_counts *c, FILE *out)
{
	char n[32], label[400];

	if (c->count != 0)
		(void)fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < c->count; i++) {
		text_format_count(c->list[i].messages, n);
		text_printable(c->list[i].label, label, sizeof label);
		(void)fprintf(out, "  %12s  %s\n", n, label);
	}
}

static void print_failures(const struct report_account *a, FILE *out)
{
	char mailbox[400], text[400], uidl[400];

	if (a->failure_count != 0)
		(void)fprintf(out, "\nWhat could not be had:\n");
	for (size_t i = 0; i < a->failure_count && i < FAILURES_SHOWN; i++) {
		const struct job_failure *f = &a->failures[i];
		text_printable(f->mailbox, mailbox, sizeof mailbox);
		text_printable(f->uidl, uidl, sizeof uidl);
		text_printable(f->text, text, sizeof text);
		(void)fprintf(out, "  %s", mailbox);
		if (f->uid != 0)
			(void)fprintf(out, ", UID %" PRIu32, f->uid);
		else if (f->uidl[0] != '\0')
			(void)fprintf(out, ", UIDL %s", uidl);
		(void)fprintf(
			out, ": %s: %s\n", err_class_name(f->class), text);
	}
	if (a->failure_count > FAILURES_SHOWN)
		(void)fprintf(out, "  and %zu more: mailhaul failures %s\n",
			a->failure_count - FAILURES_SHOWN, a->name);
}

static void print_notices(const struct report_account *a, FILE *out)
{
	char mailbox[400], text[400];

	for (size_t i = 0; i < a->mailbox_count; i++) {
		const struct report_mailbox *m = &a->mailboxes[i];
		if (m->notice[0] == '\0')
			continue;
		text_printable(m->mailbox, mailbox, sizeof mailbox);
		text_printable(m->notice, text, sizeof text);
		(void)fprintf(out, "%s: %s\n", mailbox, text);
	}
}

static void print_account(const struct report_account *a, FILE *out)
{
	char made[CLOCK_RFC3339_BYTES], listed[CLOCK_RFC3339_BYTES];
	char text[SENTENCES], line[SENTENCES];

	(void)fprintf(out, "%s: from %s to local user %s\n", a->name, a->source,
		a->user);
	(void)fprintf(out, "As of %s; last good run: %s\n\n",
		clock_rfc3339(a->made_at, made),
		a->listed_at != 0 ? clock_rfc3339(a->listed_at, listed)
				  : "none");
	report_verdict(a, text, sizeof text);
	text_printable(text, line, sizeof line);
	(void)fprintf(out, "%s\n", line);
	if (a->fault != NULL)
		return;
	report_verified(a, text, sizeof text);
	(void)fprintf(out, "%s\n\n", text);
	print_mailboxes(a, out);
	print_notices(a, out);
	print_counts("Not collected, by reason:", &a->reasons, out);
	print_failures(a, out);
}

void report_text(const struct report_account *all, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		if (i != 0)
			(void)fputs("\n----\n\n", out);
		print_account(&all[i], out);
	}
	if (count == 0)
		(void)fputs("There are no accounts\n", out);
}
