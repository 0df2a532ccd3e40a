/* SPDX-License-Identifier: BSD-2-Clause */
#include "removal.h"

#include "../../storage/ledger_removal.h"

#include <stdlib.h>
#include <string.h>

static int on_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	static const unsigned char none[LEDGER_HEADER_HASH];
	struct removal_list *l = arg;
	struct removal_item *item;

	(void)dir;
	(void)err;
	if (l->count == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 64;
		l->items = mem_grow(l->items, l->cap, sizeof *l->items);
	}
	item = &l->items[l->count++];
	*item = (struct removal_item){.id = m->id,
		.uid = m->uid,
		.occurrence = m->occurrence,
		.uidl = arena_strdup(l->arena, m->uidl),
		.emailid = arena_strdup(l->arena, m->emailid),
		.size_bytes = m->size_bytes,
		.sent = m->removal == REMOVAL_SENT,
		.listed_bytes = m->listed_bytes,
		.date_s = m->date_s,
		.has_header = memcmp(m->header_hash, none, sizeof none) != 0};
	memcpy(item->sha256, m->sha256, sizeof item->sha256);
	memcpy(item->bare_sha256, m->bare_sha256, sizeof item->bare_sha256);
	memcpy(item->header_hash, m->header_hash, sizeof item->header_hash);
	return 0;
}

int removal_load(struct work *w, const struct ledger_mailbox *m, int64_t after,
	int64_t most, struct removal_list *ret_list, struct err *err)
{
	*ret_list = (struct removal_list){.arena = arena_new()};
	if (removal_each_wanted(
		    w->ledger, m, after, most, on_row, ret_list, err) == 0)
		return 0;
	removal_clear(ret_list);
	return -1;
}

void removal_clear(struct removal_list *l)
{
	free(l->items);
	if (l->arena != NULL)
		arena_free(&l->arena);
	*l = (struct removal_list){.items = NULL};
}

static int write_intent(
	struct work *w, const struct removal_item *item, struct err *err)
{
	struct ledger *l = w->ledger;

	switch (item->fate) {
	case REMOVAL_UNSEEN:
		return removal_gone(l, item->id, w->now_s, err);
	case REMOVAL_OTHER:
		return removal_set(l, item->id, REMOVAL_KEPT, 0,
			REMOVAL_WHY_CHANGED, w->now_s, err);
	case REMOVAL_SAME:
		return removal_sent(l, item->id, w->now_s, err);
	case REMOVAL_DONE:
	case REMOVAL_UNSAID:
		break;
	}
	return 0;
}

static int write_done(
	struct work *w, const struct removal_item *item, struct err *err)
{
	if (item->fate == REMOVAL_DONE)
		return removal_gone(w->ledger, item->id, w->now_s, err);
	/* not done, and the server has said so */
	if (item->fate == REMOVAL_SAME)
		return removal_unsent(w->ledger, item->id, err);
	return 0;
}

static int write_all(struct work *w, const struct removal_list *l,
	int (*write)(struct work *, const struct removal_item *, struct err *),
	struct err *err)
{
	if (ledger_begin(w->ledger, err) != 0)
		return -1;
	for (size_t i = 0; i < l->count; i++)
		if (write(w, &l->items[i], err) != 0) {
			ledger_rollback(w->ledger);
			return -1;
		}
	return ledger_commit(w->ledger, err);
}

int removal_write_intent(
	struct work *w, const struct removal_list *l, struct err *err)
{
	return write_all(w, l, write_intent, err);
}

int removal_write_done(
	struct work *w, const struct removal_list *l, struct err *err)
{
	return write_all(w, l, write_done, err);
}
