/* SPDX-License-Identifier: BSD-2-Clause */
#include "failures.h"

#include "../model/text.h"
#include "summary.h"

#include <stdlib.h>

static struct job_failure *add(struct work *w)
{
	if (w->failure_count >= JOB_FAILURES_MAX)
		return NULL;
	w->failures = mem_grow(
		w->failures, w->failure_count + 1, sizeof *w->failures);
	return &w->failures[w->failure_count++];
}

void failures_note_mailbox(
	struct work *w, const char *name, const struct err *why)
{
	struct job_failure *f = add(w);

	if (f != NULL)
		*f = (struct job_failure){.mailbox = summary_printable(name),
			.uidl = mem_strdup(""),
			.dialogue = mem_strdup(""),
			.class = why->class,
			.text = mem_strdup(why->text),
			.first_at = w->now_s,
			.tries = 1};
}

struct collection {
	struct work *w;
	int64_t rows[JOB_FAILURES_MAX]; /* of the failures, 0 = a mailbox */
	const struct ledger_mailbox *mailboxes;
	size_t count;
};

static int on_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct collection *c = arg;
	struct job_failure *f = add(c->w);
	char text[sizeof m->why_text];
	const char *name = "";

	(void)dir;
	(void)err;
	if (f == NULL)
		return 0;
	for (size_t i = 0; i < c->count; i++)
		if (c->mailboxes[i].id == m->mailbox_id)
			name = c->mailboxes[i].name;
	c->rows[c->w->failure_count - 1] = m->id;
	text_printable(m->why_text, text, sizeof text);
	*f = (struct job_failure){.mailbox = summary_printable(name),
		.uid = m->uid,
		.uidl = mem_strdup(m->uidl),
		.class = m->why,
		.text = mem_strdup(text),
		.first_at = m->first_at,
		.tries = m->tries,
		.next_try_at = m->next_try_at};
	return 0;
}

/* The rows have been read to their end. */
static void add_dialogues(struct collection *c)
{
	struct work *w = c->w;

	for (size_t i = 0; i < w->failure_count; i++) {
		char *text = NULL;
		if (w->failures[i].dialogue != NULL)
			continue;
		text = ledger_dialogue(w->ledger, c->rows[i], NULL);
		w->failures[i].dialogue = text != NULL ? text : mem_strdup("");
	}
}

void failures_collect(struct work *w, const struct ledger_mailbox *mailboxes,
	size_t count, struct job_result *result)
{
	struct collection *c = mem_alloc(sizeof *c);
	bool any = false;

	c->w = w;
	c->mailboxes = mailboxes;
	c->count = count;
	for (size_t i = 0; i < count; i++)
		any |= mailboxes[i].quarantined != 0;
	if (any)
		(void)ledger_each_failure(w->ledger,
			JOB_FAILURES_MAX - (int64_t)w->failure_count, on_row, c,
			NULL);
	add_dialogues(c);
	free(c);
	result->failures = w->failures;
	result->failure_count = w->failure_count;
	w->failures = NULL;
	w->failure_count = 0;
}

static void clear(struct job_failure *failures, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(failures[i].mailbox);
		free(failures[i].uidl);
		free(failures[i].text);
		free(failures[i].dialogue);
	}
	free(failures);
}

void failures_clear(struct work *w)
{
	clear(w->failures, w->failure_count);
	w->failures = NULL;
	w->failure_count = 0;
}

void failures_free(struct job_result *result)
{
	/* made here, lent as const */
	clear((struct job_failure *)result->failures, result->failure_count);
	result->failures = NULL;
	result->failure_count = 0;
}
