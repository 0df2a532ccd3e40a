/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. SELECT: the UIDVALIDITY of the rows, or nothing is done
 * 2. of up to 1,000 wanted ones: UID, size, date, EMAILID and header as they
 *    are there now. Not there: gone. Not the same: kept there.
 * 3. intents into the ledger
 * 4. STORE, EXPUNGE of exactly those
 * 5. what the server says is done into the ledger
 * Killed in between, the next run finds the rest in step 2.
 */
#include "removal.h"

#include "../../storage/header.h"
#include "uidset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 1000

struct page {
	struct work *w;
	struct removal_list list; /* ascending by UID */
	struct header header;	  /* under way */
	uint64_t done;
};

static struct removal_item *find_item(struct page *p, uint32_t uid)
{
	size_t low = 0, high = p->list.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (p->list.items[mid].uid < uid)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == p->list.count || p->list.items[low].uid != uid)
		return NULL;
	return &p->list.items[low];
}

/* ---- step 2 */

/* hash: of its header, NULL = none came. */
static bool is_same(const struct removal_item *item,
	const struct message_meta *meta, const unsigned char *hash)
{
	if (item->emailid[0] != '\0' &&
		(meta->has & MESSAGE_HAS_EMAILID) != 0 &&
		strncmp(item->emailid, "gm:", 3) ==
			strncmp(meta->emailid, "gm:", 3))
		return strcmp(item->emailid, meta->emailid) == 0;
	if ((meta->has & MESSAGE_HAS_SIZE) != 0 &&
		(meta->has & MESSAGE_HAS_DATE) != 0 &&
		item->size_bytes == meta->size_bytes &&
		item->date_s == meta->date_s)
		return true;
	return hash != NULL && item->has_header &&
	       memcmp(item->header_hash, hash, sizeof item->header_hash) == 0;
}

static int on_header_bytes(
	void *arg, const void *bytes, size_t n, struct err *err)
{
	struct page *p = arg;

	(void)err;
	(void)header_add(&p->header, bytes, n);
	return 0;
}

static int on_listed(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct page *p = arg;
	struct removal_item *item = NULL;
	struct header_bare head;
	bool hashed = p->header.n != 0;

	if (hashed)
		header_make_bare(&p->header, &head);
	header_begin(&p->header);
	if ((meta->has & MESSAGE_HAS_UID) != 0)
		item = find_item(p, meta->uid);
	/* a line that nobody asked for says nothing */
	if (item != NULL && item->fate != REMOVAL_SAME &&
		(meta->has & (MESSAGE_HAS_SIZE | MESSAGE_HAS_BODY)) != 0)
		item->fate = is_same(item, meta, hashed ? head.hash : NULL)
				     ? REMOVAL_SAME
				     : REMOVAL_OTHER;
	return work_check_cancel(p->w, err);
}

enum which { WHICH_ALL, WHICH_THERE, WHICH_SAME };

static bool is_of(const struct removal_item *item, enum which which)
{
	switch (which) {
	case WHICH_ALL:
		return true;
	case WHICH_THERE:
		return item->there;
	case WHICH_SAME:
		return item->fate == REMOVAL_SAME;
	}
	return false;
}

/* Their UIDs as ranges. Caller frees. */
static struct uid_range *ranges_of(
	const struct page *p, enum which which, size_t *ret_count)
{
	uint32_t *uids = mem_array(p->list.count, sizeof *uids);
	struct uid_range *ranges;
	size_t n = 0;

	for (size_t i = 0; i < p->list.count; i++)
		if (is_of(&p->list.items[i], which))
			uids[n++] = p->list.items[i].uid;
	ranges = uid_ranges(uids, n, ret_count);
	free(uids);
	return ranges;
}

static int ask(struct page *p, enum which which, struct err *err)
{
	const struct session_sink sink = {
		.body = on_header_bytes, .message = on_listed, .arg = p};
	size_t count;
	struct uid_range *ranges = ranges_of(p, which, &count);
	int rc = 0;

	header_begin(&p->header);
	if (count != 0)
		rc = session_headers(
			p->w->link.session, ranges, count, &sink, err);
	header_clear(&p->header);
	free(ranges);
	return rc;
}

static int on_uids(void *arg, const struct uid_range *range, struct err *err)
{
	struct page *p = arg;

	(void)err;
	for (size_t i = 0; i < p->list.count; i++) {
		struct removal_item *item = &p->list.items[i];
		item->there |=
			item->uid >= range->first && item->uid <= range->last;
	}
	return 0;
}

/* Mailutils refuses a set with a UID that is gone (RFC 9051 6.4.9: it is to
 * be passed over). */
static int identify(struct page *p, struct err *err)
{
	if (ask(p, WHICH_ALL, err) == 0)
		return 0;
	if (err->scope > ERR_SCOPE_MAILBOX ||
		session_uids(p->w->link.session, on_uids, p, err) < 0)
		return -1;
	return ask(p, WHICH_THERE, err);
}

/* ---- steps 4, 5 */

static int on_done(void *arg, const struct uid_range *range, struct err *err)
{
	struct page *p = arg;

	(void)err;
	for (size_t i = 0; i < p->list.count; i++) {
		struct removal_item *item = &p->list.items[i];
		if (item->uid < range->first || item->uid > range->last ||
			item->fate != REMOVAL_SAME)
			continue;
		item->fate = REMOVAL_DONE;
		p->done++;
	}
	return 0;
}

/* What was asked for and is not reported done stays sent: the next listing
 * tells. */
static void leave_unsaid(struct page *p)
{
	for (size_t i = 0; i < p->list.count; i++)
		if (p->list.items[i].fate == REMOVAL_SAME)
			p->list.items[i].fate = REMOVAL_UNSAID;
}

static void say_unsafe(struct ledger_mailbox *m)
{
	(void)snprintf(m->removal_notice, sizeof m->removal_notice,
		"cannot be deleted one by one (the server has no UIDPLUS, and "
		"other messages are marked as deleted): they stay at the "
		"source");
}

/* 1 done, 0 not to be done safely, -1. */
static int expunge(struct page *p, struct ledger_mailbox *m, struct err *err)
{
	size_t count;
	struct uid_range *ranges = ranges_of(p, WHICH_SAME, &count);
	int r = 1;

	if (count != 0)
		r = session_expunge(
			p->w->link.session, ranges, count, on_done, p, err);
	free(ranges);
	if (r == 0)
		say_unsafe(m);
	else
		leave_unsaid(p);
	return r;
}

static int do_page(struct page *p, struct ledger_mailbox *m, struct err *err)
{
	struct err own;
	int r;

	if (identify(p, err) != 0 ||
		removal_write_intent(p->w, &p->list, err) != 0)
		return -1;
	r = expunge(p, m, err);
	m->exists -= (int64_t)p->done;
	m->gone += (int64_t)p->done;
	/* an answer that broke off does not unsay what came before */
	if (removal_write_done(p->w, &p->list, r < 0 ? &own : err) != 0)
		return -1;
	return r;
}

int removal_imap(struct work *w, struct ledger_mailbox *m, struct err *err)
{
	struct mailbox_state state;
	int64_t after = 0;
	int r = 1;

	if (link_open(&w->link, err) != 0 ||
		session_select_writable(
			w->link.session, m->name, &state, err) != 0)
		return -1;
	if (state.uidvalidity != m->uidvalidity || state.uidvalidity == 0)
		return 0;
	m->exists = state.exists;
	while (r > 0) {
		struct page p = {.w = w};
		if (work_check_cancel(w, err) != 0 ||
			removal_load(w, m, after, PAGE, &p.list, err) != 0)
			return -1;
		if (p.list.count == 0) {
			removal_clear(&p.list);
			break;
		}
		after = p.list.items[p.list.count - 1].uid;
		r = do_page(&p, m, err);
		w->removed += p.done;
		removal_clear(&p.list);
		if (r > 0)
			link_progress(&w->link);
	}
	return r < 0 ? -1 : 0;
}
