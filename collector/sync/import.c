/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. nothing can be new                      → done
 * 2. few UIDs above the highest known one    → ask for all of them
 *    else                                    → list, ask for what is missing
 * 3. the count does not prove that all is here
 *                                            → list, ask for what is missing,
 *                                              then each alone
 * 4. what was quarantined before and is due  → each alone
 * 5. still listed, still not here            → quarantine
 */
#include "import.h"

#include "completeness.h"
#include "fetch.h"
#include "labels.h"
#include "order.h"
#include "reclaim.h"
#include "rematch.h"
#include "resume.h"
#include "scan.h"

#include <stdlib.h>

struct import {
	struct visit *v;
	struct intake intake;
	struct fetch_owner owner;
	struct rematch *rematch;
	const uint32_t *asked; /* ascending: the list under way */
	size_t asked_count;
	uint32_t highest;      /* largest UID known of */
	uint32_t listed;       /* by the last scan */
	struct uidset missing; /* in the last scan, due ones included */
	bool flags;	       /* a scan reads flags too */
	bool by_uid;	       /* UIDs are list enough */
	bool scanned;
	bool cut; /* the last list is not all */
};

static int by_uid(const void *key, const void *element)
{
	uint32_t a = *(const uint32_t *)key, b = *(const uint32_t *)element;

	return a < b ? -1 : a > b;
}

static bool was_asked(const struct import *im, uint32_t uid)
{
	return bsearch(&uid, im->asked, im->asked_count, sizeof uid, by_uid) !=
	       NULL;
}

static bool is_left_out(
	const struct import *im, const struct message_meta *meta)
{
	return im->v->work->run->account.skip_deleted &&
	       (meta->has & MESSAGE_HAS_FLAGS) != 0 &&
	       (meta->flags.system & FLAG_DELETED) != 0;
}

static enum intake_verdict accept(void *arg,
	const struct intake_message *message, struct ledger_message *key,
	struct err *err)
{
	struct import *im = arg;
	struct visit *v = im->v;
	const struct message_meta *meta = message->meta;
	int old = 0;

	if ((meta->has & MESSAGE_HAS_UID) == 0 || !was_asked(im, meta->uid) ||
		uidset_has(&v->known, meta->uid) ||
		uidset_has(&v->got, meta->uid)) {
		LOG(LOG_LEVEL_DEBUG, &v->log, "unasked_message_dropped",
			LOG_NUM("uid", meta->uid));
		return INTAKE_DROP;
	}
	if ((meta->has & MESSAGE_HAS_FLAGS) == 0)
		v->doubt = true;
	key->uid = meta->uid;
	if (im->rematch != NULL)
		old = rematch_message(im->rematch, message, key, err);
	if (old < 0)
		return INTAKE_FAIL;
	(void)uidset_add(&v->got, meta->uid);
	if (old > 0)
		return INTAKE_DROP;
	if (is_left_out(im, meta)) {
		v->left_out_late++;
		return INTAKE_DROP;
	}
	v->came++;
	return INTAKE_TAKE;
}

static int renew(void *arg, struct err *err)
{
	const struct import *im = arg;

	return visit_select_again(im->v, err);
}

static bool settled(void *arg, uint32_t uid)
{
	const struct import *im = arg;

	return uidset_has(&im->v->got, uid);
}

static int give_up(
	void *arg, uint32_t uid, const struct err *why, struct err *err)
{
	struct import *im = arg;
	const struct visit_due *due = visit_find_due(im->v, uid);
	struct ledger_message *key = mem_alloc(sizeof *key);
	int rc;

	key->uid = uid;
	rc = visit_quarantine(im->v, key, due != NULL ? due->tries : 0, why,
		intake_told(&im->intake, uid), err);
	free(key);
	if (rc == 0)
		(void)uidset_add(&im->v->got, uid);
	return rc;
}

/* What the server sent in the place of a message that was asked for. */
static int unusable(void *arg, const struct message_meta *meta, struct err *err)
{
	struct import *im = arg;
	struct err why;

	if ((meta->has & MESSAGE_HAS_UID) == 0 || !was_asked(im, meta->uid) ||
		uidset_has(&im->v->got, meta->uid))
		return 0;
	if ((meta->has & MESSAGE_IS_INTERNAL) != 0) {
		(void)uidset_add(&im->v->got, meta->uid);
		return visit_skip(
			im->v, meta->uid, "the server's own folder data", err);
	}
	(void)err_set(&why, ERR_REFUSED, ERR_SCOPE_MESSAGE, ERR_RETRY_LATER,
		"the source cannot render it");
	return give_up(im, meta->uid, &why, err);
}

static int get(struct import *im, const uint32_t *uids, size_t count,
	bool alone, struct err *err)
{
	int rc;

	if (count == 0)
		return 0;
	im->asked = uids;
	im->asked_count = count;
	rc = fetch_messages(&im->intake, &im->owner, uids, count, alone, err);
	im->asked = NULL;
	im->asked_count = 0;
	return rc;
}

/* Those of a scan that are too large are not even asked for. */
static int refuse_too_big(struct import *im, struct scan *s, struct err *err)
{
	struct err why;

	(void)err_set(&why, ERR_LIMIT, ERR_SCOPE_MESSAGE, ERR_RETRY_CHANGE,
		"larger than limits.message");
	for (size_t i = 0; i < s->too_big.count; i++)
		if (give_up(im, s->too_big.uids[i], &why, err) != 0)
			return -1;
	return 0;
}

/* What a scan says is missing and may be asked for in company. Caller
 * clears. */
static int list_missing(
	struct import *im, struct uidset *ret_uids, struct err *err)
{
	struct visit *v = im->v;
	struct scan s;

	*ret_uids = (struct uidset){0};
	if (visit_ensure_session(v, err) != 0)
		return -1;
	progress_phase(&v->work->progress, "listing", v->pair->name);
	if (im->by_uid ? scan_uids(v, &s, err) != 0
		       : scan_mailbox(v, im->flags, &s, err) != 0)
		return -1;
	completeness_listed(v, &s);
	im->cut = s.cut;
	im->scanned = true;
	if (s.highest > im->highest)
		im->highest = s.highest;
	v->left_out = s.deleted;
	if (refuse_too_big(im, &s, err) != 0) {
		scan_clear(&s);
		return -1;
	}
	for (size_t i = 0; i < s.missing.count; i++)
		if (!uidset_has(&v->got, s.missing.uids[i]) &&
			visit_find_due(v, s.missing.uids[i]) == NULL)
			(void)uidset_add(ret_uids, s.missing.uids[i]);
	im->listed = s.listed;
	uidset_clear(&im->missing);
	im->missing = s.missing;
	s.missing = (struct uidset){0};
	scan_clear(&s);
	progress_phase(&v->work->progress, "importing", v->pair->name);
	return 0;
}

/* Step 2. */
static bool is_dense(const struct import *im)
{
	const struct visit *v = im->v;

	return !v->work->run->account.skip_deleted &&
	       v->state.uidnext > im->highest &&
	       v->state.uidnext - 1 - im->highest <= IMPORT_DENSE_MAX;
}

static void list_dense(const struct import *im, struct uidset *ret_uids)
{
	const struct visit *v = im->v;

	*ret_uids = (struct uidset){0};
	for (uint32_t uid = im->highest + 1; uid < v->state.uidnext; uid++)
		if (visit_find_due(v, uid) == NULL && !uidset_has(&v->got, uid))
			(void)uidset_add(ret_uids, uid);
}

static size_t count_unsettled(
	const struct import *im, const struct uidset *uids)
{
	size_t n = 0;

	for (size_t i = 0; i < uids->count; i++)
		n += !uidset_has(&im->v->got, uids->uids[i]);
	return n;
}

/* Step 3, first half. What a list has shown to be there and did not come is
 * missing, whatever the count says. */
static bool needs_second_look(const struct import *im, size_t unsettled)
{
	if (im->scanned)
		return unsettled != 0;
	return !completeness_by_count(im->v, unsettled);
}

static int get_in_order(
	struct import *im, const struct uidset *uids, struct err *err)
{
	struct order order;
	size_t first, n;

	order_begin(
		&order, uids->count, im->v->work->run->account.newest_first);
	while (order_next(&order, &first, &n))
		if (get(im, uids->uids + first, n, false, err) != 0)
			return -1;
	return 0;
}

static int get_new(struct import *im, size_t *ret_unsettled, struct err *err)
{
	struct visit *v = im->v;
	struct uidset uids;
	int rc = 0;

	if (is_dense(im))
		list_dense(im, &uids);
	else
		rc = list_missing(im, &uids, err);
	v->expected =
		uids.count < v->state.exists ? uids.count : v->state.exists;
	v->work->progress.now.messages_new += v->expected;
	if (rc == 0) {
		LOG(LOG_LEVEL_DEBUG, &v->log,
			im->scanned ? "asking_missing" : "asking_above",
			LOG_NUM("uids", uids.count),
			LOG_NUM("highest", im->highest));
		rc = get_in_order(im, &uids, err);
	}
	if (rc == 0)
		*ret_unsettled = count_unsettled(im, &uids);
	uidset_clear(&uids);
	return rc;
}

static void say_undelivered(struct err *why)
{
	(void)err_set(why, ERR_PROTOCOL, ERR_SCOPE_MESSAGE, ERR_RETRY_LATER,
		"the server lists this message but does not deliver it");
}

/* Step 5. */
static int quarantine_rest(struct import *im, struct err *err)
{
	struct uidset uids;
	struct err why;
	int rc = list_missing(im, &uids, err);

	say_undelivered(&why);
	for (size_t i = 0; rc == 0 && i < uids.count; i++)
		rc = give_up(im, uids.uids[i], &why, err);
	uidset_clear(&uids);
	return rc;
}

/* Step 3, second half. */
static int get_missing(struct import *im, struct err *err)
{
	struct uidset uids;
	int rc = list_missing(im, &uids, err);

	if (rc == 0)
		rc = get_in_order(im, &uids, err);
	for (size_t i = 0; rc == 0 && i < uids.count; i++)
		if (!settled(im, uids.uids[i]))
			rc = get(im, &uids.uids[i], 1, true, err);
	if (rc == 0 && count_unsettled(im, &uids) != 0)
		rc = quarantine_rest(im, err);
	uidset_clear(&uids);
	return rc;
}

/* A quarantined message that did not come, without a word. */
static int settle_due(
	struct import *im, const struct visit_due *due, struct err *err)
{
	struct visit *v = im->v;
	struct uidset uids;
	struct err why;

	if (!im->scanned) {
		if (list_missing(im, &uids, err) != 0)
			return -1;
		uidset_clear(&uids);
	}
	if (!uidset_has(&im->missing, due->uid) && !im->cut)
		return visit_forget(v, due, err);
	say_undelivered(&why);
	return give_up(im, due->uid, &why, err);
}

/* Step 4. */
static int retry_due(struct import *im, struct err *err)
{
	for (size_t i = 0; i < im->v->due_count; i++) {
		const struct visit_due *due = &im->v->due[i];
		if (settled(im, due->uid))
			continue;
		if (get(im, &due->uid, 1, true, err) != 0)
			return -1;
		if (!settled(im, due->uid) && settle_due(im, due, err) != 0)
			return -1;
	}
	return 0;
}

/* Step 1: with the UIDNEXT of the last complete import no UID has been given
 * out since; what is here then covers what is there. What was left out as
 * \Deleted may have been undeleted. */
bool import_nothing_new(const struct visit *v)
{
	if (v->work->run->account.skip_deleted &&
		(v->state.highestmodseq == 0 ||
			v->state.highestmodseq != v->m.highestmodseq))
		return false;
	return !v->fresh && v->state.uidnext != 0 &&
	       v->state.uidnext == v->m.uidnext && v->due_count == 0 &&
	       v->state.exists <= v->m.exists &&
	       (uint64_t)(v->m.stored + v->m.quarantined + v->m.skipped) >=
		       v->state.exists;
}

static void import_init(struct import *im, struct visit *v)
{
	*im = (struct import){.v = v, .highest = uidset_last(&v->known)};
	im->intake = (struct intake){.work = v->work,
		.folder = v->folder,
		.accept = accept,
		.unusable = unusable,
		.arg = im,
		.keeps = true,
		.mailbox_id = v->m.id,
		.uidvalidity = v->m.uidvalidity};
	im->owner = (struct fetch_owner){.renew = renew,
		.settled = settled,
		.give_up = give_up,
		.arg = im};
	im->flags = v->known.count != 0 &&
		    (v->m.highestmodseq == 0 || v->state.highestmodseq == 0);
	im->by_uid = v->known.count != 0 && !im->flags &&
		     !v->work->run->account.skip_deleted;
}

int import_mailbox(struct visit *v, struct err *err)
{
	struct import im;
	size_t unsettled = 0;
	int rc = 0;

	if (labels_want_again(v, err) != 0)
		return -1;
	if (import_nothing_new(v)) {
		completeness_fewer(v);
		return resume_sweep(v, err);
	}
	progress_phase(&v->work->progress, "importing", v->pair->name);
	if (visit_load_known(v, err) != 0)
		return -1;
	if (reclaim_mailbox(v, err) != 0)
		return -1;
	if (v->work->list_only)
		return 0;
	import_init(&im, v);
	if (resume_load(&im.intake, err) != 0)
		return -1;
	if (v->rematch) {
		rc = rematch_open(v, &im.rematch, err);
		im.intake.hash = im.rematch != NULL;
		if (rc == 0 && im.rematch != NULL)
			rc = rematch_listed(im.rematch, err);
	}
	if (rc == 0)
		rc = labels_settle(v, err);
	if (rc == 0)
		rc = get_new(&im, &unsettled, err);
	if (rc == 0 && needs_second_look(&im, unsettled))
		rc = get_missing(&im, err);
	if (rc == 0)
		rc = retry_due(&im, err);
	if (rc == 0)
		rc = im.scanned ? completeness_check(v, im.listed, err) : 0;
	if (rc == 0 && im.rematch != NULL)
		rc = rematch_end(im.rematch, err);
	if (rc == 0)
		rc = resume_sweep(v, err);
	if (rc == 0 && v->state.uidnext == 0)
		v->state.uidnext = im.highest + 1;
	intake_clear(&im.intake);
	rematch_close(&im.rematch);
	uidset_clear(&im.missing);
	return rc;
}
