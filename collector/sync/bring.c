/* SPDX-License-Identifier: BSD-2-Clause */
#include "bring.h"

#include "../../storage/expunge.h"
#include "../../storage/ledger_expunge.h"

#include <stdlib.h>
#include <string.h>

struct load {
	uint64_t moved, stayed;
};

/* expunge_slice_fn: what a reader has taken over stays where it is. */
static int on_settled(void *arg, const struct expunge_item *items, size_t count,
	struct err *err)
{
	struct load *l = arg;

	(void)err;
	for (size_t i = 0; i < count; i++)
		if (items[i].outcome == EXPUNGE_DONE)
			l->moved++;
		else
			l->stayed++;
	return 0;
}

static int by_dir(const void *a, const void *b)
{
	const struct old *x = *(struct old *const *)a;
	const struct old *y = *(struct old *const *)b;

	return strcmp(x->dir, y->dir);
}

/* count from one folder. */
static int bring_from(struct visit *v, struct old **olds, size_t count,
	struct load *l, struct err *err)
{
	struct expunge_order order = {
		.trash = v->folder, .settled = on_settled, .arg = l};
	struct expunge_item *items;
	int rc;

	if (strcmp(olds[0]->dir, v->m.dir) == 0)
		return 0;
	items = mem_array(count, sizeof *items);
	for (size_t i = 0; i < count; i++)
		items[i] = (struct expunge_item){.base = olds[i]->base,
			.local_then = olds[i]->local_system,
			.id = olds[i]->id};
	rc = store_folder(v->work->store, olds[0]->dir, &order.folder, err);
	if (rc == 0)
		rc = store_expunge(v->work->store, &order, items, count, err);
	free(items);
	return rc;
}

/* They are at the source, whatever was thought of them in INBOX. */
static int take_back(
	struct visit *v, struct old *const *olds, size_t count, struct err *err)
{
	struct ledger *l = v->work->ledger;

	if (v->work->inbox.id == 0)
		return 0;
	if (ledger_begin(l, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (ledger_expunge_set(l, olds[i]->id, LEDGER_THERE, err) !=
			0) {
			ledger_rollback(l);
			return -1;
		}
	return ledger_commit(l, err);
}

int bring(
	struct visit *v, struct old *const *olds, size_t count, struct err *err)
{
	struct old **away = mem_array(count, sizeof(struct old *));
	struct load l = {.moved = 0};
	size_t n = 0, end;
	int rc;

	for (size_t i = 0; i < count; i++)
		if (olds[i]->dir != NULL)
			away[n++] = olds[i];
	rc = n != 0 ? take_back(v, away, n, err) : 0;
	qsort(away, n, sizeof(struct old *), by_dir);
	for (size_t i = 0; rc == 0 && i < n; i = end) {
		for (end = i + 1; end < n && by_dir(&away[i], &away[end]) == 0;)
			end++;
		rc = bring_from(v, away + i, end - i, &l, err);
	}
	if (n != 0)
		LOG(LOG_LEVEL_INFO, &v->log, "brought_from_elsewhere",
			LOG_NUM("moved", l.moved), LOG_NUM("stayed", l.stayed));
	free(away);
	return rc;
}
