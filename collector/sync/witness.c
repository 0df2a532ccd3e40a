/* SPDX-License-Identifier: BSD-2-Clause */
#include "witness.h"

#include "headers.h"
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEEK_S (7 * 24 * 3600)
#define SIZES "sizes "
#define BOTH "both "

/* ---- the note */

enum lies {
	LIES_NOT,
	LIES_SIZES,
	LIES_BOTH, /* and not a week ago */
};

static void note_key(const struct visit *v, char *out, size_t n)
{
	(void)snprintf(out, n, "facts %lld", (long long)v->m.id);
}

static int note_read(struct visit *v, enum lies *ret_lies, struct err *err)
{
	char key[32], *note;
	int64_t age_s;

	note_key(v, key, sizeof key);
	note = ledger_note_get(v->work->ledger, key, err);
	if (note == NULL)
		return -1;
	*ret_lies = note[0] != '\0' ? LIES_SIZES : LIES_NOT;
	if (strncmp(note, BOTH, strlen(BOTH)) == 0) {
		age_s = v->work->now_s - strtoll(note + strlen(BOTH), NULL, 10);
		if (age_s >= 0 && age_s < WEEK_S)
			*ret_lies = LIES_BOTH;
	}
	free(note);
	return 0;
}

static int note_write(struct visit *v, bool both, struct err *err)
{
	char key[32], value[32];

	note_key(v, key, sizeof key);
	(void)snprintf(value, sizeof value, "%s%lld", both ? BOTH : SIZES,
		(long long)v->work->now_s);
	LOG(LOG_LEVEL_INFO, &v->log, "same_messages_look_different",
		LOG_STR("in", both ? "size and date" : "size"));
	return ledger_note(v->work->ledger, key, value, err);
}

int witness_needs_dates(struct visit *v, bool *ret_dates, struct err *err)
{
	enum lies lies;

	if (note_read(v, &lies, err) != 0)
		return -1;
	*ret_dates = lies != LIES_NOT;
	return 0;
}

/* ---- step 1 */

static void add(struct witness *w, const struct ledger_message *row)
{
	size_t n = w->peek.count++;

	w->peek.ranges[n] =
		(struct uid_range){.first = row->uid, .last = row->uid};
	w->facts[n] = (struct witness_fact){.uid = row->uid,
		.size_bytes = row->size_bytes,
		.listed_bytes = row->listed_bytes,
		.date_s = row->date_s};
}

/* By UIDs, not by rows: each is one look into an index, however large the
 * mailbox. What is above the last mark has come since. */
static int choose(
	struct witness *w, struct ledger_message *row, struct err *err)
{
	struct visit *v = w->visit;
	struct ledger *l = v->work->ledger;
	uint32_t below = v->m.uidnext > 1 ? v->m.uidnext : UINT32_MAX;
	uint32_t low, high;
	int r = ledger_find_uid_below(l, &v->m, below, row, err);

	if (r <= 0)
		return r;
	high = row->uid;
	if (ledger_find_uid_from(l, &v->m, 1, below, row, err) < 0)
		return -1;
	low = row->uid;
	for (uint32_t i = 0; i < SESSION_PEEK_MAX; i++) {
		uint32_t from = low + (uint32_t)((uint64_t)(high - low) * i /
						 (SESSION_PEEK_MAX - 1));
		if (w->peek.count != 0 &&
			w->facts[w->peek.count - 1].uid >= from)
			continue;
		r = ledger_find_uid_from(l, &v->m, from, below, row, err);
		if (r <= 0)
			return r;
		add(w, row);
	}
	return 0;
}

int witness_call(struct visit *v, struct witness *ret_witness, struct err *err)
{
	struct ledger_message *row;
	enum lies lies;
	int rc;

	memset(ret_witness, 0, sizeof *ret_witness);
	ret_witness->visit = v;
	if (note_read(v, &lies, err) != 0)
		return -1;
	if (lies == LIES_BOTH)
		return 0;
	row = mem_alloc(sizeof *row);
	rc = choose(ret_witness, row, err);
	free(row);
	return rc;
}

static bool differs(
	const struct witness_fact *known, const struct message_meta *meta)
{
	return (meta->has & MESSAGE_HAS_SIZE) != 0 &&
	       (meta->has & MESSAGE_HAS_DATE) != 0 &&
	       meta->size_bytes != known->size_bytes &&
	       meta->size_bytes != known->listed_bytes &&
	       meta->date_s != known->date_s;
}

void witness_hear(struct witness *w, const struct message_meta *meta)
{
	if ((meta->has & MESSAGE_HAS_UID) == 0)
		return;
	for (size_t i = 0; i < w->peek.count; i++)
		if (w->facts[i].uid == meta->uid && differs(&w->facts[i], meta))
			(void)uidset_add(&w->visit->suspects, meta->uid);
}

/* ---- step 2 */

struct trial {
	struct visit *visit;
	struct ledger_message *row;
	size_t same, other;
	bool both; /* one of the same differs in size and date */
};

static int on_header(void *arg, const struct message_meta *meta,
	const struct header_bare *head, struct err *err)
{
	struct trial *t = arg;
	struct visit *v = t->visit;
	struct witness_fact known;
	int found = ledger_find_uid(v->work->ledger, v->m.id, v->m.uidvalidity,
		meta->uid, t->row, err);

	if (found < 0)
		return -1;
	if (found == 0 || t->row->state > LEDGER_DONE)
		return 0;
	known = (struct witness_fact){.size_bytes = t->row->size_bytes,
		.listed_bytes = t->row->listed_bytes,
		.date_s = t->row->date_s};
	if (differs(&known, meta) && sample_is_other(t->row, meta, head))
		t->other++;
	else
		t->same++;
	t->both = t->both || differs(&known, meta);
	return 0;
}

/* A header that cannot be had is no reason to stop: nothing is known. */
static int hear_headers(struct trial *t, struct err *err)
{
	struct visit *v = t->visit;
	uint32_t uids[SESSION_PEEK_MAX];
	size_t count = v->suspects.count;
	size_t n = count < SESSION_PEEK_MAX ? count : SESSION_PEEK_MAX;
	int rc;

	for (size_t i = 0; i < n; i++)
		uids[i] = v->suspects.uids[(i + 1) * count / n - 1];
	t->row = mem_alloc(sizeof *t->row);
	rc = headers_fetch(v->work, uids, n, on_header, t, err);
	free(t->row);
	if (rc == 0 || !link_is_suspect(err) ||
		!link_survives(&v->work->link, err))
		return rc;
	log_err(LOG_LEVEL_WARN, &v->log, "headers_unreadable", err);
	t->same = t->other = 0;
	return visit_ensure_session(v, err);
}

static int hold_trial(struct visit *v, struct err *err)
{
	struct trial t = {.visit = v};
	enum lies lies;

	if (note_read(v, &lies, err) != 0)
		return -1;
	if (lies == LIES_BOTH)
		return 0;
	if (hear_headers(&t, err) != 0)
		return -1;
	LOG(LOG_LEVEL_DEBUG, &v->log, "compared_headers",
		LOG_NUM("suspects", v->suspects.count), LOG_NUM("same", t.same),
		LOG_NUM("other", t.other));
	v->reused = t.other != 0;
	return t.other == 0 && t.same != 0 ? note_write(v, t.both, err) : 0;
}

int witness_judge(struct visit *v, struct err *err)
{
	if (!v->reused && v->suspects.count != 0 && hold_trial(v, err) != 0)
		return -1;
	uidset_clear(&v->suspects);
	if (!v->reused)
		return 0;
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX, ERR_RETRY_NOW,
		"UIDs were given to other messages");
}
