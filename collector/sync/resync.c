/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. collect: UID and flags of what may have changed, into v->changes
 * 2. apply, a slice at a time: rows → merge in the store → rows
 * A note in the ledger says that a mailbox's merge is under way: a run that
 * finds it knows that flags which both sides changed alike were written by
 * one that was killed, and are no reader's.
 * A message that is not seen here in two runs has been moved or deleted by
 * its reader: then the change is dropped, and its row stays.
 */
#include "resync.h"

#include "../../storage/ledger_removal.h"
#include "elsewhere.h"
#include "scan.h"
#include "trust.h"
#include "witness.h"

#include <stdio.h>
#include <stdlib.h>

#define SLICE 512 /* a listing of the folder for each */
#define MISSES_MAX 2

struct slice {
	struct store_flags *items;
	struct arena *arena; /* their texts */
	uint32_t uids[SLICE];
	size_t count;
	bool again;    /* a killed run may have merged these already */
	char note[32]; /* its key */
};

static int on_change(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct witness *w = arg;
	struct visit *v = w->visit;

	witness_hear(w, meta);
	/* what came in this visit came with its flags; a later change has a
	 * MODSEQ above our mark */
	if ((meta->has & MESSAGE_HAS_UID) != 0 &&
		(meta->has & MESSAGE_HAS_FLAGS) != 0 &&
		!uidset_has(&v->got, meta->uid))
		changes_add(&v->changes, meta->uid, &meta->flags);
	return work_check_cancel(v->work, err);
}

static int scan_flags(struct visit *v, struct err *err)
{
	struct scan s;

	if (v->scanned_flags)
		return 0;
	if (visit_load_known(v, err) != 0 ||
		visit_ensure_session(v, err) != 0 ||
		scan_mailbox(v, true, &s, err) != 0)
		return -1;
	scan_clear(&s);
	return 0;
}

/* Flags differ though MODSEQ is what it was: unless it has moved just now it
 * is not worth anything. */
static int compare_modseq(struct visit *v, struct err *err)
{
	struct mailbox_state now;

	if (v->changes.count == 0)
		return 0;
	if (visit_ensure_session(v, err) != 0 ||
		session_select(v->work->link.session, v->pair->mailbox, &now,
			err) != 0)
		return -1;
	if (now.highestmodseq != v->state.highestmodseq)
		return 0;
	v->state.highestmodseq = 0;
	return trust_deny(v->work, err);
}

/* Asks for what has changed, and for some that we know. */
static int ask_changes(struct visit *v, struct err *err)
{
	struct witness w;

	if (visit_ensure_session(v, err) != 0 ||
		witness_call(v, &w, err) != 0 ||
		session_changes_peek(v->work->link.session, v->m.highestmodseq,
			&w.peek, on_change, &w, err) != 0)
		return -1;
	return witness_judge(v, err);
}

/* Something has come or gone, whatever MODSEQ says. */
static bool has_moved(const struct visit *v)
{
	return v->state.uidnext != v->m.uidnext ||
	       v->state.exists != v->m.exists;
}

/* Step 1. */
static int collect(struct visit *v, struct err *err)
{
	uint64_t then = v->m.highestmodseq, now = v->state.highestmodseq;
	bool due = trust_flags_due(v->work, &v->m, &v->state);

	/* all there is came just now, or was re-keyed with its flags noted */
	if (v->m.stored == 0)
		return 0;
	if (now != 0 && now == then && !due && !has_moved(v))
		return 0;
	progress_phase(&v->work->progress, "comparing flags", v->pair->name);
	if (due || then == 0 || now < then || !v->work->link.info.condstore) {
		LOG(LOG_LEVEL_DEBUG, &v->log, "reading_all_flags",
			LOG_NUM("modseq", now), LOG_NUM("known", then));
		if (scan_flags(v, err) != 0)
			return -1;
		return now != 0 && now == then ? compare_modseq(v, err) : 0;
	}
	if (ask_changes(v, err) != 0)
		return -1;
	return v->changes.count != 0 ? trust_prove(v->work, err) : 0;
}

/* A server may report a message twice: the second time counts against what
 * the first one has made of it. */
static bool is_in_slice(const struct slice *s, uint32_t uid)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->uids[i] == uid)
			return true;
	return false;
}

/* 1: the row goes into the slice, 0: nothing to do for it. */
static int add_row(struct visit *v, const struct change *change,
	struct ledger_message *row, struct slice *s, struct err *err)
{
	struct store_flags *item = &s->items[s->count];
	struct flags now;
	int found = ledger_find_uid(v->work->ledger, v->m.id, v->m.uidvalidity,
		change->uid, row, err);

	if (found <= 0)
		return found;
	if (row->state != LEDGER_DONE && row->state != LEDGER_STAGED)
		return 0;
	changes_flags(change, &now);
	/* our own mark, of a deletion that was cut off */
	if (row->removal == REMOVAL_SENT)
		now.system &= (uint8_t)~FLAG_DELETED;
	if (flags_equal(&row->source, &now))
		return 0;
	item->source_now = (struct flags_ref){
		.system = now.system, .keywords = change->keywords};
	item->source_then = flags_keep(s->arena, &row->source);
	item->local_then = flags_keep(s->arena, &row->local);
	item->again = s->again;
	item->found = false;
	item->id = row->id;
	item->base = arena_strdup(s->arena, row->base);
	s->uids[s->count] = change->uid;
	s->count++;
	return 1;
}

static int record(struct visit *v, struct store_flags *item, struct err *err)
{
	struct ledger *l = v->work->ledger;
	struct flags source, local;
	int64_t misses;

	flags_get(&item->source_now, &source);
	flags_get(item->found ? &item->local_note : &item->local_then, &local);
	if (item->found) {
		v->flags_applied++;
		v->work->flag_changes++;
		return ledger_set_flags(l, item->id, &source, &local, err);
	}
	if (ledger_missed(l, item->id, &misses, err) != 0)
		return -1;
	if (misses < MISSES_MAX) {
		v->missed = true;
		return 0;
	}
	LOG(LOG_LEVEL_DEBUG, &v->log, "flag_change_dropped",
		LOG_STR("base", item->base));
	return ledger_set_flags(l, item->id, &source, &local, err);
}

/* The note of the mailbox under way: set, and dropped with the last slice. */
static int note_merging(struct visit *v, struct slice *s, struct err *err)
{
	struct ledger *l = v->work->ledger;
	char *then;

	(void)snprintf(
		s->note, sizeof s->note, "merging %lld", (long long)v->m.id);
	then = ledger_note_get(l, s->note, err);
	if (then == NULL)
		return -1;
	s->again = then[0] != '\0';
	free(then);
	return s->again ? 0 : ledger_note(l, s->note, "1", err);
}

/* Step 2. */
static int apply_slice(
	struct visit *v, struct slice *s, bool last, struct err *err)
{
	struct work *w = v->work;

	if (s->count == 0)
		return last ? ledger_note(w->ledger, s->note, NULL, err) : 0;
	if (store_merge_flags(w->store, v->folder, s->items, s->count, s->arena,
		    err) != 0 ||
		elsewhere_merge(v, s->items, s->count, s->arena, err) != 0)
		return -1;
	if (ledger_begin(w->ledger, err) != 0)
		return -1;
	for (size_t i = 0; i < s->count; i++)
		if (record(v, &s->items[i], err) != 0) {
			ledger_rollback(w->ledger);
			return -1;
		}
	if (last && ledger_note(w->ledger, s->note, NULL, err) != 0) {
		ledger_rollback(w->ledger);
		return -1;
	}
	s->count = 0;
	arena_free(&s->arena);
	s->arena = arena_new();
	return ledger_commit(w->ledger, err);
}

static int apply(struct visit *v, struct err *err)
{
	struct ledger_message *row = mem_alloc(sizeof *row);
	struct slice s = {0};
	int rc = 0;

	s.items = mem_array(SLICE, sizeof *s.items);
	s.arena = arena_new();
	rc = note_merging(v, &s, err);
	for (size_t i = 0; rc == 0 && i < v->changes.count; i++) {
		const struct change *change = &v->changes.list[i];
		if (s.count == SLICE || is_in_slice(&s, change->uid))
			rc = apply_slice(v, &s, false, err);
		if (rc == 0 && add_row(v, change, row, &s, err) < 0)
			rc = -1;
		if (rc == 0 && s.count == 0)
			rc = work_check_cancel(v->work, err);
	}
	if (rc == 0)
		rc = apply_slice(v, &s, true, err);
	arena_free(&s.arena);
	free(s.items);
	free(row);
	return rc;
}

int resync_mailbox(struct visit *v, struct err *err)
{
	if (collect(v, err) != 0)
		return -1;
	if (v->changes.count == 0)
		return 0;
	LOG(LOG_LEVEL_DEBUG, &v->log, "applying_flags",
		LOG_NUM("messages", v->changes.count));
	return apply(v, err);
}
