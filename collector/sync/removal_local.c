/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --delete with-local: what its reader has deleted here. 1. every row against
 * one listing of the whole store: in some folder (Trash is one) it is here;
 * in none, in PRESENCE_RUNS runs on end, it is gone, 2. unless its bytes are
 * here under another name. 3. the brake. 4. rows.
 * A message that turns up again before it is sent is wanted no more.
 */
#include "removal.h"

#include "../../storage/basename.h"
#include "../../storage/ledger_removal.h"
#include "../../storage/stranger.h"
#include "../model/brake.h"

#include <stdlib.h>
#include <string.h>

struct local_row {
	int64_t id;
	int64_t absences;
	enum removal then, now;
	enum presence_verdict verdict;
	bool confirmed;
	bool changed; /* absences */
	bool moved;   /* here, under another name */
};

struct local {
	const struct presence *presence;
	struct stranger *gone; /* what to look for under other names */
	size_t gone_count, gone_cap;
	struct local_row *rows;
	size_t count, cap;
};

static void add_gone(struct local *l, const struct removal_row *row)
{
	struct stranger *s;

	if (l->gone_count == l->gone_cap) {
		l->gone_cap = l->gone_cap != 0 ? l->gone_cap * 2 : 16;
		l->gone = mem_grow(l->gone, l->gone_cap, sizeof *l->gone);
	}
	s = &l->gone[l->gone_count++];
	s->id = row->id;
	s->file_bytes = basename_file_bytes(row->base);
	memcpy(s->sha256, row->sha256, sizeof s->sha256);
}

static int on_row(void *arg, const struct removal_row *row, struct err *err)
{
	struct local *l = arg;
	struct local_row *r;
	int64_t absences;

	(void)err;
	if (l->count == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 256;
		l->rows = mem_grow(l->rows, l->cap, sizeof *l->rows);
	}
	r = &l->rows[l->count++];
	*r = (struct local_row){.id = row->id,
		.then = row->removal,
		.confirmed = row->confirmed,
		.verdict = presence_find(l->presence, row->base, NULL)};
	absences = presence_count(row->absences, r->verdict);
	/* not seen is not absent: it has to be absent once more */
	if (r->verdict == PRESENCE_UNSURE && absences >= PRESENCE_RUNS)
		absences = PRESENCE_RUNS - 1;
	if (absences > PRESENCE_RUNS)
		absences = PRESENCE_RUNS;
	r->changed = absences != row->absences;
	r->absences = absences;
	if (absences >= PRESENCE_RUNS)
		add_gone(l, row);
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct local_row *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* What is gone by its name may be here under another one. */
static int find_strangers(struct work *w, struct local *l, struct err *err)
{
	int steady;

	if (l->gone_count == 0)
		return 0;
	steady = store_find_strangers(
		w->store, l->presence, l->gone, l->gone_count, err);
	if (steady < 0)
		return -1;
	qsort(l->rows, l->count, sizeof *l->rows, by_id);
	for (size_t i = 0; i < l->gone_count; i++) {
		const struct stranger *s = &l->gone[i];
		const struct local_row key = {.id = s->id};
		struct local_row *r = bsearch(
			&key, l->rows, l->count, sizeof *l->rows, by_id);

		if (r == NULL || (s->base[0] == '\0' && steady))
			continue;
		r->moved = s->base[0] != '\0';
		r->absences = r->moved ? 0 : PRESENCE_RUNS - 1;
		r->changed = true;
	}
	return 0;
}

static int write_strangers(
	struct work *w, const struct local *l, struct err *err)
{
	for (size_t i = 0; i < l->gone_count; i++)
		if (l->gone[i].base[0] != '\0' &&
			removal_rebase(w->ledger, l->gone[i].id,
				l->gone[i].base, err) != 0)
			return -1;
	return 0;
}

static bool is_held(const struct local *l)
{
	uint64_t gone = 0, total = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct local_row *r = &l->rows[i];
		bool is_gone = r->absences >= PRESENCE_RUNS;
		if (is_gone && r->confirmed)
			continue;
		total++;
		gone += is_gone;
	}
	return brake_holds(gone, total);
}

static void decide(struct local *l)
{
	bool held = is_held(l);

	for (size_t i = 0; i < l->count; i++) {
		struct local_row *r = &l->rows[i];
		if (r->absences < PRESENCE_RUNS)
			r->now = REMOVAL_NONE;
		else
			r->now = held && !r->confirmed ? REMOVAL_HELD
						       : REMOVAL_WANTED;
	}
}

/* 0: not all of it is known. */
static int decide_baseline(struct local *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct local_row *r = &l->rows[i];
		if (r->verdict == PRESENCE_UNSURE)
			return 0;
		r->now = r->verdict == PRESENCE_HERE ? REMOVAL_NONE
						     : REMOVAL_KEPT;
		r->changed |= r->absences != 0;
		r->absences = 0;
	}
	return 1;
}

static int write_rows(struct work *w, const struct local *l, struct err *err)
{
	if (ledger_begin(w->ledger, err) != 0)
		return -1;
	for (size_t i = 0; i < l->count; i++) {
		const struct local_row *r = &l->rows[i];
		if (r->moved || (r->now == r->then && !r->changed))
			continue;
		if (removal_set(w->ledger, r->id, r->now, r->absences,
			    r->now == REMOVAL_KEPT ? REMOVAL_WHY_LOST : "",
			    w->now_s, err) != 0) {
			ledger_rollback(w->ledger);
			return -1;
		}
	}
	if (write_strangers(w, l, err) != 0) {
		ledger_rollback(w->ledger);
		return -1;
	}
	return ledger_commit(w->ledger, err);
}

/* m NULL: a baseline, of all mailboxes. 1, 0, -1. */
static int do_rows(
	struct work *w, const struct ledger_mailbox *m, struct err *err)
{
	struct local l = {.presence = NULL};
	int rc = 1;

	if (work_presence(w, &l.presence, err) != 0)
		return -1;
	if (removal_each_here(w->ledger, m, w->run->account.confirmed_fence,
		    on_row, &l, err) != 0)
		rc = -1;
	if (rc > 0 && m == NULL)
		rc = decide_baseline(&l);
	else if (rc > 0 && find_strangers(w, &l, err) != 0)
		rc = -1;
	if (rc > 0 && m != NULL)
		decide(&l);
	if (rc > 0 && write_rows(w, &l, err) != 0)
		rc = -1;
	free(l.rows);
	free(l.gone);
	return rc;
}

int removal_local(
	struct work *w, const struct ledger_mailbox *m, struct err *err)
{
	return do_rows(w, m, err) < 0 ? -1 : 0;
}

int removal_baseline(struct work *w, struct err *err)
{
	return do_rows(w, NULL, err);
}
