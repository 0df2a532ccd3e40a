/* SPDX-License-Identifier: BSD-2-Clause */
#include "rematch.h"

#include "olds.h"
#include "recognise.h"

#include <stdlib.h>
#include <string.h>

struct rematch {
	struct visit *v;
	struct olds olds;
};

int rematch_open(struct visit *v, struct rematch **ret_rematch, struct err *err)
{
	struct rematch *r = mem_alloc(sizeof *r);

	r->v = v;
	if (olds_load(v, &r->olds, err) != 0) {
		rematch_close(&r);
		return -1;
	}
	if (r->olds.count == 0) {
		rematch_close(&r);
		return 0;
	}
	LOG(LOG_LEVEL_INFO, &v->log, "comparing_contents",
		LOG_NUM("uidvalidity", v->m.uidvalidity),
		LOG_NUM("known", r->olds.count));
	*ret_rematch = r;
	return 0;
}

int rematch_listed(struct rematch *r, struct err *err)
{
	return recognise(r->v, &r->olds, err);
}

void rematch_close(struct rematch **r)
{
	if (*r == NULL)
		return;
	olds_clear(&(*r)->olds);
	free(*r);
	*r = NULL;
}

/* The first row with this content. */
static size_t first_of(const struct rematch *r, const unsigned char sha256[32])
{
	size_t low = 0, high = r->olds.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (memcmp(r->olds.list[mid].sha256, sha256, 32) < 0)
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

	for (size_t i = first_of(r, message->sha256); i < r->olds.count; i++) {
		struct old *o = &r->olds.list[i];
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
