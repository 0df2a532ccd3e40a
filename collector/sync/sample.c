/* SPDX-License-Identifier: BSD-2-Clause */
#include "sample.h"

#include "headers.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLES 16

struct sample {
	struct work *work;
	const struct ledger_mailbox *m;
	uint32_t *uids;
	size_t count;
	struct ledger_message *row;
	size_t same, other;
};

/* As many as there may be, evenly spread; the newest is among them. */
static void choose(struct sample *s)
{
	size_t n = s->count < SAMPLES ? s->count : SAMPLES;

	for (size_t i = 0; i < n; i++)
		s->uids[i] = s->uids[(i + 1) * s->count / n - 1];
	s->count = n;
}

static bool both_named(
	const struct ledger_message *row, const struct message_meta *meta)
{
	return row->emailid[0] != '\0' &&
	       (meta->has & MESSAGE_HAS_EMAILID) != 0 &&
	       strncmp(row->emailid, "gm:", 3) ==
		       strncmp(meta->emailid, "gm:", 3);
}

static bool is_same(const struct ledger_message *row,
	const struct message_meta *meta, const struct header_bare *head)
{
	static const unsigned char none[LEDGER_HEADER_HASH];

	if (both_named(row, meta))
		return strcmp(row->emailid, meta->emailid) == 0;
	if (memcmp(row->header_hash, none, sizeof none) != 0)
		return memcmp(row->header_hash, head->hash, sizeof none) == 0;
	/* from before headers were hashed */
	return (meta->has & MESSAGE_HAS_SIZE) != 0 &&
	       (meta->has & MESSAGE_HAS_DATE) != 0 &&
	       row->size_bytes == meta->size_bytes &&
	       row->date_s == meta->date_s;
}

bool sample_is_other(const struct ledger_message *row,
	const struct message_meta *meta, const struct header_bare *head)
{
	static const unsigned char none[LEDGER_HEADER_HASH];

	if (!both_named(row, meta) &&
		(memcmp(row->header_hash, none, sizeof none) == 0 ||
			memcmp(head->hash, none, sizeof none) == 0))
		return false;
	return !is_same(row, meta, head);
}

static int on_header(void *arg, const struct message_meta *meta,
	const struct header_bare *head, struct err *err)
{
	struct sample *s = arg;
	int found = ledger_find_uid(s->work->ledger, s->m->id,
		s->m->uidvalidity, meta->uid, s->row, err);

	if (found < 0)
		return -1;
	if (found == 0 || s->row->state > LEDGER_DONE)
		return 0;
	if (is_same(s->row, meta, head))
		s->same++;
	else
		s->other++;
	return 0;
}

int sample_compare(struct work *w, const struct ledger_mailbox *m,
	enum sample_verdict *ret_verdict, struct err *err)
{
	struct sample s = {.work = w, .m = m};
	int rc;

	if (ledger_uids(w->ledger, m->id, m->uidvalidity, w->now_s, &s.uids,
		    &s.count, err) != 0)
		return -1;
	choose(&s);
	s.row = mem_alloc(sizeof *s.row);
	rc = headers_fetch(w, s.uids, s.count, on_header, &s, err);
	free(s.row);
	free(s.uids);
	if (rc != 0)
		return -1;
	*ret_verdict = s.other != 0  ? SAMPLE_OTHER
		       : s.same != 0 ? SAMPLE_SAME
				     : SAMPLE_NOTHING;
	return 0;
}
