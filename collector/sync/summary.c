/* SPDX-License-Identifier: BSD-2-Clause */
#include "summary.h"

#include "../model/text.h"
#include "failures.h"
#include "hidden.h"
#include "uidl_source.h"

#include <stdlib.h>
#include <string.h>

int summary_bytes(struct ledger *l, uint64_t *ret_bytes, struct err *err)
{
	struct ledger_mailbox *all;
	uint64_t bytes = 0;
	size_t count;

	if (ledger_mailboxes(l, &all, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		bytes += (uint64_t)all[i].bytes_stored;
	free(all);
	*ret_bytes = bytes;
	return 0;
}

char *summary_printable(const char *name)
{
	char utf8[NAME_MAILBOX_MAX * 2];
	char out[NAME_MAILBOX_MAX * 2];

	if (name_from_mutf7(name, utf8, sizeof utf8) == 0)
		name = utf8;
	text_printable(name, out, sizeof out);
	return mem_strdup(out);
}

static bool is_planned(const struct plan *plan, const char *mailbox)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->pairs[i].mailbox, mailbox) == 0)
			return true;
	return plan->count == 0;
}

/* Takes text. */
static char *join(char *text, const char *more)
{
	char *both;

	if (more == NULL || more[0] == '\0')
		return text;
	both = mem_printf("%s%s%s", text, text[0] != '\0' ? "; " : "", more);
	free(text);
	return both;
}

/* What a person has to know. */
static char *tell(
	struct work *w, const struct ledger_mailbox *m, int64_t *ret_missing)
{
	char *uidls = uidl_source_tell(w, m, ret_missing);
	char *hidden = hidden_tell(w, m);
	char *text = join(join(mem_strdup(m->notice), uidls), hidden);

	free(hidden);
	free(uidls);
	return join(text, m->removal_notice);
}

void summary_make(
	struct work *w, const struct plan *plan, struct job_result *result)
{
	struct ledger_mailbox *all;
	struct job_mailbox *rows;
	size_t count;

	if (ledger_mailboxes(w->ledger, &all, &count, NULL) != 0)
		return;
	rows = mem_array(count, sizeof *rows);
	for (size_t i = 0; i < count; i++) {
		const struct ledger_mailbox *m = &all[i];
		int64_t missing;
		char *notice = tell(w, m, &missing);
		rows[i] = (struct job_mailbox){
			.mailbox = summary_printable(m->name),
			.folder = mem_strdup(m->folder),
			.uidvalidity = m->uidvalidity,
			.source = is_planned(plan, m->name) ? m->exists : 0,
			.stored = m->stored,
			.quarantined = m->quarantined,
			.notice = notice,
			.uidls_missing = missing,
			.uids_kept = m->uids_kept,
			.uids_wanted = m->uids_wanted};
		result->messages_source += rows[i].source;
		result->messages_stored += m->stored;
		result->messages_quarantined += m->quarantined;
		result->messages_skipped += m->skipped;
		result->bytes_stored += m->bytes_stored;
	}
	failures_collect(w, all, count, result);
	free(all);
	result->messages_skipped += (int64_t)w->left_out;
	result->mailboxes = rows;
	result->mailbox_count = count;
}

void summary_free(struct job_result *result)
{
	/* made here, lent as const */
	struct job_mailbox *rows = (struct job_mailbox *)result->mailboxes;

	for (size_t i = 0; i < result->mailbox_count; i++) {
		free(rows[i].mailbox);
		free(rows[i].folder);
		free(rows[i].notice);
	}
	free(rows);
	result->mailboxes = NULL;
	result->mailbox_count = 0;
	failures_free(result);
}
