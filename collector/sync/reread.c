/* SPDX-License-Identifier: BSD-2-Clause */
#include "reread.h"

#include "uidset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NOTE "read again" /* how often, and the first one's UIDL */
#define TRIES_MAX 3	  /* as long as that one is still the first */

static int on_bytes(void *arg, const void *bytes, size_t n, struct err *err)
{
	(void)arg;
	(void)bytes;
	(void)n;
	(void)err;
	return 0;
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct work *w = arg;

	if ((meta->has & MESSAGE_HAS_BODY) != 0)
		w->reread++;
	return work_check_cancel(w, err);
}

/* What is known to be missing must not be hidden. */
static bool is_here(const struct drop *d)
{
	return d->known && (d->row == NULL || d->row->state <= LEDGER_DONE);
}

static int read_all(
	struct work *w, const struct drop_table *table, struct err *err)
{
	const struct session_sink sink = {
		.body = on_bytes, .message = on_message, .arg = w};
	uint32_t *numbers = mem_array(table->count, sizeof *numbers);
	struct uid_range *ranges;
	size_t n = 0, count;
	int rc;

	for (size_t i = 0; i < table->count; i++)
		if (is_here(&table->drops[i]))
			numbers[n++] = table->drops[i].number;
	ranges = uid_ranges(numbers, n, &count);
	rc = session_fetch(w->link.session, ranges, count, &sink, err);
	free(ranges);
	free(numbers);
	return rc;
}

static const struct drop *first_known(const struct drop_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (is_here(&table->drops[i]) &&
			table->drops[i].uidl[0] != '\0')
			return &table->drops[i];
	return NULL;
}

/* 1: it is worth it, and noted; 0; -1. */
static int note_try(struct work *w, const char *uidl, struct err *err)
{
	char *then = ledger_note_get(w->ledger, NOTE, err), *now, *end;
	long tries;
	int rc = 1;

	if (then == NULL)
		return -1;
	tries = strtol(then, &end, 10);
	if (*end != ' ' || strcmp(end + 1, uidl) != 0)
		tries = 0;
	now = mem_printf("%ld %s", tries + 1, uidl);
	if (tries >= TRIES_MAX)
		rc = 0;
	else if (ledger_note(w->ledger, NOTE, now, err) != 0)
		rc = -1;
	free(now);
	free(then);
	return rc;
}

int reread_batch(
	struct visit *v, const struct drop_table *table, struct err *err)
{
	struct work *w = v->work;
	const struct drop *first = first_known(table);
	int rc;

	if ((w->link.info.quirks & QUIRK_POP3_BATCHES) == 0 || first == NULL ||
		v->came != 0 || w->link.session == NULL ||
		strncasecmp(w->run->account.url.user, "recent:", 7) == 0)
		return 0;
	rc = note_try(w, first->uidl, err);
	if (rc <= 0)
		return rc;
	rc = read_all(w, table, err);
	LOG(LOG_LEVEL_INFO, &v->log, "read_again",
		LOG_NUM("messages", w->reread));
	return rc;
}
