/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. \All: what was left out of it, and has gone from everywhere else, is
 *    wanted again
 * 2. the names of what is new: a listing, or, of a few, their headers
 * 3. for each whose name the ledger has: a link, or in \All a row that says
 *    so. What cannot be linked (its reader has removed it) is fetched.
 * 4. \All of Gmail: labels that are no mailboxes
 */
#include "labels.h"

#include "census.h"
#include "headers.h"
#include "hidden.h"

#include <stdlib.h>
#include <string.h>

#define FEW 200 /* new messages: asked by UID, not by a listing of all */
#define SAME_MAX 64

struct source {
	struct ledger_message row;
	char dir[NAME_DIR_MAX];
};

struct labels {
	struct visit *v;
	struct census census;
	struct links *links;
	struct source *sources; /* rows with the name at hand */
	size_t count, cap;
	size_t staying; /* of these, not about to go from their folders */
	struct ledger_message *key;
	uint64_t linked, left_out;
};

bool labels_are_due(struct work *w, const struct plan_pair *pair)
{
	return pair->all && ledger_any_named_due(w->ledger, NULL) != 0;
}

/* ---- 1 */

int labels_want_again(struct visit *v, struct err *err)
{
	int64_t count = 0;

	if (!v->pair->all || v->fresh || !v->work->link.info.emailid)
		return 0;
	if (ledger_unskip_named(v->work->ledger, v->m.id, v->m.uidvalidity,
		    &count, err) != 0)
		return -1;
	if (count == 0)
		return 0;
	LOG(LOG_LEVEL_INFO, &v->log, "left_in_all_alone",
		LOG_NUM("messages", count));
	/* forces a look at what is missing */
	v->m.skipped -= count;
	v->m.uidnext = 1;
	return 0;
}

/* ---- 2 */

static int on_header(void *arg, const struct message_meta *meta,
	const struct header_bare *head, struct err *err)
{
	struct labels *l = arg;

	(void)head;
	return census_add(&l->census, meta, err);
}

static int name_few(
	struct labels *l, uint32_t first, uint32_t end, struct err *err)
{
	struct visit *v = l->v;
	uint32_t uids[FEW];
	size_t n = 0;

	census_init(&l->census, v);
	for (uint32_t uid = first; uid < end; uid++)
		if (!uidset_has(&v->got, uid))
			uids[n++] = uid;
	if (visit_ensure_session(v, err) != 0)
		return -1;
	return headers_fetch(v->work, uids, n, on_header, l, err);
}

static int name_new(struct labels *l, struct err *err)
{
	struct visit *v = l->v;
	uint32_t highest = uidset_last(&v->known);

	if (!v->fresh && v->m.uidnext > 1 && highest < v->state.uidnext &&
		v->state.uidnext - 1 - highest <= FEW)
		return name_few(l, highest + 1, v->state.uidnext, err);
	return census_load(v, &l->census, err);
}

/* ---- 3 */

static int on_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct labels *l = arg;
	struct source *s;

	(void)err;
	if (m->mailbox_id == l->v->m.id || l->count == SAME_MAX)
		return 0;
	if (l->count == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 4;
		l->sources = mem_grow(l->sources, l->cap, sizeof *l->sources);
	}
	s = &l->sources[l->count++];
	s->row = *m;
	l->staying += !m->going;
	memcpy(s->dir, dir, strlen(dir) + 1);
	return 0;
}

static void fill_key(struct labels *l, const struct listed *m)
{
	struct ledger_message *key = l->key;

	memset(key, 0, sizeof *key);
	key->mailbox_id = l->v->m.id;
	key->uidvalidity = l->v->m.uidvalidity;
	key->uid = m->uid;
	listed_flags(m, &key->source);
	key->local = key->source;
	memcpy(key->emailid, m->emailid, strlen(m->emailid) + 1);
}

static int link_one(struct labels *l, const struct listed *m, struct err *err)
{
	struct visit *v = l->v;
	struct work *w = v->work;
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->count; i++)
		r = delivery_link(l->links, &l->sources[i].row,
			l->sources[i].dir, v->folder, l->key, err);
	if (r <= 0)
		return r;
	(void)uidset_add(&v->got, m->uid);
	if (!m->has_flags)
		v->doubt = true;
	l->linked++;
	v->came++;
	w->arrived++;
	w->progress.now.messages_done++;
	link_progress(&w->link);
	progress_tick(&w->progress);
	return 0;
}

static int settle_one(struct labels *l, const struct listed *m, struct err *err)
{
	struct visit *v = l->v;

	l->count = l->staying = 0;
	if (m->emailid == NULL)
		return 0;
	if (ledger_each_emailid(v->work->ledger, m->emailid, on_row, l, err) !=
		0)
		return -1;
	if (l->count == 0)
		return 0;
	if (v->work->run->account.skip_deleted && m->has_flags &&
		(m->system & FLAG_DELETED) != 0)
		return 0;
	fill_key(l, m);
	if (!v->pair->all || l->staying == 0)
		return link_one(l, m, err);
	if (ledger_skip_named(v->work->ledger, l->key, v->work->now_s, err) !=
		0)
		return -1;
	(void)uidset_add(&v->got, m->uid);
	l->left_out++;
	return 0;
}

/* Rows of \All that are to be left out are written in one go. */
static int settle_all(struct labels *l, struct err *err)
{
	struct ledger *ledger = l->v->work->ledger;
	bool all = l->v->pair->all;
	int rc = all ? ledger_begin(ledger, err) : 0;

	if (rc != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < l->census.count; i++)
		rc = settle_one(l, &l->census.list[i], err);
	if (all && rc == 0)
		return ledger_commit(ledger, err);
	if (all)
		ledger_rollback(ledger);
	return rc;
}

int labels_settle(struct visit *v, struct err *err)
{
	struct labels l = {.v = v};
	struct work *w = v->work;
	int rc;

	if (!w->link.info.emailid || v->state.exists == 0)
		return 0;
	/* What has come in this run is in the ledger when it is durable. */
	if (store_flush(w->store, err) != 0)
		return -1;
	l.key = mem_alloc(sizeof *l.key);
	l.links = links_open(w->store);
	rc = name_new(&l, err);
	if (rc == 0)
		rc = settle_all(&l, err);
	if (rc == 0 && (l.linked != 0 || l.left_out != 0))
		LOG(LOG_LEVEL_INFO, &v->log, "known_elsewhere",
			LOG_NUM("linked", l.linked),
			LOG_NUM("left_out", l.left_out));
	if (rc == 0)
		rc = hidden_count(v, err);
	links_close(&l.links);
	census_clear(&l.census);
	free(l.sources);
	free(l.key);
	return rc;
}
