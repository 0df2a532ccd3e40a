/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a run: rows that it has proved gone, a folder at a time, into
 * Trash or away, and then their tombstones. A run that is killed between the
 * two leaves rows that the next one proves again and finds absent.
 */
#include "expunge.h"

#include "../../storage/expunge.h"
#include "../../storage/ledger_expunge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 16384 /* messages whose names are held at once */
#define TRASH "Trash"

struct due {
	struct expunge_item item;
	const char *dir; /* of its folder */
};

struct batch {
	struct work *w;
	struct due *due; /* by mailbox */
	size_t count, cap;
	struct arena *arena;
	uint64_t done, kept;
};

static int on_due(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct batch *b = arg;
	const char *last = b->count != 0 ? b->due[b->count - 1].dir : NULL;

	(void)err;
	if (b->count == b->cap) {
		b->cap = b->cap != 0 ? b->cap * 2 : 64;
		b->due = mem_grow(b->due, b->cap, sizeof *b->due);
	}
	b->due[b->count++] =
		(struct due){.item = {.base = arena_strdup(b->arena, m->base),
				     .local_then = m->local.system,
				     .id = m->id},
			.dir = last != NULL && strcmp(last, dir) == 0
				       ? last
				       : arena_strdup(b->arena, dir)};
	return 0;
}

static int record_one(
	struct batch *b, const struct expunge_item *item, struct err *err)
{
	struct ledger *l = b->w->ledger;

	switch (item->outcome) {
	case EXPUNGE_UNSEEN:
		return ledger_expunge_later(l, item->id, err);
	case EXPUNGE_DONE:
		b->done++;
		break;
	case EXPUNGE_TAKEN:
	case EXPUNGE_ABSENT:
		b->kept++;
		break;
	}
	return ledger_gone(l, item->id, b->w->now_s, err);
}

/* expunge_slice_fn */
static int record(void *arg, const struct expunge_item *items, size_t count,
	struct err *err)
{
	struct batch *b = arg;
	struct ledger *l = b->w->ledger;

	if (ledger_begin(l, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (record_one(b, &items[i], err) != 0) {
			ledger_rollback(l);
			return -1;
		}
	return ledger_commit(l, err);
}

/* The folder that a mailbox called Trash has, else a new one. */
static int trash_dir(struct work *w, char dir[NAME_DIR_MAX], struct err *err)
{
	struct ledger_mailbox *all;
	size_t count;

	if (ledger_mailboxes(w->ledger, &all, &count, err) != 0)
		return -1;
	(void)snprintf(dir, NAME_DIR_MAX, "." TRASH);
	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].folder, TRASH) == 0)
			(void)snprintf(dir, NAME_DIR_MAX, "%s", all[i].dir);
	free(all);
	return 0;
}

/* Subscribed when it is first used, and never again. */
static int open_trash(
	struct work *w, const char *dir, struct folder **ret, struct err *err)
{
	char *noted = ledger_note_get(w->ledger, "trash", err);
	int rc = noted == NULL ? -1 : store_folder(w->store, dir, ret, err);

	if (rc == 0 && strcmp(noted, dir) != 0) {
		rc = store_subscribe(w->store, &dir, 1, err);
		if (rc == 0)
			rc = ledger_note(w->ledger, "trash", dir, err);
	}
	free(noted);
	return rc;
}

/* What vanishes from the Trash stays in it: nothing is more deleted here. */
static int leave(struct batch *b, struct expunge_item *items, size_t count,
	struct err *err)
{
	for (size_t i = 0; i < count; i++)
		items[i].outcome = EXPUNGE_TAKEN;
	return record(b, items, count, err);
}

/* count of one folder. */
static int do_folder(
	struct batch *b, const struct due *due, size_t count, struct err *err)
{
	struct work *w = b->w;
	struct expunge_order order = {
		.spare_copies = true, .settled = record, .arg = b};
	struct expunge_item *items = mem_array(count, sizeof *items);
	char dir[NAME_DIR_MAX];
	int rc = 0;

	for (size_t i = 0; i < count; i++)
		items[i] = due[i].item;
	if (strcmp(w->run->account.on_expunge, "trash") == 0) {
		rc = trash_dir(w, dir, err);
		if (rc == 0 && strcmp(dir, due->dir) == 0) {
			rc = leave(b, items, count, err);
			goto out;
		}
		if (rc == 0)
			rc = open_trash(w, dir, &order.trash, err);
	}
	if (rc == 0)
		rc = store_folder(w->store, due->dir, &order.folder, err);
	if (rc == 0)
		rc = store_expunge(w->store, &order, items, count, err);
out:
	free(items);
	return rc;
}

static int do_batch(struct batch *b, struct err *err)
{
	size_t n;

	for (size_t i = 0; i < b->count; i += n) {
		if (work_check_cancel(b->w, err) != 0)
			return -1;
		for (n = 1; i + n < b->count &&
			    strcmp(b->due[i + n].dir, b->due[i].dir) == 0;)
			n++;
		if (do_folder(b, b->due + i, n, err) != 0)
			return -1;
	}
	return 0;
}

int expunge_apply(struct work *w, struct err *err)
{
	struct batch b = {.w = w};
	int rc;

	if (expunge_is_kept(w))
		return 0;
	do {
		b.count = 0;
		b.arena = arena_new();
		rc = ledger_each_expunge_due(w->ledger, BATCH, on_due, &b, err);
		if (rc == 0)
			rc = do_batch(&b, err);
		arena_free(&b.arena);
	} while (rc == 0 && b.count != 0);
	free(b.due);
	w->expunged = b.done;
	if (b.done + b.kept != 0)
		LOG(LOG_LEVEL_INFO, &w->log, "expunged",
			LOG_STR("rule", w->run->account.on_expunge),
			LOG_NUM("messages", b.done), LOG_NUM("kept", b.kept));
	return rc;
}

static bool is_planned(const struct plan *plan, const char *mailbox)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->pairs[i].mailbox, mailbox) == 0)
			return true;
	return false;
}

static void explain(const struct work *w, const struct ledger_mailbox *worst,
	int64_t held, struct err *ret_why)
{
	(void)err_set(ret_why, ERR_POLICY, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE,
		"%lld messages are gone at the source, %lld of %lld in %.200s: "
		"that many at once are kept here until somebody confirms",
		(long long)held, (long long)worst->held,
		(long long)worst->stored, worst->folder);
	(void)err_hint(ret_why,
		"if they are meant to go: `mailhaul resume %s "
		"--confirm-deletions`",
		w->run->account.name);
}

int expunge_held(struct work *w, const struct plan *plan, int64_t *ret_held,
	struct err *ret_why, struct err *err)
{
	struct ledger_mailbox *all;
	const struct ledger_mailbox *worst = NULL;
	int64_t held = 0;
	size_t count;

	*ret_held = 0;
	if (expunge_is_kept(w))
		return 0;
	if (ledger_mailboxes(w->ledger, &all, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!is_planned(plan, all[i].name))
			continue;
		held += all[i].held;
		if (worst == NULL || all[i].held > worst->held)
			worst = &all[i];
	}
	if (held != 0)
		explain(w, worst, held, ret_why);
	free(all);
	*ret_held = held;
	return 0;
}
