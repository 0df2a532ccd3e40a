/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report as CSV (RFC 4180): a row a mailbox. A text that a spreadsheet
 * would take for a formula (it begins with = + - @) gets a ' before it: folder
 * names are given by strangers.
 */
#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/text.h"
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void put_text(const char *text, bool first, FILE *out)
{
	size_t bytes = strlen(text) + 1;
	char *line = mem_alloc(bytes);

	text_printable(text, line, bytes);
	(void)fputs(first ? "\"" : ",\"", out);
	if (line[0] != '\0' && strchr("=+-@", line[0]) != NULL)
		(void)fputc('\'', out);
	for (const char *p = line; *p != '\0'; p++) {
		if (*p == '"')
			(void)fputc('"', out);
		(void)fputc(*p, out);
	}
	(void)fputc('"', out);
	free(line);
}

static void put_number(uint64_t n, FILE *out)
{
	(void)fprintf(out, ",%" PRIu64, n);
}

static void put_time(int64_t wall_s, FILE *out)
{
	char text[CLOCK_RFC3339_BYTES];

	(void)fprintf(out, ",%s", clock_rfc3339(wall_s, text));
}

static void put_mailbox(const struct report_account *a,
	const struct report_mailbox *m, FILE *out)
{
	char accounted[64];

	report_accounted(m, accounted, sizeof accounted);
	put_text(a->name, true, out);
	put_text(a->source, false, out);
	put_text(a->user, false, out);
	put_time(a->made_at, out);
	put_time(a->listed_at, out);
	put_text(m->mailbox, false, out);
	put_text(m->folder, false, out);
	put_number(m->listed, out);
	put_number(m->collected, out);
	put_number(m->bytes, out);
	put_number(m->quarantined, out);
	put_number(m->left_out, out);
	put_number(m->gone, out);
	put_number(m->let_go, out);
	put_text(accounted, false, out);
	(void)fprintf(out, ",%s", m->digest);
	put_text(m->notice, false, out);
	(void)fputs("\r\n", out);
}

/* Nothing is known of it: it has a row all the same. */
static void put_nothing(const struct report_account *a, FILE *out)
{
	put_text(a->name, true, out);
	put_text(a->source, false, out);
	put_text(a->user, false, out);
	put_time(a->made_at, out);
	put_time(a->listed_at, out);
	(void)fputs(",,,,,,,,,,", out);
	put_text(a->fault != NULL ? "not known" : "not listed yet", false, out);
	(void)fputc(',', out);
	put_text(a->fault != NULL ? a->fault : "", false, out);
	(void)fputs("\r\n", out);
}

void report_csv(const struct report_account *all, size_t count, FILE *out)
{
	(void)fputs("account,source,to,at,listed_at,mailbox,folder,listed,"
		    "collected,bytes,quarantined,left_out,gone_at_source,"
		    "let_go,accounted,sha256,notice\r\n",
		out);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < all[i].mailbox_count; j++)
			put_mailbox(&all[i], &all[i].mailboxes[j], out);
		if (all[i].mailbox_count == 0)
			put_nothing(&all[i], out);
	}
}
