/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. rows that nobody has to ask about: as many as there are messages → done
 * 2. proof: VANISHED (QRESYNC), where what is left is as many as there are;
 *    else two complete lists of UIDs, with a new EXAMINE between them
 * 3. the brake: due, or held until a person confirms
 * What was held and is listed again is there again.
 */
#include "expunge.h"

#include "../../storage/ledger_expunge.h"
#include "../model/brake.h"
#include "../model/delete_rule.h"

#include <stdlib.h>
#include <string.h>

#define SLICE 512 /* rows in a transaction */

struct search {
	struct visit *v;
	struct ledger_present *rows; /* ascending */
	unsigned char *gone;	     /* of each row */
	size_t count;
	size_t at;	 /* while a list is read */
	uint64_t listed; /* messages in the list */
};

bool expunge_is_kept(const struct work *w)
{
	return strcmp(w->run->account.on_expunge, "keep") == 0 ||
	       delete_rule_deletes(w->run->account.delete_rule);
}

bool expunge_is_due(const struct work *w, const struct ledger_mailbox *m,
	const struct mailbox_state *state)
{
	if (expunge_is_kept(w))
		return false;
	return m->waiting != 0 || (uint64_t)(m->stored + m->quarantined +
					     m->skipped) > state->exists;
}

/* ---- step 1 */

/* Of the messages that are there, so many have no row yet that we see. */
static uint64_t count_fresh(const struct search *s)
{
	uint64_t n = s->v->got.count;

	for (size_t i = 0; i < s->count; i++)
		n -= uidset_has(&s->v->got, s->rows[i].uid);
	return n;
}

static bool is_worth_asking(const struct search *s)
{
	const struct visit *v = s->v;
	uint64_t rows = s->count + count_fresh(s);

	if (v->m.waiting != 0)
		return true;
	/* how many were left out is known after a scan only */
	if (v->work->run->account.skip_deleted)
		return v->state.exists != v->m.exists ||
		       v->state.uidnext != v->m.uidnext;
	return rows > v->state.exists;
}

/* ---- step 2 */

/* The first row from uid on. */
static size_t first_from(const struct search *s, uint32_t uid)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (s->rows[mid].uid < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int on_vanished(
	void *arg, const struct uid_range *range, struct err *err)
{
	struct search *s = arg;

	for (size_t i = first_from(s, range->first);
		i < s->count && s->rows[i].uid <= range->last; i++)
		s->gone[i] = 1;
	return work_check_cancel(s->v->work, err);
}

static uint64_t count_left(const struct search *s)
{
	uint64_t n = count_fresh(s);

	for (size_t i = 0; i < s->count; i++)
		n += s->gone[i] == 0;
	return n;
}

/* 1 proved, 0 not so, -1. */
static int prove_by_vanished(struct search *s, struct err *err)
{
	struct visit *v = s->v;
	int r;

	if (!v->work->link.info.qresync || v->m.highestmodseq == 0 ||
		v->work->run->account.skip_deleted)
		return 0;
	r = session_vanished(
		v->work->link.session, v->m.highestmodseq, on_vanished, s, err);
	if (r <= 0)
		return r;
	for (size_t i = 0; i < s->count; i++)
		if (s->rows[i].expunge != LEDGER_THERE)
			s->gone[i] = 1; /* proved before; the count says */
	return count_left(s) == v->state.exists;
}

static int on_listed(void *arg, const struct uid_range *range, struct err *err)
{
	struct search *s = arg;

	s->listed += range->last - range->first + UINT64_C(1);
	for (; s->at < s->count && s->rows[s->at].uid <= range->last; s->at++)
		if (s->rows[s->at].uid >= range->first)
			s->gone[s->at] = 0;
	return work_check_cancel(s->v->work, err);
}

/* Takes from the gone what is listed. 1 a whole list, 0 not so, -1. */
static int list_once(struct search *s, uint32_t exists, struct err *err)
{
	s->at = 0;
	s->listed = 0;
	if (session_uids(s->v->work->link.session, on_listed, s, err) != 0)
		return -1;
	return s->listed >= exists;
}

static int prove_by_lists(struct search *s, struct err *err)
{
	struct visit *v = s->v;
	struct mailbox_state now;
	int r;

	memset(s->gone, 1, s->count);
	r = list_once(s, v->state.exists, err);
	if (r <= 0 || memchr(s->gone, 1, s->count) == NULL)
		return r;
	if (session_select(
		    v->work->link.session, v->pair->mailbox, &now, err) != 0)
		return -1;
	if (now.uidvalidity != v->state.uidvalidity)
		return 0;
	return list_once(s, now.exists, err);
}

static int prove(struct search *s, struct err *err)
{
	int r;

	if (visit_ensure_session(s->v, err) != 0)
		return -1;
	r = prove_by_vanished(s, err);
	return r != 0 ? r : prove_by_lists(s, err);
}

/* ---- step 3 */

static bool is_held(const struct search *s)
{
	uint64_t gone = 0, total = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct ledger_present *row = &s->rows[i];
		if (!row->delivered || (s->gone[i] != 0 && row->confirmed))
			continue;
		total++;
		gone += s->gone[i];
	}
	return brake_holds(gone, total);
}

static int record_row(struct search *s, size_t i, bool held, struct err *err)
{
	const struct ledger_present *row = &s->rows[i];
	struct work *w = s->v->work;
	enum ledger_expunge to = LEDGER_THERE;

	if (s->gone[i] != 0) {
		s->v->vanished++;
		if (!row->delivered)
			return ledger_gone(w->ledger, row->id, w->now_s, err);
		to = held && !row->confirmed ? LEDGER_HELD : LEDGER_DUE;
	}
	return ledger_expunge_set(w->ledger, row->id, to, err);
}

static int record_slice(
	struct search *s, size_t *at, bool held, struct err *err)
{
	struct ledger *l = s->v->work->ledger;

	if (ledger_begin(l, err) != 0)
		return -1;
	for (size_t n = 0; *at < s->count && n < SLICE; ++*at) {
		if (s->gone[*at] == 0 && s->rows[*at].expunge == LEDGER_THERE)
			continue;
		if (record_row(s, *at, held, err) != 0) {
			ledger_rollback(l);
			return -1;
		}
		n++;
	}
	return ledger_commit(l, err);
}

static int record(struct search *s, struct err *err)
{
	bool held = is_held(s);
	size_t at = 0;

	while (at < s->count)
		if (record_slice(s, &at, held, err) != 0)
			return -1;
	if (s->v->vanished != 0)
		LOG(held ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, &s->v->log,
			held ? "deletions_held" : "vanished_at_source",
			LOG_NUM("messages", s->v->vanished));
	return 0;
}

/* New mail is here; only what has gone remains unknown until the next run. */
static int not_proved(struct visit *v, const struct err *why)
{
	log_err(LOG_LEVEL_WARN, &v->log, "expunges_not_proved", why);
	return 0;
}

static int find(struct search *s, struct err *err)
{
	struct visit *v = s->v;
	struct err why = {0};
	int r;

	if (ledger_present(v->work->ledger, &v->m,
		    v->work->run->account.confirmed_fence, &s->rows, &s->count,
		    err) != 0)
		return -1;
	if (s->count == 0 || !is_worth_asking(s))
		return 0;
	progress_phase(
		&v->work->progress, "comparing with the source", v->pair->name);
	s->gone = mem_alloc(s->count);
	r = prove(s, &why);
	if (r > 0)
		return record(s, err);
	if (r < 0 && why.scope <= ERR_SCOPE_MAILBOX &&
		why.class != ERR_CANCELLED)
		return not_proved(v, &why);
	if (r < 0) {
		*err = why;
		return -1;
	}
	LOG(LOG_LEVEL_INFO, &v->log, "expunges_not_proved",
		LOG_NUM("rows", s->count), LOG_NUM("listed", s->listed),
		LOG_NUM("exists", v->state.exists));
	return 0;
}

int expunge_find(struct visit *v, struct err *err)
{
	struct search s = {.v = v};
	int rc;

	/* a new epoch's numbers say nothing about the old one's messages; and
	 * those of a renamed INBOX are met at their new place first */
	if (expunge_is_kept(v->work) || v->fresh ||
		v->m.id == v->work->inbox.id)
		return 0;
	rc = find(&s, err);
	free(s.rows);
	free(s.gone);
	return rc;
}
