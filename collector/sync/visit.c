/* SPDX-License-Identifier: BSD-2-Clause */
#include "visit.h"

#include "completeness.h"
#include "expunge.h"
#include "import.h"
#include "labels.h"
#include "maildrop.h"
#include "numbers.h"
#include "policy.h"
#include "resync.h"
#include "sample.h"
#include "trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int on_due(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct visit *v = arg;
	struct visit_due *due;

	(void)dir;
	(void)err;
	v->due = mem_grow(v->due, v->due_count + 1, sizeof *v->due);
	due = &v->due[v->due_count++];
	*due = (struct visit_due){
		.uid = m->uid, .occurrence = m->occurrence, .tries = m->tries};
	memcpy(due->uidl, m->uidl, sizeof due->uidl);
	return 0;
}

int visit_load_known(struct visit *v, struct err *err)
{
	uint32_t *uids;
	size_t count;

	if (v->known_loaded)
		return 0;
	if (ledger_uids(v->work->ledger, v->m.id, v->m.uidvalidity,
		    work_due_s(v->work), &uids, &count, err) != 0)
		return -1;
	uidset_take(&v->known, uids, count);
	v->known_loaded = true;
	return 0;
}

int visit_select_again(struct visit *v, struct err *err)
{
	struct mailbox_state now;

	if (session_select(
		    v->work->link.session, v->pair->mailbox, &now, err) != 0)
		return -1;
	if (now.uidvalidity == v->state.uidvalidity)
		return 0;
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX, ERR_RETRY_NOW,
		"UIDVALIDITY changed from %lu to %lu while it was read",
		(unsigned long)v->state.uidvalidity,
		(unsigned long)now.uidvalidity);
}

int visit_ensure_session(struct visit *v, struct err *err)
{
	struct link *link = &v->work->link;

	if (link->session != NULL)
		return 0;
	if (link_open(link, err) != 0)
		return -1;
	return visit_select_again(v, err);
}

int visit_quarantine(struct visit *v, const struct ledger_message *key,
	int64_t tries, const struct err *why, const char *dialogue,
	struct err *err)
{
	struct work *w = v->work;
	struct ledger_message *m = mem_alloc(sizeof *m);
	int rc;

	*m = *key;
	m->mailbox_id = v->m.id;
	m->uidvalidity = v->m.uidvalidity;
	m->state = LEDGER_QUARANTINED;
	m->why = why->class;
	(void)snprintf(m->why_text, sizeof m->why_text, "%.*s", 255, why->text);
	m->first_at = w->now_s;
	m->next_try_at = w->now_s + policy_quarantine_s(why->class, tries);
	if (w->again_at_s == 0 || m->next_try_at < w->again_at_s)
		w->again_at_s = m->next_try_at;
	LOG(LOG_LEVEL_WARN, &v->log, "message_quarantined",
		LOG_NUM("uid", m->uid), LOG_STR("uidl", m->uidl),
		LOG_STR("class", err_class_name(why->class)),
		LOG_STR("error", why->text), LOG_NUM("tries", tries + 1));
	rc = ledger_quarantine(w->ledger, m, err);
	if (rc == 0)
		rc = ledger_set_dialogue(w->ledger, m, dialogue, err);
	free(m);
	w->quarantined++;
	v->given_up++;
	return rc;
}

int visit_skip(struct visit *v, uint32_t uid, const char *why, struct err *err)
{
	struct ledger_message *m = mem_alloc(sizeof *m);
	int rc;

	m->mailbox_id = v->m.id;
	m->uidvalidity = v->m.uidvalidity;
	m->uid = uid;
	m->state = LEDGER_SKIPPED;
	m->why = ERR_REFUSED;
	(void)snprintf(m->why_text, sizeof m->why_text, "%s", why);
	m->first_at = v->work->now_s;
	LOG(LOG_LEVEL_INFO, &v->log, "message_left_out", LOG_NUM("uid", uid),
		LOG_STR("why", why));
	rc = ledger_quarantine(v->work->ledger, m, err);
	free(m);
	return rc;
}

static int by_due(const void *key, const void *element)
{
	uint32_t uid = *(const uint32_t *)key;
	const struct visit_due *d = element;

	return uid < d->uid ? -1 : uid > d->uid;
}

const struct visit_due *visit_find_due(const struct visit *v, uint32_t uid)
{
	if (v->due_count == 0)
		return NULL;
	return bsearch(&uid, v->due, v->due_count, sizeof *v->due, by_due);
}

int visit_forget(struct visit *v, const struct visit_due *due, struct err *err)
{
	struct ledger_message *m = mem_alloc(sizeof *m);
	int rc;

	m->mailbox_id = v->m.id;
	m->uidvalidity = v->m.uidvalidity;
	m->uid = due->uid;
	m->occurrence = due->occurrence;
	memcpy(m->uidl, due->uidl, sizeof m->uidl);
	m->state = LEDGER_SKIPPED;
	m->why = ERR_PROTOCOL;
	(void)snprintf(m->why_text, sizeof m->why_text,
		"gone from the source before it could be fetched");
	m->first_at = v->work->now_s;
	LOG(LOG_LEVEL_INFO, &v->log, "quarantined_message_gone",
		LOG_NUM("uid", due->uid), LOG_STR("uidl", due->uidl));
	rc = ledger_quarantine(v->work->ledger, m, err);
	free(m);
	return rc;
}

/* What is known of the mailbox belongs to an older epoch from now on. */
static int leave_epoch(struct visit *v, struct err *err)
{
	struct ledger *l = v->work->ledger;

	if (store_flush(v->work->store, err) != 0 || ledger_begin(l, err) != 0)
		return -1;
	if (ledger_leave_epoch(l, v->m.id, v->m.uidvalidity, err) != 0)
		goto failed;
	v->m.uidvalidity = 0;
	v->m.uidnext = 0;
	v->m.highestmodseq = 0;
	if (ledger_mailbox_mark(l, &v->m, err) != 0)
		goto failed;
	return ledger_commit(l, err);
failed:
	ledger_rollback(l);
	return -1;
}

/* UIDs that go down were given out a second time (the mailbox was restored,
 * or made anew within the second that UIDVALIDITY counts), unless a server
 * just miscounts: then the messages are the ones that we know. */
static int check_reuse(struct visit *v, struct err *err)
{
	enum sample_verdict verdict = SAMPLE_NOTHING;

	if (v->state.uidnext == 0 || v->state.uidnext >= v->m.uidnext)
		return 0;
	if (v->state.exists != 0 &&
		sample_compare(v->work, &v->m, &verdict, err) != 0)
		return -1;
	LOG(LOG_LEVEL_WARN, &v->log, "uidnext_went_down",
		LOG_NUM("from", v->m.uidnext), LOG_NUM("to", v->state.uidnext),
		LOG_NUM("same_messages", verdict == SAMPLE_SAME));
	if (verdict == SAMPLE_SAME)
		return 0;
	return leave_epoch(v, err);
}

/* A new epoch is written down at once, as not complete: what arrives belongs
 * to it, and an interrupted import is resumed as what it is. */
static int enter_epoch(struct visit *v, struct err *err)
{
	if (v->m.uidvalidity == v->state.uidvalidity &&
		check_reuse(v, err) != 0)
		return -1;
	memcpy(v->m.mailboxid, v->state.mailboxid, sizeof v->m.mailboxid);
	v->first = v->m.uidnext == 0;
	if (v->m.uidvalidity == v->state.uidvalidity) {
		v->fresh = v->m.uidnext == 0;
		v->rematch = v->fresh;
		return 0;
	}
	if (v->m.uidvalidity != 0)
		LOG(LOG_LEVEL_WARN, &v->log, "uidvalidity_changed",
			LOG_NUM("from", v->m.uidvalidity),
			LOG_NUM("to", v->state.uidvalidity));
	v->rematch = true; /* of nothing, where nothing is known */
	v->fresh = true;
	v->m.uidvalidity = v->state.uidvalidity;
	v->m.uidnext = 0;
	v->m.highestmodseq = 0;
	v->m.exists = v->state.exists;
	v->m.stored = v->m.quarantined = v->m.skipped = v->m.gone = 0;
	return ledger_mailbox_mark(v->work->ledger, &v->m, err);
}

bool visit_is_unchanged(struct work *w, const struct ledger_mailbox *m,
	const struct mailbox_state *status)
{
	struct visit v = {.work = w, .m = *m, .state = *status};

	trust_filter(w, &v.state);
	return status->uidvalidity != 0 &&
	       status->uidvalidity == m->uidvalidity &&
	       status->exists == m->exists &&
	       v.state.highestmodseq == m->highestmodseq && m->uidnext != 0 &&
	       m->quarantined == 0 && import_nothing_new(&v) &&
	       !trust_flags_due(w, m, &v.state) &&
	       !expunge_is_due(w, m, status);
}

static int open_mailbox(struct visit *v, struct err *err)
{
	struct work *w = v->work;
	uint64_t limit = w->run->settings->limits_messages;

	if (ledger_mailbox(w->ledger, v->pair->mailbox, v->pair->folder, &v->m,
		    err) != 0)
		return -1;
	v->unchanged = visit_is_unchanged(w, &v->m, &v->pair->status) &&
		       !labels_are_due(w, v->pair);
	if (v->unchanged) {
		v->state = v->pair->status;
		v->counted = v->state.exists;
		w->progress.now.messages_total += v->counted;
		return 0;
	}
	if (store_folder(w->store, v->m.dir, &v->folder, err) != 0 ||
		link_open(&w->link, err) != 0 ||
		session_select(
			w->link.session, v->pair->mailbox, &v->state, err) != 0)
		return -1;
	trust_filter(w, &v->state);
	v->counted = v->state.exists;
	w->progress.now.messages_total += v->counted;
	if (v->state.exists > limit)
		return err_set(err, ERR_LIMIT, ERR_SCOPE_MAILBOX,
			ERR_RETRY_CHANGE,
			"%lu messages, more than limits.messages",
			(unsigned long)v->state.exists);
	if (enter_epoch(v, err) != 0 || numbers_enter(v, err) != 0)
		return -1;
	if (v->m.quarantined == 0)
		return 0;
	return ledger_each_due(w->ledger, v->m.id, v->m.uidvalidity,
		work_due_s(w), on_due, v, err);
}

/* When flags were compared last; where some could not be settled and no MODSEQ
 * will tell of them again, they are compared in the next run. */
static void mark_flags(struct visit *v)
{
	if (v->doubt || v->cut ||
		(v->state.highestmodseq == 0 && (v->changes.left || v->missed)))
		v->m.flags_at = 0;
	else if (v->scanned_flags || v->fresh)
		v->m.flags_at = v->work->now_s;
}

/* Nothing of the last time may be assumed where something is in doubt. */
static void make_mark(struct visit *v)
{
	if (!v->cut)
		v->m.uidnext = v->state.uidnext != 0 ? v->state.uidnext : 1;
	else if (v->m.uidnext == 0)
		v->m.uidnext = 1;
	v->m.exists = v->state.exists;
	completeness_notice(v);
	mark_flags(v);
	if (v->doubt || v->cut)
		v->m.highestmodseq = 0;
	else if (!v->changes.left && !v->missed)
		v->m.highestmodseq = v->state.highestmodseq;
}

static int visit_once(struct visit *v, struct work *work,
	const struct plan_pair *pair, struct err *err)
{
	bool pop3 = work->run->account.url.protocol == PROTOCOL_POP3;

	*v = (struct visit){.work = work, .pair = pair, .log = work->log};
	v->log.mailbox = pair->name;
	progress_phase(&work->progress, "checking", pair->name);
	if (open_mailbox(v, err) != 0)
		return -1;
	if (v->unchanged) {
		LOG(LOG_LEVEL_DEBUG, &v->log, "mailbox_unchanged",
			LOG_NUM("exists", v->state.exists));
		return 0;
	}
	if ((pop3 ? maildrop_import(v, err) : import_mailbox(v, err)) != 0)
		return -1;
	if (!pop3 && !work->list_only &&
		(resync_mailbox(v, err) != 0 || expunge_find(v, err) != 0))
		return -1;
	if (work->list_only)
		return 0; /* complete is what the next run makes of it */
	make_mark(v);
	LOG(LOG_LEVEL_INFO, &v->log, "mailbox_done",
		LOG_NUM("exists", v->state.exists), LOG_NUM("new", v->came),
		LOG_NUM("flags", v->flags_applied),
		LOG_NUM("vanished", v->vanished),
		LOG_NUM("quarantined", v->given_up));
	return 0;
}

int visit_mailbox(struct visit *v, struct work *work,
	const struct plan_pair *pair, struct err *err)
{
	uint64_t total = work->progress.now.messages_total;
	int rc = visit_once(v, work, pair, err);

	if (rc == 0 || !v->reused)
		return rc;
	LOG(LOG_LEVEL_WARN, &v->log, "uids_given_twice",
		LOG_NUM("uidvalidity", v->m.uidvalidity));
	if (leave_epoch(v, err) != 0)
		return -1;
	visit_clear(v);
	work->progress.now.messages_total = total;
	return visit_once(v, work, pair, err);
}

void visit_clear(struct visit *v)
{
	uidset_clear(&v->known);
	uidset_clear(&v->got);
	uidset_clear(&v->suspects);
	changes_clear(&v->changes);
	free(v->due);
	*v = (struct visit){0};
}
