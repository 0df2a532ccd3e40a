/* SPDX-License-Identifier: BSD-2-Clause */
#include "olds.h"

#include <stdlib.h>
#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t n)
{
	while (n > 0 && bytes[n - 1] == 0)
		n--;
	return n == 0;
}

static struct old *add(struct olds *o, const struct ledger_message *m)
{
	struct old *old;

	if (o->count == o->cap) {
		o->cap = o->cap != 0 ? o->cap * 2 : 256;
		o->list = mem_grow(o->list, o->cap, sizeof *o->list);
	}
	old = &o->list[o->count++];
	*old = (struct old){.occurrence = m->occurrence,
		.state = m->state,
		.local_system = m->local.system,
		.size_bytes = m->size_bytes,
		.bare_bytes = m->size_bytes - m->dropped,
		.listed_bytes = m->listed_bytes,
		.dropped = m->dropped,
		.date_s = m->date_s,
		.id = m->id,
		.tries = m->tries,
		.next_try_at = m->next_try_at,
		.order = m->pop3_order,
		.dated = m->uid != 0};
	memcpy(old->sha256, m->sha256, sizeof old->sha256);
	memcpy(old->bare_sha256, m->bare_sha256, sizeof old->bare_sha256);
	memcpy(old->header_hash, m->header_hash, sizeof old->header_hash);
	old->has_header = !is_zero(m->header_hash, sizeof m->header_hash);
	o->headed = o->headed || old->has_header;
	o->undated = o->undated || !old->dated;
	if (m->uid == 0)
		old->uidl = arena_strdup(o->arena, m->uidl);
	if (m->emailid[0] != '\0') {
		old->emailid = arena_strdup(o->arena, m->emailid);
		o->named = true;
	}
	return old;
}

static int on_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	(void)dir;
	(void)err;
	(void)add(arg, m);
	return 0;
}

static int on_elsewhere(void *arg, const struct ledger_message *m,
	const char *dir, struct err *err)
{
	struct olds *o = arg;
	struct old *old = add(o, m);

	(void)err;
	old->dir = arena_strdup(o->arena, dir);
	old->base = arena_strdup(o->arena, m->base);
	return 0;
}

static int by_content(const void *a, const void *b)
{
	const struct old *x = a, *y = b;
	int c = memcmp(x->bare_sha256, y->bare_sha256, sizeof x->bare_sha256);

	if (c != 0)
		return c;
	return x->date_s < y->date_s ? -1 : x->date_s > y->date_s;
}

static void settle(struct olds *o)
{
	if (o->count != 0)
		qsort(o->list, o->count, sizeof *o->list, by_content);
}

/* Where INBOX was renamed, its messages are those of this mailbox now. They
 * move with it, whatever a reader has said of them. */
static int on_inbox(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct olds *o = arg;

	if (m->state != LEDGER_DONE)
		return 0;
	if (on_elsewhere(o, m, dir, err) != 0)
		return -1;
	o->list[o->count - 1].local_system = UINT8_MAX;
	return 0;
}

static int load_inbox(struct visit *v, struct olds *o, struct err *err)
{
	const struct work_inbox *inbox = &v->work->inbox;

	if (inbox->id == 0 || strcmp(inbox->to, v->pair->mailbox) != 0)
		return 0;
	return ledger_each(v->work->ledger, inbox->id, inbox->uidvalidity,
		on_inbox, o, err);
}

int olds_load(struct visit *v, struct olds *ret_olds, struct err *err)
{
	struct ledger *l = v->work->ledger;

	*ret_olds = (struct olds){.arena = arena_new()};
	if (ledger_each_old(
		    l, v->m.id, v->m.uidvalidity, on_row, ret_olds, err) != 0 ||
		ledger_each_left(l, v->m.id, on_elsewhere, ret_olds, err) !=
			0) {
		olds_clear(ret_olds);
		return -1;
	}
	if (load_inbox(v, ret_olds, err) != 0) {
		olds_clear(ret_olds);
		return -1;
	}
	settle(ret_olds);
	return 0;
}

int olds_load_maildrop(struct visit *v, struct olds *ret_olds, struct err *err)
{
	*ret_olds = (struct olds){.arena = arena_new()};
	if (ledger_each_maildrop(
		    v->work->ledger, v->m.id, on_row, ret_olds, err) != 0) {
		olds_clear(ret_olds);
		return -1;
	}
	settle(ret_olds);
	return 0;
}

void olds_clear(struct olds *o)
{
	free(o->list);
	if (o->arena != NULL)
		arena_free(&o->arena);
	*o = (struct olds){.list = NULL};
}

static bool is_left(const struct old *old)
{
	return !old->used && old->state <= LEDGER_DONE;
}

struct old **olds_sorted(struct olds *o,
	int (*compare)(const void *, const void *), size_t *ret_count)
{
	struct old **sorted = mem_array(o->count, sizeof(struct old *));
	size_t n = 0;

	for (size_t i = 0; i < o->count; i++)
		if (is_left(&o->list[i]))
			sorted[n++] = &o->list[i];
	qsort(sorted, n, sizeof(struct old *), compare);
	*ret_count = n;
	return sorted;
}

/* The first with this content. */
static size_t first_of(const struct olds *o, const unsigned char sha256[32])
{
	size_t low = 0, high = o->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (memcmp(o->list[mid].bare_sha256, sha256, 32) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* A server that gives its mail new numbers often gives it new dates too. One
 * of the mailbox itself comes before one from elsewhere. */
struct old *olds_find(const struct olds *o, const unsigned char bare_sha256[32],
	const int64_t *date_s)
{
	struct old *best = NULL;

	for (size_t i = first_of(o, bare_sha256); i < o->count; i++) {
		struct old *old = &o->list[i];
		if (memcmp(old->bare_sha256, bare_sha256, 32) != 0)
			break;
		if (!is_left(old))
			continue;
		if (date_s != NULL && old->date_s == *date_s &&
			old->dir == NULL)
			return old;
		if (best == NULL || (best->dir != NULL && old->dir == NULL))
			best = old;
	}
	return best;
}
