/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A session for every SESSION_DELETES_MAX messages:
 * 1. LIST and UIDL of this very session. A UIDL that one message has, and
 *    that is not just its number, names it where the size is right, too.
 *    Anything else (two with one UIDL, none, another size) has to prove by
 *    its bytes (RETR) that it is what was imported.
 * 2. not listed: gone, unless a UIDL is listed that nobody knows: it may be
 *    there under that one, and the next run will know it by its header. Not
 *    the same: kept there. Intents into the ledger.
 * 3. DELE
 * 4. QUIT, and +OK: then it is done, and goes into the ledger
 * Whatever ends the session before 4 undoes 3; whatever ends us after it is
 * seen by the next listing.
 */
#include "removal.h"

#include "../../storage/content.h"
#include "drop_table.h"
#include "uidset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSIONS_MAX 100 /* of a run; the next one goes on */

struct round {
	struct work *w;
	const struct ledger_mailbox *m;
	struct drop_table table; /* this session's */
	struct drop **by_uidl;
	struct removal_list list; /* of this session: a part of all */
	struct content content;	  /* of the message under way */
	uint64_t done;
};

/* ---- step 1 */

static int on_drop(void *arg, const struct message_meta *meta, struct err *err)
{
	(void)err;
	if ((meta->has & MESSAGE_HAS_UID) != 0 && meta->uid != 0)
		drop_table_add(arg, meta);
	return 0;
}

static int by_uidl(const void *a, const void *b)
{
	const struct drop *x = *(struct drop *const *)a;
	const struct drop *y = *(struct drop *const *)b;

	return strcmp(x->uidl, y->uidl);
}

static int list(struct round *r, struct err *err)
{
	struct mailbox_state state;
	struct session *s = r->w->link.session;

	if (session_select_writable(s, "INBOX", &state, err) != 0 ||
		session_scan(s, SESSION_SCAN_SIZE, on_drop, &r->table, err) !=
			0)
		return -1;
	drop_table_seal(&r->table);
	r->by_uidl = mem_array(r->table.count, sizeof(struct drop *));
	for (size_t i = 0; i < r->table.count; i++)
		r->by_uidl[i] = &r->table.drops[i];
	qsort(r->by_uidl, r->table.count, sizeof(struct drop *), by_uidl);
	return 0;
}

/* The first with this UIDL, and how many have it. */
static struct drop **find_uidl(
	const struct round *r, const char *uidl, size_t *ret_count)
{
	size_t low = 0, high = r->table.count, n = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (strcmp(r->by_uidl[mid]->uidl, uidl) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	while (low + n < r->table.count &&
		strcmp(r->by_uidl[low + n]->uidl, uidl) == 0)
		n++;
	*ret_count = n;
	return r->by_uidl + low;
}

/* As it was announced then, or as it came. */
static bool is_size(const struct removal_item *item, const struct drop *d)
{
	return d->size_bytes == item->size_bytes ||
	       (item->listed_bytes != 0 && d->size_bytes == item->listed_bytes);
}

/* Some servers give the number in the session for a UIDL. */
static bool is_believed(const struct round *r, const struct drop *d)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%lu", (unsigned long)d->number);
	return !r->table.numbered && !d->doubtful && strcmp(d->uidl, text) != 0;
}

/* Where the listing alone is proof. */
static void match_by_name(struct round *r)
{
	for (size_t i = 0; i < r->list.count; i++) {
		struct removal_item *item = &r->list.items[i];
		size_t n;
		struct drop **d = find_uidl(r, item->uidl, &n);

		if (n != 1 || !is_believed(r, *d) || !is_size(item, *d))
			continue;
		item->fate = REMOVAL_SAME;
		item->number = (*d)->number;
		(*d)->settled = true;
	}
}

/* Marks as due what has to prove itself: those with the UIDL of an item, or
 * with none, where the item was not named by one. */
static void choose_suspects(struct round *r)
{
	/* what is larger was never imported */
	uint64_t limit = r->w->run->settings->limits_message_bytes;

	for (size_t i = 0; i < r->list.count; i++) {
		struct removal_item *item = &r->list.items[i];
		size_t n;
		struct drop **d;

		if (item->fate == REMOVAL_SAME)
			continue;
		d = find_uidl(r, item->uidl, &n);
		if (n == 0)
			d = find_uidl(r, "", &n);
		/* listed, perhaps, and not the same until its bytes say so;
		 * one that was the same when it was sent is gone if none is */
		if (n != 0 && !item->sent)
			item->fate = REMOVAL_OTHER;
		for (size_t k = 0; k < n; k++)
			if ((d[k]->uidl[0] != '\0' || is_size(item, d[k])) &&
				d[k]->size_bytes <= limit)
				d[k]->due = !d[k]->settled;
	}
}

static void match_by_bytes(
	struct round *r, struct drop *d, const struct content_id *id)
{
	for (size_t i = 0; i < r->list.count; i++) {
		struct removal_item *item = &r->list.items[i];
		if (item->fate == REMOVAL_SAME ||
			(memcmp(item->sha256, id->sha256, sizeof id->sha256) !=
					0 &&
				memcmp(item->bare_sha256, id->bare_sha256,
					sizeof id->bare_sha256) != 0))
			continue;
		/* the UIDL of another message is not overruled */
		if (d->uidl[0] != '\0' && strcmp(d->uidl, item->uidl) != 0)
			continue;
		item->fate = REMOVAL_SAME;
		item->number = d->number;
		d->settled = true;
		return;
	}
}

static int on_bytes(void *arg, const void *bytes, size_t n, struct err *err)
{
	struct round *r = arg;

	content_add(&r->content, bytes, n);
	return work_check_cancel(r->w, err);
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct round *r = arg;
	struct content_id id;
	long at = -1;

	content_end(&r->content, &id);
	if ((meta->has & MESSAGE_HAS_BODY) != 0 &&
		(meta->has & MESSAGE_HAS_UID) != 0)
		at = drop_table_find(&r->table, meta->uid);
	if (at >= 0 && r->table.drops[at].due)
		match_by_bytes(r, &r->table.drops[at], &id);
	return content_begin(&r->content, err);
}

static int prove(struct round *r, struct err *err)
{
	const struct session_sink sink = {
		.body = on_bytes, .message = on_message, .arg = r};
	uint32_t *numbers = mem_array(r->table.count, sizeof *numbers);
	struct uid_range *ranges;
	size_t n = 0, count;
	int rc = 0;

	choose_suspects(r);
	for (size_t i = 0; i < r->table.count; i++)
		if (r->table.drops[i].due)
			numbers[n++] = r->table.drops[i].number;
	ranges = uid_ranges(numbers, n, &count);
	if (count != 0)
		rc = content_begin(&r->content, err);
	if (count != 0 && rc == 0)
		rc = session_fetch(
			r->w->link.session, ranges, count, &sink, err);
	content_clear(&r->content);
	free(ranges);
	free(numbers);
	return rc;
}

/* ---- step 2 */

static int is_known(struct round *r, const struct drop *d,
	struct ledger_message *found, struct err *err)
{
	int rc = ledger_find_uidl(
		r->w->ledger, r->m->id, d->uidl, d->occurrence, found, err);

	/* a UIDL that was shared, or was a number, is kept as the first */
	return rc != 0 ? rc
		       : ledger_find_uidl(r->w->ledger, r->m->id, d->uidl, 1,
				 found, err);
}

/* 1: each that is listed is one of the ledger's; 0; -1. */
static int all_known(struct round *r, struct err *err)
{
	struct ledger_message *found = mem_alloc(sizeof *found);
	int rc = 1;

	for (size_t i = 0; rc > 0 && i < r->table.count; i++)
		if (r->table.drops[i].uidl[0] != '\0')
			rc = is_known(r, &r->table.drops[i], found, err);
	free(found);
	return rc;
}

static int judge_unseen(struct round *r, struct err *err)
{
	size_t unseen = 0;
	int known;

	for (size_t i = 0; i < r->list.count; i++)
		unseen += r->list.items[i].fate == REMOVAL_UNSEEN;
	if (unseen == 0)
		return 0;
	known = all_known(r, err);
	for (size_t i = 0; known == 0 && i < r->list.count; i++)
		if (r->list.items[i].fate == REMOVAL_UNSEEN)
			r->list.items[i].fate = REMOVAL_UNSAID;
	return known < 0 ? -1 : 0;
}

/* ---- steps 3, 4 */

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int on_marked(void *arg, const struct uid_range *range, struct err *err)
{
	struct round *r = arg;

	(void)err;
	for (size_t i = 0; i < r->list.count; i++) {
		struct removal_item *item = &r->list.items[i];
		if (item->fate != REMOVAL_SAME || item->number < range->first ||
			item->number > range->last)
			continue;
		item->fate = REMOVAL_DONE;
		r->done++;
	}
	return 0;
}

/* 0 where QUIT has been answered with +OK. */
static int delete_same(struct round *r, struct err *err)
{
	uint32_t *numbers = mem_array(r->list.count, sizeof *numbers);
	struct uid_range *ranges;
	size_t n = 0, count;
	int rc = 0;

	for (size_t i = 0; i < r->list.count; i++)
		if (r->list.items[i].fate == REMOVAL_SAME)
			numbers[n++] = r->list.items[i].number;
	qsort(numbers, n, sizeof *numbers, by_number);
	ranges = uid_ranges(numbers, n, &count);
	if (count != 0 && (session_expunge(r->w->link.session, ranges, count,
				   on_marked, r, err) < 0 ||
				  session_commit(r->w->link.session, err) != 0))
		rc = -1;
	free(ranges);
	free(numbers);
	return rc;
}

static int one_session(struct round *r, struct err *err)
{
	if (link_open(&r->w->link, err) != 0 || list(r, err) != 0)
		return -1;
	match_by_name(r);
	if (prove(r, err) != 0 || judge_unseen(r, err) != 0 ||
		removal_write_intent(r->w, &r->list, err) != 0 ||
		delete_same(r, err) != 0)
		return -1;
	return removal_write_done(r->w, &r->list, err);
}

static void round_clear(struct round *r)
{
	/* a part of a list that somebody else frees */
	drop_table_clear(&r->table);
	free(r->by_uidl);
}

int removal_pop3(struct work *w, struct ledger_mailbox *m, struct err *err)
{
	struct removal_list all;
	int sessions = 0, rc = 0;

	if (removal_load(w, m, -1, INT64_MAX, &all, err) != 0)
		return -1;
	for (size_t at = 0; rc == 0 && at < all.count;) {
		size_t n = all.count - at < SESSION_DELETES_MAX
				   ? all.count - at
				   : SESSION_DELETES_MAX;
		struct round r = {.w = w,
			.m = m,
			.list = {.items = all.items + at, .count = n}};

		if (sessions++ == SESSIONS_MAX)
			break;
		rc = work_check_cancel(w, err);
		if (rc == 0)
			rc = one_session(&r, err);
		if (rc == 0) {
			link_close(&w->link);
			link_progress(&w->link);
			m->exists = (int64_t)(r.table.count - r.done);
			w->removed += r.done;
			at += n;
		}
		round_clear(&r);
	}
	removal_clear(&all);
	return rc;
}
