/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. list what is new: EMAILID, size, date, flags
 * 2. the same EMAILID, and not another size
 * 3. size, date and header hash: only where the old ones that share all three
 *    have the same bytes, and there are no more new ones than old ones. Two
 *    messages may differ in nothing but their bodies (a daily report); then
 *    the bodies are fetched.
 * 4. write down who is who
 * All as multisets: an old one answers for one new one.
 */
#include "recognise.h"

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
			l->old = find_emailid(sorted, count, l);
		if (l->old == NULL)
			continue;
		l->old->used = true;
		r->by_emailid++;
	}
	free(sorted);
}

/* ---- 3 */

/* Size and date, then the header. */
static int compare_outside(
	uint64_t size_a, int64_t date_a, uint64_t size_b, int64_t date_b)
{
	if (size_a != size_b)
		return size_a < size_b ? -1 : 1;
	return date_a < date_b ? -1 : date_a > date_b;
}

static int old_by_header(const void *a, const void *b)
{
	const struct old *x = *(struct old *const *)a;
	const struct old *y = *(struct old *const *)b;
	int c = compare_outside(
		x->size_bytes, x->date_s, y->size_bytes, y->date_s);

	return c != 0 ? c
		      : memcmp(x->header_hash, y->header_hash,
				sizeof x->header_hash);
}

static int listed_by_header(const void *a, const void *b)
{
	const struct listed *x = *(struct listed *const *)a;
	const struct listed *y = *(struct listed *const *)b;
	int c = compare_outside(
		x->size_bytes, x->date_s, y->size_bytes, y->date_s);

	return c != 0 ? c
		      : memcmp(x->header_hash, y->header_hash,
				sizeof x->header_hash);
}

static bool may_be_old(
	struct old **sorted, size_t count, const struct listed *l)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (compare_outside(sorted[mid]->size_bytes,
			    sorted[mid]->date_s, l->size_bytes, l->date_s) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < count &&
		compare_outside(sorted[low]->size_bytes, sorted[low]->date_s,
			l->size_bytes, l->date_s) == 0;
		low++)
		if (sorted[low]->has_header)
			return true;
	return false;
}

static int on_header(void *arg, const struct message_meta *meta,
	const unsigned char hash[LEDGER_HEADER_HASH], struct err *err)
{
	struct recognition *r = arg;
	struct listed *l = census_find(&r->census, meta->uid);

	(void)err;
	if (l == NULL)
		return 0;
	memcpy(l->header_hash, hash, sizeof l->header_hash);
	l->has_header = true;
	return 0;
}

/* Those whose size and date are known here. A header that cannot be had is
 * no reason to stop: its message is fetched, and there faults are closed in
 * on. */
static int ask_headers(struct recognition *r, struct err *err)
{
	struct visit *v = r->v;
	uint32_t *uids = mem_array(r->census.count, sizeof *uids);
	size_t count, n = 0;
	struct old **sorted = olds_sorted(r->olds, old_by_header, &count);
	int rc = 0;

	for (size_t i = 0; i < r->census.count; i++) {
		const struct listed *l = &r->census.list[i];
		if (l->old == NULL && l->has_size && l->has_date &&
			may_be_old(sorted, count, l))
			uids[n++] = l->uid;
	}
	free(sorted);
	if (n != 0)
		rc = headers_fetch(v->work, uids, n, on_header, r, err);
	free(uids);
	if (rc == 0 || !link_is_suspect(err) ||
		!link_survives(&v->work->link, err))
		return rc;
	log_err(LOG_LEVEL_WARN, &v->log, "headers_unreadable", err);
	return visit_ensure_session(v, err);
}

/* The old ones that equal l; 0 where they are not all the same bytes. */
static size_t count_equal(
	struct old **sorted, size_t count, const struct listed *l)
{
	size_t n = 0;

	while (n < count &&
		compare_outside(sorted[n]->size_bytes, sorted[n]->date_s,
			l->size_bytes, l->date_s) == 0 &&
		memcmp(sorted[n]->header_hash, l->header_hash,
			sizeof l->header_hash) == 0)
		n++;
	for (size_t i = 1; i < n; i++)
		if (memcmp(sorted[i]->sha256, sorted[0]->sha256,
			    sizeof sorted[0]->sha256) != 0)
			return 0;
	return n;
}

/* Both sides in the same order: like a merge. */
static void merge_headers(struct recognition *r, struct listed **new,
	size_t new_count, struct old **old, size_t old_count)
{
	size_t o = 0;

	for (size_t i = 0, end; i < new_count; i = end) {
		const struct listed *l = new[i];
		size_t equal;

		for (end = i + 1; end < new_count &&
				  listed_by_header(&new[i], &new[end]) == 0;)
			end++;
		while (o < old_count &&
			(compare_outside(old[o]->size_bytes, old[o]->date_s,
				 l->size_bytes, l->date_s) < 0 ||
				(compare_outside(old[o]->size_bytes,
					 old[o]->date_s, l->size_bytes,
					 l->date_s) == 0 &&
					memcmp(old[o]->header_hash,
						l->header_hash,
						sizeof l->header_hash) < 0)))
			o++;
		equal = count_equal(old + o, old_count - o, l);
		if (equal < end - i)
			continue;
		for (size_t k = 0; k < end - i; k++) {
			new[i + k]->old = old[o + k];
			old[o + k]->used = true;
			r->by_header++;
		}
	}
}

static int match_headers(struct recognition *r, struct err *err)
{
	struct listed **new;
	struct old **old;
	size_t n = 0, count;

	if (ask_headers(r, err) != 0)
		return -1;
	new = mem_array(r->census.count, sizeof(struct listed *));
	for (size_t i = 0; i < r->census.count; i++)
		if (r->census.list[i].has_header)
			new[n++] = &r->census.list[i];
	qsort(new, n, sizeof(struct listed *), listed_by_header);
	old = olds_sorted(r->olds, old_by_header, &count);
	merge_headers(r, new, n, old, count);
	free(new);
	free(old);
	return 0;
}

/* ---- 4 */

static int write_key(struct recognition *r, const struct listed *l,
	struct ledger_message *key, struct err *err)
{
	struct visit *v = r->v;

	key->uidvalidity = v->m.uidvalidity;
	key->uid = l->uid;
	key->emailid[0] = '\0';
	if (l->emailid != NULL)
		memcpy(key->emailid, l->emailid, strlen(l->emailid) + 1);
	return ledger_rekey(v->work->ledger, l->old->id, key, err);
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
		if (r->census.list[i].old != NULL)
			rc = write_key(r, &r->census.list[i], key, err);
	if (rc == 0)
		rc = ledger_commit(ledger, err);
	else
		ledger_rollback(ledger);
	free(key);
	for (size_t i = 0; rc == 0 && i < r->census.count; i++)
		if (r->census.list[i].old != NULL)
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
