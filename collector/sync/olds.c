/* SPDX-License-Identifier: BSD-2-Clause */
#include "olds.h"

#include <stdlib.h>
#include <string.h>

static int on_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	static const unsigned char none[LEDGER_HEADER_HASH];
	struct olds *o = arg;
	struct old *old;

	(void)dir;
	(void)err;
	if (o->count == o->cap) {
		o->cap = o->cap != 0 ? o->cap * 2 : 256;
		o->list = mem_grow(o->list, o->cap, sizeof *o->list);
	}
	old = &o->list[o->count++];
	*old = (struct old){
		.size_bytes = m->size_bytes, .date_s = m->date_s, .id = m->id};
	memcpy(old->sha256, m->sha256, sizeof old->sha256);
	memcpy(old->header_hash, m->header_hash, sizeof old->header_hash);
	old->has_header = memcmp(m->header_hash, none, sizeof none) != 0;
	o->headed = o->headed || old->has_header;
	if (m->emailid[0] != '\0') {
		old->emailid = arena_strdup(o->arena, m->emailid);
		o->named = true;
	}
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

int olds_load(struct visit *v, struct olds *ret_olds, struct err *err)
{
	*ret_olds = (struct olds){.arena = arena_new()};
	if (ledger_each_old(v->work->ledger, v->m.id, v->m.uidvalidity, on_row,
		    ret_olds, err) != 0) {
		olds_clear(ret_olds);
		return -1;
	}
	if (ret_olds->count != 0)
		qsort(ret_olds->list, ret_olds->count, sizeof *ret_olds->list,
			by_content);
	return 0;
}

void olds_clear(struct olds *o)
{
	free(o->list);
	if (o->arena != NULL)
		arena_free(&o->arena);
	*o = (struct olds){.list = NULL};
}

struct old **olds_sorted(struct olds *o,
	int (*compare)(const void *, const void *), size_t *ret_count)
{
	struct old **sorted = mem_array(o->count, sizeof(struct old *));
	size_t n = 0;

	for (size_t i = 0; i < o->count; i++)
		if (!o->list[i].used)
			sorted[n++] = &o->list[i];
	qsort(sorted, n, sizeof(struct old *), compare);
	*ret_count = n;
	return sorted;
}
