/* SPDX-License-Identifier: BSD-2-Clause */
#include "rematch.h"

#include "bring.h"
#include "recognise.h"

#include <stdlib.h>
#include <string.h>

struct rematch {
	struct visit *v;
	struct olds olds;
	struct old **came; /* recognised by their bytes, from elsewhere */
	size_t came_count;
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

int rematch_end(struct rematch *r, struct err *err)
{
	return bring(r->v, r->came, r->came_count, err);
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
	free((*r)->came);
	free(*r);
	*r = NULL;
}

int rematch_message(struct rematch *r, const struct intake_message *message,
	const struct ledger_message *key, struct err *err)
{
	struct visit *v = r->v;
	const struct message_meta *meta = message->meta;
	struct old *o = olds_find(&r->olds, message->id->bare_sha256,
		(meta->has & MESSAGE_HAS_DATE) != 0 ? &meta->date_s : NULL);

	if (o == NULL)
		return 0;
	o->used = true;
	if (ledger_rekey(v->work->ledger, o->id, key, err) != 0)
		return -1;
	if (o->dir != NULL) {
		r->came = mem_grow(
			r->came, r->came_count + 1, sizeof(struct old *));
		r->came[r->came_count++] = o;
	}
	v->work->rekeyed++;
	link_progress(&v->work->link);
	if ((meta->has & MESSAGE_HAS_FLAGS) != 0)
		changes_add(&v->changes, key->uid, &meta->flags);
	return 1;
}
