/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report as one page that a customer can be sent: no script, no reference
 * to anything outside (the page forbids itself both), good on paper. Every
 * text in it goes through html_text.
 */
#include "../base/clock.h"
#include "html_text.h"
#include "report.h"
#include "report_css.h"
#include "report_plots.h"

#include <inttypes.h>
#include <string.h>

#define SENTENCES 2048
#define FAILURES_SHOWN 200

static void put_when(int64_t wall_s, FILE *out)
{
	char text[CLOCK_RFC3339_BYTES];

	if (wall_s == 0) {
		(void)fputs("never", out);
		return;
	}
	(void)clock_rfc3339(wall_s, text);
	(void)fprintf(out, "%.10s %.5s UTC", text, text + 11);
}

static void put_begin(FILE *out)
{
	(void)fputs(
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		"<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" "
		"content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
		"<meta name=\"viewport\" "
		"content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n"
		"<title>Proof of completeness</title>\n<style>\n",
		out);
	(void)fputs(report_css, out);
	(void)fputs("</style>\n</head>\n<body>\n<main>\n<header>\n"
		    "<h1>Proof of completeness</h1>\n",
		out);
}

static void put_header(
	const struct report_account *all, size_t count, FILE *out)
{
	size_t accounted = 0;

	for (size_t i = 0; i < count; i++)
		accounted += report_is_accounted(&all[i]);
	(void)fputs("<p class=\"soft\">What was listed at the source of each "
		    "mailbox, and what was collected of it. Made on ",
		out);
	put_when(clock_wall_s(), out);
	(void)fputs(" by mailhaul.</p>\n", out);
	if (count > 1)
		(void)fprintf(out,
			"<p class=\"soft\">%zu accounts; of %zu every message "
			"that was listed is accounted for.</p>\n",
			count, accounted);
	(void)fputs("</header>\n", out);
}

static void put_tile(const char *name, uint64_t n, bool bytes, FILE *out)
{
	(void)fprintf(out, "<div><dt>%s</dt><dd>", name);
	if (bytes)
		html_bytes(n, out);
	else
		html_count(n, out);
	(void)fputs("</dd></div>\n", out);
}

static void put_head(const struct report_account *a, FILE *out)
{
	char text[SENTENCES];
	bool done = report_is_accounted(a);

	(void)fputs("<h2><bdi>", out);
	html_text(a->name, out);
	(void)fputs("</bdi></h2>\n<p class=\"where\">from ", out);
	html_text(a->source, out);
	(void)fputs(" to local user ", out);
	html_text(a->user, out);
	(void)fputs("<br>as of ", out);
	put_when(a->made_at, out);
	(void)fputs("; last good run: ", out);
	put_when(a->listed_at, out);
	(void)fprintf(out, "</p>\n<p class=\"verdict%s\"><b>%s</b> ",
		done ? "" : " open",
		done ? "All accounted for." : "Not complete, or not proved.");
	report_verdict(a, text, sizeof text);
	html_text(text, out);
	(void)fputs("</p>\n", out);
	if (a->fault != NULL)
		return;
	report_verified(a, text, sizeof text);
	(void)fputs("<p>", out);
	html_text(text, out);
	(void)fputs("</p>\n", out);
}

static void put_tiles(const struct report_account *a, FILE *out)
{
	struct report_totals t;

	report_totals(a, &t);
	(void)fputs("<dl class=\"tiles\">\n", out);
	put_tile("listed at the source", t.listed, false, out);
	put_tile("collected", t.collected, false, out);
	put_tile("as received", t.bytes, true, out);
	put_tile("quarantined", t.quarantined, false, out);
	put_tile("left out", t.left_out + a->left_out_there, false, out);
	(void)fputs("</dl>\n", out);
}

/* ---- tables */

static void put_name(const char *text, FILE *out)
{
	(void)fputs("<td class=\"mailbox\"><bdi>", out);
	html_text(text, out);
	(void)fputs("</bdi></td>", out);
}

static void put_number(uint64_t n, FILE *out)
{
	(void)fputs("<td class=\"n\">", out);
	html_count(n, out);
	(void)fputs("</td>", out);
}

static void put_mailbox(const struct report_mailbox *m, FILE *out)
{
	char accounted[64];

	report_accounted(m, accounted, sizeof accounted);
	(void)fputs("<tr>", out);
	put_name(m->mailbox, out);
	put_name(m->folder, out);
	put_number(m->listed, out);
	put_number(m->collected, out);
	(void)fputs("<td class=\"n\">", out);
	html_bytes(m->bytes, out);
	(void)fputs("</td>", out);
	put_number(m->quarantined, out);
	put_number(m->left_out, out);
	(void)fprintf(out, "<td class=\"%s\">%s</td></tr>\n",
		m->accounted == REPORT_ACCOUNTED ? "yes" : "no", accounted);
}

static void put_mailboxes(const struct report_account *a, FILE *out)
{
	struct report_totals t;

	(void)fputs("<h3>Mailboxes</h3>\n<div class=\"wide\"><table><thead><tr>"
		    "<th>Mailbox</th><th>Folder here</th>"
		    "<th class=\"n\">Listed</th><th class=\"n\">Collected</th>"
		    "<th class=\"n\">Size</th><th class=\"n\">Quarantined</th>"
		    "<th class=\"n\">Left out</th><th>Accounted for</th>"
		    "</tr></thead><tbody>\n",
		out);
	for (size_t i = 0; i < a->mailbox_count; i++)
		put_mailbox(&a->mailboxes[i], out);
	report_totals(a, &t);
	(void)fputs("</tbody><tfoot><tr><td>In all</td><td></td>", out);
	put_number(t.listed, out);
	put_number(t.collected, out);
	(void)fputs("<td class=\"n\">", out);
	html_bytes(t.bytes, out);
	(void)fputs("</td>", out);
	put_number(t.quarantined, out);
	put_number(t.left_out + a->left_out_there, out);
	(void)fprintf(out, "<td>%s</td></tr></tfoot></table></div>\n",
		report_is_accounted(a) ? "yes" : "no");
}

static void put_notices(const struct report_account *a, FILE *out)
{
	for (size_t i = 0; i < a->mailbox_count; i++) {
		const struct report_mailbox *m = &a->mailboxes[i];
		if (m->notice[0] == '\0')
			continue;
		(void)fputs("<p class=\"soft\"><bdi>", out);
		html_text(m->mailbox, out);
		(void)fputs("</bdi>: ", out);
		html_text(m->notice, out);
		(void)fputs("</p>\n", out);
	}
}

static void put_failure(const struct job_failure *f, FILE *out)
{
	(void)fputs("<tr>", out);
	put_name(f->mailbox, out);
	(void)fputs("<td>", out);
	if (f->uid != 0)
		(void)fprintf(out, "UID %" PRIu32, f->uid);
	else if (f->uidl[0] != '\0')
		(void)fputs("UIDL ", out);
	else
		(void)fputs("all", out);
	html_text(f->uidl, out);
	(void)fprintf(out, "</td><td>%s</td><td>", err_class_name(f->class));
	html_text(f->text, out);
	(void)fputs("</td></tr>\n", out);
}

static void put_failures(const struct report_account *a, FILE *out)
{
	if (a->failure_count == 0)
		return;
	(void)fputs("<h3>What could not be had</h3>\n<div class=\"wide\">"
		    "<table><thead><tr><th>Mailbox</th><th>Message</th>"
		    "<th>Class</th><th>Reason</th></tr></thead><tbody>\n",
		out);
	for (size_t i = 0; i < a->failure_count && i < FAILURES_SHOWN; i++)
		put_failure(&a->failures[i], out);
	(void)fputs("</tbody></table></div>\n", out);
	if (a->failure_count > FAILURES_SHOWN)
		(void)fprintf(out, "<p class=\"soft\">and %zu more.</p>\n",
			a->failure_count - FAILURES_SHOWN);
}

static void put_digests(const struct report_account *a, FILE *out)
{
	(void)fputs("<h3>Digests</h3>\n<p class=\"soft\">Of each mailbox: the "
		    "SHA-256 over the lines of its messages&#39; SHA-256, in "
		    "the order of a manifest, which lists them one by "
		    "one.</p>\n<div class=\"wide\"><table><tbody>\n",
		out);
	for (size_t i = 0; i < a->mailbox_count; i++) {
		(void)fputs("<tr>", out);
		put_name(a->mailboxes[i].mailbox, out);
		(void)fprintf(out, "<td><code>%s</code></td></tr>\n",
			a->mailboxes[i].digest);
	}
	(void)fputs("</tbody></table></div>\n", out);
}

static void put_account(const struct report_account *a, FILE *out)
{
	(void)fputs("<section class=\"account\">\n", out);
	put_head(a, out);
	if (a->fault == NULL && a->mailbox_count != 0) {
		put_tiles(a, out);
		report_plot_mailboxes(a, out);
		report_plot_years(a, out);
		report_plot_times(a, out);
		report_plot_reasons(a, out);
		put_mailboxes(a, out);
		put_notices(a, out);
	}
	put_failures(a, out);
	if (a->fault == NULL && a->mailbox_count != 0)
		put_digests(a, out);
	(void)fputs("</section>\n", out);
}

static void put_words(FILE *out)
{
	(void)fputs(
		"<section class=\"words\">\n<h3>What the words mean</h3>\n<dl>"
		"\n<dt>Listed</dt><dd>Messages that the source said it has, "
		"in the last good run. What has come there since is not "
		"known.</dd>\n"
		"<dt>Collected</dt><dd>Messages that were written here, "
		"durably, each once; also those that the source no longer "
		"has. What its reader has moved or deleted here since is not "
		"subtracted.</dd>\n"
		"<dt>Quarantined</dt><dd>Messages that could not be fetched "
		"or stored, for the reason named; they are tried again.</dd>\n"
		"<dt>Left out</dt><dd>Messages that were not wanted, for the "
		"reason named.</dd>\n"
		"<dt>Accounted for</dt><dd>Every message listed is collected, "
		"quarantined or left out.</dd>\n</dl>\n</section>\n",
		out);
}

void report_html(const struct report_account *all, size_t count, FILE *out)
{
	put_begin(out);
	put_header(all, count, out);
	for (size_t i = 0; i < count; i++)
		put_account(&all[i], out);
	put_words(out);
	(void)fputs("</main>\n</body>\n</html>\n", out);
}
