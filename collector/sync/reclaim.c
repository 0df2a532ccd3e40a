/* SPDX-License-Identifier: BSD-2-Clause */
#include "reclaim.h"

#include "../../storage/salvage.h"
#include "census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE 256 /* rows a transaction */

int reclaim_begin(struct work *w, struct err *err)
{
	char *due = ledger_note_get(w->ledger, SALVAGE_NOTE, err);
	int rc = due == NULL ? -1 : 0;

	if (rc == 0 && due[0] != '\0')
		rc = salvage_open(w->store, &w->salvage, err);
	if (rc == 0 && w->salvage != NULL)
		LOG(LOG_LEVEL_WARN, &w->log, "store_is_looked_through",
			LOG_STR("why", due),
			LOG_STR("text", "the store may hold mail that the "
					"ledger does not know"));
	free(due);
	return rc;
}

int reclaim_end(struct work *w, bool whole, struct err *err)
{
	salvage_close(&w->salvage);
	if (!whole)
		return 0;
	return ledger_note(w->ledger, SALVAGE_NOTE, "", err);
}

struct reclaim {
	struct visit *v;
	struct census census;
	struct ledger_message *m;
	uint32_t found, rest;
};

/* Flags as they are on both sides now: what differs stays so. */
static void fill(struct reclaim *r, const struct listed *l)
{
	struct ledger_message *m = r->m;

	memset(m, 0, sizeof *m);
	m->mailbox_id = r->v->m.id;
	m->uidvalidity = r->v->m.uidvalidity;
	m->uid = l->uid;
	if (l->seeker.has_date)
		m->date_s = l->seeker.date_s;
	listed_flags(l, &m->source);
	memcpy(m->local.keywords, m->source.keywords, sizeof m->local.keywords);
	if (l->emailid != NULL)
		memcpy(m->emailid, l->emailid, strlen(l->emailid) + 1);
}

static int reclaim_one(
	struct reclaim *r, const struct listed *l, struct err *err)
{
	struct visit *v = r->v;
	int found;

	fill(r, l);
	found = salvage_find(v->work->salvage, v->folder,
		l->has_size ? l->size_bytes : 0, r->m, err);
	if (found <= 0)
		return found;
	if (ledger_adopt(v->work->ledger, r->m, err) != 0)
		return -1;
	r->found++;
	v->work->rekeyed++;
	(void)uidset_add(&v->got, l->uid);
	if (!l->has_flags)
		v->doubt = true;
	return 0;
}

/* In short transactions: hashing a file takes a while. */
static int reclaim_keys(struct reclaim *r, struct err *err)
{
	struct ledger *ledger = r->v->work->ledger;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->census.count;) {
		size_t end = i + SLICE;
		if (work_check_cancel(r->v->work, err) != 0 ||
			ledger_begin(ledger, err) != 0)
			return -1;
		for (; rc == 0 && i < end && i < r->census.count; i++)
			rc = reclaim_one(r, &r->census.list[i], err);
		if (rc == 0)
			rc = ledger_commit(ledger, err);
		else
			ledger_rollback(ledger);
	}
	return rc;
}

static int on_rest(
	void *arg, const struct ledger_message *found, struct err *err)
{
	struct reclaim *r = arg;

	*r->m = *found;
	r->m->mailbox_id = r->v->m.id;
	r->m->source = r->m->local;
	return ledger_adopt_old(
		r->v->work->ledger, r->m, ++r->v->work->reclaimed, err);
}

/* What the names do not tell is left to rematch. */
static int reclaim_rest(struct reclaim *r, struct err *err)
{
	struct work *w = r->v->work;
	int rc;

	if (w->run->account.shares_store)
		return 0;
	if (ledger_begin(w->ledger, err) != 0)
		return -1;
	rc = salvage_rest(w->salvage, r->v->folder, on_rest, r, err);
	if (rc == 0)
		return ledger_commit(w->ledger, err);
	ledger_rollback(w->ledger);
	return -1;
}

int reclaim_mailbox(struct visit *v, struct err *err)
{
	struct reclaim r = {.v = v};
	int rc;

	if (v->work->salvage == NULL || v->state.exists == 0)
		return 0;
	progress_phase(&v->work->progress, "recognising", v->pair->name);
	r.m = mem_alloc(sizeof *r.m);
	rc = census_load(v, &r.census, err);
	if (rc == 0)
		rc = reclaim_keys(&r, err);
	/* names that work tell of all: the others are new */
	if (rc == 0 && r.found == 0 && v->fresh && !v->work->list_only)
		rc = reclaim_rest(&r, err);
	if (rc == 0)
		LOG(LOG_LEVEL_INFO, &v->log, "reclaimed",
			LOG_NUM("listed", r.census.count),
			LOG_NUM("by_name", r.found));
	census_clear(&r.census);
	free(r.m);
	return rc;
}

int reclaim_uidl(struct visit *v, const char *uidl, uint32_t occurrence,
	uint64_t announced, struct err *err)
{
	struct work *w = v->work;
	struct ledger_message *m;
	int found;

	if (w->salvage == NULL)
		return 0;
	m = mem_alloc(sizeof *m);
	m->mailbox_id = v->m.id;
	(void)snprintf(m->uidl, sizeof m->uidl, "%s", uidl);
	m->occurrence = occurrence;
	found = salvage_find(w->salvage, v->folder, announced, m, err);
	if (found == 1 && ledger_adopt(w->ledger, m, err) != 0)
		found = -1;
	w->rekeyed += found == 1;
	free(m);
	return found;
}
