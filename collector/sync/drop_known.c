/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. rows of the ledger by UIDL and occurrence
 * 2. UIDLs that are not believed: those that are just the numbers of this
 *    session, and those that several messages share. Suspect are such as are
 *    new in front of one that is known, or when none is known although the
 *    ledger has messages: new mail comes behind the old.
 * 3. headers of these, and of those without a UIDL, where a message of that
 *    size is here
 * 4. who is who: drop_keys.c
 */
#include "drop_known.h"

#include "headers.h"
#include "reclaim.h"

#include <stdlib.h>
#include <string.h>

/* ---- 1 */

static int compare_key(const struct old *o, const char *uidl, uint32_t n)
{
	int c = strcmp(o->uidl, uidl);

	if (c != 0)
		return c;
	return o->occurrence < n ? -1 : o->occurrence > n;
}

static int by_key(const void *a, const void *b)
{
	const struct old *y = *(struct old *const *)b;

	return compare_key(*(struct old *const *)a, y->uidl, y->occurrence);
}

static struct old *find_row(
	const struct drop_known *k, const char *uidl, uint32_t occurrence)
{
	size_t low = 0, high = k->by_key_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = compare_key(k->by_key[mid], uidl, occurrence);
		if (c == 0)
			return k->by_key[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static void index_rows(struct drop_known *k)
{
	k->by_key = mem_array(k->olds.count, sizeof(struct old *));
	for (size_t i = 0; i < k->olds.count; i++) {
		struct old *o = &k->olds.list[i];
		if (o->uidl == NULL)
			continue;
		k->by_key[k->by_key_count++] = o;
		drop_keys_note(k, o);
	}
	qsort(k->by_key, k->by_key_count, sizeof(struct old *), by_key);
}

/* ---- 2 */

static bool is_doubtful(const struct drop_known *k, const struct drop *d)
{
	return k->table->numbered || d->shared ||
	       find_row(k, d->uidl, 1) != NULL;
}

static void take_row(struct drop_known *k, struct drop *d)
{
	struct old *row = d->row;

	d->tries = row->tries;
	d->order = row->order;
	if (row->state == LEDGER_QUARANTINED &&
		row->next_try_at <= work_due_s(k->v->work)) {
		d->due = true;
		return;
	}
	d->known = true;
	row->used = true;
}

/* A row of a doubtful UIDL that was never delivered may speak for it as long
 * as the size is the same. */
static bool is_told_by_row(const struct drop *d)
{
	if (!d->doubtful)
		return true;
	return d->row->state > LEDGER_DONE && d->row->size_bytes != 0 &&
	       d->row->size_bytes == d->size_bytes;
}

static int look_up(struct drop_known *k, struct drop *d, struct err *err)
{
	int found;

	if (d->uidl[0] == '\0')
		return 0;
	d->doubtful = is_doubtful(k, d);
	d->kept_as = d->occurrence;
	/* the last of several: one that comes in its place will be asked */
	if (d->doubtful && !d->shared && !k->table->numbered)
		d->kept_as = 1;
	d->row = find_row(k, d->uidl, d->kept_as);
	if (d->row != NULL) {
		if (is_told_by_row(d))
			take_row(k, d);
		return 0;
	}
	found = reclaim_uidl(k->v, d->uidl, d->kept_as, d->size_bytes, err);
	d->known = found == 1;
	return found < 0 ? -1 : 0;
}

int drop_known_open(struct drop_known *k, struct visit *v,
	struct drop_table *table, struct err *err)
{
	*k = (struct drop_known){.v = v, .table = table};
	if (olds_load_maildrop(v, &k->olds, err) != 0)
		return -1;
	index_rows(k);
	for (size_t i = 0; i < table->count; i++)
		if (look_up(k, &table->drops[i], err) != 0)
			return -1;
	return 0;
}

void drop_known_close(struct drop_known *k)
{
	olds_clear(&k->olds);
	contents_clear(&k->contents);
	free(k->by_key);
	*k = (struct drop_known){.v = NULL};
}

/* ---- 3 */

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Sizes of what may be among the new ones, as they were sent and as they were
 * listed. Caller frees. any: a server has written into one of them, so its
 * size may have changed. */
static uint64_t *sizes_of(
	const struct drop_known *k, size_t *ret_count, bool *ret_any)
{
	uint64_t *sizes = mem_array(k->olds.count * 2 + 1, sizeof *sizes);
	size_t n = 0;

	*ret_any = false;
	for (size_t i = 0; i < k->olds.count; i++) {
		const struct old *o = &k->olds.list[i];
		if (o->used || o->state > LEDGER_DONE || !o->has_header)
			continue;
		sizes[n++] = o->size_bytes;
		sizes[n++] = o->listed_bytes;
		*ret_any |= memcmp(o->sha256, o->bare_sha256,
				    sizeof o->sha256) != 0;
	}
	qsort(sizes, n, sizeof *sizes, by_number);
	*ret_count = n;
	return sizes;
}

/* What stands behind the last one that is known is new mail, unless others
 * have changed their UIDLs. */
static size_t new_mail_from(const struct drop_known *k)
{
	const struct drop *drops = k->table->drops;
	size_t from = 0;

	for (size_t i = 0; i < k->table->count; i++)
		if (drops[i].known)
			from = i + 1;
	for (size_t i = 0; i < from; i++)
		if (!drops[i].known && !drops[i].due &&
			drops[i].uidl[0] != '\0')
			return k->table->count;
	return from != 0 ? from : k->table->count;
}

/* Numbers to ask for, ascending. Caller frees. */
static uint32_t *choose(struct drop_known *k, size_t *ret_count)
{
	size_t size_count, n = 0, new_mail = new_mail_from(k);
	bool any;
	uint64_t *sizes = sizes_of(k, &size_count, &any);
	uint32_t *numbers = mem_array(k->table->count, sizeof *numbers);

	for (size_t i = 0; size_count != 0 && i < k->table->count; i++) {
		const struct drop *d = &k->table->drops[i];
		if (d->known || d->due ||
			(d->uidl[0] != '\0' && !d->doubtful && i >= new_mail))
			continue;
		if (any || d->doubtful ||
			bsearch(&d->size_bytes, sizes, size_count,
				sizeof *sizes, by_number) != NULL)
			numbers[n++] = d->number;
	}
	free(sizes);
	*ret_count = n;
	return numbers;
}

/* A header that could be anybody's says nothing. */
static int on_header(void *arg, const struct message_meta *meta,
	const struct header_bare *head, struct err *err)
{
	struct drop_known *k = arg;
	long at = drop_table_find(k->table, meta->uid);
	struct drop *d;

	(void)err;
	if (at < 0)
		return 0;
	d = &k->table->drops[at];
	if (!head->telling || head->dropped > d->size_bytes)
		return 0;
	memcpy(d->seeker.hash, head->hash, sizeof d->seeker.hash);
	d->seeker.bytes = d->size_bytes - head->dropped;
	d->has_header = true;
	return 0;
}

/* What cannot be had is no reason to stop: the messages are fetched. */
static int ask(struct drop_known *k, struct err *err)
{
	struct work *w = k->v->work;
	size_t count;
	uint32_t *numbers = choose(k, &count);
	int rc = 0;

	if (count != 0) {
		progress_phase(&w->progress, "recognising", k->v->pair->name);
		LOG(LOG_LEVEL_DEBUG, &k->v->log, "asking_headers",
			LOG_NUM("messages", count));
		rc = headers_fetch(w, numbers, count, on_header, k, err);
		progress_phase(&w->progress, "importing", k->v->pair->name);
	}
	free(numbers);
	if (rc == 0 || !link_is_suspect(err) || !link_survives(&w->link, err))
		return rc;
	log_err(LOG_LEVEL_WARN, &k->v->log, "headers_unreadable", err);
	return 0;
}

static void match(struct drop_known *k)
{
	struct seeker **seekers =
		mem_array(k->table->count, sizeof(struct seeker *));
	size_t n = 0;

	for (size_t i = 0; i < k->table->count; i++)
		if (k->table->drops[i].has_header)
			seekers[n++] = &k->table->drops[i].seeker;
	k->by_header = olds_match(&k->olds, seekers, n);
	free(seekers);
	if (n != 0)
		LOG(LOG_LEVEL_INFO, &k->v->log, "recognised",
			LOG_NUM("headers", n),
			LOG_NUM("by_header", k->by_header));
}

int drop_known_by_header(struct drop_known *k, struct err *err)
{
	if (ask(k, err) != 0)
		return -1;
	match(k);
	return drop_keys_write(k, err);
}

/* ---- what has come */

bool drop_known_has_more(const struct drop_known *k)
{
	for (size_t i = 0; i < k->olds.count; i++)
		if (!k->olds.list[i].used &&
			k->olds.list[i].state <= LEDGER_DONE)
			return true;
	return false;
}

static int rekey(struct drop_known *k, struct old *o,
	const struct ledger_message *key, struct err *err)
{
	struct work *w = k->v->work;

	o->used = true;
	w->rekeyed++;
	link_progress(&w->link);
	return ledger_rekey_uidl(w->ledger, o->id, key, err);
}

int drop_known_message(struct drop_known *k, const struct drop *d,
	const struct intake_message *message, struct ledger_message *key,
	struct err *err)
{
	const struct content_id *id = message->id;
	struct old *o =
		id != NULL ? olds_find(&k->olds, id->bare_sha256, NULL) : NULL;

	key->pop3_order = d->order;
	key->listed_bytes = d->size_bytes;
	if (d->uidl[0] == '\0' && o != NULL && drop_keys_is_content(o)) {
		o->used = true;
		link_progress(&k->v->work->link);
		return 1;
	}
	if (d->uidl[0] == '\0') {
		drop_keys_by_content(k, id->sha256, key);
	} else {
		memcpy(key->uidl, d->uidl, strlen(d->uidl) + 1);
		key->occurrence = d->kept_as;
	}
	if (o != NULL)
		return rekey(k, o, key, err) != 0 ? -1 : 1;
	if (d->uidl[0] != '\0')
		return 0;
	return reclaim_uidl(
		k->v, key->uidl, key->occurrence, message->bytes, err);
}
