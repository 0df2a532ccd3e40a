/* SPDX-License-Identifier: BSD-2-Clause */
#include "rematch.h"

#include <stdlib.h>
#include <string.h>

struct old {
	unsigned char sha256[32];
	uint64_t size_bytes;
	int64_t date_s;
	int64_t id;
	bool used;
};

struct rematch {
	struct visit *v;
	struct old *old; /* by sha256, then date */
	size_t count, cap;
};

static int on_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct rematch *r = arg;
	struct old *o;

	(void)dir;
	(void)err;
	if (r->count == r->cap) {
		r->cap = r->cap != 0 ? r->cap * 2 : 256;
		r->old = mem_grow(r->old, r->cap, sizeof *r->old);
	}
	o = &r->old[r->count++];
	*o = (struct old){
		.size_bytes = m->size_bytes, .date_s = m->date_s, .id = m->id};
	memcpy(o->sha256, m->sha256, sizeof o->sha256);
	return 0;
}

static int by_content(const void *a, const void *b)
{
	const struct old *x = a, *y = b;
	int c = memcmp(x->sha256, y->sha256, sizeof x->sha256);

	if (c != 0)
		return c;
	return x->date_s < y->date_s ? -1 : x->date_s > y->date_s;
}

int rematch_open(struct visit *v, struct rematch **ret_rematch, struct err *err)
{
	struct rematch *r = mem_alloc(sizeof *r);

	r->v = v;
	if (ledger_each_old(v->work->ledger, v->m.id, v->m.uidvalidity, on_row,
		    r, err) != 0) {
		rematch_close(&r);
		return -1;
	}
	if (r->count == 0) {
		rematch_close(&r);
		return 0;
	}
	qsort(r->old, r->count, sizeof *r->old, by_content);
	LOG(LOG_LEVEL_INFO, &v->log, "comparing_contents",
		LOG_NUM("uidvalidity", v->m.uidvalidity),
		LOG_NUM("known", r->count));
	*ret_rematch = r;
	return 0;
}

void rematch_close(struct rematch **r)
{
	if (*r == NULL)
		return;
	free((*r)->old);
	free(*r);
	*r = NULL;
}

/* The first row with this content. */
static size_t first_of(const struct rematch *r, const unsigned char sha256[32])
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (memcmp(r->old[mid].sha256, sha256, 32) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Unused, same bytes; of several the one with the same date: a server that
 * gives its mail new numbers often gives it new dates too. */
static struct old *find(struct rematch *r, const struct intake_message *message)
{
	struct old *best = NULL;

	for (size_t i = first_of(r, message->sha256); i < r->count; i++) {
		struct old *o = &r->old[i];
		if (memcmp(o->sha256, message->sha256, 32) != 0)
			break;
		if (o->used || o->size_bytes != message->bytes)
			continue;
		if ((message->meta->has & MESSAGE_HAS_DATE) != 0 &&
			o->date_s == message->meta->date_s)
			return o;
		if (best == NULL)
			best = o;
	}
	return best;
}

int rematch_message(struct rematch *r, const struct intake_message *message,
	const struct ledger_message *key, struct err *err)
{
	struct visit *v = r->v;
	struct old *o = find(r, message);

	if (o == NULL)
		return 0;
	if (ledger_rekey(v->work->ledger, o->id, key, err) != 0)
		return -1;
	o->used = true;
	v->work->rekeyed++;
	link_progress(&v->work->link);
	if ((message->meta->has & MESSAGE_HAS_FLAGS) != 0)
		changes_add(&v->changes, key->uid, &message->meta->flags);
	return 1;
}
