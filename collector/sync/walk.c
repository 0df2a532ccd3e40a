/* SPDX-License-Identifier: BSD-2-Clause */
#include "walk.h"

#include "failures.h"
#include "import.h"
#include "walk_crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A mailbox is tried again in a new session so often; so many that fail in a
 * row for reasons of their own end the run: then it is the server. */
#define VISIT_TRIES 2
#define FAILED_IN_A_ROW_MAX 3
#define FORETELL 64 /* mailboxes at once */

/* True if the fault is the mailbox's own, and the next one may be tried. */
static bool is_own_fault(struct walk *k, const struct err *err)
{
	bool suspect = link_is_suspect(err);

	if (work_cancelled(k->w))
		return false;
	if (err->scope <= ERR_SCOPE_MAILBOX && err->class != ERR_CANCELLED)
		return true;
	/* A name or a lock can cost one session after the other, and spare
	 * all other mailboxes (imapsync#154; Zimbra). */
	if (err->class == ERR_NETWORK)
		suspect = k->lost >= LINK_NETWORK_TRIES;
	if (err->class == ERR_REFUSED && k->lost != 0)
		suspect = (k->w->link.info.quirks & QUIRK_MAILBOX_BYE) != 0;
	return err->scope == ERR_SCOPE_SESSION && suspect &&
	       ++k->failed_in_a_row < FAILED_IN_A_ROW_MAX;
}

static void note_failed(
	struct walk *k, const struct plan_pair *pair, struct err *err)
{
	struct work *w = k->w;
	struct log_ctx log = w->log;

	log.mailbox = pair->name;
	log_err(LOG_LEVEL_WARN, &log, "mailbox_failed", err);
	(void)err_where(err, "mailbox %.200s", pair->name);
	err->scope = ERR_SCOPE_MAILBOX;
	failures_note_mailbox(w, pair->name, err);
	if (w->failed++ == 0)
		w->first_err = *err;
	link_progress(&w->link);
}

/* Forgets what a visit that failed has announced. */
static void take_back(struct work *w, const struct visit *v)
{
	uint64_t missing = v->expected > v->came ? v->expected - v->came : 0;

	w->progress.now.messages_total -= v->counted;
	w->progress.now.messages_new -= missing;
}

static int visit_once(
	struct walk *k, const struct plan_pair *pair, struct err *err)
{
	struct visit v;
	int rc = visit_mailbox(&v, k->w, pair, err);

	if (rc == 0) {
		if (!k->w->list_only)
			marks_note(k->marks, &v);
		if (!v.unchanged) {
			k->failed_in_a_row = 0;
			link_progress(&k->w->link);
		}
	} else {
		take_back(k->w, &v);
	}
	visit_clear(&v);
	return rc;
}

/* A lost connection is worth a second try of the whole mailbox; what has
 * arrived is known from the ledger once it has been flushed. */
static int visit_with_retries(
	struct walk *k, const struct plan_pair *pair, struct err *err)
{
	struct work *w = k->w;
	struct err flush_err;

	k->lost = 0;
	for (int tries = 1;; tries++) {
		bool there = w->link.session != NULL;
		unsigned opened = w->link.opened;
		if (visit_once(k, pair, err) == 0)
			return 0;
		k->lost += err->scope == ERR_SCOPE_SESSION &&
			   (there || w->link.opened != opened);
		if (err->scope <= ERR_SCOPE_MAILBOX ||
			!link_survives(&w->link, err))
			return -1;
		if (link_is_suspect(err) && tries >= VISIT_TRIES)
			return -1;
		if (store_flush(w->store, &flush_err) != 0) {
			*err = flush_err;
			return -1;
		}
	}
}

/* What ends the run, with the place where that says something. */
static int end_walk(const struct plan_pair *pair, struct err *err)
{
	if (err->scope < ERR_SCOPE_ACCOUNT && err->class != ERR_CANCELLED)
		(void)err_where(err, "mailbox %.200s", pair->name);
	return -1;
}

/* 1: what will be asked of it is known; 0: something will be; -1: nothing. */
static int foresee(struct work *w, const struct plan_pair *pair,
	struct session_ahead *what)
{
	const struct mailbox_state *s = &pair->status;
	struct ledger_mailbox m;
	struct err err;

	if (ledger_mailbox(w->ledger, pair->mailbox, pair->folder, &m, &err) !=
		0)
		return 0;
	if (visit_is_unchanged(w, &m, s))
		return -1;
	(void)snprintf(
		what->mailbox, sizeof what->mailbox, "%s", pair->mailbox);
	what->status = *s;
	what->last = m.stored + m.quarantined + m.skipped != 0 ||
		     m.uidvalidity != 0 || w->run->account.skip_deleted ||
		     w->run->account.newest_first ||
		     s->uidnext > IMPORT_DENSE_MAX;
	if (!what->last && s->uidnext > 1)
		what->uids =
			(struct uid_range){.first = 1, .last = s->uidnext - 1};
	return what->last ? 0 : 1;
}

void walk_foretell(
	struct walk *k, const struct plan *plan, size_t at, size_t most)
{
	size_t end = at + most;

	if (at < k->foretold || k->w->link.session == NULL)
		return;
	k->foretold = at + 1;
	for (; at < end && at < plan->count; at++) {
		struct session_ahead what = {.last = false};
		int known;

		if (plan->pairs[at].status.uidvalidity == 0)
			return;
		known = foresee(k->w, &plan->pairs[at], &what);
		k->foretold = at + 1;
		if (known >= 0)
			session_ahead(k->w->link.session, &what);
		if (known == 0)
			return;
	}
}

int walk_pair(struct walk *k, const struct plan_pair *pair, struct err *err)
{
	if (work_check_cancel(k->w, err) != 0)
		return -1;
	if (visit_with_retries(k, pair, err) != 0) {
		if (!is_own_fault(k, err))
			return end_walk(pair, err);
		note_failed(k, pair, err);
	}
	/* the next mailbox does not wait for the disk */
	return marks_write_now_and_then(k->marks, err);
}

static int walk_pairs(struct walk *k, const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		walk_foretell(k, plan, i, FORETELL);
		if (walk_pair(k, &plan->pairs[i], err) != 0)
			return -1;
	}
	return 0;
}

int walk_plan(struct work *w, const struct plan *plan, struct err *err)
{
	struct marks marks = {.w = w};
	struct walk k = {.w = w, .marks = &marks};
	struct err settle_err;
	int rc;

	if (walk_crew_wanted(w, plan))
		rc = walk_crew(&k, plan, err);
	else
		rc = walk_pairs(&k, plan, err);
	progress_phase(&w->progress, "finishing", NULL);
	if (marks_settle(&marks, &settle_err) != 0) {
		/* the store's own failure is what a person has to know */
		*err = settle_err;
		rc = -1;
	}
	marks_clear(&marks);
	return rc;
}
