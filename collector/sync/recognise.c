/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. list what is new: EMAILID, size, date, flags
 * 2. the same EMAILID, and not another size
 * 3. header hash, size and date, without what servers write into headers
 * 4. write down who is who
 * All as multisets: an old one answers for one new one.
 */
#include "recognise.h"

#include "bring.h"
#include "census.h"
#include "headers.h"

#include <stdlib.h>
#include <string.h>

struct recognition {
	struct visit *v;
	struct olds *olds;
	struct census census;
	size_t by_emailid, by_header;
};

/* ---- 2 */

static int old_by_emailid(const void *a, const void *b)
{
	const struct old *x = *(struct old *const *)a;
	const struct old *y = *(struct old *const *)b;

	return strcmp(x->emailid != NULL ? x->emailid : "",
		y->emailid != NULL ? y->emailid : "");
}

static struct old *find_emailid(
	struct old **sorted, size_t count, const struct listed *l)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const char *id = sorted[mid]->emailid;
		if (strcmp(id != NULL ? id : "", l->emailid) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < count && sorted[low]->emailid != NULL &&
		strcmp(sorted[low]->emailid, l->emailid) == 0;
		low++)
		if (!sorted[low]->used &&
			(!l->has_size ||
				l->size_bytes == sorted[low]->size_bytes))
			return sorted[low];
	return NULL;
}

static void match_emailids(struct recognition *r)
{
	size_t count;
	struct old **sorted = olds_sorted(r->olds, old_by_emailid, &count);

	for (size_t i = 0; i < r->census.count; i++) {
		struct listed *l = &r->census.list[i];
		if (l->emailid != NULL)
			l->seeker.old = find_emailid(sorted, count, l);
		if (l->seeker.old == NULL)
			continue;
		l->seeker.old->used = true;
		r->by_emailid++;
	}
	free(sorted);
}

/* ---- 3 */

/* A server's own lines in a header are not longer. */
#define DROPPED_BYTES_MAX 4096

static int by_date(const void *a, const void *b)
{
	const struct old *x = *(struct old *const *)a;
	const struct old *y = *(struct old *const *)b;

	return x->date_s < y->date_s ? -1 : x->date_s > y->date_s;
}

static bool has_date(struct old **sorted, size_t count, int64_t date_s)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (sorted[mid]->date_s < date_s)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < count && sorted[low]->date_s == date_s; low++)
		if (sorted[low]->has_header && sorted[low]->dated)
			return true;
	return false;
}

static int by_bytes(const void *a, const void *b)
{
	const struct old *x = *(struct old *const *)a;
	const struct old *y = *(struct old *const *)b;

	return x->bare_bytes < y->bare_bytes ? -1
					     : x->bare_bytes > y->bare_bytes;
}

/* What was collected by POP3 has no date of the server's. */
static bool has_bytes(struct old **sorted, size_t count, uint64_t bytes)
{
	uint64_t least =
		bytes > DROPPED_BYTES_MAX ? bytes - DROPPED_BYTES_MAX : 0;
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (sorted[mid]->bare_bytes < least)
			low = mid + 1;
		else
			high = mid;
	}
	/* some servers count a line end that they do not send */
	for (; low < count && sorted[low]->bare_bytes <= bytes + 2; low++)
		if (sorted[low]->has_header && !sorted[low]->dated)
			return true;
	return false;
}

static int on_header(void *arg, const struct message_meta *meta,
	const struct header_bare *head, struct err *err)
{
	struct recognition *r = arg;
	struct listed *l = census_find(&r->census, meta->uid);

	(void)err;
	if (l == NULL || head->dropped > l->size_bytes)
		return 0;
	memcpy(l->seeker.hash, head->hash, sizeof l->seeker.hash);
	l->seeker.bytes = l->size_bytes - head->dropped;
	l->has_header = true;
	return 0;
}

/* Those whose date, or size, is known here. A header that cannot be had is
 * no reason to stop: its message is fetched, and there faults are closed in
 * on. */
static int ask_headers(struct recognition *r, struct err *err)
{
	struct visit *v = r->v;
	uint32_t *uids = mem_array(r->census.count, sizeof *uids);
	size_t count, n = 0;
	struct old **dates = olds_sorted(r->olds, by_date, &count);
	struct old **sizes = olds_sorted(r->olds, by_bytes, &count);
	int rc = 0;

	for (size_t i = 0; i < r->census.count; i++) {
		const struct listed *l = &r->census.list[i];
		if (l->seeker.old != NULL || !l->has_size)
			continue;
		if ((l->seeker.has_date &&
			    has_date(dates, count, l->seeker.date_s)) ||
			(r->olds->undated &&
				has_bytes(sizes, count, l->size_bytes)))
			uids[n++] = l->uid;
	}
	free(dates);
	free(sizes);
	if (n != 0)
		rc = headers_fetch(v->work, uids, n, on_header, r, err);
	free(uids);
	if (rc == 0 || !link_is_suspect(err) ||
		!link_survives(&v->work->link, err))
		return rc;
	log_err(LOG_LEVEL_WARN, &v->log, "headers_unreadable", err);
	return visit_ensure_session(v, err);
}

static int match_headers(struct recognition *r, struct err *err)
{
	struct seeker **seekers;
	size_t n = 0;

	if (ask_headers(r, err) != 0)
		return -1;
	seekers = mem_array(r->census.count, sizeof(struct seeker *));
	for (size_t i = 0; i < r->census.count; i++)
		if (r->census.list[i].has_header)
			seekers[n++] = &r->census.list[i].seeker;
	r->by_header = olds_match(r->olds, seekers, n);
	free(seekers);
	return 0;
}

/* ---- 4 */

static int write_key(struct recognition *r, const struct listed *l,
	struct ledger_message *key, struct err *err)
{
	struct visit *v = r->v;

	key->mailbox_id = v->m.id;
	key->uidvalidity = v->m.uidvalidity;
	key->uid = l->uid;
	key->emailid[0] = '\0';
	if (l->emailid != NULL)
		memcpy(key->emailid, l->emailid, strlen(l->emailid) + 1);
	return ledger_rekey(v->work->ledger, l->seeker.old->id, key, err);
}

static void note(struct recognition *r, const struct listed *l)
{
	struct visit *v = r->v;
	struct flags flags;

	(void)uidset_add(&v->got, l->uid);
	v->work->rekeyed++;
	if (!l->has_flags) {
		v->doubt = true;
		return;
	}
	listed_flags(l, &flags);
	changes_add(&v->changes, l->uid, &flags);
}

static int bring_all(struct recognition *r, struct err *err)
{
	struct old **olds = mem_array(r->census.count, sizeof(struct old *));
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < r->census.count; i++)
		if (r->census.list[i].seeker.old != NULL)
			olds[n++] = r->census.list[i].seeker.old;
	rc = bring(r->v, olds, n, err);
	free(olds);
	return rc;
}

static int write_keys(struct recognition *r, struct err *err)
{
	struct ledger *ledger = r->v->work->ledger;
	struct ledger_message *key = mem_alloc(sizeof *key);
	int rc = ledger_begin(ledger, err);

	if (rc != 0) {
		free(key);
		return -1;
	}
	for (size_t i = 0; rc == 0 && i < r->census.count; i++)
		if (r->census.list[i].seeker.old != NULL)
			rc = write_key(r, &r->census.list[i], key, err);
	if (rc == 0)
		rc = ledger_commit(ledger, err);
	else
		ledger_rollback(ledger);
	free(key);
	for (size_t i = 0; rc == 0 && i < r->census.count; i++)
		if (r->census.list[i].seeker.old != NULL)
			note(r, &r->census.list[i]);
	return rc;
}

int recognise(struct visit *v, struct olds *olds, struct err *err)
{
	struct recognition r = {.v = v, .olds = olds};
	int rc;

	if (!olds->named && !olds->headed)
		return 0;
	progress_phase(&v->work->progress, "recognising", v->pair->name);
	rc = census_load(v, &r.census, err);
	if (rc == 0 && olds->named)
		match_emailids(&r);
	if (rc == 0 && olds->headed)
		rc = match_headers(&r, err);
	if (rc == 0)
		rc = bring_all(&r, err);
	if (rc == 0)
		rc = write_keys(&r, err);
	if (rc == 0) {
		link_progress(&v->work->link);
		LOG(LOG_LEVEL_INFO, &v->log, "recognised",
			LOG_NUM("listed", r.census.count),
			LOG_NUM("by_emailid", r.by_emailid),
			LOG_NUM("by_header", r.by_header));
	}
	census_clear(&r.census);
	return rc;
}
